"""Who may be asked: hard rules, each a named filter. None of them may be got round.

Filters of the whole time drop a person for good, those of the moment only for now: she counts
as somebody who may be asked later. Each looks at everybody at once, and the first that leaves
somebody out is counted. The claim asks the first ones again, and the database refuses who is
too close and who would be in two places.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, wraps

import numpy as np

from dispatch.people import Bools, People, Real, Whole
from dispatch.policies.common import Urgency
from dispatch.work import NEXT_VILLAGE, OWN_STATION, OWN_VILLAGE, Work
from village.clock import SHANGHAI
from village.eligibility import adult_until, appointment, insured_day, may_be_minors, papers

LONGEST_LOOK_DAYS = 8
EPOCH = date(1970, 1, 1).toordinal()


Filter = Callable[[People, Work, datetime], Bools]


def once_for(key: Callable[[Work], Hashable]) -> Callable[[Filter], Filter]:
    """Reckon a filter once for all tasks of a look with the same `key`: all that it reads of one.

    In a storm many tasks look among the same people.
    """

    def wrap(check: Filter) -> Filter:
        @wraps(check)
        def found(people: People, work: Work, now: datetime) -> Bools:
            of = check, now, key(work)
            if of not in people.known:
                people.known[of] = check(people, work, now)
            mask: Bools = people.known[of]
            return mask

        return found

    return wrap


def _nothing(work: Work) -> None:
    """A filter of this key looks at the people alone."""


def circles(people: People, work: Work) -> tuple[Whole, Real]:
    """Return each one's circle (0 own station, 1 village, 2 next villages) and km to her village.

    The villages that lend are the same for all tasks of a station in one look.
    """
    key = work.village, work.station
    if key not in people.known:
        people.known[key] = _circles(people, work)
    found: tuple[Whole, Real] = people.known[key]
    return found


def _circles(people: People, work: Work) -> tuple[Whole, Real]:
    villages, stations = people.stations.columns
    here, same = villages == work.village, stations == work.station
    km = np.full(len(people), np.inf)
    for (village, station), distance in work.near.items():
        if station is None or station == work.station:
            lent = (villages == village) & (same if station else True)
            np.minimum.at(km, people.stations.who[lent], distance)
    own_station = people.whose(people.stations, here & same)
    own_village = people.whose(people.stations, here)
    circle = np.where(own_station, OWN_STATION, np.where(own_village, OWN_VILLAGE, NEXT_VILLAGE))
    return circle, np.where(own_village, 0.0, km)


# ---------------------------------------------------------------- for the whole time


def not_too_close(people: People, work: Work, now: datetime) -> Bools:
    """She is no party, of no party's household or kin, no contractor, nobody's unwanted."""
    return ~people.among(work.too_close)


def not_asked_yet(people: People, work: Work, now: datetime) -> Bools:
    """She has not been asked for this task, whatever she said."""
    return ~people.among(work.asked)


@once_for(lambda work: (work.village, work.station))
def within_circle(people: People, work: Work, now: datetime) -> Bools:
    """She is of the station, or would help there: other stations, next villages, her km."""
    circle, km = circles(people, work)
    would_go = people.next_village & (km <= people.next_village_km)
    would_help = (circle == OWN_VILLAGE) & people.helps_village
    would_go &= circle == NEXT_VILLAGE
    may: Bools = (circle == OWN_STATION) | would_help | would_go
    return may


@once_for(lambda work: work.category)
def not_disliked(people: People, work: Work, now: datetime) -> Bools:
    """She has not said "not this kind"."""
    return ~people.whose(people.disliked, people.disliked.columns[0] == (work.category or ""))


@once_for(lambda work: (work.sealed, work.village))
def accredited(people: People, work: Work, now: datetime) -> Bools:
    """What is sealed is for accredited mediators alone (art. 14)."""
    if not work.sealed:
        return people.all()
    return people.whose(people.mediates, people.mediates.columns[0] == work.village)


@once_for(lambda work: (work.skills, _day(work.ends_at)))
def skilled(people: People, work: Work, now: datetime) -> Bools:
    """She has every skill that is needed ("驾驶C1" is "驾驶"), and a valid paper where one is."""
    last_day, able = _day(work.ends_at), people.all()
    for skill in work.skills:
        able &= people.whose(people.skills, np.char.startswith(people.skills.columns[0], skill))
        if skill in papers():
            names, until = people.papers.columns
            valid = np.char.startswith(names, skill) & (until >= last_day)
            able &= people.whose(people.papers, valid)
    return able


def _day(moment: datetime) -> int:
    """Days since 1970, by the village's calendar."""
    return moment.astimezone(SHANGHAI).date().toordinal() - EPOCH


