"""Asking back (回访): whether it is solved, who entered a request does not say for her (3.1).

Somebody outside the station phones the person: the chair, else who stands above her.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.access import Actor
from village.models import PhoneCall, Request
from village.relations import CALLER, CHAIR, HEAD
from village.workflow import recusal
from village.workflow import request_escalation as escalation
from village.workflow import request_rules as rules
from village.workflow.engine import Step, Tell, Transition

ASKED_BACK = ("resolved", "closed")


def is_entered(request: Request) -> bool:
    """Somebody else entered it, and the person has not claimed it yet."""
    return request.proxy_id is not None


def is_asked(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the actor was asked to phone the person about the result."""
    if request.status not in ASKED_BACK or not actor.grants:
        return False
    kind = "call_back" if is_entered(request) else "sample"
    asked = _open(request.id).where(PhoneCall.caller_id == actor.person_id, PhoneCall.kind == kind)
    return bool(session.scalar(sa.select(asked.exists())))


def _open(request_id: UUID) -> sa.Select[UUID]:
    return sa.select(PhoneCall.id).where(
        PhoneCall.request_id == request_id, PhoneCall.done_at.is_(None)
    )


def asked_back(step: Step) -> None:
    """The call is made: nobody else is asked to make it."""
    _close(step, "called_back")


def speak_for_herself(step: Step) -> None:
    """She claims it: who entered it says nothing for her any more, and nobody need phone her."""
    step.row.proxy_id = None
    _close(step, "claimed")


def _close(step: Step, outcome: str) -> None:
    waiting = PhoneCall.id.in_(_open(step.row.id).scalar_subquery())
    closed = sa.update(PhoneCall).where(waiting).values(done_at=step.now, outcome=outcome)
    step.session.execute(closed, execution_options={"synchronize_session": False})


# ---------------------------------------------------------------- the rows

T = Transition

ROWS: tuple[Transition, ...] = (
    T("call_back", ASKED_BACK, "closed", (CALLER,), "R24", when=is_entered,
      guards=(recusal.not_recused,), effects=(rules.keep_verdict, asked_back),
      keeps=("solved", "rating", "comment"),
      tell=(Tell(HEAD, push=False), Tell("volunteers", push=False))),
    T("still_open", ASKED_BACK, "in_progress", (CALLER,), "R25",
      when=rules.never_reopened,
      guards=(recusal.not_recused, rules.within_15_days),
      effects=(rules.open_again, asked_back),
      keeps=("reason",), tell=(Tell(HEAD, "N13"), Tell(CHAIR, push=False))),
    T("still_open", ASKED_BACK, "triage", (CALLER,), "R25, 3.7", when=rules.reopened_twice,
      guards=(recusal.not_recused, rules.within_15_days),
      effects=(rules.open_again, escalation.past_the_chair, asked_back), keeps=("reason",),
      tell=escalation.THIRD_TIME),
    T("still_open", ASKED_BACK, "triage", (CALLER,), "R25",
      guards=(recusal.not_recused, rules.within_15_days),
      effects=(rules.open_again, asked_back), keeps=("reason",), tell=recusal.TRIAGE),
)  # fmt: skip
