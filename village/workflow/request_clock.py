"""What the clock itself does to a request: warnings and breaches (3.0).

Each is an event of its own, so that the timeline says when who was told. They come from due
times, once each; what has moved on meanwhile is left alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from village import clock
from village.models import Request
from village.relations import CHAIR, HEAD, REQUESTER, STAND_IN, SYSTEM
from village.workflow import priorities
from village.workflow.engine import Step, Tell, Transition
from village.workflow.request_limits import WARN_LATE, hours_of

UNANSWERED = ("submitted", "triage")
RUNNING = (*UNANSWERED, "accepted", "dispatching", "assigned", "in_progress", "checking")
ESCALATE_AFTER = timedelta(hours=48)  # after a breach (R20, 3.7)
T = Transition


# ---------------------------------------------------------------- conditions


def is_to_be_answered(request: Request) -> bool:
    """No person has answered the villager, and there is still time."""
    return request.first_response_at is None and not _is_over(request.first_response_due)


def is_unanswered_in_time(request: Request) -> bool:
    """No person has answered the villager, the limit has passed, and nobody was told of that."""
    told = request.first_response_at or request.response_breached_at
    return told is None and _is_over(request.first_response_due)


def is_to_be_solved(request: Request) -> bool:
    """There is still time to solve it."""
    return not _is_over(request.resolve_due)


def is_unsolved_in_time(request: Request) -> bool:
    """The limit to solve it has passed, and nobody was told of that."""
    return request.resolve_breached_at is None and _is_over(request.resolve_due)


def _is_over(due: datetime | None) -> bool:
    return due is not None and due <= clock.now()


# ---------------------------------------------------------------- effects


def plan_response_late(step: Step) -> None:
    """After half of the time to answer, the next warning is at four fifths."""
    _plan_late(step, "first_response", step.row.first_response_due)


def plan_resolve_late(step: Step) -> None:
    """After half of the time to solve it, the next warning is at four fifths."""
    _plan_late(step, "resolve", step.row.resolve_due)


def _plan_late(step: Step, limit: str, due: datetime | None) -> None:
    if due is not None:
        at = priorities.share(step.row.priority, step.now, due, WARN_LATE, hours_of(step))
        step.due[f"{limit}_late"] = at


def keep_response_breach(step: Step) -> None:
    """Keep that nobody answered in time."""
    step.row.response_breached_at = step.now
    step.data["due"] = step.row.first_response_due.isoformat()


def keep_resolve_breach(step: Step) -> None:
    """Keep that it was not solved in time; in two days it is escalated, if it still is not.

    What lies with the rung above already goes on from there.
    """
    step.row.resolve_breached_at = step.now
    step.data["due"] = step.row.resolve_due.isoformat()
    if step.row.escalated_to is None:
        step.due["escalate"] = max(step.now, step.row.resolve_due + ESCALATE_AFTER)


# ---------------------------------------------------------------- the rows

AT_TRIAGE = (Tell(CHAIR, "N14"), Tell(STAND_IN, "N14"))
SORRY = Tell(REQUESTER, push=False)


def _warned(state: str, *more: Tell) -> tuple[Tell, ...]:
    return AT_TRIAGE if state == "triage" else (Tell(HEAD, "N14"), *more)


ROWS: tuple[Transition, ...] = (
    *(T("response_half", (state,), state, (SYSTEM,), "3.0, R6", when=is_to_be_answered,
        effects=(plan_response_late,), tell=_warned(state)) for state in UNANSWERED),
    *(T("response_late", (state,), state, (SYSTEM,), "3.0, R6", when=is_to_be_answered,
        tell=_warned(state, Tell(CHAIR, "N14"))) for state in UNANSWERED),
    *(T("response_breach", (state,), state, (SYSTEM,), "3.0, R6", when=is_unanswered_in_time,
        effects=(keep_response_breach,),
        tell=(*_warned(state, Tell(CHAIR, "N14")), SORRY)) for state in UNANSWERED),
    *(T("resolve_half", (state,), state, (SYSTEM,), "3.0, R21", when=is_to_be_solved,
        effects=(plan_resolve_late,), tell=(Tell(HEAD, push=False),)) for state in RUNNING),
    *(T("resolve_late", (state,), state, (SYSTEM,), "3.0, R21", when=is_to_be_solved,
        tell=_warned(state, Tell(CHAIR, push=False))) for state in RUNNING),
    *(T("resolve_breach", (state,), state, (SYSTEM,), "3.0, R21", when=is_unsolved_in_time,
        effects=(keep_resolve_breach,),
        tell=(*_warned(state, Tell(CHAIR, "N14")), SORRY)) for state in RUNNING),
)  # fmt: skip
