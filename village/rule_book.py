"""The chair keeps her village's routing rules: every change is a new version, none is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import Invalid, NotFound, StaleVersion
from village.ids import new_id
from village.models import OrgUnit, Person, RoutingRule, RoutingRuleVersion
from village.paging import Page, Window, cut, decode
from village.relations import CLERK
from village.routing_rules import ActiveRule, plain
from village.rule_faults import Known, faults, said

MOST_ACTIVE = 50
LISTS = ("words", "unless", "places")
CONDITIONS = (*LISTS, "category")
FIELDS = ("title", "position", "active", *CONDITIONS, "target", "station", "referral")
NEW: dict[str, Any] = {
    "position": 100,
    "active": True,
    "words": [],
    "unless": [],
    "places": [],
    "category": None,
    "station": None,
    "referral": None,
}


@dataclass(frozen=True)
class RuleView:
    """A rule, or a version of one, and the name of who made it so."""

    rule: RoutingRule
    changed_by: str | None
    proposed_by: str | None = None


@dataclass(frozen=True)
class VersionView:
    """A rule as it was from `version.changed_at` on."""

    version: RoutingRuleVersion
    changed_by: str | None


@dataclass(frozen=True)
class Tried:
    """A rule as it would be, in its village; `active` false: it would be in force no more."""

    village: str
    rule: ActiveRule
    active: bool


def list_for(
    session: Session,
    actor: Actor,
    village: str,
    window: Window,
    *,
    active: bool | None,
    proposal: str | None = None,
) -> Page[RuleView]:
    """Return a village's rules in the order in which they are tried. Raises Forbidden.

    By `active` those that are or were in force, by `proposal` (PROPOSALS) what heads proposed.
    """
    access.require("routing_rule.list", relations(session, actor, village))
    listed = _select().where(RoutingRule.village_code == village)
    if active is not None:
        was = sa.func.coalesce(RoutingRule.proposal, "accepted") == "accepted"
        listed = listed.where(RoutingRule.active.is_(active), was)
    if proposal is not None:
        listed = listed.where(RoutingRule.proposal == proposal)
    place = sa.tuple_(RoutingRule.position, RoutingRule.id)
    if window.cursor:
        last = sa.orm.aliased(RoutingRule)
        after = sa.select(last.position, last.id).where(
            last.id == UUID(decode(window.cursor, 1)[0]), last.village_code == village
        )
        listed = listed.where(place > after.scalar_subquery())
    rows = session.execute(listed.order_by(RoutingRule.position, RoutingRule.id))
    views = [RuleView(*row) for row in rows.fetchmany(window.limit + 1)]
    return cut(views, window, lambda view: [str(view.rule.id)])


def read(session: Session, actor: Actor, rule_id: UUID) -> RuleView:
    """Return a rule of a village in which the caller answers for something. Raises NotFound."""
    found = view(session, rule_id)
    access.require("routing_rule.read", relations(session, actor, found.rule.village_code))
    return found


def versions(session: Session, actor: Actor, rule_id: UUID) -> list[VersionView]:
    """Return all that a rule has been, newest first. Raises NotFound."""
    read(session, actor, rule_id)
    kept = RoutingRuleVersion
    named = sa.select(kept, Person.name).outerjoin(Person, Person.id == kept.changed_by)
    found = named.where(kept.rule_id == rule_id).order_by(kept.version.desc()).limit(100)
    return [VersionView(version, name) for version, name in session.execute(found)]


def create(
    session: Session, actor: Actor, catalog: Catalog, village: str, sent: Mapping[str, Any]
) -> RuleView:
    """Write a rule of the village from `sent` (see FIELDS). Raises Forbidden, Invalid."""
    access.require("routing_rule.create", relations(session, actor, village))
    values = written(NEW, sent)
    lock(session, village)
    check(session, catalog, village, values, None)
    rule = RoutingRule(id=new_id(), village_code=village, version=0)
    session.add(rule)
    return put(session, actor, rule, values)


def change(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    rule_id: UUID,
    sent: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> RuleView:
    """Replace the fields that are sent; a change that changes nothing makes no version.

    Raises NotFound, Forbidden, StaleVersion, Invalid.
    """
    rule = locked(session, actor, rule_id)
    if if_match is not None and if_match != rule.version:
        raise StaleVersion(version=rule.version)
    before = values_of(rule)
    values = written(before, sent)
    if values == before:
        return read(session, actor, rule_id)
    if values["active"] or sent.keys() - {"active"}:  # an old rule can always be ended
        check(session, catalog, rule.village_code, values, rule_id)
    if values["active"] and rule.proposal is not None:
        rule.proposal, rule.answer = "accepted", None
    return put(session, actor, rule, values)


def tried(session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]) -> Tried:
    """Return what `{village, rule}` or `{rule_id, rule}` would come to; nothing is written.

    Raises NotFound, Forbidden, or Invalid as writing it would.
    """
    rule = session.get(RoutingRule, sent["rule_id"]) if sent["rule_id"] else None
    if sent["rule_id"] and rule is None:
        raise NotFound
    village = rule.village_code if rule else sent["village"]
    access.require("routing_rule.dry_run", relations(session, actor, village))
    values = written(values_of(rule) if rule else NEW, sent["rule"])
    if values["active"] or sent["rule"].keys() - {"active"}:
        check(session, catalog, village, values, sent["rule_id"], under="rule.")
    facts = {name: value for name, value in values.items() if name != "active"}
    facts |= {"id": rule.id if rule else new_id(), "version": rule.version + 1 if rule else 1}
    return Tried(village, ActiveRule(**facts), values["active"])


def values_of(rule: RoutingRule) -> dict[str, Any]:
    """Return what a rule says, by field."""
    return {name: getattr(rule, name) for name in FIELDS}


def written(before: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule's fields after a change, its words as they are compared with texts.

    A new target drops the station or the authority of the old one.
    """
    values = {**before, **({"station": None, "referral": None} if "target" in sent else {}), **sent}
    for name in LISTS:
        values[name] = list(dict.fromkeys(filter(None, map(plain, values[name]))))
    values["title"] = " ".join(values["title"].split())
    return values


