from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from rq import Queue
from rq.registry import FailedJobRegistry
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from runtime import local, settings, staying, wiring, worker
from runtime.local import LocalServer, _until
from runtime.relay import Relay
from runtime.up import worker_children, wuzhan
from tests.system.stack import until
from village import migrate, outbox
from village.db import create_engine, transaction
from village.models.messages import QUEUES, Outbox

SUBJECT = uuid.uuid4()


@pytest.fixture(autouse=True)
def keep_signal_handlers() -> Iterator[None]:
    """RQ's workers install handlers and leave them behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def tables(empty_database_url: str) -> Iterator[Engine]:
    migrate.upgrade(empty_database_url)
    engine = create_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def link(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as link:
        yield link


@pytest.fixture
def done(tables: Engine, monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """What the job `dispatch.round` was done for; `dispatch.broken` always fails."""
    subjects: list[uuid.UUID] = []

    def work(_context: Any, _session: Session, subject_id: uuid.UUID) -> None:
        subjects.append(subject_id)

    def fail(_context: Any, _session: Session, _subject_id: uuid.UUID) -> None:
        raise ValueError("什么也不能说出去")

    def work_all(_context: Any, _session: Session, subject_ids: Sequence[uuid.UUID]) -> None:
        subjects.extend(subject_ids)

    handlers = {"dispatch.round": work, "dispatch.broken": fail, "notify.tell": work}
    monkeypatch.setattr(worker, "_context", lambda: SimpleNamespace(engine=tables))
    monkeypatch.setattr(worker, "_handlers", lambda: handlers)
    monkeypatch.setattr(worker, "_together", lambda: {"notify.tell": work_all})
    return subjects


def put(engine: Engine, *jobs: str) -> None:
    with transaction(engine) as session:
        for job in jobs:
            outbox.put(session, job, SUBJECT)


def relay_and_work(engine: Engine, link: redis.Redis, job: str) -> Outbox:
    put(engine, job)
    url = engine.url.render_as_string(hide_password=False)
    Relay(url, engine, link).relay_once()
    worker.make_worker("dispatch", link).work(burst=True)
    with transaction(engine) as session:
        return session.scalars(sa.select(Outbox).order_by(Outbox.created_at).limit(1)).one()


def test_a_committed_row_is_relayed_and_its_job_done(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    row = relay_and_work(tables, link, "dispatch.round")
    assert done == [SUBJECT]
    assert row.done_at is not None


def test_a_job_that_comes_twice_is_done_once(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    row = relay_and_work(tables, link, "dispatch.round")
    worker.perform(str(row.id))
    assert done == [SUBJECT]


def test_a_failure_is_kept_in_the_row_and_tried_again_not_in_redis(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    row = relay_and_work(tables, link, "dispatch.broken")
    assert (row.attempts, row.error, row.done_at, row.sent_at) == (1, "ValueError", None, None)
    assert FailedJobRegistry("dispatch", connection=link).count == 0


def test_a_row_that_fails_keeps_no_other_of_its_job_waiting(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    put(tables, "dispatch.broken", "dispatch.round")
    Relay(tables.url.render_as_string(hide_password=False), tables, link).relay_once()
    worker.make_worker("dispatch", link).work(burst=True, max_jobs=1)
    assert done == [SUBJECT]
    with transaction(tables) as session:
        rows = session.scalars(sa.select(Outbox).order_by(Outbox.job)).all()
        assert [(row.attempts, row.done_at is None) for row in rows] == [(1, True), (0, False)]


def test_notices_are_done_together_and_beside_one_that_fails_one_by_one(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[str] = []
    perform = worker.perform
    monkeypatch.setattr(worker, "perform", lambda *ids: (alone.extend(ids), perform(*ids)))

    def tell(*jobs: str) -> list[str]:
        with transaction(tables) as session:
            rows = [outbox.row(job, SUBJECT) for job in jobs]
            outbox.put_rows(session, [{**row, "queue": "notify"} for row in rows])
        ids = [str(row["id"]) for row in rows]
        worker.perform_together(*ids)
        return ids

    tell("notify.tell", "notify.tell")
    assert (done, alone) == ([SUBJECT] * 2, [])
    ids = tell("notify.tell", "dispatch.broken")
    assert alone == ids
    with transaction(tables) as session:
        left = session.scalars(sa.select(Outbox).where(Outbox.done_at.is_(None))).one()
        assert (left.job, left.attempts) == ("dispatch.broken", 1)


def test_a_worker_that_has_just_worked_takes_what_comes_next_without_rq(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staying, "STAY_SECONDS", 1.0)
    monkeypatch.setattr(staying, "MOST_SECONDS", 20.0)
    here = staying.HERE_KEY.format(queue="dispatch")

    def more() -> None:
        assert _until(lambda: link.get(here) is not None, 20)
        for _ in range(2):
            before = len(done)
            put(tables, "dispatch.round")
            _until(lambda: len(done) > before, 20)  # noqa: B023 - called in its own turn

    people = threading.Thread(target=more)
    people.start()
    relay_and_work(tables, link, "dispatch.round")
    people.join()
    assert len(done) == 3
    with transaction(tables) as session:
        sent = session.scalars(sa.select(Outbox.sent_at).order_by(Outbox.created_at)).all()
    assert [one is None for one in sent] == [False, True, True]
    assert link.get(here) is None


def test_notices_that_come_next_are_done_together_and_what_fails_is_left_to_rq(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    put(tables, "notify.tell", "notify.tell")
    staying.stay(Queue("notify", connection=link), tables, lambda: worker._do_next("notify"))
    assert done == [SUBJECT] * 2
    put(tables, "dispatch.broken", "dispatch.round")
    staying.stay(Queue("dispatch", connection=link), tables, lambda: worker._do_next("dispatch"))
    with transaction(tables) as session:
        left = session.scalars(sa.select(Outbox).where(Outbox.done_at.is_(None))).all()
    assert [(row.job, row.attempts, row.sent_at) for row in left] == [
        ("dispatch.broken", 0, None),
        ("dispatch.round", 0, None),
    ]


def test_a_worker_that_is_to_stop_takes_nothing_more(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    put(tables, "dispatch.round")
    rounds = worker.make_worker("dispatch", link)
    rounds.told_to_stop = True
    staying.stay(Queue("dispatch", connection=link), tables, rounds._do_next)
    assert done == []


def test_a_finished_job_leaves_nothing_in_redis(
    tables: Engine, link: redis.Redis, done: list[uuid.UUID]
) -> None:
    relay_and_work(tables, link, "dispatch.round")
    assert list(link.scan_iter("rq:job:*")) == []


def test_a_heartbeat_comes_back_after_redis_was_flushed(link: redis.Redis) -> None:
    one = worker.make_worker("notify", link)
    key = worker.HEARTBEAT_KEY.format(queue="notify")
    one.heartbeat()
    link.flushdb()
    one.heartbeat()
    assert link.get(key) == one.name.encode()
    assert 0 < link.ttl(key) <= worker.HEARTBEAT_SECONDS


def test_what_calls_other_servers_works_in_a_process_of_its_own(link: redis.Redis) -> None:
    kinds = {queue: type(worker.make_worker(queue, link)) for queue in QUEUES}
    forking = worker.Forking
    assert kinds == {"dispatch": worker.InProcess, "notify": worker.InProcess, "slow": forking}


def test_every_queue_has_its_workers() -> None:
    loaded = settings.load().with_values(workers=2)
    names = sorted(child.name for child in worker_children(loaded))
    assert names == sorted(f"worker-{queue}-{number}" for queue in QUEUES for number in (1, 2))


def test_every_job_that_can_be_done_has_a_queue() -> None:
    assert {name.partition(".")[0] for name in wiring.HANDLERS} <= set(QUEUES)


@pytest.fixture
def mortal() -> Iterator[Callable[[], LocalServer]]:
    """Start a Valkey that a test may kill, and start again on the same socket."""
    started: list[LocalServer] = []
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-worker-"))

    def start() -> LocalServer:
        started.append(local.start_valkey(folder, durable=False, tied=True))
        return started[-1]

    yield start
    for server in started:
        server.stop(0.5)
    shutil.rmtree(folder)


def count(engine: Engine, of: str) -> int:
    with engine.connect() as link:
        return int(link.execute(sa.text(f"select count(*) from {of}")).scalar_one())


WAITING = "pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
DONE = "outbox where done_at is not null"


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(wuzhan(*arguments))
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def test_a_worker_outlives_a_redis_that_dies_while_a_job_is_done(
    tables: Engine, mortal: Callable[[], LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey = mortal()
    url = tables.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WUZHAN_DATABASE_URL", url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", valkey.url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)

    def hand_over() -> None:
        with transaction(tables) as session:
            outbox.put(session, "dispatch.round", SUBJECT)  # of a request that is not there
        with redis.Redis.from_url(valkey.url) as link:
            Relay(url, tables, link).relay_once()

    hand_over()
    with process("worker", "--queue", "dispatch") as ours:
        with tables.connect() as link:
            link.execute(sa.text("lock table outbox"))
            until(lambda: count(tables, WAITING))
            os.kill(valkey.pid, signal.SIGKILL)
            until(lambda: not valkey._running())
            link.rollback()
        until(lambda: count(tables, DONE) == 1)
        time.sleep(1.0)  # it finds nobody to report that to
        valkey = mortal()
        hand_over()
        until(lambda: count(tables, DONE) == 2, 30)
        assert ours.poll() is None
        os.kill(valkey.pid, signal.SIGKILL)
        ours.terminate()
        assert ours.wait(20) == 0
