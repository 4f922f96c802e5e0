"""Offers and places: the answers of volunteers, and the claim itself.

Every answer locks the request first, so the claim sees its true state and answers of fifty
phones stand in line; the constraints of `places` would refuse a second holder even without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from village import access, claim, clock, files, outbox, tasks, wishes
from village.access import THE_SYSTEM, Actor
from village.claim import NO_SHOW_AFTER, STALE_YES, Span
from village.db import changed, table
from village.eligibility import appointment
from village.errors import GuardFailed, LostRace, NotFound, StaleVersion, TooLate, WrongState
from village.ids import new_id
from village.models import DueTime, Offer, Place, Request, Task, Volunteer
from village.workflow.engine import LOCK, apply, attempt, start
from village.workflow.offer import LIVE, OFFER
from village.workflow.request import REQUEST


@dataclass(frozen=True)
class Grounds:
    """Why she is asked, as it was known then: for "why", the replay, and what is learnt.

    `source`: by the policy, by chance, by the head's hand (`picked_by`), or as a standing pair.
    """

    source: str = "policy"
    picked_by: UUID | None = None
    policy: str | None = None
    circle: int = 0
    km: float = 0.0
    kind: str | None = None
    chance: float | None = None
    heard: float | None = None
    score: float | None = None
    propensity: float | None = None
    seed: int | None = None


def invite(
    session: Session,
    task: Task,
    person_id: UUID,
    *,
    wave: int,
    expires_at: datetime,
    grounds: Grounds = Grounds(),
) -> Offer:
    """Write an offer to one volunteer; she is told after the commit.

    The database refuses (IntegrityError) who is excluded, or was asked for this task before.
    """
    offer = Offer(
        id=new_id(),
        task_id=task.id,
        request_id=task.request_id,
        person_id=person_id,
        wave=wave,
        expires_at=expires_at,
        created_at=clock.now(),
        stands_by=False,
        **asdict(grounds),
    )
    started: Offer = start(session, OFFER, offer, "invite", actor=THE_SYSTEM)
    return started


def accept(
    session: Session,
    actor: Actor,
    offer_id: UUID,
    *,
    arrival: datetime | None = None,
    offline_since: datetime | None = None,
    if_match: int | None = None,
) -> Offer:
    """Take a place by an offer: atomic, first come, first served.

    A second tap answers like the first; with another `arrival`, when she will be there, it
    moves her appointment. Raises NotFound, StaleVersion, Invalid for an arrival outside the
    task's time, LostRace with code `filled`, `ended`, `withdrawn`, or `confirm_again` for a yes
    that waited offline for over an hour, WrongState `said_no`; what `claim.may_come` raises: the
    rules of the invitation are asked again, since days may lie between.
    """
    offer = lock_mine(session, actor, offer_id)
    if offer.status in LIVE:
        return _moved(session, offer, arrival)
    if if_match not in (None, offer.version):
        raise StaleVersion(version=offer.version, current_status=offer.status)
    _still_wanted(session, offer)
    if offer.status == "declined":
        raise WrongState("said_no", "she said no; the head can ask her again", allowed_actions=[])
    if offline_since is not None and clock.now() - offline_since > STALE_YES:
        raise LostRace("confirm_again", "the yes is an hour old; ask her again")
    task = session.get_one(Task, offer.task_id)
    claim.check_arrival(task, arrival)
    span = appointment(task, arrival)
    claim.may_come(session, offer, task, span)
    accepted = _apply(session, offer_id, "accept", actor)
    accepted.answered_at = clock.now()
    if not _claim(session, accepted, arrival, span):
        raise LostRace("filled", "all places are taken")
    if not _open_places(session, accepted.task_id):
        attempt(session, REQUEST, accepted.request_id, "fill")
        catch_up(session, accepted.request_id, accepted.task_id)
    else:
        _wake(session, accepted)
    if span is not None:
        _expect(session, accepted, span)
    return accepted


def _moved(session: Session, offer: Offer, arrival: datetime | None) -> Offer:
    """Keep a new time that she says while she is expected; nobody waits for her before it."""
    task = session.get_one(Task, offer.task_id)
    span = appointment(task, arrival)
    if arrival is None or span is None or offer.status != "accepted":
        return offer
    mine = sa.select(Place.arrival).where(*_held(offer))
    if session.scalar(mine) != arrival:
        session.get_one(Volunteer, offer.person_id, with_for_update=LOCK)
        claim.check_arrival(task, arrival)
        claim.is_free(session, offer, span)
        _set_place(session, offer, arrival=arrival, busy=Range(*span))
        _expect(session, offer, span)
    return offer


def _expect(session: Session, offer: Offer, span: Span) -> None:
    """Look half an hour after the appointment, or her yes if later, whether she has come (R18)."""
    due = {"id": new_id(), "request_id": offer.request_id, "kind": "no_show"}
    expected = max(span[0], clock.now()) + NO_SHOW_AFTER
    session.execute(sa.insert(table(DueTime)).values(**due, due_at=expected))


def catch_up(session: Session, request_id: UUID, task_id: UUID) -> None:
    """Bring the request to where its people are: some begin before the last place is filled."""
    states = set(session.scalars(sa.select(Place.status).where(Place.task_id == task_id)))
    if states & {"checked_in", "completed"}:
        attempt(session, REQUEST, request_id, "start")
    if states == {"completed"}:
        _hand_in(session, request_id, task_id)


def _hand_in(session: Session, request_id: UUID, task_id: UUID) -> None:
    last = sa.select(Place).where(Place.task_id == task_id).order_by(Place.completed_at.desc())
    place = session.scalars(last.limit(1)).one()
    request = session.get_one(Request, request_id)
    request.done_by = place.person_id
    attempt(session, REQUEST, request_id, "submit_result", payload={"result": place.result})


def lock_mine(session: Session, actor: Actor, offer_id: UUID) -> Offer:
    """Return the caller's own offer, its request locked first. Raises NotFound."""
    offer = OFFER.lock(session, offer_id)
    if offer is None:
        raise NotFound
    access.require("offer.answer", OFFER.relations(session, actor, offer))
    return offer


