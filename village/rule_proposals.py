"""A head proposes a routing rule of her village; who keeps the rules takes it, or says why not.

What is proposed is a rule that is not in force: it can be tried on the last requests, changed
and taken like every other, and its versions say who proposed and who took it (4.2: U proposal).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lines, rule_book
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import Invalid, LostRace
from village.ids import new_id
from village.models import RoutingRule
from village.rule_book import RuleView
from village.rule_faults import said

MOST_OPEN = 20


def propose(
    session: Session, actor: Actor, catalog: Catalog, village: str, sent: Mapping[str, Any]
) -> RuleView:
    """Write what a head proposes, with her `reason`; the chair is told.

    Raises Forbidden, Invalid.
    """
    access.require("routing_rule.propose", rule_book.relations(session, actor, village))
    rule = {name: value for name, value in sent.items() if name != "reason"}
    values = rule_book.written(rule_book.NEW, rule)
    rule_book.lock(session, village)
    rule_book.check(session, catalog, village, values, None)
    _few(session, village)
    proposed = RoutingRule(
        id=new_id(), village_code=village, version=0, proposal="open", reason=sent["reason"],
        proposed_by=actor.person_id, proposed_at=clock.now(),
    )  # fmt: skip
    session.add(proposed)
    found = rule_book.put(session, actor, proposed, {**values, "active": False})
    lines.tell(
        session, lines.officers(session, village, None), "rule_proposed", title=found.rule.title
    )
    return found


def accept(
    session: Session, actor: Actor, catalog: Catalog, rule_id: UUID, *, if_match: int | None
) -> RuleView:
    """Put what was proposed in force, as it is. Raises NotFound, Forbidden, Invalid, LostRace."""
    _open(session, actor, rule_id)
    sent = {"active": True}
    found = rule_book.change(session, actor, catalog, rule_id, sent, if_match=if_match)
    _tell(session, found, "rule_accepted")
    return found


def refuse(session: Session, actor: Actor, rule_id: UUID, answer: str) -> RuleView:
    """Say why it is not taken. Raises NotFound, Forbidden, LostRace `proposal_over`."""
    rule = _open(session, actor, rule_id)
    rule.proposal, rule.answer = "refused", answer
    session.flush()
    found = rule_book.view(session, rule_id)
    _tell(session, found, "rule_refused")
    return found


def _open(session: Session, actor: Actor, rule_id: UUID) -> RoutingRule:
    rule = rule_book.locked(session, actor, rule_id)
    if rule.proposal != "open":
        raise LostRace("proposal_over", "somebody has decided it, or nobody proposed it")
    return rule


def _few(session: Session, village: str) -> None:
    mine = sa.and_(RoutingRule.village_code == village, RoutingRule.proposal == "open")
    if (session.scalar(sa.select(sa.func.count()).where(mine)) or 0) >= MOST_OPEN:
        raise Invalid(errors={"title": [said("many_open", most=MOST_OPEN)]})


def _tell(session: Session, found: RuleView, kind: str) -> None:
    who = found.rule.proposed_by
    if who is not None:
        lines.tell(session, [who], kind, title=found.rule.title, answer=found.rule.answer or "")
