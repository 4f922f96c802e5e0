"""Working days with holidays and make-up days (调休), and what an installation still lacks of them.

The State Council publishes a year's arrangement in the November before it. The packaged file
holds the years that were published; a county adds a new one in a version of its configuration
(`follow`), or a machine in a file of its own (`configure`), without waiting for a release. A
year without an arrangement has its plain weeks.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from village.catalog import files
from village.catalog.loader import own_rows
from village.clock import CLOSES, SHANGHAI
from village.db import transaction

log = logging.getLogger(__name__)

FILE = "calendar.csv"
OFF, WORK = "off", "work"
PUBLISHED_MONTH = 11  # from the 1st on the next year's arrangement is missed
# Off in every year by the regulation on public holidays: a file without them is not whole.
STATUTORY = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))


class BrokenCalendarError(ValueError):
    """The calendar file is not what it says it is."""


@dataclass(frozen=True)
class _Own:
    """The installation's own rows as of a state of the file; `broken` says why there are none."""

    stamp: tuple[int, int] | None = None
    days: tuple[tuple[date, str], ...] = ()
    broken: str = ""


_path: Path | None = None
_own = _Own()
_county: tuple[tuple[date, str], ...] = ()


def configure(path: Path | None) -> None:
    """Read an installation's own years from `path`, once it is there; they come before ours."""
    global _path, _own
    _path, _own = path, _Own()


def follow(session: Session) -> None:
    """Take the years of the county's configuration in force; they come before the package's."""
    global _county  # noqa: PLW0603 - as what was read from the file
    _county = arrangement(own_rows(session).get("calendar", ()))


def try_follow(engine: sa.Engine) -> None:
    """Follow; while the database is away or older, what was known stays."""
    with suppress(SQLAlchemyError), transaction(engine) as session:
        follow(session)


def is_working_day(day: date) -> bool:
    """Tell whether offices work on a Shanghai date."""
    kind = _days().get(day)
    return day.weekday() < 5 if kind is None else kind == WORK


def end_of_working_day(start: datetime, days: int) -> datetime:
    """Return 20:00 of the `days`-th working day after `start`: for steps of offices (3.0)."""
    day = start.astimezone(SHANGHAI).date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return datetime.combine(day, CLOSES, SHANGHAI)


def years() -> frozenset[int]:
    """Return the years whose arrangement is known."""
    return frozenset(day.year for day in _days())


def missing(now: datetime) -> int | None:
    """Return the year whose arrangement should be here and is not; None while all is well."""
    today = now.astimezone(SHANGHAI).date()
    wanted = [today.year]
    if today.month >= PUBLISHED_MONTH:
        wanted.append(today.year + 1)
    return next((year for year in wanted if year not in years()), None)


def broken() -> str:
    """Return why the installation's own file is not used; empty where it is, or is not there."""
    return _current().broken


def _days() -> dict[date, str]:
    return _merged(_current().days, _county)


@cache
def _merged(*own: tuple[tuple[date, str], ...]) -> dict[date, str]:
    """An arrangement is changed as a whole: of each year, those count who come first."""
    found: dict[date, str] = {}
    for days in (*own, arrangement(files.read("calendar"))):
        known = {day.year for day in found}
        found |= {day: kind for day, kind in days if day.year not in known}
    return found


def _current() -> _Own:
    global _own  # noqa: PLW0603 - as the clock's: what was read, with the file's stamp
    if _path is None:
        return _own
    try:
        found = _path.stat()
    except OSError:
        return _Own()
    stamp = (found.st_mtime_ns, found.st_ino)
    if stamp != _own.stamp:
        _own = _load(_path, stamp)
    return _own


def _load(path: Path, stamp: tuple[int, int]) -> _Own:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _Own(stamp, arrangement(csv.DictReader(file)))
    except (OSError, ValueError, csv.Error) as error:
        log.error("calendar not read", extra={"why": type(error).__name__})  # noqa: TRY400
        why = str(error) if isinstance(error, BrokenCalendarError) else type(error).__name__
        return _Own(stamp, broken=why)


def arrangement(rows: Iterable[files.Row]) -> tuple[tuple[date, str], ...]:
    """Return the days of a file. Raises BrokenCalendarError for what is no arrangement."""
    found: dict[date, str] = {}
    for number, row in enumerate(rows, 2):
        day, kind = row.get("date") or "", row.get("kind") or ""
        try:
            at = date.fromisoformat(day.strip())
        except ValueError as error:
            raise BrokenCalendarError(f"第{number}行的日期不对") from error
        if kind not in (OFF, WORK) or at in found:
            raise BrokenCalendarError(f"第{number}行的 kind 不对，或者日期重复")
        found[at] = kind
    for year in {day.year for day in found}:
        if any(found.get(date(year, *day)) != OFF for day in STATUTORY):
            raise BrokenCalendarError(f"{year}年的放假安排不全")
    return tuple(sorted(found.items()))
