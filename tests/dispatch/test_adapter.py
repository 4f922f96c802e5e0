"""The adapter of `bench/` asks production's `decide`, by what a simulator shows, and nothing else.

The simulator itself is not part of this house; `Stage` shows what its interface shows: arrays by
request and volunteer. Whether the policy is good is for the simulations to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from bench import dispatch_adapter as adapter
from dispatch.policies import registry
from dispatch.policies.common import Decision, Prospect, Task, Urgency, Volunteer
from dispatch.response import Asked, Response

PEOPLE, KINDS, HOUR, DAY = 6, 2, 60.0, 1440.0
NINE = 9 * HOUR
NEVER = -1e9


@dataclass
class World:
    """What does not change: requests with their limits, who can do them, and the ways."""

    t: Any = field(default_factory=lambda: np.array([NINE, NINE - HOUR]))
    deadline: Any = field(default_factory=lambda: np.array([NINE + 2 * HOUR, NINE + DAY]))
    prio: Any = field(default_factory=lambda: np.array([0, 2]))
    need: Any = field(default_factory=lambda: np.array([1, 1]))
    type: Any = field(default_factory=lambda: np.array([0, 1]))
    ok: Any = field(default_factory=lambda: np.array([[1, 1, 1, 1, 0, 0]] * 2, dtype=bool))
    dist: Any = field(default_factory=lambda: np.tile(np.arange(PEOPLE) / 2.0, (2, 1)))

    def window(self, now: float, due: float) -> Any:
        """Everybody but the fourth has time."""
        return np.arange(PEOPLE) != 3

    def in_time(self, request: int, spell: float) -> float:
        """An answer comes within an hour, or not at all."""
        return min(spell / HOUR, 1.0)


@dataclass
class Stage:
    """A run as its policy meets it: who was asked what, who said what."""

    w: World = field(default_factory=World)
    yes: Any = field(default_factory=lambda: np.zeros((PEOPLE, KINDS)))
    offered: Any = field(default_factory=lambda: np.zeros((2, PEOPLE), dtype=bool))
    declined: Any = field(default_factory=lambda: np.zeros((2, PEOPLE), dtype=bool))
    sent_at: Any = field(default_factory=lambda: np.zeros((2, PEOPLE)))
    busy: Any = field(default_factory=lambda: np.zeros(PEOPLE))
    last: Any = field(default_factory=lambda: np.full(PEOPLE, NEVER))
    n7: Any = field(default_factory=lambda: np.zeros(PEOPLE, dtype=int))
    t7: Any = field(default_factory=lambda: np.zeros(PEOPLE, dtype=int))
    seen: Any = field(default_factory=lambda: np.zeros(2, dtype=int))
    wake: Any = field(default_factory=lambda: np.zeros(2))

    def listens(self, now: float) -> Any:
        """Who was asked an hour ago hears half of what comes."""
        return np.where(self.last > now - 2 * HOUR, 0.5, 1.0)

    def allowed(self, request: int, now: float) -> Any:
        """The third has had all her messages of the day."""
        return np.arange(PEOPLE) != 2


def by_hand(version: str, *, model: bool) -> Decision:
    """Ask production about the same morning, put together without the adapter."""
    people = {one: Volunteer(one, NEVER, 1.0, 0, 0) for one in range(PEOPLE)}
    tasks = []
    for request, urgency, left in ((0, Urgency.URGENT, 2 * HOUR), (1, Urgency.LATER, DAY)):
        chances = [Response().chance(Asked(one, request, 9, one / 2.0, 1.0)) for one in range(3)]
        nine, due = NINE, NINE + left
        days = [(420.0, 1260.0), (DAY + 420.0, DAY + 1260.0)]
        tasks.append(
            Task(
                id=request, urgency=urgency, opened=nine - request * HOUR, due=due, places=1,
                windows=days if request else [(nine, due)],
                prospects=[
                    Prospect(one, chances[one] if model else None, one != 2, one / 2.0)
                    for one in range(3)
                ],
            )
        )  # fmt: skip
    return registry.load(version).decide(NINE, tasks, people)


CASES = [
    (adapter.policy, registry.DEFAULT, True),
    (adapter.robin, registry.FALLBACK, True),
    (adapter.no_model, registry.FALLBACK, False),  # without a model the fallback decides
    (adapter.nearest, "nearest-1", True),
    (adapter.broadcast, "broadcast-1", True),
]


@pytest.mark.parametrize(("make", "version", "model"), CASES)
def test_what_is_asked_is_what_production_asks(make: Any, version: str, model: bool) -> None:
    stage, bridge = Stage(), make()
    bridge.start(stage)
    asked = bridge.decide(stage, [0, 1], NINE)
    decision = by_hand(version, model=model)
    assert asked == [(offer.task, offer.volunteer) for offer in decision.offers]
    assert asked != []
    assert stage.wake.tolist() == [decision.plans[one].wake for one in (0, 1)]
    assert {who for _, who in asked} <= {0, 1}  # who has no time, no skill, or no message left


def test_answers_reach_the_model_and_nobody_is_asked_twice() -> None:
    stage, bridge = Stage(), adapter.robin()
    bridge.start(stage)
    before = bridge.model.chance(Asked(0, 0, 10, 0.0, 1.0))
    first = bridge.decide(stage, [0], NINE)
    for request, who in first:
        stage.offered[request, who], stage.sent_at[request, who] = True, NINE
        stage.declined[request, who], stage.last[who] = True, NINE
    again = bridge.decide(stage, [0], NINE + 30)
    assert again
    assert not set(again) & set(first)
    assert bridge.model.chance(Asked(first[0][1], 0, 10, 0.0, 1.0)) < before
