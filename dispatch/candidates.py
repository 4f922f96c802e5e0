"""Who may be asked: hard rules, each a named filter. None of them may be got round.

Filters of the whole time drop a person for good, those of the moment only for now: she counts
as somebody who may be asked later. Each looks at everybody at once, and the first that leaves
somebody out is counted. The claim asks the first ones again, and the database refuses a place to
who is too close, lacks skill, paper, insurance or age, has her hands full, or would be in two
places.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import numpy as np

from dispatch import hours
from dispatch.people import Bools, People, Real, Whole
from dispatch.policies.common import Urgency
from dispatch.work import NEXT_VILLAGE, OWN_STATION, OWN_VILLAGE, Work
from village.clock import SHANGHAI
from village.eligibility import adult_until, appointment, insured_day, may_be_minors, papers

EPOCH = date(1970, 1, 1).toordinal()


Filter = Callable[[People, Work, datetime], Bools]


class Alike:
    """A filter that gives the same for all tasks of a look with the same `key`.

    The key is all that the filter reads of a task. In a storm many look among the same people.
    """

    def __init__(self, key: Callable[[Work], Hashable], check: Filter) -> None:
        self.key = key
        self.check = check
        self.__name__ = check.__name__

    def __call__(self, people: People, work: Work, now: datetime) -> Bools:
        """Return who passes."""
        return self.check(people, work, now)


def alike_by(key: Callable[[Work], Hashable]) -> Callable[[Filter], Alike]:
    """Say what a filter reads of a task."""
    return partial(Alike, key)


def _nothing(work: Work) -> None:
    """A filter of this key looks at the people alone."""


def circles(people: People, work: Work) -> tuple[Whole, Real]:
    """Return each one's circle (0 own station, 1 village, 2 next villages) and km to her village.

    The villages that lend are the same for all tasks of a station in one look.
    """
    key = "circles", work.village, work.station
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
    """She is no party (who asks, or another), of no party's household or kin, nor unwanted."""
    return ~people.among(work.too_close)


def not_asked_yet(people: People, work: Work, now: datetime) -> Bools:
    """She has not been asked for this task, whatever she said."""
    return ~people.among(work.asked)


@alike_by(lambda work: (work.village, work.station))
def within_circle(people: People, work: Work, now: datetime) -> Bools:
    """She is of the station, or would help there: other stations, next villages, her km."""
    circle, km = circles(people, work)
    would_go = people.next_village & (km <= people.next_village_km)
    would_help = (circle == OWN_VILLAGE) & people.helps_village
    would_go &= circle == NEXT_VILLAGE
    may: Bools = (circle == OWN_STATION) | would_help | would_go
    return may


@alike_by(lambda work: work.category)
def not_disliked(people: People, work: Work, now: datetime) -> Bools:
    """She has not said "not this kind"."""
    return ~people.whose(people.disliked, people.disliked.columns[0] == (work.category or ""))


@alike_by(lambda work: (work.sealed, work.village))
def accredited(people: People, work: Work, now: datetime) -> Bools:
    """What is sealed is for accredited mediators alone (art. 14)."""
    if not work.sealed:
        return people.all()
    return people.whose(people.mediates, people.mediates.columns[0] == work.village)


@alike_by(lambda work: (work.skills, _day(work.ends_at)))
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


@alike_by(may_be_minors)
def old_enough(people: People, work: Work, now: datetime) -> Bools:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent."""
    adult = people.birth_year <= adult_until(now)
    return adult | people.guardian_consent if may_be_minors(work) else adult


@alike_by(insured_day)
def insured(people: People, work: Work, now: datetime) -> Bools:
    """From risk 2 on she is insured until the last day on which the task may be done."""
    day = insured_day(work)
    return people.all() if day is None else people.insured_until >= day.toordinal() - EPOCH


@alike_by(_nothing)
def reachable(people: People, work: Work, now: datetime) -> Bools:
    """Some message would come to her."""
    return people.reachable


@alike_by(appointment)
def no_overlap(people: People, work: Work, now: datetime) -> Bools:
    """Where the time is fixed, she has promised it to nobody else."""
    span = appointment(work)
    if span is None:
        return people.all()
    start, end = people.busy.columns
    low, high = (moment.timestamp() for moment in span)
    return ~people.whose(people.busy, (start < high) & (end > low))


@alike_by(lambda work: (work.starts_at, work.ends_at, work.minutes))
def available(people: People, work: Work, now: datetime) -> Bools:
    """One of her weekly windows meets the task's time, for as long as it takes, and she is in."""
    return hours.free(people, max(work.starts_at, now), work.ends_at, work.minutes)


