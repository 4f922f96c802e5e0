"""How far a policy without a model goes: a round, a circle (R14), and no waiting for nobody."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

from dispatch.policies.common import Minutes, People, Prospect, Settings, Task, Urgency
from dispatch.response import minutes_until

Ready = Callable[[Prospect], Minutes]


def reached(now: Minutes, task: Task, people: People, settings: Settings) -> int:
    """Return the circle: one wider each round, or where anybody is, never wider than allowed.

    The head's word to ask farther counts like the rounds that it spares.

    A task is stuck where nobody as near as this can be asked within the circle's part of its
    time (each has an equal one; in danger there is none to lose). Then it goes as much wider as
    brings somebody now: a round that can ask nobody would never widen it.
    """
    circles = sorted({one.circle for one in task.prospects if one.circle <= task.widest})
    circle = min(max(task.rounds, task.least, *circles[:1], 0), task.widest)
    first = _first(now, task, _ready(now, task, people, settings))
    if all(at > now for at in first.values()):
        return circle  # a wider one would bring nobody either
    for count, (near, wider) in enumerate(pairwise(circles), 1):
        if wider > circle:
            ready = min(at for one, at in first.items() if one <= near)
            if ready <= max(_until(task, count / len(circles)), now):
                return circle
            circle = wider
    return circle


def _first(now: Minutes, task: Task, ready: Ready) -> Mapping[int, Minutes]:
    """Return when somebody of each circle can be asked at the earliest."""
    first: dict[int, Minutes] = {}
    for one in task.prospects:
        if one.circle <= task.widest and first.get(one.circle, now + 1) > now:
            first[one.circle] = min(first.get(one.circle, math.inf), ready(one))
    return first


def _ready(now: Minutes, task: Task, people: People, settings: Settings) -> Ready:
    """Return what says when a prospect can be asked; of most only that it is not now."""
    rested = settings.get("rested", {}).get(task.urgency, 0.0)
    later: Minutes = now + settings["wait"][task.urgency]

    def ready(one: Prospect) -> Minutes:
        if not one.now:
            return later
        return now + minutes_until(rested, people[one.volunteer].hears)

    return ready


def _until(task: Task, part: float) -> Minutes:
    """Return when a part of the task's time is over; in danger nobody is waited for."""
    if task.urgency is Urgency.URGENT:
        return task.opened
    return task.opened + (task.due - task.opened) * part
