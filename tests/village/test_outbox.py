"""The outbox: taken once, taken again when lost, done once, given up in the end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from tests.village.town import Town
from village import clock, outbox
from village.db import transaction
from village.models import Outbox
from village.outbox import BACKOFF_SECONDS, LEASE

SUBJECT = uuid.uuid4()


@dataclass
class Context:
    engine: Engine
    done: list[UUID] = field(default_factory=list)


@pytest.fixture
def context(engine: Engine) -> Context:
    return Context(engine)


def note(context: Any, session: Session, subject_id: UUID) -> None:
    context.done.append(subject_id)


def fail(context: Any, session: Session, subject_id: UUID) -> None:
    session.execute(sa.text("delete from consents"))
    raise ValueError("李四的电话")


HANDLERS: dict[str, outbox.Handler] = {"dispatch.round": note, "notify.tell": fail}


def put(engine: Engine, *jobs: str, delay: timedelta = timedelta(0)) -> None:
    with transaction(engine) as session:
        for job in jobs or ("dispatch.round",):
            outbox.put(session, job, SUBJECT, delay=delay)


def take(engine: Engine, *retake: str, limit: int = 500) -> list[UUID]:
    with transaction(engine) as session:
        return [row.id for row in outbox.take(session, limit, retake=retake)]


def rows(engine: Engine) -> list[Outbox]:
    with transaction(engine) as session:
        return list(session.scalars(sa.select(Outbox).order_by(Outbox.id)))


def age(engine: Engine, **values: Any) -> None:
    with transaction(engine) as session:
        session.execute(sa.update(Outbox).values(**values))


def attempt(context: Context, row: Outbox) -> Outbox:
    """Run a job that fails, and make it due again."""
    with pytest.raises(ValueError, match="电话"):
        outbox.run(context, row.id, HANDLERS)
    return rows(context.engine)[0]


def test_a_row_is_written_with_the_change_or_not_at_all(engine: Engine) -> None:
    def change(session: Session) -> None:
        outbox.put(session, "dispatch.round", SUBJECT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        change(session)
    assert rows(engine) == []


def test_a_job_s_name_begins_with_its_queue(engine: Engine) -> None:
    put(engine, "dispatch.round", "notify.tell")
    assert {row.queue for row in rows(engine)} == {"dispatch", "notify"}


def test_a_row_is_taken_once_and_the_oldest_first(engine: Engine) -> None:
    put(engine, *["dispatch.round"] * 3)
    first, second, third = (row.id for row in sorted(rows(engine), key=lambda row: row.due_at))
    assert set(take(engine, limit=2)) == {first, second}
    assert take(engine) == [third]
    assert take(engine, "dispatch") == []


def test_a_row_that_is_due_later_is_not_taken(engine: Engine) -> None:
    put(engine, delay=timedelta(hours=1))
    assert take(engine, "dispatch") == []


def test_a_row_whose_lease_ran_out_is_taken_again_where_nothing_waits(engine: Engine) -> None:
    put(engine)
    (first,) = take(engine)
    age(engine, sent_at=clock.wall() - LEASE - timedelta(seconds=1))
    assert take(engine, "notify") == []
    assert take(engine, "dispatch") == [first]
    assert take(engine, "dispatch") == []


def test_a_fresh_row_is_left_to_the_worker_that_is_about_to_take_it(engine: Engine) -> None:
    put(engine)
    with transaction(engine) as session:
        assert outbox.take(session, waited=timedelta(seconds=60)) == []
    age(engine, due_at=clock.wall() - timedelta(seconds=61))
    with transaction(engine) as session:
        assert len(outbox.take(session, waited=timedelta(seconds=60))) == 1


def test_the_next_row_is_the_oldest_handed_over_or_not(context: Context) -> None:
    put(context.engine, *["dispatch.round"] * 2)
    (first,) = take(context.engine, limit=1)
    done: list[UUID] = []
    handlers = {"dispatch.round": lambda _context, _session, subject: done.append(subject)}
    by_age = [row.subject_id for row in sorted(rows(context.engine), key=lambda row: row.due_at)]
    assert not outbox.run_next(context, "notify", handlers)
    assert [outbox.run_next(context, "dispatch", handlers) for _ in range(3)] == [True, True, False]
    assert done == by_age
    outbox.run(context, first, handlers)
    assert done == by_age


def test_what_is_done_or_given_up_is_never_taken(engine: Engine) -> None:
    put(engine)
    age(engine, sent_at=clock.wall() - 2 * LEASE, done_at=clock.wall())
    assert take(engine, "dispatch") == []
    age(engine, done_at=None, failed_at=clock.wall())
    assert take(engine, "dispatch") == []


def test_rows_of_other_queues_are_left(engine: Engine) -> None:
    put(engine, "dispatch.round", "notify.tell")
    with transaction(engine) as session:
        assert [row.queue for row in outbox.take(session, queues=["notify"])] == ["notify"]
    assert len(take(engine)) == 1


def test_relays_that_take_at_the_same_time_take_different_rows(engine: Engine) -> None:
    put(engine, *["dispatch.round"] * 5)
    with transaction(engine) as one, transaction(engine) as other:
        mine, theirs = outbox.take(one, 3), outbox.take(other, 3)
    assert (len(mine), len(theirs)) == (3, 2)
    assert not {row.id for row in mine} & {row.id for row in theirs}


def test_a_job_is_done_once_however_often_it_comes(context: Context) -> None:
    put(context.engine)
    (row,) = rows(context.engine)
    for _ in range(3):
        outbox.run(context, row.id, HANDLERS)
    assert context.done == [SUBJECT]
    assert rows(context.engine)[0].done_at is not None


def test_a_job_of_no_row_is_nothing(context: Context) -> None:
    outbox.run(context, uuid.uuid4(), HANDLERS)
    assert context.done == []


def test_two_workers_with_the_same_job_do_it_once(context: Context) -> None:
    put(context.engine)
    (row,) = rows(context.engine)
    inside, go_on = threading.Event(), threading.Event()

    def slow(context: Any, session: Session, subject_id: UUID) -> None:
        inside.set()
        assert go_on.wait(20)
        context.done.append(subject_id)

    first = threading.Thread(target=outbox.run, args=(context, row.id, {"dispatch.round": slow}))
    first.start()
    assert inside.wait(20)
    outbox.run(context, row.id, HANDLERS)
    assert context.done == []
    go_on.set()
    first.join(20)
    assert context.done == [SUBJECT]


def test_a_failure_takes_its_changes_back_and_says_no_word_of_what_failed(town: Town) -> None:
    context = Context(town.engine)
    put(town.engine, "notify.tell")
    row = attempt(context, rows(town.engine)[0])
    consents = town.run(lambda s: s.scalar(sa.text("select count(*) from consents")))
    assert consents > 0
    assert (row.attempts, row.error, row.done_at, row.sent_at) == (1, "ValueError", None, None)


def test_a_failure_is_tried_again_later_and_later_and_given_up_in_the_end(
    context: Context,
) -> None:
    put(context.engine, "notify.tell")
    (row,) = rows(context.engine)
    for seconds in BACKOFF_SECONDS:
        row = attempt(context, row)
        wait = row.due_at - clock.wall()
        assert timedelta(seconds=seconds - 20) < wait <= timedelta(seconds=seconds)
        assert row.failed_at is None
    row = attempt(context, row)
    assert row.failed_at is not None
    assert take(context.engine, "notify") == []


def test_a_failed_job_waits_for_its_time(context: Context) -> None:
    put(context.engine, "notify.tell")
    (row,) = rows(context.engine)
    for _ in range(4):
        row = attempt(context, row)
    assert take(context.engine, "notify") == []
    age(context.engine, due_at=clock.wall())
    assert take(context.engine) == [row.id]


def test_jobs_are_done_together_once(context: Context) -> None:
    put(context.engine, *["dispatch.round"] * 3)
    ids = [row.id for row in rows(context.engine)]
    together: list[list[UUID]] = []

    def note_all(context: Any, session: Session, subject_ids: Sequence[UUID]) -> None:
        together.append(list(subject_ids))

    outbox.run(context, ids[0], HANDLERS)
    for _ in range(2):
        outbox.run_together(context, ids, {"dispatch.round": note_all})
    assert together == [[SUBJECT, SUBJECT]]
    assert all(row.done_at is not None for row in rows(context.engine))


def test_of_jobs_that_are_done_together_all_are_done_or_none(town: Town) -> None:
    context = Context(town.engine)
    put(town.engine, "dispatch.round", "notify.tell")

    def work(context: Any, session: Session, subject_ids: Sequence[UUID]) -> None:
        session.execute(sa.text("delete from consents"))

    def fail_all(context: Any, session: Session, subject_ids: Sequence[UUID]) -> None:
        raise ZeroDivisionError

    ids = [row.id for row in rows(town.engine)]
    with pytest.raises(ZeroDivisionError):
        outbox.run_together(context, ids, {"dispatch.round": work, "notify.tell": fail_all})
    assert town.run(lambda s: s.scalar(sa.text("select count(*) from consents"))) > 0
    assert [(row.attempts, row.done_at) for row in rows(town.engine)] == [(0, None)] * 2


def test_what_follows_a_job_comes_after_its_commit(context: Context) -> None:
    put(context.engine)
    seen: list[bool] = []

    def work(context: Any, session: Session, subject_id: UUID) -> Callable[[], None]:
        return lambda: seen.append(rows(context.engine)[0].done_at is not None)

    outbox.run(context, rows(context.engine)[0].id, {"dispatch.round": work})
    assert seen == [True]


def test_a_due_time_becomes_one_job_once(town: Town) -> None:
    request_id = town.hold()
    sweep = lambda: town.run(outbox.sweep_deadlines)  # noqa: E731
    assert sweep() == 0
    clock.step(timedelta(minutes=2))
    assert [sweep(), sweep()] == [1, 0]
    assert (town.waiting("dispatch.due"), town.due(request_id, "emergency_answer")) == (1, [])


def test_due_times_that_rest_or_were_cancelled_do_not_fire(town: Town) -> None:
    asked, withdrawn = town.bring("needs_info"), town.bring("withdrawn")
    town.run(lambda s: s.execute(sa.text("delete from due_times where kind like '%answer%'")))
    clock.step(timedelta(days=100))
    assert town.run(outbox.sweep_deadlines) == 0
    assert town.due(asked, "resolve") == town.due(withdrawn, "resolve") == []


def test_rows_done_a_week_ago_are_removed(engine: Engine) -> None:
    put(engine, *["dispatch.round"] * 2)
    old, new = rows(engine)
    with transaction(engine) as session:
        at = clock.wall() - timedelta(days=7, seconds=1)
        session.execute(sa.update(Outbox).where(Outbox.id == old.id).values(done_at=at))
        assert outbox.purge(session) == 1
    assert [row.id for row in rows(engine)] == [new.id]


def test_the_oldest_open_row_is_known(engine: Engine) -> None:
    put(engine, *["dispatch.round"] * 2)
    with transaction(engine) as session:
        assert outbox.oldest_open(session) == rows(engine)[0].due_at
    age(engine, done_at=clock.wall())
    with transaction(engine) as session:
        assert outbox.oldest_open(session) is None


@pytest.fixture
def listener(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    target = make_url(str(engine.url)).set(drivername="postgresql", password=engine.url.password)
    url = target.render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("LISTEN wuzhan_outbox")
        yield link


def test_a_committed_row_wakes_the_relay(engine: Engine, listener: psycopg.Connection[Any]) -> None:
    with transaction(engine) as session:
        outbox.put(session, "dispatch.round", SUBJECT)
        session.flush()
        assert list(listener.notifies(timeout=0.1, stop_after=1)) == []
    (notice,) = listener.notifies(timeout=20, stop_after=1)
    assert notice.payload == "dispatch"
