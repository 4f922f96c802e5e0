"""Two hundred phones on fifty tasks, while workers are killed: nothing promised breaks."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import cycle

import pytest
import sqlalchemy as sa

from dispatch import invariants
from tests.system.crowd import Phone, broken_lamp, enlist, phones
from tests.system.stack import Stack, until
from village import clock
from village.db import create_engine, transaction

SEED = 20_261_125
CODES = [f"crowd{number}" for number in range(200)]
TASKS = 50
HANDS = 12  # phones that are tapped at the same moment
SECONDS = 30.0
LATE = timedelta(hours=1)  # a minute of ours, at the speed of their clock
VICTIMS = ("worker-dispatch", "worker-notify", "relay", "worker-slow")


@contextmanager
def watched(engine: sa.Engine) -> Iterator[list[dict[str, list[str]]]]:
    """Ask the database again and again, each time of one moment, whether a promise is broken."""
    looks: list[dict[str, list[str]]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            looks.append(look(engine))
            over.wait(0.6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield looks
    finally:
        over.set()
        watcher.join(30)


def look(engine: sa.Engine) -> dict[str, list[str]]:
    with transaction(engine) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return invariants.broken(session, LATE)


def kill_now_and_then(stack: Stack, over: threading.Event) -> int:
    """Kill one process after another and start it again; return how many."""
    chance, killed = random.Random(SEED), 0
    for victim in cycle(VICTIMS):
        if over.wait(chance.uniform(2, 5)):
            return killed
        stack.kill(victim)
        stack.start(victim)
        killed += 1
    return killed


def play(hands: list[Phone], seconds: float) -> None:
    """Let everybody take turns, in an order that follows from the seed."""
    chance, ends = random.Random(SEED), time.monotonic() + seconds
    with ThreadPoolExecutor(HANDS) as pool:
        while time.monotonic() < ends:
            chance.shuffle(hands)
            list(pool.map(Phone.turn, hands[:40]))


@pytest.fixture
def tables(busy_stack: Stack) -> Iterator[sa.Engine]:
    engine = create_engine(busy_stack.database_url)
    yield engine
    engine.dispose()


def test_two_hundred_phones_on_fifty_tasks_while_workers_are_killed(
    busy_stack: Stack, tables: sa.Engine
) -> None:
    stack, engine = busy_stack, tables
    with transaction(engine) as session:
        enlist(session, CODES)
    hands = phones(stack, CODES, SEED)
    over = threading.Event()
    with watched(engine) as looks, ThreadPoolExecutor(1) as elsewhere:
        requests = [broken_lamp(stack, code) for code in CODES[:TASKS]]
        kills = elsewhere.submit(kill_now_and_then, stack, over)
        try:
            play(hands, SECONDS)
        finally:
            over.set()
    assert kills.result() >= 3
    assert len(looks) >= 20
    assert [found for found in looks if found] == []
    said: Counter[str] = sum((phone.said for phone in hands), Counter())
    assert {"accept 200", "decline 200", "release 204", "check_in 200"} <= set(said)
    clock.set_time(clock.now(), speed=0.0)
    until(stack.quiet, 240)
    assert look(engine) == {}
    for request_id in requests:
        stack.nobody_was_told_twice(request_id)
