"""A worker that has just worked stays for a moment and takes what comes next by itself.

RQ's own work for a job, with the relay's, costs as much as a job of ours does. So on a busy
queue a job of RQ's is a bell: the worker that it called does its rows, then looks into the
outbox, and goes back to RQ when nothing has come for a while. A row is held by the transaction
that does it, so a worker that dies here leaves nothing behind, and two never do the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import redis
import sqlalchemy as sa
from rq import Queue

from village import outbox

log = logging.getLogger(__name__)

# Rows of many commits are handed over together, so long after the last; one alone never waits.
GATHER_SECONDS = {"dispatch": 0.03, "notify": 0.25, "slow": 0.25}
# What is done together is waited for; what is done one by one is not.
AWAIT_SECONDS = {"dispatch": 0.0, "notify": 0.25}
STAY_SECONDS = 0.15
MOST_SECONDS = 2.0
# How long the relay leaves rows to a worker that is there.
LEAVE_SECONDS = 0.25
HERE_KEY = "wuzhan:stays:{queue}"
# A file of the server's that may not grow is an internal error to PostgreSQL (class XX).
AWAY = (
    sa.exc.OperationalError,
    sa.exc.InternalError,
    psycopg.OperationalError,
    psycopg.InternalError,
    redis.RedisError,
)


def stay(queue: Queue, engine: sa.Engine, work: Callable[[], bool]) -> None:
    """Call `work` while it finds something or a notice of the queue comes soon; not for long.

    Where RQ holds more jobs nobody waits for a notice: they are told off at once.
    """
    end, name = time.monotonic() + MOST_SECONDS, queue.name
    try:
        with _here(name, queue.connection), _listening(engine) as notices:
            while _work_off(work, end) and queue.count == 0 and _heard(notices, name):
                time.sleep(AWAIT_SECONDS[name])
    except AWAY:
        log.warning("a worker went back to its queue", extra={"queue": name}, exc_info=True)


def _work_off(work: Callable[[], bool], end: float) -> bool:
    """Work until nothing is there; tell whether there is time for more."""
    while time.monotonic() < end:
        if not work():
            return True
    return False


def _heard(notices: psycopg.Connection[Any], queue: str) -> bool:
    end = time.monotonic() + STAY_SECONDS
    while (left := end - time.monotonic()) > 0:
        heard = [*notices.notifies(timeout=left, stop_after=1), *notices.notifies(timeout=0)]
        if any(notice.payload == queue for notice in heard):
            return True
    return False


@contextmanager
def _here(queue: str, link: redis.Redis) -> Iterator[None]:
    """Let the relay know that rows of this queue are seen to; ends by itself with a dead worker."""
    key = HERE_KEY.format(queue=queue)
    link.set(key, 1, px=int((MOST_SECONDS + LEAVE_SECONDS) * 1000))
    yield
    link.delete(key)


@contextmanager
def _listening(engine: sa.Engine) -> Iterator[psycopg.Connection[Any]]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
        notices = cast("psycopg.Connection[Any]", link.connection.driver_connection)
        notices.execute(f"LISTEN {outbox.CHANNEL}".encode())
        try:
            yield notices
        finally:
            notices.execute(b"UNLISTEN *")
