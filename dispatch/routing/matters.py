"""What is decided of a text as a whole, once it is known of which matters it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dispatch.routing.directory import refer, refer_to
from dispatch.routing.parts import Part, parts
from dispatch.routing.router import NOT_OURS, TRIAGE, Routing
from village import clock


def whole(
    text: str, routing: Routing, alone: Callable[[str], Routing]
) -> tuple[Routing, list[Part]]:
    """Return the decision on `text`, of which `routing` is the first word, and its matters.

    `alone` routes a piece as if it were all that was written. What is mostly no village matter,
    with one in it, a person looks at.
    """
    matters = parts(text, alone)
    if any(part.station for part in matters) and _may_be_kept(text, routing):
        routing = replace(routing, decision=TRIAGE)
    return routing, matters


def advice(text: str, routing: Routing) -> list[dict[str, Any]] | None:
    """Return who is responsible for what is no village matter (R31), else None."""
    if routing.decision != NOT_OURS:
        return None
    today = clock.now().astimezone(clock.SHANGHAI).date()
    agreed = routing.rule and routing.rule["referral"]
    return [(refer_to(agreed, today) if agreed else refer(text, today)).as_advice()]


def _may_be_kept(text: str, routing: Routing) -> bool:
    """No village matter by the machine alone: no rule says so, and no crime, never queued."""
    found = advice(text, routing)
    kept = found is not None and all(each["may_keep"] for each in found)
    return kept and routing.rule is None
