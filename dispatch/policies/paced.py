"""Paced offers: as few as are needed, spread over the time there is, to the rested and little used.

A task asks as many as make it likely (`target`) that its places are filled, no more at once than
the time left demands, and never somebody who is likely still resting from her last message.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from dispatch.matching import Wish, assign
from dispatch.policies.common import (
    Decision,
    Id,
    Minutes,
    People,
    Plan,
    Prospect,
    Settings,
    Task,
    Volunteer,
    ask,
    in_line,
    within,
)

Scored = tuple[float, Prospect]


def decide(now: Minutes, tasks: Iterable[Task], volunteers: People, settings: Settings) -> Decision:
    """Make the offers that are due now, and say when the next ones are.

    Tasks choose in line; where more than `many` places are looked for, all at once.
    """
    line = [task for task in in_line(tasks) if task.due > now and task.places > 0]
    among = Among(volunteers, settings)
    paces = [_pace(now, task, among) for task in line]
    if sum(min(pace.wave, len(pace.best)) for pace in paces) > settings["many"]:
        chosen = _all_at_once(paces)
    else:
        chosen = _in_turn(paces)
    plans = {
        task.id: _plan(now, task, pace, found, settings)
        for task, pace, found in zip(line, paces, chosen, strict=True)
    }
    return Decision(plans)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many a task asks now, and whom first; `every` so many minutes the next."""

    wave: int
    every: Minutes
    circle: int
    best: list[Scored]


@dataclass(frozen=True)
class Among:
    """All volunteers. What tasks with the same prospects have in common is reckoned once."""

    people: People
    settings: Settings
    known: dict[Hashable, Any] = field(default_factory=dict)

    def needed(self, task: Task) -> tuple[int, int]:
        """Return how many more offers a task needs, and in which circle."""
        alike = "needed", id(task.prospects), task.places, task.widest, task.least, *task.out
        if alike not in self.known:
            self.known[alike] = _needed(task, self.settings)
        found: tuple[int, int] = self.known[alike]
        return found

    def best(self, task: Task, circle: int) -> list[Scored]:
        """Return the rested who may be asked now, best first."""
        alike = "best", id(task.prospects), circle, task.urgency, task.in_time
        if alike not in self.known:
            able = [one for one in within(circle, task.prospects) if one.now]
            self.known[alike] = _best(task, able, self.people, self.settings)
        found: list[Scored] = self.known[alike]
        return found


def _pace(now: Minutes, task: Task, among: Among) -> Pace:
    settings = among.settings
    gap: float = settings["gap"][task.urgency]
    needed, circle = among.needed(task)
    if not needed:
        return Pace(0, gap, circle, [])
    every = settings["spread"][task.urgency] * _time_left(now, task, settings) / needed
    wave = task.limited(math.ceil(gap / max(every, 0.5) - 1e-9) or 1)
    return Pace(wave, max(every, gap), circle, among.best(task, circle))


def _in_turn(paces: Iterable[Pace]) -> list[list[Scored]]:
    """Each takes its best of those whom nobody before has taken."""
    taken: set[Id] = set()
    chosen = []
    for pace in paces:
        free = (pair for pair in pace.best if pair[1].volunteer not in taken)
        chosen.append(list(islice(free, pace.wave)))
        taken.update(one.volunteer for _, one in chosen[-1])
    return chosen


def _all_at_once(paces: Sequence[Pace]) -> list[list[Scored]]:
    """The same are served as in turn, and all of them together as well as can be."""
    wanted: dict[int, list[tuple[float, Hashable]]] = {}  # by list: many tasks have the same
    for pace in paces:
        if id(pace.best) not in wanted:
            wanted[id(pace.best)] = [(score, one.volunteer) for score, one in pace.best]
    found = assign([Wish(min(pace.wave, len(pace.best)), wanted[id(pace.best)]) for pace in paces])
    return [[pace.best[at] for at in mine] for pace, mine in zip(paces, found, strict=True)]


def _plan(
    now: Minutes, task: Task, pace: Pace, chosen: Sequence[Scored], settings: Settings
) -> Plan:
    short = pace.wave - len(chosen)
    if chosen:
        return Plan(ask(task, chosen), now + pace.every, pace.circle, short)
    gap: float = settings["gap"][task.urgency]
    wait = min(2 * gap, settings["longest_wait"]) if pace.wave else gap
    return Plan((), now + wait, pace.circle, short)


def _time_left(now: Minutes, task: Task, settings: Settings) -> Minutes:
    """Minutes in which messages may be sent, less the time for the last answer."""
    end: Minutes = task.due - settings["tail"][task.urgency]
    return sum(max(min(closes, end) - max(opens, now), 0.0) for opens, closes in task.windows)


def _needed(task: Task, settings: Settings) -> tuple[int, int]:
    """Return how many more offers fill the places with the wanted chance, and in which circle.

    The circle widens only where all who are nearer are not `enough`, or the head has said so:
    who is nearer may be free only later, and she would rather not wait.
    """
    filled = Filled(task.places, task.out)
    needed, least = 0, min(task.least, task.widest)
    for circle in range(task.widest + 1):
        if circle and filled.all >= settings["enough"]:
            return needed, max(circle - 1, least)
        chances = [_chance(one, settings) for one in task.prospects if one.circle == circle]
        for chance in sorted(chances, reverse=True):
            if filled.all >= settings["target"]:
                return needed, max(circle, least)
            filled.add(chance)
            needed += 1
    return needed, task.widest


class Filled:
    """The distribution of how many of `places` are filled by offers of independent chances."""

    def __init__(self, places: int, chances: Iterable[float] = ()) -> None:
        self.chance = [1.0] + [0.0] * places
        for chance in chances:
            self.add(chance)

    @property
    def all(self) -> float:
        """The chance that every place is filled."""
        return self.chance[-1]

    def add(self, chance: float) -> None:
        """Count one more offer."""
        some = self.chance
        some[-1] += some[-2] * chance
        for count in range(len(some) - 2, 0, -1):
            some[count] += (some[count - 1] - some[count]) * chance
        some[0] *= 1 - chance


def _chance(one: Prospect, settings: Settings) -> float:
    """The chance of a yes; a usual one where no model, or nonsense, is given."""
    chance = one.chance
    if chance is None or not 0 <= chance <= 1:
        return float(settings["usual_chance"])
    return chance


def _best(task: Task, able: Iterable[Prospect], people: People, settings: Settings) -> list[Scored]:
    """Return the rested with their scores, best first.

    Where scores agree, the nearer circle comes first, in it the longest unasked.
    """
    rested = settings["rested"][task.urgency]
    scored = []
    for one in able:
        person = people[one.volunteer]
        if person.hears >= rested:
            chance = _chance(one, settings) * person.hears * task.in_time
            scored.append((_value(chance, person, settings), one))

    def rank(pair: Scored) -> tuple[float, int, Minutes]:
        return -pair[0], pair[1].circle, people[pair[1].volunteer].asked_at

    return sorted(scored, key=rank)


def _value(chance: float, person: Volunteer, settings: Settings) -> float:
    """Certainty that a message to her gains, for its price: she has been asked, she has helped."""
    price: float = (
        1
        + settings["load"] * (person.messages / settings["week_cap"]) ** 2
        + settings["fair"] * (person.tasks / 3) ** 2
    )
    return -math.log1p(-min(chance, 0.99)) / price
