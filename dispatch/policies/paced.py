"""Paced offers: as few as are needed, spread over the time there is, to the rested and little used.

A task asks as many as make it likely (`target`) that its places are filled, no more at once than
the time left demands, and never somebody who is likely still resting from her last message.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from dispatch.policies.common import (
    Decision,
    Minutes,
    People,
    Plan,
    Prospect,
    Settings,
    Task,
    Volunteer,
    ask,
    each,
    within,
)


def decide(now: Minutes, tasks: Iterable[Task], volunteers: People, settings: Settings) -> Decision:
    """Make the offers that are due now, and say when the next ones are."""

    def rule(now: Minutes, task: Task, free: Sequence[Prospect], people: People) -> Plan:
        return _pace(now, task, free, people, settings)

    return each(now, tasks, volunteers, rule)


def _pace(
    now: Minutes, task: Task, free: Sequence[Prospect], people: People, settings: Settings
) -> Plan:
    gap: float = settings["gap"][task.urgency]
    needed, circle = _needed(task, settings)
    able = within(circle, free)
    if not needed or not able:
        return Plan((), now + gap, circle)
    pace = settings["spread"][task.urgency] * _time_left(now, task, settings) / needed
    wave = math.ceil(gap / max(pace, 0.5) - 1e-9) or 1
    best = _best(task, able, people, settings)[:wave]
    if not best:
        return Plan((), now + min(2 * gap, settings["longest_wait"]), circle)
    return Plan(ask(task, best), now + max(pace, gap), circle)


def _time_left(now: Minutes, task: Task, settings: Settings) -> Minutes:
    """Minutes in which messages may be sent, less the time for the last answer."""
    end: Minutes = task.due - settings["tail"][task.urgency]
    return sum(max(min(closes, end) - max(opens, now), 0.0) for opens, closes in task.windows)


def _needed(task: Task, settings: Settings) -> tuple[int, int]:
    """Return how many more offers fill the places with the wanted chance, and in which circle.

    The circle widens only where all who are nearer are not `enough`.
    """
    filled = Filled(task.places, task.out)
    needed = 0
    for circle in range(task.widest + 1):
        if circle and filled.all >= settings["enough"]:
            return needed, circle - 1
        chances = [_chance(one, settings) for one in task.prospects if one.circle == circle]
        for chance in sorted(chances, reverse=True):
            if filled.all >= settings["target"]:
                return needed, circle
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


def _best(
    task: Task, able: Iterable[Prospect], people: People, settings: Settings
) -> list[tuple[float, Prospect]]:
    """Return the rested with their scores, best first; the longest unasked where scores agree."""
    rested = settings["rested"][task.urgency]
    scored = []
    for one in able:
        person = people[one.volunteer]
        if person.hears >= rested:
            chance = _chance(one, settings) * person.hears * task.in_time
            scored.append((_value(chance, person, settings), one))
    return sorted(scored, key=lambda pair: (-pair[0], people[pair[1].volunteer].asked_at))


def _value(chance: float, person: Volunteer, settings: Settings) -> float:
    """Certainty that a message to her gains, for its price: she has been asked, she has helped."""
    price: float = (
        1
        + settings["load"] * (person.messages / settings["week_cap"]) ** 2
        + settings["fair"] * (person.tasks / 3) ** 2
    )
    return -math.log1p(-min(chance, 0.99)) / price
