"""Putting a matter off (R19, R33): for a reason from a closed list, to a day, with an end to it.

Weather, material, another body, a meeting, or that the person is away: nothing else rests the
clock. What volunteers were asked or promised is called off, since they said yes to another day.
"""

from __future__ import annotations

from datetime import timedelta

from village import clock
from village.errors import Invalid
from village.models import Request
from village.relations import CHAIR, HEAD, REQUESTER, SYSTEM
from village.workflow import recusal
from village.workflow import request_limits as limits
from village.workflow import request_rules as rules
from village.workflow.engine import Step, Tell, Transition

SUSPENDED = "suspended"
REVIEW = timedelta(days=5)  # R19
LONGEST = timedelta(days=15)  # without the chair's consent (R33), all pauses together
DECIDE = timedelta(days=2)  # in which the chair says yes, or it goes on (R33)
FARTHEST = timedelta(days=180)
# Where each goes on: a search or an appointment was called off, so the head arranges it anew.
BACK = {
    "triage": "triage",
    "needs_info": "needs_info",
    "submitted": "submitted",
    "accepted": "accepted",
    "dispatching": "accepted",
    "assigned": "accepted",
    "in_progress": "in_progress",
    "checking": "checking",
}
T = Transition

# ---------------------------------------------------------------- conditions


def from_submitted(request: Request) -> bool:
    """It had not been accepted when it was put off."""
    return request.suspended_from == "submitted"


def from_triage(request: Request) -> bool:
    """No station had it when it was put off."""
    return request.suspended_from == "triage"


def from_needs_info(request: Request) -> bool:
    """The villager had been asked something when it was put off."""
    return request.suspended_from == "needs_info"


def from_accepted(request: Request) -> bool:
    """It was accepted, and nobody was at work on it, when it was put off."""
    return request.suspended_from == "accepted"


def from_in_progress(request: Request) -> bool:
    """The station was at work on it when it was put off."""
    return request.suspended_from == "in_progress"


def from_checking(request: Request) -> bool:
    """The work was done and not yet checked when it was put off."""
    return request.suspended_from == "checking"


def awaits_consent(request: Request) -> bool:
    """It has rested for fifteen days, and the chair was asked."""
    return request.suspend_asked_at is not None


def rests_freely(request: Request) -> bool:
    """The chair was not asked yet."""
    return request.suspend_asked_at is None


# ---------------------------------------------------------------- effects


def put_off(step: Step) -> None:
    """Rest the clock, and plan the first review and the end of fifteen days (R19, R33).

    Raises Invalid for a day that is not to come, or more than half a year away.
    """
    request, until = step.row, step.payload["until"]
    if not clock.today() < until <= clock.today() + FARTHEST:
        raise Invalid(errors={"until": ["请选明天起半年以内的一天"]})
    limits.responded(step)
    if request.paused_at is not None:  # she had been asked something: so long it has rested
        limits.go_on(step)
    limits.rest(step)
    request.suspended_from, request.suspend_reason = BACK[step.source], step.payload["reason"]
    request.suspended_until, step.data["until"] = until, until.isoformat()
    request.suspended_since = step.now - (request.suspended_for or timedelta(0))
    step.due["suspend_limit"] = max(step.now, request.suspended_since + LONGEST)
    plan_review(step)


def plan_review(step: Step) -> None:
    """The head looks again after five days, sooner if the day has come (R19)."""
    opens, _ = limits.hours_of(step).of_day(step.row.suspended_until)
    by = step.now + REVIEW
    step.due["suspend_review"] = opens if step.now < opens < by else by


def ask_chair(step: Step) -> None:
    """Fifteen days are over: the chair has two to consent, else the clock runs again (R33)."""
    step.row.suspend_asked_at = step.now
    step.due["suspend_limit"] = by = step.now + DECIDE
    step.data["receive_by"] = by.isoformat()


def consent(step: Step) -> None:
    """The chair lets it rest for fifteen days more (R33)."""
    step.row.suspend_asked_at, step.row.suspended_since = None, step.now
    limits.cancel_due(step, "suspend_limit")
    step.due["suspend_limit"] = step.now + LONGEST


