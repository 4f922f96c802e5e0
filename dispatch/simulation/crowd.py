"""The invented people as production's columns: made once, and only what has changed is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from dispatch import hours
from dispatch.candidates import OF_THE_KIND
from dispatch.people import Many, People
from dispatch.simulation.world import STATIONS, Person, World

MOST_TASKS = 2  # as the database has it by default
NO_END = 1_000_000  # days since 1970
BORN = 1980
LASTING = ("places", "members", "circles", OF_THE_KIND)


def code(village: int) -> str:
    """Return a village's code."""
    return f"village-{village}"


def near(world: World, village: int) -> Mapping[tuple[str, str | None], float]:
    """Return the km to the villages that lend, by village and station: own kind to own kind."""
    far = {
        other: abs(centre - world.centres[village])
        for other, centre in enumerate(world.centres)
        if other != village
    }
    return {
        (code(other), station): km
        for other, km in far.items()
        if km <= world.scenario.lends_km
        for station in STATIONS
    }


class Crowd:
    """Some of a world's people, as every look finds them."""

    def __init__(self, world: World, persons: Sequence[Person]) -> None:
        self.places = {person.id: place for place, person in enumerate(persons)}
        self.at_work = Counter[int]()
        self._people = _columns(world, persons)
        self._lasting = 0

    def people(self) -> People:
        """Return everybody as they are now; of an earlier look only what lasts is still known."""
        known = self._people.known
        for key in list(islice(known, self._lasting, None)):  # the lasting ones stand first
            if not _lasts(key):
                del known[key]
        self._lasting = len(known)
        return self._people

    def asked(self, person: Person, now: datetime) -> None:
        """Count a message."""
        place = self.places[person.id]
        self._people.asked_at[place] = now.timestamp()
        self._people.messages_today[place] += 1
        self._people.messages[place] += 1

    def a_day_later(self, person: Person) -> None:
        """A message is no longer one of her last day's."""
        self._people.messages_today[self.places[person.id]] -= 1

    def a_week_later(self, person: Person) -> None:
        """A message is no longer one of her last week's."""
        self._people.messages[self.places[person.id]] -= 1

    def messages(self, person: Person) -> int:
        """Return how many messages she has had in seven days."""
        return int(self._people.messages[self.places[person.id]])

    def takes(self, person: Person) -> None:
        """Count a task that she has promised."""
        place = self.places[person.id]
        self._people.open_tasks[place] += 1
        self._people.tasks[place] += 1

    def drops(self, person: Person) -> None:
        """She has done it, or will not come."""
        self._people.open_tasks[self.places[person.id]] -= 1

    def helped_a_week_ago(self, person: Person) -> None:
        """A task is no longer one of her last week's."""
        self._people.tasks[self.places[person.id]] -= 1

    def works(self, person: Person, tasks: int) -> None:
        """She goes to work, or (-1) comes from it."""
        place = self.places[person.id]
        self.at_work[place] += tasks
        self._people.at_work[place] = self.at_work[place] > 0


def _lasts(key: Any) -> bool:
    """What people have declared stays as it is, so that what follows from it alone does too."""
    if key[0] == "free on":
        return bool(key[2:4] == (0.0, hours.DAY))  # a whole day: others come once
    return (key if isinstance(key, str) else key[0]) in LASTING


def uuid(number: int) -> UUID:
    """Return the id of a person or a request."""
    return UUID(int=number + 1)


def number(known: Any) -> int:
    """Return whose id it is."""
    return int(known.int) - 1


def _columns(world: World, persons: Sequence[Person]) -> People:
    """Return who may be asked by every rule, but for what they have declared."""
    count = len(persons)

    def same(value: float, kind: type = np.int64) -> NDArray[Any]:
        return np.full(count, value, dtype=kind)

    return People(
        ids=np.array([uuid(one.id).bytes for one in persons], dtype="S16"),
        birth_year=same(BORN),
        guardian_consent=same(0, bool),
        insured_until=same(NO_END),
        open_tasks=same(0),
        max_open_tasks=same(MOST_TASKS),
        at_work=same(0, bool),
        quiet_from=same(-1),
        quiet_to=same(-1),
        asked_at=same(-np.inf, float),
        messages_today=same(0),
        messages=same(0),
        tasks=same(0),
        reachable=same(1, bool),
        helps_village=np.array([one.helps_others for one in persons], dtype=bool),
        next_village=np.array([one.lends for one in persons], dtype=bool),
        next_village_km=same(world.scenario.lends_km, float),
        ask_less=same(1, float),
        personal=same(1, bool),
        rest_until=same(-np.inf, float),
        **_facts(persons),
    )


def _facts(persons: Sequence[Person]) -> dict[str, Any]:
    """Return what each may have several of; her papers have no end."""
    skills = [(at, skill) for at, one in enumerate(persons) for skill in sorted(one.skills)]
    stations = [
        (at, code(one.village), station)
        for at, one in enumerate(persons)
        for station in sorted(one.stations)
    ]
    windows = [
        (at, weekday, opens * 60, closes * 60)
        for at, one in enumerate(persons)
        for weekday, spans in enumerate(one.week)
        for opens, closes in spans
    ]
    return {
        "stations": _many("UU", stations),
        "skills": _many("U", skills),
        "papers": _many("Ui", [(*row, NO_END) for row in skills]),
        "mediates": _many("U", [(at, village) for at, village, _ in stations]),
        "windows": _many("iii", windows),
        "disliked": _many("U", []),
        "busy": _many("ff", []),
        "off": _many("ff", []),
    }


def _many(kinds: str, rows: Sequence[tuple[Any, ...]]) -> Many:
    return Many.of(kinds, *(zip(*rows, strict=True) if rows else [None] * (len(kinds) + 1)))
