"""When looking for people comes to an end, and when the head must be told that it may."""

from __future__ import annotations

from enum import StrEnum

from dispatch.policies.common import Minutes, Plan, Task
from dispatch.policies.paced import Filled
from dispatch.work import Work

LIKELY, HARDLY = 0.9, 0.5  # chance that all places are filled


class Ending(StrEnum):
    """What becomes of the search; the two lower ones are told once, and the search goes on."""

    GIVE_UP = "give_up"
    SHORT = "run_short"
    THIN = "may_fail"


def ending(work: Work, task: Task, widest: int, now: Minutes, offers: int) -> Ending | None:
    """Return how a look ends the search, if it does (R15).

    With nobody left in any circle that is allowed and nothing out, or with its time over, it is
    given up, or short where somebody has said yes. With half of the time gone and little hope
    the head hears of it.
    """
    left = any(one.circle <= widest for one in task.prospects)
    if task.due <= now or not (left or offers or work.out):
        return Ending.SHORT if work.places_taken else Ending.GIVE_UP
    half_gone = now > task.opened + (task.due - task.opened) / 2
    if half_gone and not work.told_short and _hope(task, widest) < HARDLY:
        return Ending.SHORT if work.places_taken else Ending.THIN
    return None


def lacking(task: Task, widest: int, plan: Plan) -> int:
    """Return how many people it needs and this look could not find; 0 where enough are asked.

    They lack in the wave, or for the places if all were asked whoever may be; at least one where
    nobody could be asked.
    """
    able = sum(one.circle <= widest for one in task.prospects)
    short = max(plan.short, task.places - len(task.out) - able, 0 if plan.offers else 1)
    made = [offer.chance or 0.0 for offer in plan.offers]
    needs = short > 0 and Filled(task.places, [*task.out, *made]).all < LIKELY
    return short if needs else 0


def _hope(task: Task, widest: int) -> float:
    """The chance that all places are filled, if everybody is asked who may be."""
    chances = [one.chance for one in task.prospects if one.circle <= widest]
    known = [chance * task.in_time for chance in chances if chance is not None]
    return Filled(task.places, [*task.out, *known]).all
