"""Round-robin among the rested: the longest unasked first, and nobody who is likely still resting.

No model: this is the fallback, and gives most of what `paced` gives.
"""

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
    """Offer each open place to the longest unasked; after a wait or a no, the next round.

    Each round may go one circle wider than the last (R14), never wider than the heads allow; where
    nobody near can be asked in time, so does one that asks nobody.
    """

    def rule(now: Minutes, task: Task, free: Sequence[Prospect], people: People) -> Plan:
        rested = settings["rested"][task.urgency]
        circle = reached(now, task, people, settings)
        able = [one for one in within(circle, free) if people[one.volunteer].hears >= rested]
        able.sort(key=lambda one: (one.circle, people[one.volunteer].asked_at))
        scored = [(now - people[one.volunteer].asked_at, one) for one in able]
        return served(now, task, scored, circle, settings)

    return each(now, tasks, volunteers, rule)
