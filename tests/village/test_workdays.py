"""Working days, holidays and service hours, against oracles that count day by day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.village.town import Town
from village import clock, hours, reminders, workdays
from village.catalog import files
from village.clock import SHANGHAI, Hours
from village.models import Notification, OrgUnit, RoleGrant
from village.workflow import priorities

QUARTER = timedelta(minutes=15)
FEW = settings(max_examples=40)
# From the notices 国办发明电〔2024〕12号 and 〔2025〕7号, as they count holidays.
LENGTHS = {2025: (28, 5), 2026: (33, 6)}

moments = st.integers(0, 4 * 24 * 700).map(
    lambda n: datetime(2025, 1, 20, tzinfo=SHANGHAI) + n * QUARTER
)
villages = st.builds(
    lambda opens, length, working: Hours(
        opens * 15,
        min(opens * 15 + length * 15, 1440),
        workdays.is_working_day if working else lambda _: True,
    ),
    st.integers(0, 80), st.integers(16, 96), st.booleans(),
)  # fmt: skip
STANDING = st.just(clock.STANDARD)


def serves(when: Hours, moment: datetime) -> bool:
    """The oracle: whether the quarter of an hour from `moment` on is service time."""
    local = moment.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return when.serves(local.date()) and when.opens <= minute < when.closes


def quarters(when: Hours, start: datetime, end: datetime) -> int:
    found = 0
    while start < end:
        found += serves(when, start)
        start += QUARTER
    return found


@pytest.fixture(autouse=True)
def ours_alone() -> Iterator[None]:
    """The packaged years alone; afterwards the tests' own again."""
    workdays.configure(None)
    yield
    workdays.configure(Path(os.environ["WUZHAN_CALENDAR_FILE"]))


# ---------------------------------------------------------------- service hours


@FEW
@given(moments, st.integers(0, 400), villages)
def test_service_hours_are_those_that_an_oracle_counts(
    start: datetime, wanted: int, when: Hours
) -> None:
    end = clock.add_service_hours(start, wanted / 4, when)
    assert quarters(when, start, end) == wanted
    assert end >= start
    if wanted:
        assert serves(when, end - QUARTER)


@FEW
@given(moments, st.integers(0, 1000), villages)
def test_service_time_is_what_an_oracle_counts(start: datetime, later: int, when: Hours) -> None:
    end = start + later * QUARTER
    assert clock.service_time(start, end, when) == quarters(when, start, end) * QUARTER
    assert clock.service_time(end, start, when) == timedelta(0)


@FEW
@given(moments, st.integers(1, 20), villages)
def test_days_end_when_the_last_service_day_does(start: datetime, days: int, when: Hours) -> None:
    end = clock.end_of_service_day(start, days, when)
    day, left = start.astimezone(SHANGHAI).date(), days
    while left:
        day += timedelta(days=1)
        left -= when.serves(day)
    midnight = datetime.combine(day, datetime.min.time(), SHANGHAI)
    assert end == midnight + timedelta(minutes=when.closes)


@FEW
@given(moments, st.integers(1, 300), st.floats(0, 1), villages, st.sampled_from(["P1", "P3"]))
def test_a_share_of_a_limit_lies_within_it_and_grows(
    start: datetime, wanted: int, part: float, when: Hours, priority: str
) -> None:
    due = priorities.after(priority, wanted / 4, start, when)
    found = priorities.share(priority, start, due, part, when)
    assert start <= found <= due + timedelta(seconds=1)
    assert found <= priorities.share(priority, start, due, 1.0, when)
    if priority == "P1":
        assert abs(found - start - (due - start) * part) < timedelta(seconds=1)


@FEW
@given(moments, st.integers(1, 300), st.integers(0, 200), st.integers(0, 400), villages)
def test_a_pause_neither_eats_time_nor_gives_any(
    start: datetime, wanted: int, before: int, rested: int, when: Hours
) -> None:
    """What was left of the limit when the clock stopped is left when it goes on."""
    due = clock.add_service_hours(start, wanted / 4, when)
    since = start + before * QUARTER
    now = since + rested * QUARTER
    after = priorities.after_pause("P3", due, since, now, when)
    if since < due:
        assert quarters(when, now, after) >= quarters(when, since, due)
        spent = quarters(when, since, now)
        assert quarters(when, due, after) == spent or after == due
    else:
        assert after - now == due - since
    assert after >= due
    assert priorities.after_pause("P1", due, since, now, when) == due + (now - since)


# ---------------------------------------------------------------- working days


@pytest.mark.parametrize("year", sorted(LENGTHS))
def test_a_year_has_the_days_of_its_notice(year: int) -> None:
    days = [row for row in files.read("calendar") if row["date"].startswith(str(year))]
    off = [row for row in days if row["kind"] == workdays.OFF]
    work = [row for row in days if row["kind"] == workdays.WORK]
    assert (len(off), len(work)) == LENGTHS[year]
    assert all(date.fromisoformat(row["date"]).weekday() >= 5 for row in work)
    assert all(row["source"] and row["holiday"] for row in days)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-02-13", True), ("2026-02-14", True), ("2026-02-16", False), ("2026-02-23", False),
        ("2026-02-24", True), ("2026-02-28", True), ("2026-03-01", False), ("2026-10-10", True),
        ("2025-10-08", False), ("2025-10-09", True), ("2025-10-11", True), ("2027-10-01", True),
    ],
)  # fmt: skip
def test_holidays_are_off_and_make_up_days_are_not(day: str, works: bool) -> None:
    assert workdays.is_working_day(date.fromisoformat(day)) is works


