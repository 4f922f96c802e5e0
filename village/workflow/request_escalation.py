"""Putting a matter to the rung above: by hand or by the clock, signed for, answered (R20, 3.7).

The request stays where it is, and who works on it goes on: "escalated" is a mark with a rung, and
its end needs no way back. The head asks the chair, the chair the committee; the clock climbs where
nobody signs within a day or answers within seven. An answer that does not help her the villager
puts to the next rung, once; then she reads where else she may go.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from village import clock, workdays
from village.models import Request
from village.models.requests import RUNGS
from village.relations import ABOVE, CHAIR, ENTERER, HEAD, REQUESTER, SYSTEM
from village.workflow import priorities, recusal
from village.workflow.engine import Step, Tell, Transition
from village.workflow.request_limits import cancel_due, hours_of, responded

BUT_TRIAGE = ("submitted", "needs_info", "accepted", "dispatching", "assigned", "in_progress",
              "suspended", "checking")  # fmt: skip
ACTIVE = ("triage", *BUT_TRIAGE)
RECEIPT = timedelta(days=1)  # the rung above signs for it, else it goes one further up (3.7)
URGENT_RECEIPT = timedelta(hours=2)
ANSWER_DAYS, OFFICE_DAYS = 7, 15  # of the village's rungs; working days of the township (3.7)
FORMAL_ROUTES = "formal_routes"  # a word: where she may go when the ladder is at its end (3.7)
T = Transition

# ---------------------------------------------------------------- conditions


def is_still_late(request: Request) -> bool:
    """The limit to solve it passed two days ago, or a rung above has not signed or answered."""
    asked = request.resolve_breached_at is not None or request.escalated_to is not None
    return asked and request.escalated_to != RUNGS[-1]


def awaits_signature(request: Request) -> bool:
    """It was escalated, and nobody has signed for it."""
    return request.escalated_to is not None and request.escalation_seen_at is None


def is_not_escalated(request: Request) -> bool:
    """It lies with its station alone."""
    return request.escalated_to is None


def is_the_chair_s(request: Request) -> bool:
    """It lies with the chair of the association, by escalation."""
    return request.escalated_to == RUNGS[0]


def is_below_the_committee(request: Request) -> bool:
    """No rung above the chair has been asked."""
    return request.escalated_to in (None, RUNGS[0])


def is_above_the_village(request: Request) -> bool:
    """It lies with the committee or the township, by escalation."""
    return request.escalated_to in RUNGS[1:]


def may_be_re_raised(request: Request) -> bool:
    """A rung has answered, there is one above it, and the villager has not gone on before."""
    waits = request.escalated_to is not None or request.answered_rung in (None, RUNGS[-1])
    return not waits and request.re_raised_at is None


# ---------------------------------------------------------------- effects


def one_rung_up(step: Step) -> None:
    """Put it to the next rung, who signs for it within a day, P1 within two hours (3.7)."""
    before = -1 if step.row.escalated_to is None else RUNGS.index(step.row.escalated_to)
    _put_to(step, before + 1)


def past_the_chair(step: Step) -> None:
    """The chair asks the committee, whoever had it before."""
    _put_to(step, 1)


def past_who_answered(step: Step) -> None:
    """The villager asks the rung above the one whose answer did not help."""
    step.row.re_raised_at = step.now
    _put_to(step, RUNGS.index(step.row.answered_rung) + 1)


def _put_to(step: Step, lowest: int) -> None:
    """Put it to the lowest rung from there on that has somebody who is not too close."""
    request, left = step.row, RUNGS[lowest:]
    there = (one for one in left if recusal.on_rung(step.session, request, one))
    rung = next(there, left[0])
    request.escalated_to, request.escalation_seen_at = rung, None
    by = step.now + (URGENT_RECEIPT if priorities.TABLE[request.priority].wall else RECEIPT)
    step.data |= {"rung": rung, "receive_by": by.isoformat()}
    _climb_at(step, by)


def _climb_at(step: Step, by: datetime) -> None:
    """Nobody is above the last rung."""
    cancel_due(step, "escalate")
    if step.row.escalated_to != RUNGS[-1]:
        step.due["escalate"] = by


def sign_for(step: Step) -> None:
    """Keep that the rung has it in hand: it goes further up only without an answer (3.7)."""
    rung = step.row.escalated_to
    step.row.escalation_seen_at, step.data["rung"] = step.now, rung
    if rung == RUNGS[-1]:
        by = workdays.end_of_working_day(step.now, OFFICE_DAYS)
    else:
        by = clock.end_of_service_day(step.now, ANSWER_DAYS, hours_of(step))
    step.data["receive_by"] = by.isoformat()
    _climb_at(step, by)


def answered(step: Step) -> None:
    """The rung has said what is to be done: it lies with its station alone again (R35)."""
    responded(step)
    step.data["rung"] = step.row.escalated_to
    step.row.answered_rung = step.row.escalated_to
    step.row.escalated_to = step.row.escalation_seen_at = None
    if not may_be_re_raised(step.row):
        step.data["further"] = FORMAL_ROUTES
    cancel_due(step, "escalate")


# ---------------------------------------------------------------- the rows

TO_SIGN = (Tell(CHAIR, "N24"), Tell(ABOVE, push=False))
SORRY = Tell(REQUESTER, push=False)
RAISED = (*TO_SIGN, Tell(HEAD, push=False), Tell(REQUESTER, "N06"))
ANSWERED = (Tell(HEAD, "N13"), Tell(CHAIR, push=False), Tell(REQUESTER, push=False))
RE_RAISED = (Tell(ABOVE, push=False), Tell(HEAD, push=False), Tell(CHAIR, push=False))
THIRD_TIME = (*recusal.TRIAGE, Tell(ABOVE, push=False))
NOT_CLOSE = (recusal.not_recused,)

ROWS: tuple[Transition, ...] = (
    *(T("escalate", (state,), state, (SYSTEM,), "R20, 3.7", when=is_still_late,
        effects=(one_rung_up,), tell=RAISED) for state in ACTIVE),
    *(T("escalate", (state,), state, (HEAD,), "R20, 3.7", when=is_not_escalated,
        guards=NOT_CLOSE, effects=(one_rung_up,), keeps=("reason",), tell=RAISED)
      for state in BUT_TRIAGE),
    *(T("escalate", (state,), state, (CHAIR,), "R20, 3.7", when=is_below_the_committee,
        guards=NOT_CLOSE, effects=(past_the_chair,), keeps=("reason",), tell=RAISED)
      for state in ACTIVE),
    *(T("sign_for", (state,), state, (CHAIR, ABOVE), "3.7", when=awaits_signature,
        guards=NOT_CLOSE, effects=(sign_for,), tell=(SORRY,)) for state in ACTIVE),
    *(T("answer_escalation", (state,), state, (CHAIR,), "R35, 3.7", when=is_the_chair_s,
        guards=NOT_CLOSE, effects=(answered,), keeps=("text",), tell=ANSWERED)
      for state in ACTIVE),
    *(T("answer_escalation", (state,), state, (ABOVE,), "R35, 3.7", when=is_above_the_village,
        effects=(answered,), keeps=("text",), tell=ANSWERED)
      for state in ACTIVE),  # who is too close stands in no relation to it
    *(T("re_raise", (state,), state, (REQUESTER, ENTERER), "3.7", when=may_be_re_raised,
        effects=(past_who_answered,), keeps=("reason",), tell=RE_RAISED) for state in ACTIVE),
)  # fmt: skip
