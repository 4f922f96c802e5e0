"""Who has become free, or may do more than before, is thought of where people are waited for."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import situation
from dispatch.candidates import AT_ONCE, passed
from dispatch.people import People
from dispatch.policies.common import DAY, Urgency
from dispatch.work import Work
from village import clock, outbox, tasks
from village.ids import new_id
from village.models import Membership

# One statement, since every round ends with it.
_SET_DUE = sa.text("""
    with gone as (
        update due_times set cancelled_at = :now
        where request_id = :request_id and kind = 'offer_round'
            and fired_at is null and cancelled_at is null)
    insert into due_times (id, request_id, kind, due_at)
    select :id, :request_id, 'offer_round', at
    from (select least(:at, min(expires_at)) as at
          from offers where task_id = :task_id and status = 'offered') as first
    where at is not null
""").bindparams(
    sa.bindparam("at", type_=sa.DateTime(timezone=True)), sa.bindparam("task_id", type_=sa.Uuid)
)


def freed(session: Session, person_id: UUID) -> list[UUID]:
    """Put a look for each waiting task that she can help now, and return their requests.

    In the order in which they choose (`policies.common.in_line`): what is urgent first, then the
    oldest, where one that has more time counts as a day younger.
    """
    now, helped = clock.now(), dict[UUID, Work]()
    for own in _villages(session, person_id):
        reached = {own, *(code for code, _ in situation.near(session, own, now))}
        for village in sorted(reached):
            near = situation.near(session, village, now)
            waiting = session.scalars(tasks.lacking_people([village])).all()
            people = situation.load_people(session, {village, own}, now, only=[person_id])
            works = situation.load_works(session, waiting, near)
            helped |= {work.request_id: work for work in works if _helps(people, work, now)}
    line = sorted(helped.values(), key=turn)
    request_ids = [work.request_id for work in line]
    outbox.put_rows(session, [outbox.row("dispatch.round", one) for one in request_ids])
    return request_ids


def turn(work: Work) -> tuple[bool, datetime]:
    """Return where a task stands among those that wait for the same person."""
    head_start = timedelta(minutes=DAY) if work.urgency is Urgency.TODAY else timedelta()
    return work.urgency is not Urgency.URGENT, work.opened_at - head_start


def _villages(session: Session, person_id: UUID) -> list[str]:
    mine = sa.select(Membership.village_code).where(
        Membership.person_id == person_id, Membership.active
    )
    return sorted(set(session.scalars(mine)))


def _helps(people: People, work: Work, now: datetime) -> bool:
    """Tell whether somebody of `people` may be asked now."""
    return bool(np.any(passed(people, work, now, AT_ONCE)))


def set_due(
    session: Session, request_id: UUID, at: datetime | None, task_id: UUID | None = None
) -> None:
    """Leave one open due time for the search of a request, or (None) none.

    Before `at`, if an offer of the task `task_id` ends before it.
    """
    due = {"id": new_id(), "request_id": request_id, "at": at, "task_id": task_id}
    due |= {"now": clock.now()}
    session.execute(_SET_DUE, due)
