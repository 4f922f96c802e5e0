"""Who may be asked: hard rules, each a named filter. None of them may be got round.

Filters of the whole time drop a person for good, those of the moment only for now: she counts
as somebody who may be asked later. The claim asks the first ones again, and the database
refuses who is too close and who would be in two places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID

from dispatch.policies.common import Urgency
from village.catalog.files import read
from village.clock import SHANGHAI
from village.eligibility import appointment, is_insured, is_old_enough

DAY_CAP, WEEK_CAP = 4, 14  # messages of every kind; a village may set less, never more
URGENCIES = {"P0": Urgency.URGENT, "P1": Urgency.URGENT, "P2": Urgency.TODAY}
OWN_STATION, OWN_VILLAGE, NEXT_VILLAGE = 0, 1, 2
LONGEST_LOOK_DAYS = 8

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the filters and the policy know of a volunteer; nothing of background or views.

    `messages` and `tasks` count seven days, `messages_today` the last 24 hours. `reachable`:
    some message will come to her (see `SQL` in `situation`).
    """

    person_id: UUID
    stations: frozenset[tuple[str, str]]
    birth_year: int | None = None
    guardian_consent: bool = False
    insured_until: date | None = None
    skills: tuple[str, ...] = ()
    certificates: Mapping[str, date | None] = field(default_factory=dict)
    mediates: frozenset[str] = frozenset()
    open_tasks: int = 0
    max_open_tasks: int = 2
    at_work: bool = False
    busy: tuple[Span, ...] = ()
    quiet: tuple[int, int] | None = None
    asked_at: datetime | None = None
    messages_today: int = 0
    messages: int = 0
    tasks: int = 0
    reachable: bool = True
    helps_village: bool = True
    next_village: bool = False
    next_village_km: float = 0.0
    disliked: frozenset[str] = frozenset()
    ask_less: float = 1.0
    personal: bool = True
    windows: tuple[tuple[int, int, int], ...] = ()
    time_off: tuple[Span, ...] = ()
    rest_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """An open task as the filters and the policy meet it.

    `near`: km to the villages that lend, by (village, station), station None: at every station.
    `out`: (when, predicted chance) of offers without an answer. `asks`: the minutes of the day
    between which messages go out that are not urgent.
    """

    task_id: UUID
    request_id: UUID
    village: str
    station: str
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    priority: str = "P3"
    category: str | None = None
    sealed: bool = False
    skills: tuple[str, ...] = ()
    risk: int = 0
    minutes: int = 60
    people_needed: int = 1
    places_open: int = 1
    places_taken: int = 0
    resolve_due: datetime | None = None
    told_short: bool = False
    asked: frozenset[UUID] = frozenset()
    too_close: frozenset[UUID] = frozenset()
    near: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    out: tuple[tuple[datetime, float | None], ...] = ()
    policy: str | None = None
    widest: int = NEXT_VILLAGE
    circle: int = 0
    widens_at: datetime | None = None
    next_wake: datetime | None = None
    starving: bool = False
    rounds: int = 0
    looks: int = 0
    day_cap: int = DAY_CAP
    week_cap: int = WEEK_CAP
    asks: tuple[int, int] = (480, 1200)

    @property
    def urgency(self) -> Urgency:
        """How much time there is."""
        return URGENCIES.get(self.priority, Urgency.LATER)

    @property
    def kind(self) -> str:
        """What it is to the response model."""
        return self.category or self.station


Filter = Callable[[Candidate, Work, datetime], bool]


def circle_of(person: Candidate, work: Work) -> tuple[int, float]:
    """Return her circle (0 own station, 1 village, 2 next villages) and the km to her village."""
    if (work.village, work.station) in person.stations:
        return OWN_STATION, 0.0
    if any(village == work.village for village, _ in person.stations):
        return OWN_VILLAGE, 0.0
    kms = [
        km
        for village, station in person.stations
        for key in ((village, station if station == work.station else ""), (village, None))
        if (km := work.near.get(key)) is not None
    ]
    return NEXT_VILLAGE, min(kms, default=float("inf"))


# ---------------------------------------------------------------- for the whole time


def not_too_close(person: Candidate, work: Work, now: datetime) -> bool:
    """She is no party, of no party's household or kin, no contractor, nobody's unwanted."""
    return person.person_id not in work.too_close


def not_asked_yet(person: Candidate, work: Work, now: datetime) -> bool:
    """She has not been asked for this task, whatever she said."""
    return person.person_id not in work.asked


def within_circle(person: Candidate, work: Work, now: datetime) -> bool:
    """She is of the station, or would help there: other stations, next villages, her km."""
    circle, km = circle_of(person, work)
    if circle == OWN_STATION:
        return True
    if circle == OWN_VILLAGE:
        return person.helps_village
    return person.next_village and km <= person.next_village_km


def not_disliked(person: Candidate, work: Work, now: datetime) -> bool:
    """She has not said "not this kind"."""
    return work.category not in person.disliked


def accredited(person: Candidate, work: Work, now: datetime) -> bool:
    """What is sealed is for accredited mediators alone (art. 14)."""
    return not work.sealed or work.village in person.mediates


