"""A place has opened again: those who said that they would step in are asked before others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import by_name, situation, wakeups, why
from dispatch.candidates import AT_ONCE, not_asked_yet, passed
from village import clock, hours, reserve
from village.models import Event, Offer, Place, Request, Task
from village.workflow import priorities
from village.workflow.request import REQUEST

ALONE_MINUTES = {"P1": 5}
USUALLY_ALONE_MINUTES = 30
AGAIN = tuple(check for check in AT_ONCE if check is not not_asked_yet)


def goes_first(session: Session, request_ids: Collection[UUID]) -> set[UUID]:
    """Ask the reserves of these requests for their open places; return those where others wait.

    A reserve has the first word for half an hour (5 minutes in danger), then others are asked
    beside it. Safe to run at any time: it does what is missing. The caller holds the locks of
    the village and of the requests; those asked count as asked, like all others.
    """
    since = clock.now() - timedelta(minutes=USUALLY_ALONE_MINUTES)
    found = session.scalars(_RESERVES, {"ids": list(request_ids), "since": since}).all()
    return {one for one in sorted(found) if _goes_first(session, one)}


_RESERVES = sa.text("""
    select request_id from offers where stands_by and request_id = any(:ids)
    union
    select request_id from events
    where action = 'call_up' and at > :since and request_id = any(:ids)
""")


def _goes_first(session: Session, request_id: UUID) -> bool:
    request = REQUEST.lock(session, request_id)
    if request is None or request.status != "dispatching":
        return False
    task = session.scalar(
        sa.select(Task).where(Task.request_id == request_id, Task.status == "open")
    )
    if task is None:
        return False
    now, alone = clock.now(), _alone(request)
    asked = _asked_since(session, task, now - alone)
    wanted = _open_places(session, task) - len(asked)
    called = _able(session, task, now)[:wanted] if wanted > 0 else []
    opening = hours.of(session, request.village_code)
    for offer in called:
        expires_at = priorities.offer_expires(request.priority, now, opening)
        reserve.call_up(session, offer.id, wave=max(task.wave, 1), expires_at=expires_at)
    by_name.remember(session, [offer.person_id for offer in called], now)
    first = bool(asked or called) and wanted <= len(called)
    if first:  # the last of them has the first word for so long, whatever woke us now
        task.next_wake = max([*asked, *([now] if called else [])]) + alone
        why.show(task, task.next_wake)
        wakeups.set_due(session, request_id, task.next_wake)
    return first


def _alone(request: Request) -> timedelta:
    return timedelta(minutes=ALONE_MINUTES.get(request.priority, USUALLY_ALONE_MINUTES))


def _asked_since(session: Session, task: Task, since: datetime) -> list[datetime]:
    """Return when the reserve's offers were made that still run and are new."""
    called = sa.and_(
        Event.request_id == task.request_id,
        Event.subject_id == Offer.id,
        Event.action == "call_up",
        Event.at > since,
    )
    out = sa.select(sa.func.max(Event.at)).join(Offer, called)
    out = out.where(Offer.task_id == task.id, Offer.status == "offered")
    return list(session.scalars(out.group_by(Offer.id)))


def _open_places(session: Session, task: Task) -> int:
    free = sa.select(sa.func.count()).where(Place.task_id == task.id, Place.status == "open")
    return session.scalar(free) or 0


def _able(session: Session, task: Task, now: datetime) -> list[Offer]:
    """Return the offers of those of the reserve who may still be asked, first come first."""
    standing = reserve.waiting(session, task.id)
    if not standing:
        return []
    near = situation.near(session, task.village_code, now)
    work = situation.load_works(session, [task.request_id], near)[0]
    villages = {task.village_code, *(key[0] for key in near)}
    mine = [offer.person_id for offer in standing]
    people = situation.load_people(session, villages, now, only=mine)
    may = passed(people, work, now, AGAIN)
    able = {people.id(place) for place in range(len(people)) if may[place]}
    return [offer for offer in standing if offer.person_id in able]
