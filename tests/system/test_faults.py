"""Days of a village while everything breaks all the time: nothing is lost, and nobody waits.

A few days in every run of the tests; `make faults` goes on until 300 things have broken.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from runtime.month.figures import IN_TIME, Figures, figures, table
from runtime.month.play import Month
from runtime.month.reconcile import differences
from tests.system.days import begun, must_hold, tamper
from tests.system.faults import Servers, Shaken, breakable
from tests.system.stack import Stack
from village import clock

SEED = 45  # its first day has something urgent at night, and work for volunteers
FAULTS = int(os.environ.get("WUZHAN_FAULTS", "5"))
LONG = FAULTS > 100
HOURS = timedelta(hours=24 if LONG else 9)
PAUSES = (0.5, 3.0) if LONG else (2.0, 8.0)  # seconds from one to the next
EVENING = datetime(2026, 9, 29, 20, tzinfo=clock.SHANGHAI)  # before the longest holidays


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Stack, Servers]]:
    path = tmp_path / "clock.json"
    clock.configure(path)
    clock.set_time(EVENING, speed=0.0)
    try:
        with breakable(path) as found:
            yield found
    finally:
        clock.configure(None)


@contextmanager
def shaken_days(
    house: tuple[Stack, Servers], number: int
) -> Iterator[tuple[Month, Figures, Shaken]]:
    """Play some days, and break one thing after another meanwhile; they can be looked at then."""
    stack, servers = house
    with begun(stack, seed=SEED + number, days=1, villages=1, a_day=12) as month:
        month.ends = month.starts + HOURS
        shaken = Shaken(stack, servers, random.Random(f"{SEED} {number}"))
        # Servers are started by the main thread: the kernel ties their lives to the thread's.
        with ThreadPoolExecutor(1) as elsewhere:
            played = elsewhere.submit(month.play)
            shaken.shake(lambda: not played.done(), PAUSES)
            played.result()
        found = figures(month)
        must_hold(month, found)
        yield month, found, shaken


# Of somebody all of whose pushes have arrived: of the others either is right.
SURE = """notification_id in (select n.id from notifications n where not exists (
    select from deliveries d join notifications o on o.id = d.notification_id
    where o.person_id = n.person_id and d.status <> 'sent'))"""
NONE = "00000000-0000-0000-0000-000000000000"
# Behind everybody's back: what is changed, which row, and how the difference begins.
CHANGES = (
    ("delete from deliveries", f"status = 'sent' and {SURE}", "pushes to"),
    ("update places set status = 'checked_in'", "status in ('taken', 'completed')", "place of"),
    ("update offers set status = 'no_show'", "status <> 'no_show'", "offer"),
    ("update requests set number = number || '0'", "id = '{request}'", "request"),
    ("update phone_calls set tries = tries + 1", "id = '{call}'", "call "),  # one of these days
    ("update notifications set title = 'x'", "id = '{message}'", "message"),
)


def differs_where_it_should(month: Month) -> None:
    seen = {
        "request": next(iter(month.book.numbers)),
        "message": next(iter(month.book.messages)),
        "call": next(iter(month.book.phoned), NONE),
    }
    changed = [
        said for change, which, said in CHANGES if tamper(month, change, which.format_map(seen))
    ]
    assert len(changed) >= 3
    found = differences(month)
    for said in changed:
        assert any(line.startswith(said) for line in found), (said, found)


def test_days_of_a_village_reconcile_and_keep_their_limits_while_everything_breaks(
    house: tuple[Stack, Servers],
) -> None:
    broken = number = due = in_time = 0
    while True:
        with shaken_days(house, number) as (month, found, shaken):
            broken, number = broken + shaken.done.total(), number + 1
            due, in_time = due + found.answers_due, in_time + found.answered_in_time
            said = (dict(shaken.done), dict(shaken.died), *table(found))
            print(*said, sep="\n")  # noqa: T201 - what `make faults` is run for
            if broken >= FAULTS and month.book.numbers:  # nobody may have written on a holiday
                assert in_time >= IN_TIME * due, f"{in_time} of {due} first answers came in time"
                differs_where_it_should(month)
                return
