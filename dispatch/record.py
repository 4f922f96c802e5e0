"""What a decision was made of, as it is kept, and as it can be made again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dispatch.explore import Able, Chosen, able, explore, propensity
from dispatch.policies import registry
from dispatch.policies.common import (
    NEVER,
    Decision,
    People,
    Prospect,
    Task,
    Urgency,
    Volunteer,
)
from dispatch.policies.registry import Policy
from dispatch.translate import minutes
from village.models import Round

Json = dict[str, Any]


@dataclass(frozen=True)
class Decided:
    """A decision about some tasks: each one's plan, and the offers as they are made."""

    decision: Decision
    chosen: Mapping[Any, list[Chosen]]


def decide(
    policy: Policy, now: float, tasks: Sequence[Task], people: People, seeds: Mapping[Any, int]
) -> Decided:
    """Let the policy decide, then chance: a function of what it is given alone."""
    decision = policy.decide(now, tasks, people)
    by_id = {task.id: task for task in tasks}
    taken = {offer.volunteer for offer in decision.offers}
    chosen = {}
    pools: dict[Any, Able] = {}  # by what makes them alike: many tasks share their prospects
    for task_id, plan in decision.plans.items():
        task = by_id[task_id]
        alike = id(task.prospects), plan.circle, task.urgency
        if alike not in pools:
            pools[alike] = able(task, plan.circle, people, policy.settings)
        chosen[task_id] = explore(task, plan, pools[alike], seeds[task_id], taken)
        taken |= {one.offer.volunteer for one in chosen[task_id]}
    return Decided(decision, chosen)


# ---------------------------------------------------------------- as JSON


def task_json(task: Task) -> Json:
    """Return a task as it is kept; the prospects are kept beside it."""
    return {
        "id": str(task.id),
        "urgency": str(task.urgency),
        "opened": task.opened,
        "due": task.due,
        "places": task.places,
        "windows": [list(window) for window in task.windows],
        "in_time": task.in_time,
        "out": list(task.out),
        "rounds": task.rounds,
        "widest": task.widest,
        "at_most": task.at_most,
        "least": task.least,
    }


def candidates_json(task: Task, people: People) -> list[Json]:
    """Return the prospects with what the policy knew of them."""
    return [
        {
            "person": str(one.volunteer),
            "chance": one.chance,
            "now": one.now,
            "km": one.km,
            "circle": one.circle,
            "asked_at": None if math.isinf(who.asked_at) else who.asked_at,
            "hears": who.hears,
            "messages": who.messages,
            "tasks": who.tasks,
        }
        for one in task.prospects
        for who in (people[one.volunteer],)
    ]


def plan_json(task: Task, decided: Decided) -> Json:
    """Return what was decided about a task; nothing where it was not looked at any more."""
    plan = decided.decision.plans.get(task.id)
    if plan is None:
        return {}
    offers = [
        {
            "person": str(one.offer.volunteer),
            "circle": one.offer.circle,
            "score": one.offer.score if math.isfinite(one.offer.score) else None,
            "chance": one.offer.chance,
            "source": one.source,
            "propensity": one.propensity,
        }
        for one in decided.chosen[task.id]
    ]
    return {"offers": offers, "wake": plan.wake, "circle": plan.circle}


# ---------------------------------------------------------------- and again


@dataclass(frozen=True)
class Again:
    """A decision that was made again: what went in, and what came out."""

    policy: Policy
    tasks: Mapping[UUID, Task]
    people: People
    decided: Decided

    def plan(self, task_id: UUID) -> Json:
        """Return a task's plan as it would be kept."""
        return plan_json(self.tasks[task_id], self.decided)

    def propensity(self, task_id: UUID, person: UUID) -> float:
        """Return the chance with which she is asked for a task."""
        plan = self.decided.decision.plans.get(task_id)
        if plan is None:
            return 0.0
        taken = {offer.volunteer for offer in self.decided.decision.offers}
        task, settings = self.tasks[task_id], self.policy.settings
        pool = able(task, plan.circle, self.people, settings)
        return propensity(task, plan, pool, taken, person)


def again(rounds: Sequence[Round], version: str | None = None) -> Again:
    """Make a decision again from its rounds, by its own policy or another version.

    Raises KeyError for a policy that there is not (any more).
    """
    people = {person.id: person for one in rounds for person in map(_volunteer, one.candidates)}
    tasks = [_task(one) for one in rounds]
    policy = registry.load(version or rounds[0].policy)
    seeds = {task.id: one.seed for task, one in zip(tasks, rounds, strict=True)}
    decided = decide(policy, minutes(rounds[0].at), tasks, people, seeds)
    return Again(policy, {UUID(str(task.id)): task for task in tasks}, people, decided)


def _task(kept: Round) -> Task:
    facts = dict(kept.task)
    return Task(
        **{
            **facts,
            "id": UUID(facts["id"]),
            "urgency": Urgency(facts["urgency"]),
            "windows": [(window[0], window[1]) for window in facts["windows"]],
        },
        prospects=[_prospect(one) for one in kept.candidates],
    )


def _prospect(kept: Json) -> Prospect:
    return Prospect(UUID(kept["person"]), kept["chance"], kept["now"], kept["km"], kept["circle"])


def _volunteer(kept: Json) -> Volunteer:
    asked_at = NEVER if kept["asked_at"] is None else kept["asked_at"]
    return Volunteer(UUID(kept["person"]), asked_at, kept["hears"], kept["messages"], kept["tasks"])
