"""An invented district of small villages: people, requests, and how people answer.

Everything about people is a guess, and the published share of messages answered with yes (17 to
47 %) is the only thing it is held against: read the order of the policies, not the third digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from random import Random

from dispatch.policies.common import Minutes, Urgency
from dispatch.response import expit
from dispatch.simulation.scenario import Scenario
from village.catalog.files import parts, read

DAY, WEEK = 24 * 60.0, 7 * 24 * 60.0
STATIONS = ("mutual_aid", "sanitation", "mediation", "culture", "public_works")
URGENCY = {"P0": Urgency.URGENT, "P1": Urgency.URGENT, "P2": Urgency.TODAY}
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
    until: tuple[int, ...]  # her declared hours of the week before each hour, and in all
    liking: Mapping[str, float]
    tolerance: float

    def free(self, at: Minutes) -> bool:
        """Whether `at` lies in the hours she has declared."""
        hour = int(at // 60) % 168
        return self.until[hour + 1] > self.until[hour]

    def free_between(self, since: Minutes, until: Minutes) -> bool:
        """Whether any of her hours lie between the two, at most two days ahead."""
        first, last = int(since // 60), int(min(until, since + 2 * DAY) // 60)
        weeks = last // 168 - first // 168
        return self.until[last % 168 + 1] + weeks * self.until[-1] > self.until[first % 168]


@dataclass(frozen=True)
class Matter:
    """A request: its category's card, where and when."""

    id: int
    village: int
    category: str
    station: str
    skills: frozenset[str]
    urgency: Urgency
    places: int
    minutes: float
    place: complex
    opened: Minutes
    due: Minutes


@dataclass(frozen=True)
class World:
    """A district with its people and requests, the same for every policy."""

    scenario: Scenario
    seed: int
    people: Sequence[Person]
    matters: Sequence[Matter]

    def coins(self, matter: Matter, person: Person) -> Random:
        """The chances of this person and request, whatever the policy."""
        return Random(f"{self.seed}/{matter.id}/{person.id}")  # noqa: S311 (no secret)

    def circle(self, matter: Matter, person: Person) -> int | None:
        """0 own station, 1 own village, 2 next village; None: she cannot be asked."""
        if not matter.skills <= person.skills:
            return None
        if person.village != matter.village:
            near = abs(person.home - matter.place) <= self.scenario.lends_km
            return 2 if person.lends and near and matter.station in person.stations else None
        if matter.station in person.stations:
            return 0
        return 1 if person.helps_others else None

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
    return World(scenario, seed, people, _matters(scenario, rng, centres))


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
        until=_hours([day if rng.random() < 0.85 else () for day in hours]),
        liking={station: mean + rng.gauss(0, scenario.taste) for station in STATIONS},
        tolerance=scenario.tolerance * math.exp(0.5 * rng.gauss(0, 1)),
    )


def _hours(week: Sequence[Sequence[tuple[int, int]]]) -> tuple[int, ...]:
    """Count the declared hours of a week, hour by hour."""
    declared = [
        any(start <= hour < end for start, end in day) for day in week for hour in range(24)
    ]
    return tuple(accumulate(declared, initial=0))


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
        Matter(
            id=number,
            village=village,
            category=row["code"],
            station=row["station"],
            skills=frozenset(parts(row["skills"])),
            urgency=URGENCY.get(row["priority"], Urgency.LATER),
            places=int(row["people"]),
            minutes=float(row["minutes"]),
            place=_near(rng, centre, scenario.radius_km),
            opened=at,
            due=at + float(row["window_days"]) * DAY,
        )
        for number, (at, village, row, centre) in enumerate(found)
    ]


def _card(scenario: Scenario, rng: Random) -> dict[str, str]:
    """A category; those of a kind of urgency are equally frequent."""
    soon = rng.random() < scenario.soon
    return rng.choice([row for row in cards() if (row["priority"] in URGENCY) == soon])


def _time_of_day(rng: Random) -> Minutes:
    spans = list(pairwise(BUSY_HOURS))
    weights = [(end - start) * weight for (start, weight), (end, _) in spans]
    (start, _), (end, _) = rng.choices(spans, weights)[0]
    return 60 * rng.uniform(start, end)
