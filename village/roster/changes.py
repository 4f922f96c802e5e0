"""What a plan is made of: changes to show to people, and rows to write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from village.clock import SHANGHAI
from village.db import Base
from village.roster.lines import Line

NEW, CHANGED, SAME = "new", "changed", "same"
PERSON, VOLUNTEER, OFFICE = "person", "volunteer", "office"


@dataclass(frozen=True, eq=False)
class Write:
    """One row to insert (`key` is empty), or the columns to set in the row with this key."""

    model: type[Base]
    values: dict[str, Any]
    key: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What becomes of a person, a volunteer or an office, and the fields that change."""

    kind: str
    how: str
    line: Line
    fields: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()


def differing(said: dict[str, Any], known: Any) -> dict[str, Any]:
    """Return the columns of `said` that are another in the row `known`."""
    return {name: value for name, value in said.items() if getattr(known, name) != value}


def start_of(day: date) -> datetime:
    """Return the moment at which a day begins in Shanghai."""
    return datetime.combine(day, time_of_day(), SHANGHAI)


def end_of(day: date) -> datetime:
    """Return the moment at which a day has ended in Shanghai."""
    return start_of(day + timedelta(days=1))


def years_later(day: date, years: int) -> date:
    """Return the last day of so many years that begin with `day`."""
    later = day.year + years
    of_month = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(later, day.month, of_month) - timedelta(days=1)
