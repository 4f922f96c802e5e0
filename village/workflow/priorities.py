"""The priority table of workflows 3.0, and the due times that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from village import clock
from village.clock import STANDARD, Hours


@dataclass(frozen=True)
class Limits:
    """Limits of a priority; `wall` ones run through the night, the others in service hours."""

    first_response_hours: float
    resolve_days: int
    offer_minutes: int
    wall: bool = False


TABLE: dict[str, Limits] = {
    "P0": Limits(2, 1, 30, wall=True),
    "P1": Limits(2, 1, 30, wall=True),
    "P2": Limits(8, 3, 120),
    "P3": Limits(24, 7, 480),
    "P4": Limits(48, 15, 1440),
    "P5": Limits(36, 30, 1440),
}


def more_urgent(first: str, second: str) -> str:
    """Return the more urgent of two priorities."""
    return min(first, second)  # "P1" sorts before "P2"


def first_response_due(
    priority: str, hours: float, start: datetime, when: Hours = STANDARD, *, raised: bool = False
) -> datetime:
    """Return when a person must have answered: by the category's `hours`.

    A raised priority takes the earlier of table and category (workflows 3.1). `when`: the
    village's service hours, here and below.
    """
    if raised:
        hours = min(hours, TABLE[priority].first_response_hours)
    return after(priority, hours, start, when)


def resolve_due(
    priority: str, days: int, start: datetime, when: Hours = STANDARD, *, raised: bool = False
) -> datetime:
    """Return when it must be resolved: within the category's `days`.

    P1 counts 24 hours a day on the wall clock, the others end at closing time of the nth day.
    """
    limits = TABLE[priority]
    if raised:
        days = min(days, limits.resolve_days)
    if limits.wall:
        return start + timedelta(days=days)
    return clock.end_of_service_day(start, days, when)


def offer_expires(priority: str, start: datetime, when: Hours = STANDARD) -> datetime:
    """Return when an offer made at `start` runs out and the next person is asked."""
    return after(priority, TABLE[priority].offer_minutes / 60, start, when)


def after(priority: str, hours: float, start: datetime, when: Hours = STANDARD) -> datetime:
    """Return `start` plus `hours`: on the wall clock for P0 and P1, else in service hours."""
    if TABLE[priority].wall:
        return start + timedelta(hours=hours)
    return clock.add_service_hours(start, hours, when)


def share(
    priority: str, start: datetime, due: datetime, part: float, when: Hours = STANDARD
) -> datetime:
    """Return when `part` (0 to 1) of the time from `start` to `due` has run."""
    if TABLE[priority].wall:
        return start + (due - start) * part
    left = clock.service_time(start, due, when) * part
    return clock.add_service_hours(start, left / timedelta(hours=1), when)


def after_pause(
    priority: str, due: datetime, since: datetime, now: datetime, when: Hours = STANDARD
) -> datetime:
    """Return the limit of a clock that rested from `since` to `now`: what was left still is.

    What was late already stays as late as it was. Never earlier than `due`.
    """
    if TABLE[priority].wall or due <= since:
        return due + (now - since)
    left = clock.service_time(since, due, when)
    return max(due, clock.add_service_hours(now, left / timedelta(hours=1), when))
