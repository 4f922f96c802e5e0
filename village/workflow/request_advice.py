"""What is no village matter (R31, R32): told where to go, asked after a week, kept if she wants."""

from __future__ import annotations

from datetime import timedelta

from village import files
from village.errors import GuardFailed
from village.models import Request
from village.safe_path import is_safe_path
from village.timeline import word
from village.workflow.engine import Step
from village.workflow.request_limits import start_limits

KEEP_DAYS = 30


def is_not_ours(request: Request) -> bool:
    """The routing found that the matter is none of the five stations'."""
    return bool(request.routing["decision"] == "not_ours")


def may_be_referred(request: Request) -> bool:
    """A person in triage may say the same: not of what is sealed, must be looked at, or was kept.

    What council, supervisors or the safe path must see is no chair's to answer away, and what she
    has kept for the village once (R32) is not answered so a second time.
    """
    closed = request.sealed or request.neutral or request.waits_for is not None
    return not (closed or is_safe_path(request) or request.routing.get("kept"))


def is_tip_off(request: Request) -> bool:
    """A crime, or a word about a person in office: shown a number, never queued (5.2, 2.8)."""
    return any(not each["may_keep"] for each in request.advice or ())


def may_be_kept(step: Step) -> None:
    """Tip-offs go to the authority alone; nothing of them is left here to be kept."""
    if is_tip_off(step.row):
        raise GuardFailed("never_queued", "call the number that is shown")


def within_30_days(step: Step) -> None:
    """An answer can be turned into a request for thirty days."""
    ended = step.row.ended_at
    if ended is not None and step.now > ended + timedelta(days=KEEP_DAYS):
        raise GuardFailed("too_late_to_keep", "more than 30 days have passed")


def forget_tip_off(step: Step) -> None:
    """Keep of a tip-off that there was one and which number was shown: nothing she sent of it."""
    request = step.row
    if not is_tip_off(request):
        return
    request.text = word("not_kept", "text")
    request.place, request.on_behalf_of, request.answers = None, None, {}
    request.sealed_answers = None
    request.neutral = True
    kept = [reason for reason in request.routing["reasons"] if reason["kind"] == "rule"]
    request.routing = {**request.routing, "reasons": kept, "parts": [], "flags": []}
    step.due.pop("ask_helped", None)
    files.let_go(step.session, request)


def refer(step: Step) -> None:
    """Keep who is responsible, as it was shown to her."""
    step.row.advice, step.row.station = step.payload["advice"], None


def keep_answer(step: Step) -> None:
    """Keep whether the other office helped."""
    step.row.helped = step.payload["helped"]


def live_again(step: Step) -> None:
    """It is for the village after all: the clocks start now (R32)."""
    request = step.row
    request.ended_at, request.routing = None, {**request.routing, "kept": True}
    start_limits(step)
