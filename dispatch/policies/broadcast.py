"""Everyone at once, newcomers later: for comparison, and for a storm where nobody tires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    reached,
    within,
)


def decide(now: Minutes, tasks: Iterable[Task], volunteers: People, settings: Settings) -> Decision:
    """Offer the task to everybody who may be asked."""

    def rule(now: Minutes, task: Task, free: Sequence[Prospect], people: People) -> Plan:
        circle = reached(task)
        chosen = [(0.0, one) for one in within(circle, free)]
        return Plan(ask(task, chosen), now + settings["wait"][task.urgency], circle)

    return each(now, tasks, volunteers, rule)
