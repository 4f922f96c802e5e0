"""What a villager decides about her own words: who learns her name, and what they are about."""

from __future__ import annotations

from typing import Any

from village.models import Category, Request
from village.workflow import request_limits as limits
from village.workflow.engine import Step
from village.workflow.priorities import more_urgent
from village.workflow.request_transfers import seal_dispute


def protect(request: Request, category: Category | None) -> None:
    """Make it as quiet as its category, its words and its way ask for: the rest of 3.3 and 3.4."""
    said = {flag["kind"] for flag in request.routing.get("flags", ())}
    flags = {*(category.flags if category else ()), *said}
    request.hide_me = request.hide_me or "confid" in flags
    request.neutral = request.waits_for == "safe_path" or not flags.isdisjoint({"nopub", "confid"})
    seal_dispute(request)


def hide_or_show(step: Step) -> None:
    """Her name is hers: hidden from the station, or shown to it, as she likes (3.3, 2.8)."""
    step.row.hide_me = step.payload["hide"]


# ---------------------------------------------------------------- category and text disagree


def open_question(request: Request) -> dict[str, Any] | None:
    """Return what she is asked about her category, until she or a person has decided."""
    asks: dict[str, Any] | None = request.routing.get("asks")
    moved = request.station != request.routing.get("station")
    if asks is None or asks["answer"] or moved or request.waits_for == "unconfirmed_danger":
        return None
    return asks


def is_asked(request: Request) -> bool:
    """The words speak of another station than the category that she chose."""
    return open_question(request) is not None


def is_asked_station(request: Request) -> bool:
    """They speak of another of the five stations."""
    asks = open_question(request)
    return asks is not None and asks["station"] is not None


def is_asked_elsewhere(request: Request) -> bool:
    """They speak of what is no village matter."""
    asks = open_question(request)
    return asks is not None and asks["station"] is None


def keep_choice(step: Step) -> None:
    """It stays as she chose."""
    _answer(step, "chosen")


def take_suggestion(step: Step) -> None:
    """It goes where her words belong; the clocks go on as they were, or end earlier."""
    request, asks = step.row, step.row.routing["asks"]
    _answer(step, "text", decision=asks["decision"], station=asks["station"], by="person")
    request.station, request.category = asks["station"], asks["category"]
    request.waits_for, request.advice = asks["waits_for"], asks["advice"]
    before = request.priority
    request.priority = more_urgent(before, asks["priority"])
    request.sealed = False
    protect(request, step.session.get(Category, asks["category"]) if asks["category"] else None)
    if request.station is not None and request.priority != before:
        limits.bring_forward(step)


def _answer(step: Step, answer: str, **decided: Any) -> None:
    routing = step.row.routing
    step.row.routing = {**routing, **decided, "asks": {**routing["asks"], "answer": answer}}
