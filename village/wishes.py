"""What a volunteer wishes to be asked, where, and how often: hers to say, to see and to undo.

Nobody else sees any of it; it only ever makes fewer or better questions (restraint N10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, outbox, responses
from village.access import Actor
from village.catalog import files
from village.errors import Invalid, NotFound, StaleVersion
from village.models import (
    Category,
    ConflictDeclaration,
    Offer,
    Person,
    Request,
    ResponseStat,
    Task,
    TimeOff,
    Volunteer,
)
from village.workflow.engine import LOCK

SOMETHING = 0.05  # of an answer: less is shown as 0.0
CHANGING = ("not_this_kind", "not_these_days", "ask_me_less")
REASONS = (*CHANGING, "busy", "other")
SOME_DAYS = timedelta(days=7)
LONGEST_REST = timedelta(days=366)
LESS, LEAST = 2.0, 8.0  # times as long in peace: with each wish, and at most
PLAIN = ("helps_village", "next_village", "next_village_km", "personal")


class Kind(NamedTuple):
    """A category, and how people call it."""

    category: str
    name: str


class Learnt(NamedTuple):
    """What her own answers have told, in plain words and rounded; it fades by itself."""

    kind: str
    text: str


class Tie(NamedTuple):
    """A villager to whom she has said to be too close: by the invitation, without a name."""

    offer: UUID
    what: str
    kind: str
    at: datetime


@dataclass(frozen=True)
class Rest:
    """Until when she is left in peace, and who said so where it was not herself."""

    until: datetime
    by: str | None


@dataclass(frozen=True)
class Wishes:
    """A volunteer's wishes as they are."""

    volunteer: Volunteer
    disliked: list[Kind]
    rest: Rest | None
    learnt: list[Learnt]
    ties: list[Tie]

    @property
    def asks_less(self) -> bool:
        """Whether she wished to be asked less, and still does."""
        until = self.volunteer.ask_less_until
        return self.volunteer.ask_less > 1 and (until is None or until > clock.now())


def get(session: Session, actor: Actor) -> Wishes:
    """Return the caller's wishes. Raises NotFound for who is no volunteer."""
    return _read(session, actor, _mine(session, actor, "wishes.read"))


def put(
    session: Session, actor: Actor, fields: Mapping[str, Any], *, if_match: int | None
) -> Wishes:
    """Replace the wishes that were sent; what is left out stays.

    Raises NotFound, StaleVersion, or Invalid for an unknown category or a rest in the past.
    """
    volunteer = _mine(session, actor, "wishes.update", lock=True)
    if if_match not in (None, volunteer.version):
        raise StaleVersion(version=volunteer.version)
    volunteer.version += 1
    before = volunteer.personal
    for name in PLAIN:
        if name in fields:
            setattr(volunteer, name, fields[name])
    if "disliked" in fields:
        volunteer.disliked = _known(session, fields["disliked"])
    if fields.get("personal", before) is not before:
        responses.reset(session, volunteer.person_id, personal=volunteer.personal)
    if "ask_less" in fields:
        _ask_less(volunteer, volunteer.ask_less if fields["ask_less"] else 0, until=None)
    if "rest_until" in fields:
        rest(volunteer, fields["rest_until"], by=actor)
    session.flush()
    outbox.put(session, "dispatch.freed", volunteer.person_id)
    return _read(session, actor, volunteer)


def check_rest(until: datetime | None) -> None:
    """Raise Invalid for what is no time within the next year."""
    now = clock.now()
    if until is not None and not now < until <= now + LONGEST_REST:
        raise Invalid("until_outside", "the time is not within the next year")


def rest(volunteer: Volunteer, until: datetime | None, *, by: Actor) -> None:
    """Leave her in peace until a time; None ends it. Raises Invalid as `check_rest` does."""
    check_rest(until)
    volunteer.rest_until = until
    volunteer.rest_by = by.person_id if until else None


