"""A job worker: the application preloaded, one queue, and rows of the outbox as its only input."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

import redis
from redis.client import Pipeline
from rq import SimpleWorker, Worker
from rq.exceptions import StopRequested
from rq.worker import BaseWorker
from sqlalchemy.exc import OperationalError

from runtime import logs, settings
from runtime.patience import Patience
from runtime.staying import stay
from village import clock, outbox
from village.models.messages import QUEUES
from village.outbox import Handler, Together

if TYPE_CHECKING:
    from rq import Queue
    from rq.executions import Execution
    from rq.job import Job

    from runtime.settings import Settings
    from runtime.wiring import Context

log = logging.getLogger(__name__)

# What a queue's jobs call: notices are written many at a time.
ENTRIES = {
    "dispatch": "runtime.worker.perform",
    "notify": "runtime.worker.perform_together",
    "slow": "runtime.worker.perform",
}
JOB_SECONDS = 60
ROWS_TOGETHER = 50
FAILURE_SECONDS = int(timedelta(days=7).total_seconds())
HEARTBEAT_KEY = "wuzhan:worker:{queue}"
HEARTBEAT_SECONDS = 90
BREATH_SECONDS = 1.0
# Where the processor is short, people are asked first, and told of it a moment later.
NICENESS = {"notify": 15, "slow": 15}


def perform(*outbox_ids: str) -> None:
    """Do the jobs of these outbox rows, each by itself.

    A failure is recorded in the row, with the time of the next try, so RQ needs not know of it.
    """
    for outbox_id in outbox_ids:
        _perform(outbox_id)


def perform_together(*outbox_ids: str) -> None:
    """Do the jobs of these outbox rows at once; where one fails, each by itself, as `perform`."""
    try:
        outbox.run_together(_context(), [UUID(one) for one in outbox_ids], _together())
    except Exception:
        log.warning("jobs are done one by one", exc_info=True)
    else:
        log.info("jobs done", extra={"job_ids": outbox_ids})
        return
    perform(*outbox_ids)


def _do_next(queue: str) -> bool:
    """Do what comes next on a queue; what fails is left to RQ."""
    try:
        if queue == "notify":
            return outbox.run_next_together(_context(), queue, _together(), ROWS_TOGETHER)
        return outbox.run_next(_context(), queue, _handlers())
    except Exception:
        log.warning("a job is left to rq", exc_info=True)
        return False


def _perform(outbox_id: str) -> None:
    try:
        outbox.run(_context(), UUID(outbox_id), _handlers())
    except Exception:
        log.exception("job failed", extra={"job_id": outbox_id})
    else:
        log.info("job done", extra={"job_id": outbox_id})


def run(queue: str, loaded: Settings) -> None:
    """Work on one queue until told to stop; waits for Redis as long as it takes."""
    logs.configure(f"worker-{queue}", loaded.log_level)
    os.environ.update(loaded.environment())
    clock.configure(loaded.clock_file)
    os.nice(NICENESS.get(queue, 0))
    _preload()
    connection = redis.Redis.from_url(loaded.redis_url or "", health_check_interval=30)
    # RQ tells much at INFO that says nothing new.
    level = "DEBUG" if loaded.log_level == "DEBUG" else "WARNING"
    _serve(queue, connection, level)


def _serve(queue: str, connection: redis.Redis, level: str) -> None:
    """Work until told to stop, with a new RQ worker each time Redis broke off under the last.

    RQ waits for a Redis that is away while it asks for a job, and ends where that happens while
    one is done. A worker in which anything is left of the job before is not to be used again.
    """
    _stop_at_once_when_told()
    with suppress(StopRequested):
        while True:
            Patience().until_done(connection.ping, redis.RedisError, "redis is away")
            worker = make_worker(queue, connection)
            log.info("worker started", extra={"queue": queue})
            with suppress(redis.RedisError):
                worker.work(logging_level=level, with_scheduler=False)
            _stop_at_once_when_told()
            if worker.told_to_stop:
                return
            log.warning("worker broke off, another begins", extra={"queue": queue})
            time.sleep(BREATH_SECONDS)  # it may answer, and refuse all that is written


def _stop_at_once_when_told() -> None:
    """Let signals be heard by us: those of a worker that has ended would only be noted in it."""

    def stop(*_: object) -> NoReturn:
        raise StopRequested

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def make_worker(queue: str, connection: redis.Redis) -> InProcess | Forking:
    """Return a queue's worker: one process for each job of `slow`, in-process elsewhere."""
    kind = Forking if queue == "slow" else InProcess
    return kind(
        [queue],
        connection=connection,
        serializer="json",
        worker_ttl=30,
        maintenance_interval=30,
        job_monitoring_interval=5,
        log_job_description=False,
    )


class _OfOurs(BaseWorker):
    """Says in a key per queue that somebody works on it; unlike RQ's own it survives a flush."""

    max_connection_wait_time = 5.0
    told_to_stop = False

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Renew RQ's lease and our key."""
        super().heartbeat(timeout, pipeline)
        key = HEARTBEAT_KEY.format(queue=self.queue_names()[0])
        self.connection.set(key, self.name, ex=HEARTBEAT_SECONDS)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Note that it was told: RQ's own note is missing where it was idle."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def teardown(self) -> None:
        """End its listening thread also where Redis is away and cannot be told."""
        try:
            super().teardown()  # type: ignore[no-untyped-call]
        finally:
            listening: Any = self.pubsub_thread
            if listening:
                listening.stop()


class InProcess(_OfOurs, SimpleWorker):
    """For jobs of a few milliseconds: 3 ms from enqueue to start instead of 17.

    After a job it stays for a moment, and takes what comes next without RQ.
    """

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do RQ's job, and then rows of the outbox as long as they come."""
        done = super().perform_job(job, queue, execution)
        stay(queue, _context().engine, self._do_next)
        return done

    def _do_next(self) -> bool:
        return not self.told_to_stop and _do_next(self.queue_names()[0])


class Forking(_OfOurs, Worker):
    """For jobs that call others: a provider that hangs or crashes takes a job, and no worker."""


@cache
def _context() -> Context:
    from runtime import wiring

    return wiring.context(settings.load())


def _handlers() -> Mapping[str, Handler]:
    from runtime import wiring

    return wiring.HANDLERS


def _together() -> Mapping[str, Together]:
    from runtime import wiring

    return wiring.TOGETHER


def _preload() -> None:
    """Load the application before the first fork, and let no child reuse the parent's sockets.

    What the engine learns of the server at its first connection, no child need ask again.
    """
    context = _context()
    Patience().until_done(
        lambda: context.engine.connect().close(), OperationalError, "the database is away"
    )
    context.engine.dispose()
    os.register_at_fork(after_in_child=lambda: context.engine.dispose(close=False))


def entries(queue: str) -> dict[str, Any]:
    """Return what every job of a queue carries besides the ids of its rows."""
    return {
        "func": ENTRIES[queue],
        "timeout": JOB_SECONDS,
        "result_ttl": 0,
        "failure_ttl": FAILURE_SECONDS,
        "description": "outbox row",
    }


__all__ = ["HEARTBEAT_KEY", "QUEUES", "entries", "make_worker", "run"]