def _still_wanted(session: Session, offer: Offer) -> None:
    request = session.get_one(Request, offer.request_id)
    task = session.get_one(Task, offer.task_id)
    if offer.status == "no_show" and task.status in ("filled", "done"):
        raise TooLate("filled", "others have stepped in", allowed_actions=[])
    if offer.status == "withdrawn" and not offer.stands_by:
        raise _filled(task) if task.status in ("filled", "done") else LostRace("withdrawn")
    if offer.status not in ("offered", "expired", "withdrawn", "no_show"):
        return  # the machine says what is wrong with it
    if task.status in ("filled", "done"):
        raise _filled(task)
    if task.status != "open" or request.status != "dispatching" or task.ends_at <= clock.now():
        raise LostRace("ended", "the request no longer looks for volunteers")


def _filled(task: Task) -> TooLate:
    """Say kindly that others were faster, and what she may still do."""
    may = ["stand_by"] if task.status == "filled" else []
    return TooLate("filled", "all places are taken", allowed_actions=may)


def _claim(session: Session, offer: Offer, arrival: datetime | None, span: Span | None) -> bool:
    free = (
        sa.select(Place.seq)
        .where(Place.task_id == offer.task_id, Place.status == "open")
        .order_by(Place.seq)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = session.scalar(
        sa.update(Place)
        .where(Place.task_id == offer.task_id, Place.seq == free.scalar_subquery())
        .where(Place.status == "open")
        .values(
            status="taken",
            person_id=offer.person_id,
            arrival=arrival,
            taken_at=clock.now(),
            busy=None if span is None else Range(*span),
        )
        .returning(Place.seq)
    )
    return taken is not None


def _open_places(session: Session, task_id: UUID) -> int:
    return (
        session.scalar(
            sa.select(sa.func.count()).where(Place.task_id == task_id, Place.status == "open")
        )
        or 0
    )


def decline(
    session: Session,
    actor: Actor,
    offer_id: UUID,
    *,
    reason: str | None = None,
    until: datetime | None = None,
    if_match: int | None = None,
) -> Offer:
    """Say no, free of consequence; the next person is asked at once.

    A reason changes only what she is asked in future (`wishes.heed`); nobody else sees it.
    """
    offer = lock_mine(session, actor, offer_id)
    if offer.status == "declined":
        return offer
    offer = _apply(session, offer_id, "decline", actor, if_match=if_match, reason=reason)
    offer.answered_at, offer.reason = clock.now(), reason
    wishes.heed(session, offer, reason, until)
    _wake(session, offer)
    return offer


def check_in(session: Session, actor: Actor, task_id: UUID) -> Offer:
    """Say that she is there (R17); the first one starts the work."""
    offer = _of_task(session, actor, task_id)
    offer = _apply(session, offer.id, "check_in", actor)
    _set_place(session, offer, status="checked_in")
    attempt(session, REQUEST, offer.request_id, "start")
    return offer


def complete(
    session: Session,
    actor: Actor,
    task_id: UUID,
    *,
    result: str,
    minutes: int,
    file_ids: Sequence[UUID] = (),
) -> Offer:
    """Say what was done and how long it took; the last one hands it to the head (R21).

    Pictures of what was done go to the request; nobody has to take one (restraint N18).
    """
    offer = _of_task(session, actor, task_id)
    offer = _apply(session, offer.id, "complete", actor)
    _set_place(
        session, offer, status="completed", result=result, minutes=minutes,
        completed_at=clock.now(),
    )  # fmt: skip
    request = session.get_one(Request, offer.request_id)
    files.attach(session, actor, request, file_ids, files.DONE)
    outbox.put(session, "dispatch.freed", offer.person_id)
    if session.get_one(Task, task_id).status == "filled" and not _unfinished(session, task_id):
        _hand_in(session, offer.request_id, task_id)
    return offer


def release(session: Session, actor: Actor, task_id: UUID, *, reason: str | None = None) -> Offer:
    """Give the place back, without a penalty; only that place opens again (R18)."""
    offer = _of_task(session, actor, task_id)
    offer = _apply(session, offer.id, "release", actor, reason=reason)
    free_place(session, offer)
    look_again(session, offer)
    outbox.put(session, "dispatch.freed", offer.person_id)
    return offer


def look_again(session: Session, offer: Offer) -> None:
    """Have the next people asked for a place that an offer's person has left."""
    status = session.get_one(Task, offer.task_id).status
    if status == "filled":
        attempt(session, REQUEST, offer.request_id, "reopen_place")
    elif status == "open":
        _wake(session, offer)


def free_place(session: Session, offer: Offer) -> None:
    """Open the place that an offer's person held."""
    nobody = dict.fromkeys(("person_id", "arrival", "busy", "taken_at"))
    _set_place(session, offer, status="open", **nobody)


def _of_task(session: Session, actor: Actor, task_id: UUID) -> Offer:
    mine = sa.select(Offer.id).where(Offer.task_id == task_id, Offer.person_id == actor.person_id)
    offer_id = session.scalar(mine)
    offer = OFFER.lock(session, offer_id) if offer_id else None
    if offer is not None and offer.status == "released":
        return offer  # the machine says what is wrong with it
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound
    access.require("task.work", tasks.relations(actor, task, offer))
    if offer is None:
        raise NotFound
    return offer


def _set_place(session: Session, offer: Offer, **values: Any) -> None:
    if changed(session, sa.update(Place).where(*_held(offer)).values(**values)) != 1:
        raise GuardFailed("no_place", "no place is held by this offer")


def _held(offer: Offer) -> tuple[sa.ColumnElement[bool], ...]:
    return Place.task_id == offer.task_id, Place.person_id == offer.person_id


def _unfinished(session: Session, task_id: UUID) -> bool:
    waiting = sa.exists().where(Place.task_id == task_id, Place.status != "completed")
    return bool(session.scalar(sa.select(waiting)))


def _wake(session: Session, offer: Offer) -> None:
    session.get_one(Task, offer.task_id).next_wake = clock.now()
    outbox.put(session, "dispatch.round", offer.request_id)


def _apply(
    session: Session,
    offer_id: UUID,
    action: str,
    actor: Actor,
    *,
    if_match: int | None = None,
    **payload: str | None,
) -> Offer:
    given = {name: value for name, value in payload.items() if value is not None}
    offer: Offer = apply(
        session, OFFER, offer_id, action, actor=actor, payload=given, if_match=if_match
    )
    return offer
