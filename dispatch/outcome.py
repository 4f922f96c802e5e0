"""What a look leads to: when a task is looked at again, what it lacks, what the head is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch import translate
from dispatch.deciding import Look
from dispatch.endings import Ending, ending, lacking
from dispatch.policies.common import Plan, Urgency
from dispatch.work import NEXT_VILLAGE, OWN_VILLAGE

# So long before the head hears of it.
NOTICE = {Urgency.TODAY: timedelta(minutes=30), Urgency.LATER: timedelta(minutes=60)}
STARVING_LOOK = timedelta(minutes=30)
NO_PLAN = Plan((), 0.0)


@dataclass(frozen=True)
class Outcome:
    """How a task stands after a look.

    `end`: how the search ends, if it does, and `told`: whether the head hears of it now (and
    not before). `next_wake`: None where nothing is left to look for. `short`: how many it
    lacks. `village_at`, `widens_at`: from when on the village's other stations and the next
    villages are asked, where it is said at this look.
    """

    end: Ending | None
    told: bool
    next_wake: datetime | None
    short: int
    village_at: datetime | None
    widens_at: datetime | None


def outcome(look: Look, plan: Plan | None, now: datetime) -> Outcome:
    """Return what a look leads to; no plan: its time is over, or nobody is looked for."""
    offers = len(plan.offers) if plan else 0
    end = ending(look.work, look.task, look.widest, translate.minutes(now), offers)
    given_up = end is Ending.GIVE_UP
    short = 0 if given_up else lacking(look.task, look.widest, plan or NO_PLAN)
    over = end in (Ending.GIVE_UP, Ending.SHORT) and not (offers or _goes_on(look, now))
    return Outcome(
        end=end,
        told=given_up or (end is not None and not look.work.told_short),
        next_wake=None if over or plan is None else _wake(look, plan, short, now),
        short=short,
        village_at=_said(look, OWN_VILLAGE, now),
        widens_at=_said(look, NEXT_VILLAGE, now),
    )


def _said(look: Look, circle: int, now: datetime) -> datetime | None:
    """Return from when on a circle is asked, where the head is told so at this look."""
    first = circle in look.coming and look.work.opens_at(circle) is None
    return now + _notice(look, circle) if first else None


def _notice(look: Look, circle: int) -> timedelta:
    """Return how long before a circle is asked the head hears of it."""
    whole = NOTICE[look.work.urgency]
    return whole if circle >= NEXT_VILLAGE else whole / 2


def _goes_on(look: Look, now: datetime) -> bool:
    """A search that is short is not over while there is time and somebody to ask."""
    left = any(one.circle <= look.widest for one in look.task.prospects)
    return left and look.task.due > translate.minutes(now)


def _wake(look: Look, plan: Plan, short: int, now: datetime) -> datetime:
    if look.task.at_most is not None and look.work.next_wake is not None:
        wake = look.work.next_wake  # its time has not come: only the missing were asked
    else:
        wake = _planned(look, plan, short, now)
    ends = [translate.due(look.work)]
    ends += [look.work.opens_at(one) or now + _notice(look, one) for one in look.coming]
    return min(wake, *(end for end in ends if end > now))


def _planned(look: Look, plan: Plan, short: int, now: datetime) -> datetime:
    wake = translate.moment(plan.wake)
    if short and look.work.urgency is not Urgency.URGENT and not look.anybody_now:
        wake = max(wake, now + STARVING_LOOK)
    return translate.next_look(look.work, now, wake)