def skilled(person: Candidate, work: Work, now: datetime) -> bool:
    """She has every skill that is needed ("驾驶C1" is "驾驶"), and a valid paper where one is."""
    last_day = work.ends_at.astimezone(SHANGHAI).date()
    return all(_has(person, skill, last_day) for skill in work.skills)


def _has(person: Candidate, skill: str, day: date) -> bool:
    if not any(own.startswith(skill) for own in person.skills):
        return False
    if skill not in papers():
        return True
    return any(
        own.startswith(skill) and (until is None or until >= day)
        for own, until in person.certificates.items()
    )


@lru_cache(maxsize=1)
def papers() -> frozenset[str]:
    """Return the skills for which a certificate is needed (rules 2.3, art. 16)."""
    return frozenset(row["skill"] for row in read("skills") if row["certificate"] == "yes")


def old_enough(person: Candidate, work: Work, now: datetime) -> bool:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent."""
    return is_old_enough(person.birth_year, person.guardian_consent, work, now)


def insured(person: Candidate, work: Work, now: datetime) -> bool:
    """From risk 2 on she is insured until the last day on which the task may be done."""
    return is_insured(person.insured_until, work)


def reachable(person: Candidate, work: Work, now: datetime) -> bool:
    """Some message would come to her."""
    return person.reachable


def no_overlap(person: Candidate, work: Work, now: datetime) -> bool:
    """Where the time is fixed, she has promised it to nobody else."""
    span = appointment(work)
    return span is None or not any(start < span[1] and span[0] < end for start, end in person.busy)


def available(person: Candidate, work: Work, now: datetime) -> bool:
    """One of her weekly windows meets the task's time, for as long as it takes, and she is in."""
    need = min(work.minutes, 60)
    since = max(work.starts_at, now, person.rest_until or now)
    for weekday, low, high, midnight in _days(since, work.ends_at):
        for day, opens, closes in person.windows:
            start, end = max(opens, low), min(closes, high)
            if day == weekday and end - start >= need and not _off(person, midnight, start, end):
                return True
    return False


@lru_cache(maxsize=512)
def _days(since: datetime, until: datetime) -> tuple[tuple[int, float, float, datetime], ...]:
    """Return for each day its weekday, the minutes from and to which it counts, its midnight."""
    first, found = since.astimezone(SHANGHAI).date(), []
    for offset in range(min(max((until - since).days, 0) + 2, LONGEST_LOOK_DAYS)):
        day = first + timedelta(days=offset)
        midnight = datetime.combine(day, time(), SHANGHAI)
        low, high = ((moment - midnight).total_seconds() / 60 for moment in (since, until))
        found.append((day.weekday(), low, high, midnight))
    return tuple(found)


def _off(person: Candidate, midnight: datetime, start: float, end: float) -> bool:
    if not person.time_off:
        return False
    opens, closes = midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)
    return any(off <= opens and closes <= back for off, back in person.time_off)


# ---------------------------------------------------------------- for the moment


def awake(person: Candidate, work: Work, now: datetime) -> bool:
    """It is not within her quiet hours (which may run over midnight)."""
    if person.quiet is None:
        return True
    start, end = person.quiet
    minute = _minute(now)
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    return not inside


def asking_hours(person: Candidate, work: Work, now: datetime) -> bool:
    """What is not urgent is asked in the day."""
    return work.urgency is Urgency.URGENT or work.asks[0] <= _minute(now) < work.asks[1]


def _minute(now: datetime) -> int:
    local = now.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute


def not_resting(person: Candidate, work: Work, now: datetime) -> bool:
    """Nobody has said that she is to be left in peace until later."""
    return person.rest_until is None or person.rest_until <= now


def below_capacity(person: Candidate, work: Work, now: datetime) -> bool:
    """She has fewer tasks in hand than she wants."""
    return person.open_tasks < person.max_open_tasks


def not_at_work(person: Candidate, work: Work, now: datetime) -> bool:
    """She is not at another task just now."""
    return not person.at_work and not any(start <= now < end for start, end in person.busy)


def below_day_cap(person: Candidate, work: Work, now: datetime) -> bool:
    """She has not yet had the day's messages."""
    return person.messages_today < work.day_cap


def below_week_cap(person: Candidate, work: Work, now: datetime) -> bool:
    """She has not yet had the week's messages."""
    return person.messages < work.week_cap


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

    later: list[Candidate]
    now: frozenset[UUID]
    left_out: dict[str, int]


def screen(people: Iterable[Candidate], work: Work, now: datetime) -> Screened:
    """Put everybody through all filters; the first that leaves her out is counted."""
    later, at_once, left_out = [], set(), dict[str, int]()
    for person in people:
        failed = _first(WHOLE_TIME, person, work, now)
        if failed is None:
            later.append(person)
            failed = _first(OF_THE_MOMENT, person, work, now)
        if failed is None:
            at_once.add(person.person_id)
        else:
            left_out[failed] = left_out.get(failed, 0) + 1
    return Screened(later, frozenset(at_once), left_out)


def _first(checks: Iterable[Filter], person: Candidate, work: Work, now: datetime) -> str | None:
    for check in checks:
        if not check(person, work, now):
            return check.__name__
    return None
