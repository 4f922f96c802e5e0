"""Nearest first, one for each open place, the next after a wait or a no: for comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dispatch.policies.circles import reached
from dispatch.policies.common import (
    Decision,
    Minutes,
    People,
    Plan,
    Prospect,
    Settings,
    Task,
    each,
    served,
    within,
)


def decide(now: Minutes, tasks: Iterable[Task], volunteers: People, settings: Settings) -> Decision:
    """Offer each open place to the nearest."""

    def rule(now: Minutes, task: Task, free: Sequence[Prospect], people: People) -> Plan:
        circle = reached(now, task, people, settings)
        able = sorted(within(circle, free), key=lambda one: (one.circle, one.km))
        return served(now, task, [(-one.km, one) for one in able], circle, settings)

    return each(now, tasks, volunteers, rule)