@once_for(may_be_minors)
def old_enough(people: People, work: Work, now: datetime) -> Bools:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent."""
    adult = people.birth_year <= adult_until(now)
    return adult | people.guardian_consent if may_be_minors(work) else adult


@once_for(insured_day)
def insured(people: People, work: Work, now: datetime) -> Bools:
    """From risk 2 on she is insured until the last day on which the task may be done."""
    day = insured_day(work)
    return people.all() if day is None else people.insured_until >= day.toordinal() - EPOCH


@once_for(_nothing)
def reachable(people: People, work: Work, now: datetime) -> Bools:
    """Some message would come to her."""
    return people.reachable


@once_for(appointment)
def no_overlap(people: People, work: Work, now: datetime) -> Bools:
    """Where the time is fixed, she has promised it to nobody else."""
    span = appointment(work)
    if span is None:
        return people.all()
    start, end = people.busy.columns
    low, high = (moment.timestamp() for moment in span)
    return ~people.whose(people.busy, (start < high) & (end > low))


@once_for(lambda work: (work.starts_at, work.ends_at, work.minutes))
def available(people: People, work: Work, now: datetime) -> Bools:
    """One of her weekly windows meets the task's time, for as long as it takes, and she is in."""
    who, (day, opens, closes) = people.windows.who, people.windows.columns
    need, found = min(work.minutes, 60), np.zeros(len(people), dtype=bool)
    rests = (people.rest_until[who] - now.timestamp()) / 60
    away = people.whose(people.off)[who]
    for one in _days(max(work.starts_at, now), work.ends_at):
        start = np.maximum(opens, np.maximum(one.low, rests + one.now(now)))
        end = np.minimum(closes, one.high)
        fits = (day == one.weekday) & (end - start >= need)
        fits[fits & away] = [
            not _off(people, who[n], one, start[n], end[n]) for n in np.flatnonzero(fits & away)
        ]
        found[who[fits]] = True
    return found


@dataclass(frozen=True)
class _Day:
    """A day of a task: its weekday, and the minutes from and to which it counts."""

    midnight: datetime
    low: float
    high: float

    @property
    def weekday(self) -> int:
        return self.midnight.weekday()

    def now(self, now: datetime) -> float:
        """Return the minute of this day that is now; beyond the day's ends, too."""
        return (now - self.midnight).total_seconds() / 60


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


# ---------------------------------------------------------------- for the moment


@once_for(_nothing)
def awake(people: People, work: Work, now: datetime) -> Bools:
    """It is not within her quiet hours (which may run over midnight)."""
    start, end, minute = people.quiet_from, people.quiet_to, _minute(now)
    after, before = start <= minute, minute < end
    return ~((start >= 0) & np.where(start <= end, after & before, after | before))


@once_for(lambda work: (work.urgency, work.asks))
def asking_hours(people: People, work: Work, now: datetime) -> Bools:
    """What is not urgent is asked in the day."""
    open_now = work.urgency is Urgency.URGENT or work.asks[0] <= _minute(now) < work.asks[1]
    return people.all() & open_now


def _minute(now: datetime) -> int:
    local = now.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute


@once_for(_nothing)
def not_resting(people: People, work: Work, now: datetime) -> Bools:
    """Nobody has said that she is to be left in peace until later."""
    return people.rest_until <= now.timestamp()


@once_for(_nothing)
def below_capacity(people: People, work: Work, now: datetime) -> Bools:
    """She has fewer tasks in hand than she wants."""
    return people.open_tasks < people.max_open_tasks


@once_for(_nothing)
def not_at_work(people: People, work: Work, now: datetime) -> Bools:
    """She is not at another task just now."""
    start, end = people.busy.columns
    at = now.timestamp()
    return ~(people.at_work | people.whose(people.busy, (start <= at) & (end > at)))


@once_for(lambda work: work.day_cap)
def below_day_cap(people: People, work: Work, now: datetime) -> Bools:
    """She has not yet had the day's messages."""
    return people.messages_today < work.day_cap


@once_for(lambda work: work.week_cap)
def below_week_cap(people: People, work: Work, now: datetime) -> Bools:
    """She has not yet had the week's messages."""
    return people.messages < work.week_cap


WHOLE_TIME: tuple[Filter, ...] = (
    not_too_close,
    not_asked_yet,
    within_circle,
    not_disliked,
    accredited,
    skilled,
    old_enough,
    insured,
    reachable,
    no_overlap,
    available,
)
OF_THE_MOMENT: tuple[Filter, ...] = (
    asking_hours,
    awake,
    not_resting,
    below_capacity,
    not_at_work,
    below_day_cap,
    below_week_cap,
)


@dataclass(frozen=True)
class Screened:
    """Who may be asked at some time, who of them now, and how many each filter left out."""

    later: Bools
    now: Bools
    left_out: dict[str, int]


def screen(people: People, work: Work, now: datetime) -> Screened:
    """Put everybody through all filters; the first that leaves her out is counted."""
    left_out: dict[str, int] = {}
    later = passed(people, work, now, WHOLE_TIME, left_out)
    at_once = passed(people, work, now, OF_THE_MOMENT, left_out, later)
    return Screened(later, at_once, left_out)


def passed(
    people: People,
    work: Work,
    now: datetime,
    checks: Iterable[Filter],
    left_out: dict[str, int] | None = None,
    among: Bools | None = None,
) -> Bools:
    """Return who (`among` these) passes all checks; count in `left_out` who does not."""
    left = people.all() if among is None else among
    many = int(np.count_nonzero(left))
    for check in checks:
        left = left & check(people, work, now)
        fewer, many = many, int(np.count_nonzero(left))
        if many < fewer and left_out is not None:
            left_out[check.__name__] = fewer - many
    return left
