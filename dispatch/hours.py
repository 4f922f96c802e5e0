"""When volunteers have time: their weekly windows, less their days off and their rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

import numpy as np

from dispatch.people import Bools, People
from village.clock import SHANGHAI

LONGEST_LOOK_DAYS = 8
DAY = 24 * 60.0  # minutes
AT_MOST_MINUTES = 60  # of a window, however long the work: she may stay on


def free(people: People, since: datetime, until: datetime, minutes: int) -> Bools:
    """Return who has a window between two moments for work of so many minutes, and is in."""
    need, found = min(minutes, AT_MOST_MINUTES), np.zeros(len(people), dtype=bool)
    for day in _days(since, until):
        found |= _free_on(people, day, need)
        if found.all():
            break
    return found


def _free_on(people: People, day: _Day, need: int) -> Bools:
    """As `free`, on one day; what counts from midnight to midnight is reckoned once."""
    alike = "free on", day.midnight, max(day.low, 0.0), min(day.high, DAY), need
    if alike not in people.known:
        people.known[alike] = _with_a_window(people, day, need)
    found: Bools = people.known[alike]
    return found


def _with_a_window(people: People, day: _Day, need: int) -> Bools:
    weekday, opens, closes = people.windows.columns
    today = np.flatnonzero(weekday == day.midnight.weekday())
    who, opens, closes = people.windows.who[today], opens[today], closes[today]
    rests = (people.rest_until[who] - day.midnight.timestamp()) / 60
    start = np.maximum(opens, np.maximum(day.low, rests))
    end = np.minimum(closes, day.high)
    fits = end - start >= need
    away = fits & people.whose(people.off)[who]
    fits[away] = [not _off(people, who[n], day, start[n], end[n]) for n in np.flatnonzero(away)]
    found = np.zeros(len(people), dtype=bool)
    found[who[fits]] = True
    return found


@dataclass(frozen=True)
class _Day:
    """A day of a task, and the minutes from and to which it counts: less, or more, than a day."""

    midnight: datetime
    low: float
    high: float


@lru_cache(maxsize=512)
def _days(since: datetime, until: datetime) -> tuple[_Day, ...]:
    first, found = since.astimezone(SHANGHAI).date(), []
    for offset in range(min(max((until - since).days, 0) + 2, LONGEST_LOOK_DAYS)):
        midnight = datetime.combine(first + timedelta(days=offset), time(), SHANGHAI)
        low, high = ((moment - midnight).total_seconds() / 60 for moment in (since, until))
        found.append(_Day(midnight, low, high))
    return tuple(found)


def _off(people: People, place: int, day: _Day, start: float, end: float) -> bool:
    """She is away for the whole of it."""
    opens, closes = (day.midnight.timestamp() + minute * 60 for minute in (start, end))
    leaves, returns = people.off.columns
    mine = people.off.who == place
    return bool(np.any(mine & (leaves <= opens) & (returns >= closes)))
