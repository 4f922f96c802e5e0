"""What must happen after the commit.

A row is written in the transaction of the change that wants it, and it is the job's only
record: RQ carries its id. The relay hands rows to RQ; `run` does the work and marks the row
done in one transaction, so a job that is lost is done later, and one that comes twice does
nothing the second time. A job's name starts with its queue: `notify.tell`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village import clock
from village.db import changed, insert_sql, json_rows, table, transaction
from village.ids import new_id
from village.models import DueTime, Outbox
from village.models.messages import QUEUES

log = logging.getLogger(__name__)

CHANNEL = "wuzhan_outbox"  # of the notice that a commit with rows sends, for each of their queues
LEASE = timedelta(seconds=30)  # shorter than RQ's own recovery floor of 61 s
BACKOFF_SECONDS = (1, 5, 30, 120, 600, 1800, 7200)
KEEP = timedelta(days=7)

After = Callable[[], None]
Handler = Callable[[Any, Session, UUID], After | None]
Together = Callable[[Any, Session, Sequence[UUID]], None]
Begun = list[tuple[str, UUID]]  # jobs and their subjects


@dataclass(frozen=True)
class Taken:
    """A row that was handed over: its id, and the queue that it belongs on."""

    id: UUID
    queue: str


def row(
    job: str, subject_id: UUID, *, delay: timedelta = timedelta(0), trace: str | None = None
) -> dict[str, Any]:
    """Return the values of an outbox row for `job` on `subject_id`, due after `delay`."""
    now = clock.wall()
    return {
        "id": new_id(),
        "queue": job.partition(".")[0],
        "job": job,
        "subject_id": subject_id,
        "trace": trace,
        "created_at": now,
        "due_at": now + delay,
        "attempts": 0,
    }


def put(session: Session, job: str, subject_id: UUID, *, delay: timedelta = timedelta(0)) -> None:
    """Write one row into the caller's transaction."""
    put_rows(session, [row(job, subject_id, delay=delay)])


INSERT = insert_sql(
    Outbox, "id", "queue", "job", "subject_id", "trace", "created_at", "due_at", "attempts"
)
_PUT = sa.text(INSERT)


def put_rows(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write rows made by `row`, in one statement."""
    if rows:
        session.execute(_PUT, {"outbox": json_rows(rows)})


def take(
    session: Session,
    limit: int = 500,
    queues: Sequence[str] = QUEUES,
    retake: Sequence[str] = (),
    lease: timedelta = LEASE,
    waited: timedelta = timedelta(0),
) -> list[Taken]:
    """Mark due rows of these queues as handed to RQ and return them; many relays may ask at once.

    A row that has been due for less than `waited` is left to the worker that is about to take it.

    `retake` names the queues that hold no waiting job: rows of theirs whose lease ran out were
    lost on the way, and are taken again. (A row that only waits in a long queue is not.)
    """
    now = clock.wall()
    values = {"now": now, "due": now - waited, "lost": now - lease, "most": limit}
    values |= {"queues": queues, "retake": retake}
    return [Taken(*found) for found in session.execute(_TAKE, values)]


# In words, since the relay asks it all day long: they are not made anew each time.
_TAKE = sa.text("""
    update outbox set sent_at = :now
    where id in (
        select id from outbox
        where done_at is null and failed_at is null and (
            (sent_at is null and due_at <= :due and queue = any(:queues))
            or (sent_at < :lost and queue = any(:retake)))
        order by due_at limit :most for update skip locked)
    returning id, queue
""").bindparams(
    sa.bindparam("queues", type_=postgresql.ARRAY(sa.Text)),
    sa.bindparam("retake", type_=postgresql.ARRAY(sa.Text)),
)


def sweep_deadlines(session: Session, limit: int = 500) -> int:
    """Fire due times that have come: each becomes a `dispatch.due` job, once; return how many."""
    now = clock.now()
    due = (
        sa.select(DueTime.id)
        .where(
            DueTime.due_at <= now,
            DueTime.fired_at.is_(None),
            DueTime.cancelled_at.is_(None),
            DueTime.paused_at.is_(None),
        )
        .order_by(DueTime.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    fired = session.scalars(
        sa.update(DueTime)
        .where(DueTime.id.in_(due.scalar_subquery()))
        .values(fired_at=now)
        .returning(DueTime.id)
        .execution_options(synchronize_session=False)
    ).all()
    put_rows(session, [row("dispatch.due", due_id) for due_id in fired])
    return len(fired)


def run(context: Any, outbox_id: UUID, handlers: Mapping[str, Handler]) -> None:
    """Do the job of a row and mark it done, in one transaction on `context.engine`.

    A handler may return a function for the world outside: it is called after the commit,
    without a database connection held. A failure is recorded and tried again with back-off.
    """
    try:
        with transaction(context.engine) as session:
            after = _perform(context, session, outbox_id, handlers)
    except Exception as error:
        _record_failure(context.engine, outbox_id, error)
        raise
    if after is not None:
        after()


def _perform(
    context: Any, session: Session, outbox_id: UUID, handlers: Mapping[str, Handler]
) -> After | None:
    for job, subject_id in _begin(session, [outbox_id]):
        return handlers[job](context, session, subject_id)
    return None


def run_next(context: Any, queue: str, handlers: Mapping[str, Handler]) -> bool:
    """Do the job of the queue's oldest due row, handed over or not; tell whether there was one.

    Raises what its handler raises: nothing is recorded then, and RQ brings the row again.
    """
    after = None
    with transaction(context.engine) as session:
        found = _begin_next(session, queue, 1)
        for job, subject_id in found:
            after = handlers[job](context, session, subject_id)
    if after is not None:
        after()
    return bool(found)


def run_together(
    context: Any, outbox_ids: Collection[UUID], handlers: Mapping[str, Together]
) -> None:
    """Do the jobs of rows and mark them done, all in one transaction, or none.

    Raises what a handler raises, or KeyError where one of the jobs is done by itself alone:
    nothing is recorded then, and each is to be `run`.
    """
    with transaction(context.engine) as session:
        _together(context, session, _begin(session, outbox_ids), handlers)


def run_next_together(
    context: Any, queue: str, handlers: Mapping[str, Together], limit: int
) -> bool:
    """Do the jobs of the queue's oldest due rows, as `run_together`; tell whether it had any."""
    with transaction(context.engine) as session:
        found = _begin_next(session, queue, limit)
        _together(context, session, found, handlers)
    return bool(found)


def _together(
    context: Any, session: Session, begun: Begun, handlers: Mapping[str, Together]
) -> None:
    subjects = defaultdict(list)
    for job, subject_id in begun:
        subjects[job].append(subject_id)
    for job, ids in subjects.items():
        handlers[job](context, session, ids)


_OPEN = (
    sa.select(Outbox.id)
    .where(
        Outbox.id == sa.any_(sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid))),
        Outbox.done_at.is_(None),
    )
    .with_for_update(skip_locked=True)
)
_BEGIN = (
    sa.update(table(Outbox))
    .where(table(Outbox).c.id.in_(_OPEN.scalar_subquery()))
    .values(done_at=sa.bindparam("now"))
    .returning(table(Outbox).c.job, table(Outbox).c.subject_id)
)


