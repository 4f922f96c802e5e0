"""A refusal looked at once more (R12), and what could not be done after all (R26, R36).

Neither is one person's word: who refused does not uphold it, and that it cannot be done takes
the head's reason and the chair's.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from village import clock
from village.errors import GuardFailed
from village.models import Event, Request
from village.relations import CHAIR, ENTERER, HEAD, REQUESTER, STAND_IN, SYSTEM
from village.workflow import priorities, recusal
from village.workflow import request_limits as limits
from village.workflow import request_merge as merge
from village.workflow import request_rules as rules
from village.workflow.engine import Step, Tell, Transition

REVIEW_DAYS = 7  # in which a review can be asked for, once (R12)
DECIDE_DAYS = 2  # of the chair's (R12, R36)
ASKABLE = ("accepted", "dispatching", "assigned", "in_progress", "suspended", "checking")
T = Transition

# ---------------------------------------------------------------- conditions


def never_reviewed(request: Request) -> bool:
    """The refusal was not looked at again yet."""
    return request.review_asked_at is None


def is_under_review(request: Request) -> bool:
    """It was refused, and the villager asked for a review."""
    return request.review_asked_at is not None


def is_not_asked(request: Request) -> bool:
    """The head has not said that it cannot be done."""
    return request.unresolved_by is None


def is_asked(request: Request) -> bool:
    """The head says that it cannot be done, and the chair has not decided."""
    return request.unresolved_by is not None


# ---------------------------------------------------------------- guards


def within_7_days(step: Step) -> None:
    """A review can be asked for during seven days (R12)."""
    if step.now > step.row.ended_at + timedelta(days=REVIEW_DAYS):
        raise GuardFailed("too_late_to_review", "more than 7 days have passed")


def did_not_refuse(step: Step) -> None:
    """Who refused it does not decide on her own refusal."""
    refused = sa.select(Event.actor_id).where(
        Event.request_id == step.row.id, Event.action == "reject"
    )
    last = step.session.scalar(refused.order_by(Event.id.desc()).limit(1))
    if last == step.actor.person_id:
        raise GuardFailed("second_person_needed", "another person must decide on this")


def did_not_ask(step: Step) -> None:
    """The second word is another person's."""
    if step.row.unresolved_by == step.actor.person_id:
        raise GuardFailed("second_person_needed", "another person must decide on this")


# ---------------------------------------------------------------- effects


def live_again(step: Step) -> None:
    """Its clock goes on as if it had rested meanwhile; the chair has two days (R12)."""
    request, when = step.row, limits.hours_of(step)
    ended, request.ended_at, request.review_asked_at = request.ended_at, None, step.now
    if request.resolve_due is not None:
        due = priorities.after_pause(request.priority, request.resolve_due, ended, step.now, when)
        limits.set_limit(step, "resolve", due)
    step.due["triage"] = clock.end_of_service_day(step.now, DECIDE_DAYS, when)


def ask(step: Step) -> None:
    """Keep who asks; the chair has two days, and is reminded as often as that (R36)."""
    step.row.unresolved_by = step.actor.person_id
    plan_reminder(step)


def plan_reminder(step: Step) -> None:
    """The chair is reminded in two days, if she has not decided."""
    by = clock.end_of_service_day(step.now, DECIDE_DAYS, limits.hours_of(step))
    step.due["unresolved"], step.data["receive_by"] = by, by.isoformat()


def refuse(step: Step) -> None:
    """It is to be tried again."""
    step.row.unresolved_by = None
    limits.cancel_due(step, "unresolved")


def agree(step: Step) -> None:
    """Both have said so: it ends."""
    limits.cancel_due(step, "unresolved")


# ---------------------------------------------------------------- the rows

HERS = (REQUESTER, ENTERER)

ROWS: tuple[Transition, ...] = (
    T("ask_review", ("rejected",), "triage", HERS, "R12", when=never_reviewed,
      guards=(within_7_days,), effects=(live_again,), keeps=("reason",), tell=recusal.TRIAGE),
    T("uphold", ("triage",), "rejected", (CHAIR, STAND_IN), "R12", when=is_under_review,
      guards=(recusal.not_recused, did_not_refuse), effects=(merge.part_merged,),
      keeps=("advice",), tell=(Tell(REQUESTER, "N04"),)),
    *(T("ask_unresolved", (state,), state, (HEAD,), "R36", when=is_not_asked,
        guards=(recusal.not_recused,), effects=(ask,), keeps=("reason",),
        tell=(Tell(CHAIR, "N24"),)) for state in ASKABLE),
    *(T("remind_unresolved", (state,), state, (SYSTEM,), "R36", when=is_asked,
        effects=(plan_reminder,), tell=(Tell(CHAIR, "N24"),)) for state in ASKABLE),
    *(T("try_again", (state,), state, (CHAIR,), "R36", when=is_asked,
        guards=(recusal.not_recused,), effects=(refuse,), keeps=("reason",),
        tell=(Tell(HEAD, "N13"),)) for state in ASKABLE),
    T("countersign", ASKABLE, "unresolved_closed", (CHAIR,), "R26, R36", when=is_asked,
      guards=(recusal.not_recused, did_not_ask),
      effects=(agree, rules.cancel_task, merge.part_merged), keeps=("reason", "advice"),
      tell=(Tell(REQUESTER, "N07"), Tell(HEAD, push=False), Tell("followers", push=False))),
)  # fmt: skip