@FEW
@given(moments, st.integers(1, 40))
def test_working_days_are_those_that_an_oracle_counts(start: datetime, days: int) -> None:
    end = workdays.end_of_working_day(start, days).astimezone(SHANGHAI)
    kinds = {row["date"]: row["kind"] for row in files.read("calendar")}
    day, counted = start.astimezone(SHANGHAI).date(), 0
    while day < end.date():
        day += timedelta(days=1)
        weekday = "work" if day.weekday() < 5 else "off"
        counted += kinds.get(day.isoformat(), weekday) == "work"
    assert (counted, end.hour) == (days, 20)
    assert workdays.is_working_day(end.date())


def test_an_office_asked_before_spring_festival_answers_after_it() -> None:
    asked = datetime(2026, 2, 13, 15, tzinfo=SHANGHAI)
    assert workdays.end_of_working_day(asked, 3).date() == date(2026, 2, 25)


# ---------------------------------------------------------------- a year that is missing


@pytest.mark.parametrize(
    ("today", "year"),
    [("2026-10-31", None), ("2026-11-01", 2027), ("2027-03-01", 2027), ("2025-12-01", None)],
)
def test_a_year_is_missed_from_november_before_it(today: str, year: int | None) -> None:
    midnight = datetime.fromisoformat(today).replace(tzinfo=SHANGHAI)
    assert workdays.missing(midnight.astimezone(UTC)) == year


def whole(year: int) -> str:
    days = ("01-01", "05-01", "05-02", "10-01", "10-02", "10-03")
    return "".join(f"{year}-{day},off,,\n" for day in days)


HEADING = "date,kind,holiday,source\n"
NOVEMBER = datetime(2026, 11, 20, tzinfo=SHANGHAI)


def test_an_installation_adds_a_year_without_a_restart(tmp_path: Path) -> None:
    own = tmp_path / workdays.FILE
    workdays.configure(own)
    assert workdays.missing(NOVEMBER) == 2027
    own.write_text(f"{HEADING}{whole(2027)}2027-01-02,work,,\n")
    assert workdays.missing(NOVEMBER) is None
    assert not workdays.is_working_day(date(2027, 1, 1))
    assert workdays.is_working_day(date(2027, 1, 2))
    assert workdays.is_working_day(date(2026, 2, 14))  # the packaged years stay
    own.unlink()
    assert workdays.missing(NOVEMBER) == 2027


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{HEADING}2027-01-01,off,,\n", "不全"),
        (f"{HEADING}1月1日,off,,\n", "第2行"),
        (f"{HEADING}2027-01-01,maybe,,\n", "第2行"),
        (f"{HEADING}{whole(2027)}2027-01-01,work,,\n", "重复"),
        ("just a text", ""),
        (b"\xff\xfe\x00", "UnicodeDecodeError"),
        ("date,kind\n\x00,off\n", "第2行"),
    ],
)
def test_a_file_that_is_not_whole_is_not_used_and_says_why(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    own = tmp_path / workdays.FILE
    own.write_bytes(text if isinstance(text, bytes) else text.encode())
    workdays.configure(own)
    assert says in workdays.broken()
    assert workdays.missing(NOVEMBER) == 2027
    assert not workdays.is_working_day(date(2026, 10, 1))


def test_the_county_is_reminded_of_a_missing_year_once_a_week(town: Town) -> None:
    county = town.person("县里经办")
    since = clock.now() - timedelta(days=1)
    grant = {"person_id": county.person_id, "role": "county_officer", "valid_from": since}
    ended = {**grant, "person_id": town.clerk.person_id, "valid_to": clock.now()}
    town.add(OrgUnit(code="t-county", kind="county", name="青县"))
    for row in (grant, ended):
        town.add(RoleGrant(**row, unit_code="t-county"))
    told = sa.select(sa.func.count()).where(Notification.title == "请补上放假安排")
    mine = told.where(Notification.person_id == county.person_id)

    def count(wanted: sa.Select[int]) -> int:
        return town.run(lambda session: session.scalar(wanted))

    for _ in range(3):
        town.run(reminders.calendar)
    assert count(mine) == 1
    clock.step(timedelta(days=7))
    town.run(reminders.calendar)
    assert (count(mine), count(told.where(Notification.person_id == town.clerk.person_id))) == (
        2,
        0,
    )
    clock.set_time(datetime(2026, 10, 1, tzinfo=SHANGHAI), speed=0.0)
    town.run(reminders.calendar)
    assert count(mine) == 2


def test_a_village_without_hours_of_its_own_serves_from_8_to_20(town: Town) -> None:
    assert town.run(lambda session: hours.of(session, "t-qingshi")) is clock.STANDARD
