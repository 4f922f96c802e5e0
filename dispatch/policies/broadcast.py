"""Everyone at once, newcomers later: for comparison, and for a storm where nobody tires."""

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
    ask,
    each,
    within,
)


def decide(now: Minutes, tasks: Iterable[Task], volunteers: People, settings: Settings) -> Decision:
    """Offer the task to everybody who may be asked."""

    def rule(now: Minutes, task: Task, free: Sequence[Prospect], people: People) -> Plan:
        circle = reached(now, task, people, settings)
        able = within(circle, free)
        chosen = [(0.0, one) for one in able[: task.limited(len(able))]]
        wake = now + settings["wait"][task.urgency]
        return Plan(
            ask(task, chosen), wake, circle, max(task.limited(task.places) - len(chosen), 0)
        )

    return each(now, tasks, volunteers, rule)
