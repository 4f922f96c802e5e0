"""A question that nobody answers (R9): reminders, a phone call, and an end that can be undone.

After five days it ends only if the person was phoned too: whoever does not look at a screen has
not withdrawn anything. Until somebody has tried, the head is asked to, again and again.
"""

from __future__ import annotations

from datetime import timedelta

from village import clock
from village.errors import GuardFailed
from village.models import Request
from village.relations import CHAIR, ENTERER, HEAD, REQUESTER, SYSTEM
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow import request_limits as limits
from village.workflow import request_merge as merge
from village.workflow.engine import Step, Tell, Transition

AGAIN = timedelta(days=4)  # the second reminder; the first is after two (R9)
LATE_DAYS = 15
ASKED = "needs_info"
T = Transition

# ---------------------------------------------------------------- conditions


def nobody_phoned(request: Request) -> bool:
    """Nobody has tried to reach the person by phone; on the safe path one try is never enough."""
    return request.phone_tried_at is None or is_safe_path(request)


def was_phoned(request: Request) -> bool:
    """Somebody has tried to reach the person by phone, and her silence may mean that it is over."""
    return not nobody_phoned(request)


def has_no_station(request: Request) -> bool:
    """The chair asked, since no station had it yet."""
    return request.station is None


def lapsed(request: Request) -> bool:
    """It ended since the question was not answered."""
    return request.lapsed_at is not None


def lapsed_nowhere(request: Request) -> bool:
    """It ended since the chair's question was not answered, and no station had it."""
    return lapsed(request) and has_no_station(request)


# ---------------------------------------------------------------- guards


def within_15_days_of_end(step: Step) -> None:
    """A late answer takes it up again for fifteen days (R9)."""
    if step.now > step.row.ended_at + timedelta(days=LATE_DAYS):
        raise GuardFailed("too_late", "more than 15 days have passed")


# ---------------------------------------------------------------- effects


def plan_reminder(step: Step) -> None:
    """One reminder more, on the fourth day."""
    second = (step.row.paused_at or step.now) + AGAIN
    if step.now < second:
        step.due["answer_remind"] = clock.add_service_hours(second, 0, limits.hours_of(step))


def ask_again(step: Step) -> None:
    """The person has five days more, in which somebody is to phone."""
    step.due["requester_answer"] = limits.answer_due(step)


def keep_try(step: Step) -> None:
    """Keep that nobody picked up; if the five days are over, she has until tomorrow evening."""
    request, when = step.row, limits.hours_of(step)
    request.phone_tried_at = step.now
    over = clock.end_of_service_day(request.paused_at or step.now, limits.ANSWER_DAYS, when)
    limits.cancel_due(step, "requester_answer")
    step.due["requester_answer"] = max(over, clock.end_of_service_day(step.now, 1, when))


def let_lapse(step: Step) -> None:
    """Keep why it ended: an answer can still come."""
    step.row.lapsed_at = step.now


def take_up_again(step: Step) -> None:
    """The answer came late: the clock goes on with what was left, as if it had not ended."""
    request = step.row
    request.lapsed_at = request.ended_at = None
    limits.go_on(step)
    if request.resolve_due is not None:
        limits.set_limit(step, "resolve", request.resolve_due)


# ---------------------------------------------------------------- the rows

STAFF = (HEAD, CHAIR)
HERS = (REQUESTER, ENTERER)
TO_PHONE = (Tell(HEAD, "N14"), Tell(CHAIR, "N14"))

ROWS: tuple[Transition, ...] = (
    T("remind", (ASKED,), ASKED, (SYSTEM,), "R7", effects=(plan_reminder,),
      tell=(Tell(REQUESTER, "N03"),)),
    T("ask_to_phone", (ASKED,), ASKED, (SYSTEM,), "R9", when=nobody_phoned,
      effects=(ask_again,), tell=TO_PHONE),
    T("phone_try", (ASKED,), ASKED, STAFF, "R9", guards=(recusal.not_recused,),
      effects=(keep_try,), tell=(Tell(REQUESTER, push=False),)),
    T("heard", (ASKED,), "triage", (CHAIR,), "R8", when=has_no_station,
      guards=(recusal.not_recused,), effects=(limits.go_on,), keeps=("text",),
      tell=(Tell(REQUESTER, push=False),)),
    T("heard", (ASKED,), "submitted", STAFF, "R8", guards=(recusal.not_recused,),
      effects=(limits.go_on,), keeps=("text",),
      tell=(Tell(REQUESTER, push=False), Tell(HEAD, push=False))),
    T("lapse", (ASKED,), "withdrawn", (SYSTEM,), "R9", when=was_phoned,
      effects=(let_lapse, merge.part_merged),
      tell=(Tell(REQUESTER, "N03"), Tell(HEAD, push=False), Tell("followers", push=False))),
    T("answer", ("withdrawn",), "triage", HERS, "R9", when=lapsed_nowhere,
      guards=(within_15_days_of_end,), effects=(take_up_again,), keeps=("text",),
      tell=recusal.TRIAGE),
    T("answer", ("withdrawn",), "submitted", HERS, "R9", when=lapsed,
      guards=(within_15_days_of_end,), effects=(take_up_again,), keeps=("text",),
      tell=(Tell(HEAD, "N13"),)),
)  # fmt: skip
