"""One matter that several have written (R28): seen to as one, and parted again where it is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village.errors import GuardFailed
from village.models import Category, Event, Follow, Request
from village.public_face import is_comparable
from village.relations import CHAIR, HEAD, REQUESTER, SYSTEM
from village.workflow import recusal
from village.workflow import request_limits as limits
from village.workflow.engine import Step, Tell, Transition
from village.workflow.request_safe import is_no_safe_path

T = Transition
MERGEABLE = ("submitted", "accepted")  # and in triage, by the chair
# Not while a villager is asked something: the others' matter must not wait for her.
TAKES_IN = ("submitted", "accepted", "dispatching", "assigned", "in_progress", "checking")
# It ends without being done: those who went along get their own requests back.
# Those who merely follow it are told.
TOLD = ("rejected", "withdrawn", "handed_over", "unresolved_closed")
LOST = (*TOLD, "split")
PART_DAYS = 15  # as long as what was resolved can be reopened (R25)
CLOCKS = ("first_response", "resolve")


# ---------------------------------------------------------------- conditions


def was_submitted(request: Request) -> bool:
    """It had not been accepted when it was merged."""
    return request.merged_from == "submitted"


def was_accepted(request: Request) -> bool:
    """It had been accepted when it was merged."""
    return request.merged_from == "accepted"


def was_triage(request: Request) -> bool:
    """The chair had it in triage when it was merged."""
    return request.merged_from == "triage"


# ---------------------------------------------------------------- guards


def is_same_place(step: Step) -> None:
    """The other is open, at the same station of the same village, and neither is confidential.

    What no station has yet goes into one at any station, if it might lie there.
    """
    other = step.session.get(Request, step.payload["into"])
    if other is None or not _fit(step.session, step.row, other):
        raise GuardFailed("cannot_merge", "these two cannot be seen to as one")
    recusal.refuse_recused(step.session, step.actor, other)


def _fit(session: Session, one: Request, other: Request) -> bool:
    unplaced = one.status == "triage" and one.station is None
    placed = other.station if unplaced else one.station
    same = (one.village_code, placed) == (other.village_code, other.station)
    known = is_known(session, one, at=placed) and is_known(session, other)
    return one.id != other.id and same and known and other.status in TAKES_IN


def is_known(session: Session, request: Request, *, at: str | None = None) -> bool:
    """Tell whether neighbours may know of the request; `at`: if it lay at this station."""
    category = session.get(Category, request.category) if request.category else None
    return is_comparable(request, category, at=at)


def took_nothing_in(step: Step) -> None:
    """What others were merged into stays: theirs are merged with it."""
    if has_merged(step.session, step.row):
        raise GuardFailed("has_merged", "others were merged into this one")


def has_merged(session: Session, request: Request) -> bool:
    """Tell whether others are seen to together with this request."""
    return bool(session.scalar(sa.select(sa.exists().where(Request.merged_into == request.id))))


def not_said_apart(step: Step) -> None:
    """The villager has not said before that hers is another matter."""
    said = sa.exists().where(
        Event.request_id == step.row.id,
        Event.action == "unmerge",
        Event.actor_role == REQUESTER,
        Event.data["out_of"].astext == str(step.payload["into"]),
    )
    if step.session.scalar(sa.select(said)):
        raise GuardFailed("said_apart", "the villager says that these are two matters")


def within_15_days(step: Step) -> None:
    """It can be parted while the other is open, and for fifteen days after that (R25)."""
    other = step.session.get_one(Request, step.row.merged_into)
    ended = other.resolved_at or other.ended_at
    if ended is not None and step.now > ended + timedelta(days=PART_DAYS):
        raise GuardFailed("too_late", "more than 15 days have passed")


# ---------------------------------------------------------------- effects


def join(step: Step) -> None:
    """Its people follow the other; its own clocks stand as they are, to go on if it is parted."""
    request, other = step.row, step.session.get_one(Request, step.payload["into"])
    request.merged_into, request.merged_from = other.id, step.source
    step.data |= {"into": str(other.id), "number": other.number}
    people = sa.union(
        sa.select(sa.literal(request.requester_id, sa.Uuid).label("person_id")),
        sa.select(Follow.person_id).where(Follow.request_id == request.id),
    ).subquery()
    rows = sa.select(
        sa.literal(other.id, sa.Uuid), people.c.person_id,
        sa.literal(step.now, sa.DateTime(timezone=True)), sa.literal(request.id, sa.Uuid),
    ).where(people.c.person_id != other.requester_id)  # fmt: skip
    followed = insert(Follow).from_select(["request_id", "person_id", "at", "via"], rows)
    step.session.execute(followed.on_conflict_do_nothing())


def part(step: Step) -> None:
    """It is a request of its own again, with the limits that it always had."""
    request = step.row
    other = step.session.get_one(Request, request.merged_into)
    step.data |= {"out_of": str(other.id), "number": other.number}
    followed = sa.delete(Follow).where(Follow.request_id == other.id, Follow.via == request.id)
    step.session.execute(followed)
    request.merged_into = request.merged_from = request.ended_at = None
    if request.first_response_at is None and request.first_response_due is not None:
        step.due |= limits.warned(step, "first_response", request.first_response_due)
    if request.resolve_due is not None:
        step.due |= limits.warned(step, "resolve", request.resolve_due)


def take_earlier_limits(step: Step) -> None:
    """Who waited longer waits no longer for being merged: the earlier limit holds."""
    moved = {}
    for kind in CLOCKS:
        before, theirs = _limit(step.row, kind), step.payload.get(kind)
        if before is not None and theirs is not None and theirs < before:
            limits.set_limit(step, kind, theirs)
            moved[kind] = [before.isoformat(), theirs.isoformat()]
    step.data["moved"] = moved


def give_limits_back(step: Step) -> None:
    """Its limits are as they were, where nothing else has moved them since."""
    taken = sa.select(Event.data).where(
        Event.request_id == step.row.id,
        Event.action == "take_in",
        Event.data["number"].astext == step.payload.get("number"),
    )
    data = step.session.scalar(taken.order_by(Event.id.desc()).limit(1))
    for kind, (before, after) in (data or {}).get("moved", {}).items():
        if step.row.paused_at is None and _limit(step.row, kind) == datetime.fromisoformat(after):
            limits.set_limit(step, kind, datetime.fromisoformat(before))


def _limit(request: Request, kind: str) -> datetime | None:
    if kind == "first_response":
        return request.first_response_due if request.first_response_at is None else None
    return request.resolve_due


def part_merged(step: Step) -> None:
    """Who relied on it goes on by herself, if this one is not done or not to be known."""
    relied_on = step.row.followers or has_merged(step.session, step.row)
    if relied_on and is_lost(step.session, step.row):
        step.jobs.append("dispatch.part")


def is_lost(session: Session, request: Request) -> bool:
    """Tell whether those who went along with this request can no longer rely on it."""
    return request.status in LOST or not is_known(session, request)


# ---------------------------------------------------------------- the rows

STAFF = (HEAD, CHAIR)
MATCH = (recusal.not_recused, is_same_place, took_nothing_in, not_said_apart)
TO_HEAD = (Tell(HEAD, "N13"),)
# What is parted goes back to where it was, and to who has it there.
PARTED = (
    ("submitted", was_submitted, STAFF, TO_HEAD),
    ("accepted", was_accepted, STAFF, TO_HEAD),
    ("triage", was_triage, (CHAIR,), recusal.TRIAGE),
)

ROWS: tuple[Transition, ...] = (
    *(T("merge", states, "merged", who, "R28", when=is_no_safe_path, guards=MATCH, effects=(join,),
        tell=(Tell(REQUESTER, push=False),))
      for states, who in ((MERGEABLE, STAFF), (("triage",), (CHAIR,)))),
    *(T("take_in", (state,), state, (SYSTEM,), "R28", effects=(take_earlier_limits,),
        keeps=("number",)) for state in TAKES_IN),
    *(T("unmerge", ("merged",), state, (REQUESTER,), "R28", when=was,
        guards=(within_15_days,), effects=(part,), tell=tell) for state, was, _, tell in PARTED),
    *(T("unmerge", ("merged",), state, who, "R28", when=was,
        guards=(recusal.not_recused, within_15_days), effects=(part,),
        tell=(Tell(REQUESTER, push=False),)) for state, was, who, _ in PARTED),
    *(T("part", ("merged",), state, (SYSTEM,), "R28", when=was, effects=(part,),
        tell=(Tell(REQUESTER, push=False), *tell)) for state, was, _, tell in PARTED),
)  # fmt: skip
