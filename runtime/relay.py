"""The relay: hands committed outbox rows to RQ, fires due times, does the housekeeping.

Any number may run. It holds nothing that matters: what it took and could not hand over is
taken again when the row's lease runs out.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import redis
import sqlalchemy as sa
from rq import Queue
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from dispatch import invariants, visits
from notifications import sweeps
from runtime import logs
from runtime.patience import Patience
from runtime.settings import Settings
from runtime.staying import AWAY, GATHER_SECONDS, HERE_KEY, LEAVE_SECONDS
from runtime.worker import QUEUES, entries
from village import (
    callbacks,
    clock,
    complaints,
    duty_reports,
    files,
    hour_certificates,
    idempotency,
    keys,
    outbox,
    papers,
    people,
    reminders,
    retention,
    service_records,
    similar,
    terms,
    volunteering,
    workdays,
)
from village.db import create_engine, transaction

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
NOW = timedelta(0)
BATCH = 500
# A job is some rows, since RQ's own work for each is as much as ours, and a process for each many
# times that. Eight calls that all hang (6 s) end within a job's time (60 s).
ROWS_A_JOB = {"dispatch": 10, "notify": 50, "slow": 8}
HOUSEKEEPING_LOCK = 5_001
# What is done again and again: every so many seconds, by one relay at a time.
CHORES: tuple[tuple[float, Callable[[Session], int]], ...] = (
    (30.0, sweeps.close_stuck),
    (600.0, callbacks.draw),
    (60.0, complaints.sweep),
    (60.0, duty_reports.sweep),
    (60.0, volunteering.sweep),
    (600.0, hour_certificates.sweep),
    (60.0, service_records.draft),
    (60.0, service_records.sweep),
    (3600.0, outbox.purge),
    (3600.0, idempotency.purge),
    (3600.0, people.purge_codes),
    (86_400.0, invariants.nightly),
    (3600.0, visits.catch_up),
    (3600.0, similar.purge),
    (3600.0, files.purge),
    (3600.0, reminders.calendar),
    (3600.0, terms.remind),
    (3600.0, papers.remind),
    (3600.0, retention.run),
    (86_400.0, service_records.purge),
)


@dataclass
class Relay:
    """One relay's connections; `stop` ends `serve` within a second."""

    database_url: str
    engine: Engine
    redis: redis.Redis
    lease: timedelta = outbox.LEASE
    stop: threading.Event = field(default_factory=threading.Event)
    done_at: dict[int, float] = field(default_factory=dict)

    def serve(self) -> None:
        """Relay until `stop` is set; outlives a database or a Redis that is away for a while."""
        patience = Patience(self.stop)
        while not self.stop.is_set():
            try:
                with self._listening() as link:
                    self._follow(link, patience)
            except AWAY as error:
                patience.pause("database or redis is away", error)

    def _follow(self, link: psycopg.Connection[tuple[object, ...]], patience: Patience) -> None:
        turns = _Turns()
        while not self.stop.is_set():
            self.relay_once()
            patience.over()
            # Rows that come due later send no notice: hence the poll.
            self._listen(link, turns, time.monotonic() + POLL_SECONDS)

    def _listen(
        self, link: psycopg.Connection[tuple[object, ...]], turns: _Turns, end: float
    ) -> None:
        while (now := time.monotonic()) < end and not self.stop.is_set():
            left = min(turns.next(), end) - now
            if left > 0 and (heard := list(link.notifies(timeout=left, stop_after=1))):
                turns.come(heard)
                self.stop.wait(min(turns.next() - time.monotonic(), *GATHER_SECONDS.values()))
                heard += link.notifies(timeout=0)  # of what is handed over at once
                turns.come(heard)
                if any(notice.channel == clock.STEPPED for notice in heard):
                    return
            if queues := turns.take(time.monotonic()):
                self._serve(queues, turns)

    def relay_once(self) -> int:
        """Fire due times, then hand over every row that is due; return how many rows."""
        self._keep_house()
        with transaction(self.engine) as session:
            outbox.sweep_deadlines(session)
        return self._hand_over(QUEUES, [name for name in QUEUES if self._queue(name).count == 0])

    def _hand_over(
        self, queues: Sequence[str], idle: Sequence[str] = (), waited: timedelta = NOW
    ) -> int:
        """Hand over what is due on some queues; of `idle` ones also what was lost on the way.

        Rows that are due for less than `waited` are left.
        """
        handed, batch = 0, BATCH if queues else 0
        while batch == BATCH:
            batch = self._hand_over_batch(queues, idle, waited)
            handed += batch
        return handed

    def _hand_over_batch(
        self, queues: Sequence[str], idle: Sequence[str], waited: timedelta
    ) -> int:
        with transaction(self.engine) as session:
            taken = outbox.take(session, BATCH, queues, idle, self.lease, waited)
        # Committed before Redis hears of it: a crash here costs a lease, never a second message.
        by_queue = defaultdict(list)
        for row in taken:
            by_queue[row.queue].append(str(row.id))
        for name, ids in by_queue.items():
            jobs = [Queue.prepare_data(args=some, **entries(name)) for some in _jobs(name, ids)]
            self._queue(name).enqueue_many(jobs)
        return len(taken)

    def _serve(self, queues: Sequence[str], turns: _Turns) -> None:
        """Hand over what came; where a worker takes it by itself, only what it had time for."""
        stays = self._stays(queues)  # nothing is taken while Redis is away
        turns.put_off(stays)
        self._hand_over([name for name in queues if name not in stays])
        self._hand_over(stays, waited=timedelta(seconds=LEAVE_SECONDS))

    def _stays(self, queues: Sequence[str]) -> list[str]:
        """Return those of the queues that a worker takes rows of by itself just now."""
        here = self.redis.mget([HERE_KEY.format(queue=name) for name in queues])
        return [name for name, found in zip(queues, here, strict=True) if found]

    def _queue(self, name: str) -> Queue:
        return Queue(name, connection=self.redis, serializer="json")

    def _keep_house(self) -> None:
        for index, (seconds, chore) in enumerate(CHORES):
            if time.monotonic() - self.done_at.get(index, float("-inf")) >= seconds:
                self._do(chore)
                self.done_at[index] = time.monotonic()

    def _do(self, chore: Callable[[Session], int]) -> None:
        with transaction(self.engine) as session:
            lock = sa.select(sa.func.pg_try_advisory_xact_lock(HOUSEKEEPING_LOCK))
            count = chore(session) if session.scalar(lock) else 0
        if count:
            log.info("kept house", extra={"chore": chore.__name__, "rows": count})

    @contextmanager
    def _listening(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        url = make_url(self.database_url).set(drivername="postgresql")
        target = url.render_as_string(hide_password=False)
        with psycopg.connect(target, autocommit=True, connect_timeout=5) as link:
            link.execute(f"LISTEN {outbox.CHANNEL}")
            link.execute(f"LISTEN {clock.STEPPED}")
            yield link


@dataclass
class _Turns:
    """Which queues may have rows, and from when on each is handed over (monotonic seconds)."""

    waiting: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=lambda: dict.fromkeys(QUEUES, 0.0))

    def next(self) -> float:
        return min((self.since[name] for name in self.waiting), default=float("inf"))

    def come(self, heard: Iterable[psycopg.Notify]) -> None:
        """Note what notices tell: each names its row's queue."""
        self.waiting |= {notice.payload for notice in heard}.intersection(QUEUES)

    def take(self, now: float) -> list[str]:
        """Return the queues whose turn it is; each gathers rows for a while from now on."""
        found = [name for name in self.waiting if self.since[name] <= now]
        self.waiting.difference_update(found)
        self.since |= {name: now + GATHER_SECONDS[name] for name in found}
        return found

    def put_off(self, queues: Collection[str]) -> None:
        """Let these queues have another turn, a little later."""
        self.waiting.update(queues)
        self.since |= {name: self.since[name] + LEAVE_SECONDS for name in queues}


def _jobs(queue: str, ids: list[str]) -> Iterator[list[str]]:
    size = ROWS_A_JOB[queue]
    return (ids[first : first + size] for first in range(0, len(ids), size))


def run(loaded: Settings) -> None:
    """Be a relay until SIGTERM or SIGINT."""
    logs.configure("relay", loaded.log_level)
    clock.configure(loaded.clock_file)
    workdays.configure(loaded.own_calendar)
    keys.configure(loaded.own_keys)
    url = loaded.database_url or ""
    relay = Relay(
        database_url=url,
        engine=create_engine(url, pool_size=2),
        redis=redis.Redis.from_url(
            loaded.redis_url or "", socket_timeout=5, socket_connect_timeout=5
        ),
        lease=timedelta(seconds=loaded.outbox_lease_seconds),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop.set())
    log.info("relay started")
    relay.serve()
