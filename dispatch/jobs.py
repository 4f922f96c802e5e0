"""The jobs of the `dispatch` queue: each takes the id of a committed row, and may run twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch import returns, rounds, visits, wakeups
from village import merging, reserve
from village.models import DueTime
from village.workflow.engine import attempt
from village.workflow.request import REQUEST
from village.workflow.request_limits import LIMITS, rest_again


def offer_round(context: Any, session: Session, request_id: UUID) -> None:
    """Ask the next people for the request's open task, if it still looks for some."""
    rounds.run_round(session, request_id)


def woken_round(context: Any, session: Session, request_id: UUID) -> None:
    """The same, since a village that would have borrowed somebody left her to this request."""
    rounds.run_round(session, request_id, wakes=False)


def withdraw(context: Any, session: Session, request_id: UUID) -> None:
    """Take back the offers of a request that no longer looks for people."""
    returns.withdraw_offers(session, request_id)
    reserve.dismiss(session, request_id)


def redo(context: Any, session: Session, request_id: UUID) -> None:
    """Give work that was sent back to those who did it."""
    returns.redo(session, request_id)


def freed(context: Any, session: Session, person_id: UUID) -> None:
    """Look at the waiting tasks that she can help, now that she can."""
    wakeups.freed(session, person_id)


def part(context: Any, session: Session, request_id: UUID) -> None:
    """Give what was merged into a request back to itself: it can rely on that one no longer."""
    merging.part_all(session, request_id)


def due(context: Any, session: Session, due_id: UUID) -> None:
    """Do what a due time stands for; what has moved on since then is left alone."""
    found = session.get(DueTime, due_id)
    if found is not None and found.cancelled_at is None:
        handle = ON_DUE.get(found.kind)
        if handle is not None and not rest_again(session, found):
            handle(session, found.request_id)


def _step(*actions: str) -> Callable[[Session, UUID], Any]:
    """Return what takes the first of these steps that is possible."""

    def take(session: Session, request_id: UUID) -> Any:
        return any(attempt(session, REQUEST, request_id, action) for action in actions)

    return take


# A limit without an entry (triage) shows as overdue in the queues.
ON_DUE: dict[str, Callable[[Session, UUID], Any]] = {
    "emergency_answer": _step("presume_danger"),
    "answer_remind": _step("remind"),
    "requester_answer": _step("ask_to_phone", "lapse"),
    "auto_close": _step("auto_close"),
    **{
        kind: _step(kind.removeprefix("first_"))
        for kind in (*LIMITS["first_response"][1:], *LIMITS["resolve"][1:])
    },
    "duty": _step("duty_call"),
    "unresolved": _step("remind_unresolved"),
    "suspend_review": _step("suspend_review"),
    "suspend_limit": _step("ask_consent", "resume"),
    "first_response": _step("response_breach"),
    "resolve": _step("resolve_breach"),
    "ask_helped": _step("ask_helped"),
    "offer_round": rounds.run_round,
    "no_show": returns.no_show,
    "visit": visits.open_due,
}
