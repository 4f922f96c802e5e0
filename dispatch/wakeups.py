"""Who has become free, or may do more than before, is thought of where people are waited for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import situation
from dispatch.candidates import OF_THE_MOMENT, WHOLE_TIME, circles, passed
from dispatch.people import People
from dispatch.work import NEXT_VILLAGE, Work
from village import clock, outbox
from village.db import table
from village.ids import new_id
from village.models import DueTime, Membership, Request, Task


def freed(session: Session, person_id: UUID) -> list[UUID]:
    """Put a look for each waiting task that she can help now, and return their requests.

    The more urgent first, then the oldest: the order in which they choose, too.
    """
    now, helped = clock.now(), []
    villages = session.scalars(
        sa.select(Membership.village_code)
        .where(Membership.person_id == person_id, Membership.active)
        .distinct()
    )
    for own in villages.all():
        reached = {own: (), **_around(session, own)}
        for village in reached:
            near = situation.near(session, village, now)
            people = situation.load_people(session, {village, own}, now, only=[person_id])
            works = situation.load_works(session, _waiting(session, village), near)
            helped += [work for work in works if _helps(people, work, now)]
    for work in sorted(helped, key=lambda one: (one.urgency.value != "urgent", one.opened_at)):
        wake(session, work.request_id)
    return [work.request_id for work in helped]


def _around(session: Session, village: str) -> dict[str, tuple[()]]:
    """The villages that may ask in this one."""
    return {code: () for code, _ in situation.near(session, village, clock.now())}


def _waiting(session: Session, village: str) -> Collection[UUID]:
    return session.scalars(
        sa.select(Task.request_id)
        .join(Request, Request.id == Task.request_id)
        .where(
            Task.village_code == village,
            Task.status == "open",
            Task.starving,
            Request.status == "dispatching",
        )
    ).all()


def _helps(people: People, work: Work, now: datetime) -> bool:
    """Tell whether somebody of `people` may be asked now."""
    near = circles(people, work)[0] <= min(work.widest, NEXT_VILLAGE)
    return bool(np.any(near & passed(people, work, now, (*WHOLE_TIME, *OF_THE_MOMENT))))


def wake(session: Session, request_id: UUID) -> None:
    """Have a request's task looked at now: its deadline, its circle or its people have changed."""
    mine = sa.update(Task).where(Task.request_id == request_id, Task.status == "open")
    session.execute(mine.values(next_wake=clock.now()))
    outbox.put(session, "dispatch.round", request_id)


def set_due(session: Session, request_id: UUID, at: datetime | None) -> None:
    """Leave one open due time for the search of a request, or (None) none."""
    session.execute(
        sa.update(DueTime)
        .where(
            DueTime.request_id == request_id,
            DueTime.kind == "offer_round",
            DueTime.fired_at.is_(None),
            DueTime.cancelled_at.is_(None),
        )
        .values(cancelled_at=clock.now())
    )
    if at is not None:
        due = {"id": new_id(), "request_id": request_id, "kind": "offer_round", "due_at": at}
        session.execute(sa.insert(table(DueTime)).values(due))
