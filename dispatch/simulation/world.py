"""An invented district of small villages: people, requests, and how people answer.

Everything about people is a guess, and the published share of messages answered with yes (17 to
47 %) is the only thing it is held against: read the order of the policies, not the third digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random

from dispatch.policies.common import Minutes
from dispatch.response import expit
from dispatch.simulation.scenario import Scenario
from dispatch.work import URGENCIES
from village import clock
from village.catalog.files import parts, read
from village.workflow import priorities

DAY, WEEK = 24 * 60.0, 7 * 24 * 60.0
START = datetime(2026, 11, 2, tzinfo=clock.SHANGHAI)  # a Monday
STATIONS = ("mutual_aid", "sanitation", "mediation", "culture", "public_works")
# Hours of the day that people declare: at home, on the fields, at work (weekdays, weekend).
AT_HOME = (((7, 20),), ((7, 20),))
FARMING = (((6, 9), (11, 14), (17, 21)),) * 2
EMPLOYED = (((18, 22),), ((8, 21),))
BUSY_HOURS = ((6, 1), (7, 5), (8, 8), (10, 6), (12, 3), (14, 5), (17, 4), (20, 1), (22, 0))


@dataclass(frozen=True)
class Person:
    """A volunteer: what she has declared, and (below) what only the simulation knows."""

    id: int
    village: int
    home: complex
    stations: frozenset[str]
    skills: frozenset[str]
    helps_others: bool
    lends: bool
    week: Sequence[Sequence[tuple[int, int]]]  # by weekday, from and to which hour she is free
    liking: Mapping[str, float]
    tolerance: float

    def next_free(self, now: datetime) -> datetime:
        """When she has time next: now, or when the next of her hours begins (never: in a week)."""
        local = now.astimezone(clock.SHANGHAI)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in range(8):
            for opens, closes in self.week[(local.weekday() + day) % 7]:
                start, end = (midnight + timedelta(days=day, hours=h) for h in (opens, closes))
                if end > now:
                    return max(start, now)
        return now + timedelta(days=7)


@dataclass(frozen=True)
class Matter:
    """A request: its category's card, where and when; `ends_at` as the head's card has it."""

    id: int
    village: int
    category: str
    station: str
    skills: frozenset[str]
    priority: str
    risk: int
    places: int
    minutes: int
    place: complex
    opened: datetime
    ends_at: datetime
    resolve_due: datetime


@dataclass(frozen=True)
class World:
    """A district with its people and requests, the same for every policy."""

    scenario: Scenario
    seed: int
    centres: Sequence[complex]
    people: Sequence[Person]
    matters: Sequence[Matter]

    def coins(self, matter: Matter, person: Person) -> Random:
        """The chances of this person and request, whatever the policy."""
        return Random(f"{self.seed}/{matter.id}/{person.id}")  # noqa: S311 (no secret)

    def chance(self, matter: Matter, person: Person, over: float) -> float:
        """Chance of a yes if she hears it; `over`: messages beyond what she likes."""
        odds = person.liking[matter.station]
        odds += self.scenario.logit_per_km * abs(person.home - matter.place)
        return expit(odds - self.scenario.annoyance * over)


def build(scenario: Scenario, seed: int) -> World:
    """Invent a district."""
    rng = Random(seed)  # noqa: S311 (no secret)
    side = math.ceil(math.sqrt(scenario.villages))
    centres = [
        complex(*divmod(number, side)) * scenario.apart_km for number in range(scenario.villages)
    ]
    people = [
        _person(scenario, rng, number, village, centres[village])
        for number, village in enumerate(
            village for village in range(scenario.villages) for _ in range(scenario.volunteers)
        )
    ]
    return World(scenario, seed, centres, people, _matters(scenario, rng, centres))


def _near(rng: Random, centre: complex, radius: float) -> complex:
    angle, far = 2 * math.pi * rng.random(), radius * math.sqrt(rng.random())
    return centre + far * complex(math.cos(angle), math.sin(angle))


def _person(scenario: Scenario, rng: Random, number: int, village: int, centre: complex) -> Person:
    week, weekend = rng.choices((AT_HOME, FARMING, EMPLOYED), (0.40, 0.35, 0.25))[0]
    hours = [week] * 5 + [weekend] * 2
    stations = frozenset(rng.sample(STATIONS, rng.choices((1, 2, 3), (0.35, 0.45, 0.20))[0]))
    mean = scenario.mean_logit + rng.gauss(0, scenario.spread)
    known = sorted({skill for row in cards() for skill in parts(row["skills"])})
    return Person(
        id=number,
        village=village,
        home=_near(rng, centre, scenario.radius_km),
        stations=stations,
        skills=frozenset(skill for skill in known if rng.random() < scenario.has_skill),
        helps_others=rng.random() < scenario.other_stations,
        lends=rng.random() < scenario.lends,
        week=[day if rng.random() < 0.85 else () for day in hours],
        liking={station: mean + rng.gauss(0, scenario.taste) for station in STATIONS},
        tolerance=scenario.tolerance * math.exp(0.5 * rng.gauss(0, 1)),
    )


@cache
def cards() -> list[dict[str, str]]:
    """The categories that go out to volunteers."""
    return [row for row in read("categories") if row["next_step"] == "volunteer"]


def _matters(scenario: Scenario, rng: Random, centres: Sequence[complex]) -> list[Matter]:
    """Each village's requests, by time; nothing in the last week, so that all come to an end."""
    found = []
    for village, centre in enumerate(centres):
        at = 0.0
        while (at := at + rng.expovariate(scenario.requests_a_day / DAY)) < scenario.weeks * WEEK:
            found.append(
                (at // DAY * DAY + _time_of_day(rng), village, _card(scenario, rng), centre)
            )
    found.sort(key=lambda one: one[0])
    return [
        _matter(number, village, row, _near(rng, centre, scenario.radius_km), at)
        for number, (at, village, row, centre) in enumerate(found)
    ]


def _matter(
    number: int, village: int, row: Mapping[str, str], place: complex, at: Minutes
) -> Matter:
    """A request that its head sends out at once, by its category's card."""
    opened = START + timedelta(minutes=at)
    return Matter(
        id=number,
        village=village,
        category=row["code"],
        station=row["station"],
        skills=frozenset(parts(row["skills"])),
        priority=row["priority"],
        risk=int(row["risk"]),
        places=int(row["people"]),
        minutes=int(row["minutes"]),
        place=place,
        opened=opened,
        ends_at=clock.end_of_service_day(opened, int(row["window_days"])),
        resolve_due=priorities.resolve_due(row["priority"], int(row["days"]), opened),
    )


def _card(scenario: Scenario, rng: Random) -> dict[str, str]:
    """A category; those of a kind of urgency are equally frequent."""
    soon = rng.random() < scenario.soon
    return rng.choice([row for row in cards() if (row["priority"] in URGENCIES) == soon])


def _time_of_day(rng: Random) -> Minutes:
    spans = list(pairwise(BUSY_HOURS))
    weights = [(end - start) * weight for (start, weight), (end, _) in spans]
    (start, _), (end, _) = rng.choices(spans, weights)[0]
    return 60 * rng.uniform(start, end)
