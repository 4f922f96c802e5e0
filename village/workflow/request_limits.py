"""The request's clocks (3.0): what each step starts, rests, moves and stops."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, duty, hours
from village.clock import Hours
from village.models import Category, DueTime, Request, Task
from village.relations import CHAIR, HEAD, MEDIATOR, ON_DUTY, STAND_IN
from village.workflow import priorities
from village.workflow.engine import LOCK, Step

TRIAGE_HOURS = 4
ANSWER_DAYS = 5
FIRST_REMINDER = timedelta(days=2)  # R7
AUTO_CLOSE_DAYS = 7
EMERGENCY_MINUTES = 2
OFFICERS = (HEAD, CHAIR, MEDIATOR, STAND_IN, ON_DUTY)
ENDED = ("closed", "rejected", "withdrawn", "handed_over", "merged", "not_ours", "split",
         "unresolved_closed")  # fmt: skip

# A limit's due times: itself, and the warnings before it (3.0).
LIMITS = {
    "first_response": ("first_response", "first_response_half", "first_response_late"),
    "resolve": ("resolve", "resolve_half", "resolve_late", "escalate"),
    "duty": ("duty",),  # something urgent must be seen by a person
}
WARN_HALF = 0.5  # of the time
WARN_LATE = 0.6  # of what is left after half of it: at 80 %

# Due times that belong to a state: set on entering it, cancelled on leaving.
STATE_DUE = {
    "draft": "emergency_answer",
    "triage": "triage",
    "needs_info": "requester_answer",
    "resolved": "auto_close",
    "not_ours": "ask_helped",
}
# Those that an effect sets, and that end with the state too.
STATE_ENDS = {
    "needs_info": ("answer_remind",),
    "suspended": ("suspend_review", "suspend_limit"),
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
    step.due |= {**warned(step, "first_response", first), **warned(step, "resolve", resolve)}
    if priorities.TABLE[asked].wall:
        step.due["duty"] = step.now + next(iter(duty.ladder().values()))


def warned(step: Step, limit: str, at: datetime) -> dict[str, datetime]:
    """Return the due times of a limit: the moment itself, and the first warning to come."""
    start, priority, when = step.row.submitted_at or step.now, step.row.priority, hours_of(step)
    half = priorities.share(priority, start, at, WARN_HALF, when)
    if half > step.now or start == step.now:
        return {limit: at, f"{limit}_half": half}
    if step.now < at:
        late = priorities.share(priority, step.now, at, WARN_LATE, when)
        return {limit: at, f"{limit}_late": late}
    return {limit: at}


def set_limit(step: Step, limit: str, at: datetime) -> None:
    """Move a limit; what was due before it, or because of it, is due anew."""
    setattr(step.row, f"{limit}_due", at)
    cancel_limits(step, limit)
    step.due |= warned(step, limit, at)
    if limit == "resolve" and step.row.status == "dispatching":
        _look_again(step)


def _look_again(step: Step) -> None:
    """People are looked for until another moment now: the next look would be too late, or early."""
    searches = sa.update(Task).where(Task.request_id == step.row.id, Task.status == "open")
    step.session.execute(searches.values(next_wake=step.now))
    step.jobs.append("dispatch.round")


def cancel_limits(step: Step, *limits: str) -> None:
    """Cancel limits with their warnings."""
    cancel_due(step, *(kind for limit in limits for kind in LIMITS[limit]))


def hours_of(step: Step) -> Hours:
    """Return the service hours by which the request's deadlines run: its village's."""
    return hours.of(step.session, step.row.village_code)


def responded(step: Step) -> None:
    """The first human answer that the villager can see stops the first clock (3.0)."""
    if step.row.first_response_at is None:
        step.row.first_response_at = step.now
        cancel_limits(step, "first_response", "duty")


def bring_forward(step: Step) -> None:
    """A raised priority can only make the limits earlier."""
    limits = priorities.TABLE[step.row.priority]
    start = step.row.submitted_at or step.now
    due = priorities.resolve_due(step.row.priority, limits.resolve_days, start, hours_of(step))
    if step.row.resolve_due is None or due < step.row.resolve_due:
        set_limit(step, "resolve", due)


def pause(step: Step) -> None:
    """The clock rests while the villager is asked (3.0)."""
    step.row.question = step.payload["question"]
    wait(step)


def wait(step: Step) -> None:
    """She is reminded of the question after two days, and the clock rests until she answers."""
    step.row.phone_tried_at = None
    soon = step.now + FIRST_REMINDER
    step.due["answer_remind"] = clock.add_service_hours(soon, 0, hours_of(step))
    rest(step)


def rest(step: Step) -> None:
    """Let the clock rest: the limit to solve it, with its warnings."""
    step.row.paused_at = step.now
    resting = sa.update(DueTime).where(*_open(step, *LIMITS["resolve"]))
    step.session.execute(resting.values(paused_at=step.now))


def go_on(step: Step) -> None:
    """The answer came: the clock goes on with what was left of it, and is never reset (R8)."""
    request, since = step.row, step.row.paused_at or step.now
    request.paused_at = None
    if request.resolve_due is not None:
        request.resolve_due = _after_pause(step, request.resolve_due, since)
    resting = sa.select(DueTime).where(*_open(step, *LIMITS["resolve"]))
    for due in step.session.scalars(resting):
        due.due_at, due.paused_at = _after_pause(step, due.due_at, since), None


def rest_again(session: Session, due: DueTime) -> bool:
    """Put back a limit that came due just before its clock began to rest; tell whether it did."""
    if due.kind not in LIMITS["resolve"]:
        return False
    request = session.get_one(Request, due.request_id, with_for_update=LOCK, populate_existing=True)
    if request.paused_at is None:
        return False
    due.fired_at, due.paused_at = None, request.paused_at
    return True


def _after_pause(step: Step, due: datetime, since: datetime) -> datetime:
    return priorities.after_pause(step.row.priority, due, since, step.now, hours_of(step))


def change_due_times(step: Step, source: str) -> None:
    """Cancel due times of the state that was left, set those of the state that is entered."""
    target = step.transition.target
    if step.role in OFFICERS and step.row.seen_at is None:
        step.row.seen_at = step.now
        if priorities.TABLE[step.row.priority].wall:
            cancel_limits(step, "duty")
    if source in STATE_DUE and source != target:
        cancel_due(step, STATE_DUE[source])
    if source != target:
        cancel_due(step, *STATE_ENDS.get(source, ()))
    if target in STATE_DUE and source != target:
        step.due |= {STATE_DUE[target]: _state_due(step, target)}
    if target == "resolved" and source != target:
        step.row.resolved_at = step.now
        cancel_limits(step, *LIMITS)
    if target in ENDED and source != target:
        step.row.ended_at = step.now
        if source not in ("resolved", "-"):
            cancel_limits(step, *LIMITS)


def _state_due(step: Step, state: str) -> datetime:
    if state == "draft":
        return step.now + timedelta(minutes=EMERGENCY_MINUTES)
    if state == "triage":
        return priorities.after(step.row.priority, TRIAGE_HOURS, step.now, hours_of(step))
    if state == "needs_info":
        return answer_due(step)
    # resolved (R24) and not_ours (R31) both wait a week for the villager's word
    return step.now + timedelta(days=AUTO_CLOSE_DAYS)


def answer_due(step: Step) -> datetime:
    """Return by when she who is asked something is to answer: five days (R7)."""
    return clock.end_of_service_day(step.now, ANSWER_DAYS, hours_of(step))


def cancel_due(step: Step, *kinds: str) -> None:
    """Cancel the open due times of these kinds, with the end of the step."""
    step.cancelled.update(kinds)


def _open(step: Step, *kinds: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        DueTime.request_id == step.row.id,
        DueTime.kind.in_(kinds),
        DueTime.fired_at.is_(None),
        DueTime.cancelled_at.is_(None),
    )