# In words, as `_TAKE`: a busy worker asks it for every row.
_BEGIN_NEXT = sa.text("""
    update outbox set done_at = :now
    where id in (
        select id from outbox
        where done_at is null and failed_at is null and due_at <= :now and queue = :queue
        order by due_at limit :most for update skip locked)
    returning job, subject_id
""")


def _begin(session: Session, outbox_ids: Collection[UUID]) -> Begun:
    """Lock rows that nobody does or has done; they are done if, and when, this is committed."""
    found = session.execute(_BEGIN, {"ids": list(outbox_ids), "now": clock.wall()})
    return [(row.job, row.subject_id) for row in found]


def _begin_next(session: Session, queue: str, limit: int) -> Begun:
    values = {"queue": queue, "most": limit, "now": clock.wall()}
    return [(row.job, row.subject_id) for row in session.execute(_BEGIN_NEXT, values)]


def _record_failure(engine: sa.Engine, outbox_id: UUID, error: Exception) -> None:
    with transaction(engine) as session:
        found = session.get(Outbox, outbox_id, with_for_update=True)
        if found is None or found.done_at is not None:
            return
        found.error = type(error).__name__
        wait = next_wait(found.attempts)
        found.attempts += 1
        found.sent_at = None
        if wait is None:
            found.failed_at = clock.wall()
            log.error("job given up", extra={"job": found.job, "outbox_id": str(outbox_id)})
        else:
            found.due_at = clock.wall() + wait


def next_wait(attempts: int) -> timedelta | None:
    """Return how long to wait after `attempts` failures; None when it is time to give up."""
    if attempts >= len(BACKOFF_SECONDS):
        return None
    return timedelta(seconds=BACKOFF_SECONDS[attempts])


def oldest_open(session: Session) -> datetime | None:
    """Return when the oldest row was due that nobody has done yet."""
    return session.scalar(
        sa.select(sa.func.min(Outbox.due_at)).where(
            Outbox.done_at.is_(None), Outbox.failed_at.is_(None)
        )
    )


def purge(session: Session) -> int:
    """Remove rows that were done a week ago; return how many."""
    return changed(session, sa.delete(Outbox).where(Outbox.done_at < clock.wall() - KEEP))
