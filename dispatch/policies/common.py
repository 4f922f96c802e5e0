"""What every policy is given and what it answers; times are minutes on one clock of the caller.

A policy knows of a person when and how often she was asked, how much she has lately done, and
the chance of a yes where a model gave one; nothing of background, age, views or success.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

Id = UUID | int
Minutes = float
NEVER = -math.inf


class Urgency(StrEnum):
    """How much time there is: an hour or so; the same day; a day and more."""

    URGENT = "urgent"
    TODAY = "today"
    LATER = "later"


DAY = 24 * 60.0


@dataclass(frozen=True, slots=True)
class Volunteer:
    """A person as a policy sees her.

    `hears` is the chance in [0, 1] that a message is noticed now: it grows with the time since
    the last one. `messages` and `tasks` count the last seven days, messages of every kind.
    """

    id: Id
    asked_at: Minutes = NEVER
    hears: float = 1.0
    messages: float = 0
    tasks: float = 0


@dataclass(frozen=True, slots=True)
class Prospect:
    """A volunteer who may be asked for a task by all hard rules.

    `now`: at this moment; otherwise at some time before the task is due. `chance`: of a yes if
    she hears of it, None without a model. `circle`: 0 own station, 1 village, 2 neighbours.
    """

    volunteer: Id
    chance: float | None = None
    now: bool = True
    km: float = 0.0
    circle: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A task with open places.

    `windows`: when messages may be sent, from now until `due`, as (from, to). `in_time`: chance
    that an answer to a message sent now comes before `due`. `out`: for each offer still
    unanswered the chance that it yet brings a yes. `rounds`: rounds so far. `widest`: the
    widest circle that the heads allow; `least`: as far as the head has said to ask by now.
    `at_most`: where it is looked at before its time, as many as its last look wanted and could
    not ask.
    """

    id: Id
    urgency: Urgency
    opened: Minutes
    due: Minutes
    places: int
    windows: Sequence[tuple[Minutes, Minutes]]
    prospects: Sequence[Prospect]
    in_time: float = 1.0
    out: Sequence[float] = ()
    rounds: int = 0
    widest: int = 0
    at_most: int | None = None
    least: int = 0

    def limited(self, wave: int) -> int:
        """Return how many of a wave may be asked at this look."""
        return wave if self.at_most is None else min(wave, self.at_most)


@dataclass(frozen=True, slots=True)
class Offer:
    """One message to one person. `score` and `chance` are kept for the replay."""

    task: Id
    volunteer: Id
    circle: int
    score: float
    chance: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a policy does about one task: the offers, when to look again, the circle reached.

    `short`: how many more it would ask now, if they could be asked.
    """

    offers: tuple[Offer, ...]
    wake: Minutes
    circle: int = 0
    short: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """All offers of one decision, and for each task its plan."""

    plans: Mapping[Id, Plan] = field(default_factory=dict)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The offers in the order in which they were decided."""
        return tuple(offer for plan in self.plans.values() for offer in plan.offers)

    @property
    def next_wake(self) -> Minutes:
        """The earliest time at which one of the tasks is to be looked at again."""
        return min((plan.wake for plan in self.plans.values()), default=math.inf)


People = Mapping[Id, Volunteer]
Settings = Mapping[str, Any]
Rule = Callable[[Minutes, Task, Sequence[Prospect], People], Plan]


def in_line(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks in the order in which they choose.

    Urgent ones first; then by age, where one that has more time counts as a day younger. So no
    task waits while a younger one of its urgency is served, and none waits for ever.
    """

    def turn(task: Task) -> tuple[bool, Minutes, Minutes]:
        head_start = DAY if task.urgency is Urgency.TODAY else 0.0
        return task.urgency is not Urgency.URGENT, task.opened - head_start, task.due

    return sorted(tasks, key=turn)


def each(now: Minutes, tasks: Iterable[Task], volunteers: People, rule: Rule) -> Decision:
    """Apply `rule` to one task after another; nobody gets two new offers at once."""
    plans: dict[Id, Plan] = {}
    taken: set[Id] = set()
    for task in in_line(tasks):
        if task.due <= now or task.places <= 0:
            continue
        free = [one for one in task.prospects if one.now and one.volunteer not in taken]
        plan = rule(now, task, free, volunteers)
        taken.update(offer.volunteer for offer in plan.offers)
        plans[task.id] = plan
    return Decision(plans)


def ask(task: Task, chosen: Iterable[tuple[float, Prospect]]) -> tuple[Offer, ...]:
    """Return an offer for each (score, prospect)."""
    return tuple(
        Offer(task.id, one.volunteer, one.circle, score, one.chance) for score, one in chosen
    )


def within(circle: int, prospects: Iterable[Prospect]) -> list[Prospect]:
    """Return the prospects of this circle and of the narrower ones."""
    return [one for one in prospects if one.circle <= circle]


def served(
    now: Minutes,
    task: Task,
    able: Sequence[tuple[float, Prospect]],
    circle: int,
    settings: Settings,
) -> Plan:
    """Return the plan of a policy without a model: the first of `able`, one for each open place."""
    chosen = able[: task.limited(task.places)]
    wake = now + settings["wait"][task.urgency]
    return Plan(ask(task, chosen), wake, circle, short=task.limited(task.places) - len(chosen))