def check(
    session: Session,
    catalog: Catalog,
    village: str,
    values: Mapping[str, Any],
    rule_id: UUID | None,
    *,
    under: str = "",
) -> None:
    """Raise Invalid for what must not be written: `errors` by field, with `under` before it."""
    stations = {each.kind for each in catalog.stations.values() if each.village_code == village}
    found = faults(values, Known(stations, catalog.categories))
    if not found and values["active"]:
        found = _beside(
            values, [rule for rule in _in_force(session, village) if rule.id != rule_id]
        )
    if found:
        raise Invalid(errors={f"{under}{field}": messages for field, messages in found.items()})


def _in_force(session: Session, village: str) -> Sequence[RoutingRule]:
    mine = sa.and_(RoutingRule.village_code == village, RoutingRule.active)
    return session.scalars(sa.select(RoutingRule).where(mine)).all()


def _beside(values: Mapping[str, Any], others: Sequence[RoutingRule]) -> dict[str, list[str]]:
    if len(others) >= MOST_ACTIVE:
        return {"active": [said("many", most=MOST_ACTIVE)]}
    twin = next((one for one in others if _condition(values_of(one)) == _condition(values)), None)
    return {} if twin is None else {"words": [said("twice", title=twin.title)]}


def _condition(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(frozenset(values[name]) for name in LISTS), values["category"])


def put(session: Session, actor: Actor, rule: RoutingRule, values: Mapping[str, Any]) -> RuleView:
    """Let a rule say `values`: a new version of it, by the actor."""
    for name, value in values.items():
        setattr(rule, name, value)
    rule.version += 1
    rule.changed_by, rule.changed_at = actor.person_id, clock.now()
    session.flush()
    session.add(
        RoutingRuleVersion(
            rule_id=rule.id,
            version=rule.version,
            rule=dict(values),
            changed_by=rule.changed_by,
            changed_at=rule.changed_at,
        )
    )
    session.flush()
    return view(session, rule.id)


def locked(session: Session, actor: Actor, rule_id: UUID) -> RoutingRule:
    """Return a rule that the caller may change, locked. Raises NotFound, Forbidden."""
    rule = session.get(RoutingRule, rule_id)
    if rule is None:
        raise NotFound
    access.require("routing_rule.change", relations(session, actor, rule.village_code))
    lock(session, rule.village_code)
    session.refresh(rule, with_for_update=True)
    return rule


def relations(session: Session, actor: Actor, village: str) -> frozenset[str]:
    """Return whether she heads a station there, chairs it, or is its committee's clerk (4.2)."""
    found = access.station_relations(actor, village, None)
    if found or not any(grant.role == access.CLERK_OFFICE for grant in actor.grants):
        return found
    unit = session.get(OrgUnit, village)
    above = unit.parent_code if unit else None
    return access.assist_relations(actor, village, above) & {CLERK}


def lock(session: Session, village: str) -> None:
    """One change of a village's rules at a time; requests may still be written meanwhile."""
    unit = sa.select(OrgUnit.code).where(OrgUnit.code == village)
    session.execute(unit.with_for_update(key_share=True))


def view(session: Session, rule_id: UUID) -> RuleView:
    """Return a rule with the names of who made it so. Raises NotFound."""
    row = session.execute(_select().where(RoutingRule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound
    return RuleView(*row)


def _select() -> sa.Select[*tuple[Any, ...]]:
    proposer = sa.orm.aliased(Person)
    named = sa.select(RoutingRule, Person.name, proposer.name)
    named = named.outerjoin(Person, Person.id == RoutingRule.changed_by)
    return named.outerjoin(proposer, proposer.id == RoutingRule.proposed_by)
