"""The request's clocks (3.0): what each step starts, rests, moves and stops."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from village import clock, hours
from village.clock import Hours
from village.models import Category, DueTime
from village.workflow import priorities
from village.workflow.engine import Step

TRIAGE_HOURS = 4
ANSWER_DAYS = 5
AUTO_CLOSE_DAYS = 7
EMERGENCY_MINUTES = 2
ENDED = ("closed", "rejected", "withdrawn", "handed_over", "merged", "not_ours", "split")

# Due times that belong to a state: set on entering it, cancelled on leaving.
STATE_DUE = {
    "draft": "emergency_answer",
    "triage": "triage",
    "needs_info": "requester_answer",
    "resolved": "auto_close",
    "not_ours": "ask_helped",
}


def set_limits(step: Step) -> None:
    """Start the two clocks of a request that people now see (3.0)."""
    if step.row.submitted_at is None:
        start_limits(step)


def start_limits(step: Step) -> None:
    """Start the two clocks now, by the priority and the category (3.0)."""
    request, category = step.row, step.payload.get("category")
    if category is None and step.row.category:
        category = step.session.get(Category, step.row.category)
    within = category.first_response_hours if category else 24
    days = category.resolve_days if category else 7
    raised = category is None or request.priority != category.priority
    asked, when = request.priority, hours_of(step)
    first = priorities.first_response_due(asked, within, step.now, when, raised=raised)
    resolve = priorities.resolve_due(asked, days, step.now, when, raised=raised)
    request.submitted_at = step.now
    request.first_response_due, request.resolve_due = first, resolve
    step.due |= {"first_response": first, "resolve": resolve}


def hours_of(step: Step) -> Hours:
    """Return the service hours by which the request's deadlines run: its village's."""
    return hours.of(step.session, step.row.village_code)


def responded(step: Step) -> None:
    """The first human answer that the villager can see stops the first clock (3.0)."""
    if step.row.first_response_at is None:
        step.row.first_response_at = step.now
        cancel_due(step, "first_response")


def bring_forward(step: Step) -> None:
    """A raised priority can only make the limits earlier."""
    limits = priorities.TABLE[step.row.priority]
    start = step.row.submitted_at or step.now
    due = priorities.resolve_due(step.row.priority, limits.resolve_days, start, hours_of(step))
    if step.row.resolve_due is None or due < step.row.resolve_due:
        step.row.resolve_due = due
        cancel_due(step, "resolve")
        step.due |= {"resolve": due}


def pause(step: Step) -> None:
    """The clock rests while the villager is asked (3.0)."""
    step.row.question = step.payload["question"]
    step.row.paused_at = step.now
    step.session.execute(_open_due(step, "resolve").values(paused_at=step.now))


def go_on(step: Step) -> None:
    """The answer came: the clock goes on with what was left of it, and is never reset (R8)."""
    since, due = step.row.paused_at or step.now, step.row.resolve_due
    step.row.paused_at = None
    if due is not None:
        due = priorities.after_pause(step.row.priority, due, since, step.now, hours_of(step))
        step.row.resolve_due = due
    step.session.execute(_open_due(step, "resolve").values(paused_at=None, due_at=due))


def change_due_times(step: Step, source: str) -> None:
    """Cancel due times of the state that was left, set those of the state that is entered."""
    target = step.transition.target
    if source in STATE_DUE and source != target:
        cancel_due(step, STATE_DUE[source])
    if target in STATE_DUE and source != target:
        step.due |= {STATE_DUE[target]: _state_due(step, target)}
    if target == "resolved":
        step.row.resolved_at = step.now
        cancel_due(step, "resolve", "first_response")
    if target in ENDED and source != target:
        step.row.ended_at = step.now
        if source not in ("resolved", "-"):
            cancel_due(step, "resolve", "first_response")


def _state_due(step: Step, state: str) -> datetime:
    if state == "draft":
        return step.now + timedelta(minutes=EMERGENCY_MINUTES)
    if state == "triage":
        return priorities.after(step.row.priority, TRIAGE_HOURS, step.now, hours_of(step))
    if state == "needs_info":
        return clock.end_of_service_day(step.now, ANSWER_DAYS, hours_of(step))
    # resolved (R24) and not_ours (R31) both wait a week for the villager's word
    return step.now + timedelta(days=AUTO_CLOSE_DAYS)


def cancel_due(step: Step, *kinds: str) -> None:
    """Cancel the open due times of these kinds."""
    step.session.execute(_open_due(step, *kinds).values(cancelled_at=step.now))


def _open_due(step: Step, *kinds: str) -> sa.Update:
    return sa.update(DueTime).where(
        DueTime.request_id == step.row.id,
        DueTime.kind.in_(kinds),
        DueTime.fired_at.is_(None),
        DueTime.cancelled_at.is_(None),
    )
