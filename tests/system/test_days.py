"""Days of a village on the whole stack: all reconciles, and what does not is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from runtime.month.figures import figures
from runtime.month.play import Month
from runtime.month.reconcile import differences
from tests.system.conftest import house
from tests.system.days import begun, must_hold, tamper
from village import clock

SEED = 3


@pytest.fixture(scope="module")
def day(
    postgres: str, template_db: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Month]:
    path = tmp_path_factory.mktemp("clock") / "clock.json"
    clock.configure(path)
    clock.set_time(datetime(2026, 9, 29, 20, tzinfo=clock.SHANGHAI), speed=0.0)
    try:
        with (
            house(postgres, template_db, f"{template_db}_days", clock_file=path) as stack,
            begun(stack, seed=SEED, days=2, villages=1, a_day=8) as month,
        ):
            month.play()
            yield month
    finally:
        clock.configure(None)


def test_two_days_of_a_village_reconcile_and_keep_their_limits(day: Month) -> None:
    found = figures(day)
    assert found.requests >= 3
    assert found.tasks
    assert found.calls_lost
    must_hold(day, found)


# Behind everybody's back: what is changed, which row, and how the difference begins.
CHANGES = (
    ("delete from deliveries", "status = 'sent'", "pushes to"),
    ("update places set status = 'checked_in'", "status = 'completed'", "place of"),
    ("update offers set status = 'declined'", "status = 'completed'", "offer"),
    ("update requests set number = number || '0'", "true", "request"),
    ("update notifications set title = 'x'", "", "message"),
)


def test_rows_that_changed_behind_everybodys_back_are_named(day: Month) -> None:
    read = f"id = '{next(iter(day.book.messages))}'"
    for change, which, _ in CHANGES:
        tamper(day, change, read if "notifications" in change else which)
    found = differences(day)
    assert {said for *_, said in CHANGES if any(line.startswith(said) for line in found)} == {
        said for *_, said in CHANGES
    }, found
