from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from village import clock
from village.clock import SHANGHAI
from village.workflow import priorities

OTHER_PROCESS = (
    "import sys; from datetime import timedelta; from village import clock; "
    "clock.configure(sys.argv[1]); "
    "clock.step(timedelta(days=float(sys.argv[2]))) if float(sys.argv[2]) else None; "
    "print(clock.now().isoformat())"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def elsewhere(path: Path, step_days: float = 0) -> datetime:
    """Read (and step) the clock in another process."""
    command = [sys.executable, "-c", OTHER_PROCESS, str(path), str(step_days)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return datetime.fromisoformat(said.stdout.strip())


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("11-25T10:00", 2, "11-25T12:00"),
        ("11-25T10:00", 10, "11-25T20:00"),  # exactly at closing
        ("11-25T18:00", 4, "11-26T10:00"),  # over the night
        ("11-25T20:00", 1, "11-26T09:00"),  # from closing
        ("11-25T22:30", 1, "11-26T09:00"),  # from the evening
        ("11-25T05:00", 1, "11-25T09:00"),  # from before opening
        ("11-28T19:00", 2, "11-29T09:00"),  # Saturday to Sunday: every day is a service day
        ("11-25T10:00", 24, "11-27T10:00"),  # two service days
        ("11-25T10:00", 0, "11-25T10:00"),
        ("11-25T23:00", 0, "11-26T08:00"),
        ("12-31T19:30", 1, "01-01T08:30"),  # over the year
    ],
)
def test_service_hours_pass_from_8_to_20_of_every_day(start: str, hours: float, end: str) -> None:
    expected = at(end).replace(year=2027) if end.startswith("01") else at(end)
    assert clock.add_service_hours(at(start), hours) == expected


def test_service_hours_do_not_depend_on_the_zone_of_the_start() -> None:
    start = at("11-25T18:00")
    assert clock.add_service_hours(start.astimezone(UTC), 4) == at("11-26T10:00")


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("11-25T10:00", 3, "11-28T20:00"),
        ("11-25T23:59", 1, "11-26T20:00"),
        ("11-25T00:01", 1, "11-26T20:00"),
        ("11-25T07:00", 0, "11-25T20:00"),
        ("11-25T02:00", 15, "12-10T20:00"),
    ],
)
def test_days_end_at_20_of_the_nth_day(start: str, days: int, end: str) -> None:
    assert clock.end_of_service_day(at(start), days) == at(end)


def test_a_day_is_shanghai_s() -> None:
    late = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)  # 01:00 of the 26th in Shanghai
    assert clock.local_date(late) == "20261126"
    assert clock.end_of_service_day(late, 1) == at("11-27T20:00")


@pytest.mark.parametrize(
    ("priority", "end"),
    [("P1", "11-25T21:30"), ("P2", "11-26T09:30"), ("P3", "11-26T15:30"), ("P4", "11-27T19:30")],
)
def test_an_offer_runs_as_long_as_its_priority_says(priority: str, end: str) -> None:
    start = at("11-25T21:00" if priority == "P1" else "11-25T19:30")
    assert priorities.offer_expires(priority, start) == at(end)


def test_urgent_limits_run_through_the_night_and_the_others_do_not() -> None:
    start = at("11-25T19:00")
    assert priorities.first_response_due("P1", 2, start) == at("11-25T21:00")
    assert priorities.first_response_due("P2", 2, start) == at("11-26T09:00")
    assert priorities.resolve_due("P1", 1, start) == at("11-26T19:00")
    assert priorities.resolve_due("P2", 3, start) == at("11-28T20:00")


def test_a_raised_priority_takes_the_earlier_of_table_and_category() -> None:
    start = at("11-25T10:00")
    assert priorities.first_response_due("P1", 48, start, raised=True) == at("11-25T12:00")
    assert priorities.first_response_due("P1", 1, start, raised=True) == at("11-25T11:00")
    assert priorities.resolve_due("P2", 15, start, raised=True) == at("11-28T20:00")
    assert priorities.resolve_due("P2", 1, start, raised=True) == at("11-26T20:00")


def test_every_priority_has_its_limits_and_the_more_urgent_comes_first() -> None:
    assert list(priorities.TABLE) == ["P0", "P1", "P2", "P3", "P4", "P5"]
    assert priorities.more_urgent("P3", "P1") == "P1"


def test_processes_share_the_time_and_its_steps(stepped_clock: Path) -> None:
    before = clock.now()
    assert before <= elsewhere(stepped_clock) <= clock.now()
    theirs = elsewhere(stepped_clock, step_days=30)
    assert before + timedelta(days=30) <= theirs <= clock.now()


def test_processes_share_the_speed(stepped_clock: Path) -> None:
    before = clock.now()
    clock.set_time(before, speed=86400 * 365.0)
    theirs = elsewhere(stepped_clock)  # a process does not start within three milliseconds
    assert before + timedelta(days=1) < theirs <= clock.now()


def test_a_step_keeps_the_speed(stepped_clock: Path) -> None:
    clock.set_time(clock.now(), speed=7.0)
    clock.step(timedelta(hours=1))
    assert clock._current().speed == 7.0


def test_without_a_file_time_is_real_and_cannot_be_set() -> None:
    assert abs(clock.now() - clock.wall()) < timedelta(minutes=1)
    with pytest.raises(RuntimeError, match="clock file"):
        clock.step(timedelta(days=1))


def test_a_file_that_is_not_there_yet_is_real_time(tmp_path: Path) -> None:
    clock.configure(tmp_path / "none.json")
    try:
        assert abs(clock.now() - clock.wall()) < timedelta(minutes=1)
    finally:
        clock.configure(None)


def test_leases_never_follow_the_stepped_clock(stepped_clock: Path) -> None:
    clock.step(timedelta(days=400))
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(minutes=1)
