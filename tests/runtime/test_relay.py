from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from rq import Queue
from rq.job import Job
from sqlalchemy.engine import Engine

from runtime.local import _until, start_valkey
from runtime.relay import Relay
from runtime.staying import HERE_KEY
from village import clock, migrate, outbox
from village.db import create_engine, transaction
from village.models.messages import Outbox


@pytest.fixture
def tables(empty_database_url: str) -> Iterator[Engine]:
    """A migrated database without any rows."""
    migrate.upgrade(empty_database_url)
    engine = create_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def relay(tables: Engine, redis_url: str) -> Iterator[Relay]:
    relay = make_relay(tables, redis_url)
    yield relay
    relay.redis.close()


def make_relay(engine: Engine, redis_url: str) -> Relay:
    url = engine.url.render_as_string(hide_password=False)
    return Relay(url, engine, redis.Redis.from_url(redis_url, socket_timeout=5))


def put(engine: Engine, *jobs: str, delay: timedelta = timedelta(0)) -> None:
    with transaction(engine) as session:
        for job in jobs:
            outbox.put(session, job, uuid.uuid4(), delay=delay)


def row_ids(engine: Engine) -> set[str]:
    with transaction(engine) as session:
        return {str(found) for found in session.scalars(sa.select(Outbox.id))}


def queued(relay: Relay, queue: str) -> list[str]:
    return [row for job in waiting(relay, queue) for row in job.args]


def waiting(relay: Relay, queue: str) -> list[Job]:
    return Queue(queue, connection=relay.redis, serializer="json").jobs


@contextmanager
def serving(relay: Relay) -> Iterator[None]:
    thread = threading.Thread(target=relay.serve)
    thread.start()
    try:
        yield
    finally:
        relay.stop.set()
        thread.join(10)
        assert not thread.is_alive()


def soon(condition: Callable[[], bool]) -> bool:
    return _until(condition, 20)


def test_each_row_becomes_a_job_of_its_queue_that_carries_its_id_alone(
    relay: Relay, tables: Engine
) -> None:
    put(tables, "dispatch.round", "notify.tell")
    assert relay.relay_once() == 2
    (told,), (asked,) = waiting(relay, "notify"), waiting(relay, "dispatch")
    assert (told.func_name, told.kwargs) == ("runtime.worker.perform_together", {})
    assert (asked.func_name, asked.kwargs) == ("runtime.worker.perform", {})
    assert {*queued(relay, "dispatch"), *queued(relay, "notify")} == row_ids(tables)


def test_a_row_is_handed_over_once(relay: Relay, tables: Engine) -> None:
    put(tables, "dispatch.round")
    assert [relay.relay_once(), relay.relay_once()] == [1, 0]


def test_a_row_that_is_due_later_waits(relay: Relay, tables: Engine) -> None:
    put(tables, "dispatch.round", delay=timedelta(hours=1))
    assert relay.relay_once() == 0


def test_many_rows_are_handed_over_batch_by_batch(relay: Relay, tables: Engine) -> None:
    put(tables, *["notify.tell"] * 1201)
    assert relay.relay_once() == 1201
    assert set(queued(relay, "notify")) == row_ids(tables)
    assert {len(job.args) for job in waiting(relay, "notify")} == {50, 1}


def test_calls_to_other_servers_are_a_job_of_a_few(relay: Relay, tables: Engine) -> None:
    put(tables, *["slow.deliver"] * 10)
    relay.relay_once()
    assert [len(job.args) for job in waiting(relay, "slow")] == [8, 2]


def test_what_a_flushed_redis_forgot_is_handed_over_again(relay: Relay, tables: Engine) -> None:
    put(tables, "dispatch.round")
    relay.relay_once()
    relay.redis.flushdb()
    assert relay.relay_once() == 0
    with transaction(tables) as session:
        session.execute(sa.update(Outbox).values(sent_at=clock.wall() - timedelta(seconds=31)))
    assert relay.relay_once() == 1
    assert set(queued(relay, "dispatch")) == row_ids(tables)


def test_two_relays_hand_no_row_over_twice(relay: Relay, tables: Engine, redis_url: str) -> None:
    other = make_relay(tables, redis_url)
    with serving(relay), serving(other):
        for _ in range(20):
            put(tables, *["dispatch.round"] * 5)
        assert soon(lambda: len(queued(relay, "dispatch")) >= 100)
    assert sorted(queued(relay, "dispatch")) == sorted(row_ids(tables))
    other.redis.close()


def test_what_a_worker_takes_by_itself_is_left_to_it_for_a_moment(
    relay: Relay, tables: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.relay.POLL_SECONDS", 20.0)
    monkeypatch.setattr("runtime.relay.LEAVE_SECONDS", 2.0)
    with serving(relay):
        put(tables, "slow.deliver")
        assert soon(lambda: len(queued(relay, "slow")) == 1)  # the first look is over
        relay.redis.set(HERE_KEY.format(queue="dispatch"), 1)
        put(tables, "dispatch.round", "slow.deliver")
        assert soon(lambda: len(queued(relay, "slow")) == 2)
        assert queued(relay, "dispatch") == []
        assert soon(lambda: len(queued(relay, "dispatch")) == 1)  # it had time enough


def test_the_relay_goes_on_after_its_database_connections_were_cut(
    relay: Relay, tables: Engine
) -> None:
    with serving(relay):
        put(tables, "dispatch.round")
        assert soon(lambda: len(queued(relay, "dispatch")) == 1)
        with tables.connect() as link:
            link.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        tables.dispose()
        put(tables, "dispatch.round")
        assert soon(lambda: len(queued(relay, "dispatch")) == 2)


def test_the_relay_goes_on_when_redis_comes_back(tables: Engine) -> None:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-relay-"))
    server = start_valkey(folder, durable=False, tied=True)
    relay = make_relay(tables, server.url)
    with serving(relay):
        server.stop()
        put(tables, "dispatch.round")
        server = start_valkey(folder, durable=False, tied=True)
        assert soon(lambda: set(queued(relay, "dispatch")) == row_ids(tables))
    relay.redis.close()
    server.stop()
    shutil.rmtree(folder)


def test_a_step_of_the_clock_is_heard_at_once_and_not_at_the_next_look(
    tables: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.relay.POLL_SECONDS", 9.0)
    relay, looked = make_relay(tables, redis_url), threading.Semaphore(0)
    once = relay.relay_once
    monkeypatch.setattr(relay, "relay_once", lambda: (once(), looked.release()))
    with serving(relay):
        assert looked.acquire(timeout=20)
        with tables.begin() as link:
            link.execute(sa.text("select pg_notify(:channel, '')"), {"channel": clock.STEPPED})
        assert looked.acquire(timeout=6)
    relay.redis.close()