def go_on(step: Step) -> None:
    """The clock goes on with what was left; how long it has rested so far counts on."""
    request = step.row
    limits.go_on(step)
    request.suspended_for = step.now - request.suspended_since
    request.suspended_from = request.suspend_reason = request.suspended_until = None
    request.suspended_since = request.suspend_asked_at = None


def wait_again(step: Step) -> None:
    """The question stands as it did: the clock rests, and she has five days anew."""
    go_on(step)
    limits.wait(step)


# ---------------------------------------------------------------- the rows

STAFF = (HEAD, CHAIR)
KEEPS = ("reason", "comment")
TOLD = (Tell(REQUESTER, "N09"), Tell("followers", push=False))
WAITING = (("submitted", (rules.is_confirmed,)), ("accepted", ()), ("checking", ()))
BACK_TO = (
    ("submitted", from_submitted),
    ("accepted", from_accepted),
    ("in_progress", from_in_progress),
    ("checking", from_checking),
)

ROWS: tuple[Transition, ...] = (
    T("suspend", ("triage",), SUSPENDED, (CHAIR,), "R19",
      guards=(recusal.not_recused, rules.is_confirmed), effects=(put_off,),
      keeps=KEEPS, tell=TOLD),
    T("suspend", ("needs_info",), SUSPENDED, STAFF, "R19",
      guards=(recusal.not_recused,), effects=(put_off,), keeps=KEEPS, tell=TOLD),
    *(T("suspend", (state,), SUSPENDED, STAFF, "R19",
        guards=(recusal.not_recused, *guards), effects=(put_off,),
        keeps=KEEPS, tell=TOLD) for state, guards in WAITING),
    T("suspend", ("in_progress",), SUSPENDED, STAFF, "R19",
      guards=(recusal.not_recused, rules.no_live_task), effects=(put_off,),
      keeps=KEEPS, tell=TOLD),
    T("suspend", ("dispatching", "assigned"), SUSPENDED, STAFF, "R19",
      guards=(recusal.not_recused,), effects=(rules.cancel_task, put_off),
      keeps=KEEPS, tell=TOLD),
    *(T("resume", (SUSPENDED,), state, (*STAFF, SYSTEM), "R19, R33", when=was,
        guards=(recusal.not_recused,), effects=(go_on,),
        tell=(Tell(HEAD, push=False), Tell(REQUESTER, push=False)))
      for state, was in BACK_TO),
    T("resume", (SUSPENDED,), "triage", (CHAIR, SYSTEM), "R19, R33", when=from_triage,
      guards=(recusal.not_recused,), effects=(go_on,),
      tell=(*recusal.TRIAGE, Tell(REQUESTER, push=False))),
    T("resume", (SUSPENDED,), "needs_info", (*STAFF, SYSTEM), "R19, R33", when=from_needs_info,
      guards=(recusal.not_recused,), effects=(wait_again,),
      tell=(Tell(HEAD, push=False), Tell(REQUESTER, "N03"))),
    T("suspend_review", (SUSPENDED,), SUSPENDED, (SYSTEM,), "R19", when=rules.is_nowhere,
      effects=(plan_review,), tell=(Tell(CHAIR, "N14"),)),
    T("suspend_review", (SUSPENDED,), SUSPENDED, (SYSTEM,), "R19", effects=(plan_review,),
      tell=(Tell(HEAD, "N14"),)),
    T("ask_consent", (SUSPENDED,), SUSPENDED, (SYSTEM,), "R33", when=rests_freely,
      effects=(ask_chair,), tell=(Tell(CHAIR, "N24"), Tell(HEAD, push=False))),
    T("let_rest", (SUSPENDED,), SUSPENDED, (CHAIR,), "R33", when=awaits_consent,
      guards=(recusal.not_recused,), effects=(consent,),
      tell=(Tell(HEAD, push=False), Tell(REQUESTER, push=False))),
)  # fmt: skip