# ---------------------------------------------------------------- for the moment


def within_the_heads_word(people: People, work: Work, now: datetime) -> Bools:
    """She is no farther than the heads let the task look just now."""
    near: Bools = circles(people, work)[0] <= work.widest
    return near


@alike_by(_nothing)
def awake(people: People, work: Work, now: datetime) -> Bools:
    """It is not within her quiet hours (which may run over midnight)."""
    start, end, minute = people.quiet_from, people.quiet_to, _minute(now)
    after, before = start <= minute, minute < end
    return ~((start >= 0) & np.where(start <= end, after & before, after | before))


@alike_by(lambda work: (work.urgency, work.asks))
def asking_hours(people: People, work: Work, now: datetime) -> Bools:
    """What is not urgent is asked in the day."""
    open_now = work.urgency is Urgency.URGENT or work.asks[0] <= _minute(now) < work.asks[1]
    return people.all() & open_now


def _minute(now: datetime) -> int:
    local = now.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute


@alike_by(_nothing)
def not_resting(people: People, work: Work, now: datetime) -> Bools:
    """Nobody has said that she is to be left in peace until later."""
    return people.rest_until <= now.timestamp()


@alike_by(_nothing)
def below_capacity(people: People, work: Work, now: datetime) -> Bools:
    """She has fewer tasks in hand than she wants."""
    return people.open_tasks < people.max_open_tasks


@alike_by(_nothing)
def not_at_work(people: People, work: Work, now: datetime) -> Bools:
    """She is not at another task just now."""
    start, end = people.busy.columns
    at = now.timestamp()
    return ~(people.at_work | people.whose(people.busy, (start <= at) & (end > at)))


@alike_by(lambda work: work.waited_for)
def not_waited_for(people: People, work: Work, now: datetime) -> Bools:
    """No older task of this priority in her own village, which lends her, waits for her."""
    return ~people.among(work.waited_for)


@alike_by(lambda work: work.day_cap)
def below_day_cap(people: People, work: Work, now: datetime) -> Bools:
    """She has not yet had the day's messages."""
    return people.messages_today < work.day_cap


@alike_by(lambda work: work.week_cap)
def below_week_cap(people: People, work: Work, now: datetime) -> Bools:
    """She has not yet had the week's messages."""
    return people.messages < work.week_cap


OF_THE_TASK: tuple[Filter, ...] = (not_too_close, not_asked_yet)
OF_THE_KIND: tuple[Alike, ...] = (
    within_circle,
    not_disliked,
    accredited,
    skilled,
    old_enough,
    insured,
    reachable,
    no_overlap,
)
OF_THE_TIME: tuple[Alike, ...] = (available,)
WHOLE_TIME: tuple[Filter, ...] = (*OF_THE_TASK, *OF_THE_KIND, *OF_THE_TIME)
OF_THE_MOMENT: tuple[Alike, ...] = (
    asking_hours,
    awake,
    not_resting,
    below_capacity,
    not_at_work,
    not_waited_for,
    below_day_cap,
    below_week_cap,
)
# For who is asked by name: a policy is given the heads' word itself, and people for later too.
AT_ONCE: tuple[Filter, ...] = (*WHOLE_TIME, within_the_heads_word, *OF_THE_MOMENT)


@dataclass(frozen=True)
class Screened:
    """Who may be asked at some time, who of them now, and how many each filter left out."""

    later: Bools
    now: Bools
    left_out: dict[str, int]


def screen(people: People, work: Work, now: datetime) -> Screened:
    """Put everybody through all filters; the first that leaves her out is counted."""
    left_out: dict[str, int] = {}
    later = passed(people, work, now, OF_THE_TASK, left_out)
    for checks in (OF_THE_KIND, OF_THE_TIME):
        later = _passed_once(people, work, now, checks, left_out, later)
    at_once = _passed_once(people, work, now, OF_THE_MOMENT, left_out, later)
    return Screened(later, at_once, left_out)


def _passed_once(
    people: People, work: Work, now: datetime, checks: tuple[Alike, ...],
    left_out: dict[str, int], among: Bools,
) -> Bools:  # fmt: skip
    """As `passed`, once for all tasks of this moment that are the same to these checks."""
    alike = checks, among.tobytes(), *(check.key(work) for check in checks)
    if alike not in people.known:
        counts: dict[str, int] = {}
        people.known[alike] = passed(people, work, now, checks, counts, among), counts
    found: tuple[Bools, dict[str, int]] = people.known[alike]
    left_out.update(found[1])
    return found[0]


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