def heed(session: Session, offer: Offer, reason: str | None, until: datetime | None) -> None:
    """Do what the reason of a no asks for: fewer, or other, questions from now on.

    Raises Invalid for an `until` that does not fit.
    """
    if until is not None and reason not in ("not_these_days", "ask_me_less"):
        raise Invalid("until_outside", "only days off, or asking less, have an end")
    if reason not in CHANGING:
        return
    volunteer = session.get_one(Volunteer, offer.person_id, with_for_update=LOCK)
    volunteer.version += 1
    if reason == "not_these_days":
        _take_days_off(session, volunteer, until)
    elif reason == "ask_me_less":
        _ask_less(volunteer, volunteer.ask_less * LESS, until=until)
    elif category := session.get_one(Request, offer.request_id).category:
        volunteer.disliked = sorted({*volunteer.disliked, category})


def forget(session: Session, actor: Actor) -> None:
    """Reset what was learnt of the caller from her answers; nothing before is learnt from again."""
    volunteer = _mine(session, actor, "wishes.update", lock=True)
    responses.reset(session, volunteer.person_id, personal=volunteer.personal)


def _take_days_off(session: Session, volunteer: Volunteer, until: datetime | None) -> None:
    now = clock.now()
    end = until or clock.end_of_service_day(now, SOME_DAYS.days)
    check_rest(end)
    session.add(TimeOff(person_id=volunteer.person_id, starts_at=now, ends_at=end))


def _ask_less(volunteer: Volunteer, times: float, *, until: datetime | None) -> None:
    check_rest(until)
    volunteer.ask_less = min(max(times, LESS), LEAST) if times else 1.0
    volunteer.ask_less_until = until if times else None


def _known(session: Session, codes: list[str]) -> list[str]:
    known = set(session.scalars(sa.select(Category.code).where(Category.code.in_(codes))))
    if unknown := set(codes) - known:
        raise Invalid(errors={"disliked": [f"没有这一类：{code}" for code in sorted(unknown)]})
    return sorted(known)


def _mine(session: Session, actor: Actor, permission: str, *, lock: bool = False) -> Volunteer:
    volunteer = session.get(Volunteer, actor.person_id, with_for_update=LOCK if lock else None)
    if volunteer is None:
        raise NotFound("not_a_volunteer", "the caller is no volunteer")
    access.require(permission, access.owner_relations(actor, volunteer.person_id))
    return volunteer


def _read(session: Session, actor: Actor, volunteer: Volunteer) -> Wishes:
    named = sa.select(Category.code, Category.zh).where(Category.code.in_(volunteer.disliked))
    disliked = [Kind(*row) for row in session.execute(named.order_by(Category.sort))]
    rest, learnt = _rest(session, volunteer), _learnt(session, volunteer)
    return Wishes(volunteer, disliked, rest, learnt, _ties(session, actor))


def _ties(session: Session, actor: Actor) -> list[Tie]:
    """Return what she may take back: of an officer's nothing, see `exclusions.undeclare`."""
    if actor.grants:
        return []
    tie = ConflictDeclaration
    found = (
        sa.select(Offer.id, Task.what, tie.kind, tie.declared_at)
        .join(Offer, Offer.id == tie.offer_id)
        .join(Task, Task.id == Offer.task_id)
        .where(tie.person_id == actor.person_id)
    )
    return [Tie(*row) for row in session.execute(found.distinct().order_by(tie.declared_at))]


def _learnt(session: Session, volunteer: Volunteer) -> list[Learnt]:
    mine = sa.select(ResponseStat).where(ResponseStat.person_id == volunteer.person_id)
    words = {(row["kind"], row["key"]): row["zh"] for row in files.read("learnt")}
    names = {row.code: row.zh for row in session.execute(sa.select(Category.code, Category.zh))}
    found = []
    for stat in session.scalars(mine.order_by(ResponseStat.key)):
        if max(stat.yes, stat.tries) < SOMETHING:
            continue
        kind, _, key = stat.key.partition(":")
        text = words.get((kind, key)) or words.get((kind, ""))
        if text is not None and (kind != "kind" or key in names):
            facts = {
                "name": names.get(key),
                "yes": round(stat.yes, 1),
                "tries": round(stat.tries, 1),
            }
            found.append(Learnt(kind, text.format_map(facts)))
    return found


def _rest(session: Session, volunteer: Volunteer) -> Rest | None:
    until, by = volunteer.rest_until, volunteer.rest_by
    if until is None or until <= clock.now():
        return None
    if by is None or by == volunteer.person_id:
        return Rest(until, None)
    return Rest(until, session.get_one(Person, by).name)
