"""The phone's live hint: what would become of these words. Nothing is written, nobody is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from dispatch.look import Look, look
from dispatch.routing.flags import HIDE_ME
from dispatch.routing.parts import rest
from dispatch.routing.router import ROUTED, Alternative
from dispatch.routing.rules import OWN
from village import grounds
from village.access import Actor
from village.catalog.cache import Catalog

MOST_SUGGESTIONS = 3


def preview(
    session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the hint for `{text, village, category?, place?}`; raises Invalid as intake does.

    Its sentences are for the villager. It says nothing of other requests, and of what takes the
    safe path only the question with its numbers: somebody may be looking over her shoulder.
    """
    found = look(session, actor, catalog, sent)
    routing, safe = found.routing, found.safe
    return {
        "decision": "emergency" if found.screen else routing.decision,
        "station": None if safe or routing.decision != ROUTED else routing.station,
        "category": None if safe else routing.category,
        "waits_for": None if safe else routing.waits_for,
        "priority": routing.priority,
        "suggestions": [] if safe else [vars(each) for each in _suggestions(found)],
        "emergency": _question(found),
        "advice": None if safe else found.advice,
        "flags": [] if safe else grounds.flags(routing.record()),
        "parts": found.record()["parts"],
        "asks": found.asks,
        "told": [] if safe else list(_told(found, catalog, sent["village"])),
    }


def _suggestions(found: Look) -> list[Alternative]:
    routing = found.routing
    first = Alternative(routing.station, routing.confidence) if routing.station else None
    return [*([first] if first else []), *routing.alternatives][:MOST_SUGGESTIONS]


def _question(found: Look) -> dict[str, Any] | None:
    screen = found.screen
    if screen is None:
        return None
    numbers = [{"label": label, "number": number} for label, number in screen.numbers]
    asked = {"kind": screen.kind, "question": screen.question, "safe_path": screen.safe}
    return {**asked, "numbers": numbers}


def _told(found: Look, catalog: Catalog, village: str) -> Iterator[str]:
    """What it comes to, in plain sentences."""
    routing = found.routing
    station = catalog.stations.get(f"{village}.{routing.station}")
    office = found.advice[0]["body"] if found.advice else ""
    tip_off = any(not each["may_keep"] for each in found.advice or ())
    own = any(reason.kind == OWN for reason in routing.reasons)
    name = "tip_off" if tip_off else OWN if own else routing.decision
    yield grounds.word(f"hint_{name}", station=station.name if station else "", office=office)
    if routing.waits_for:
        yield grounds.word(f"hint_waits_{routing.waits_for}")
    if HIDE_ME in {flag.kind for flag in routing.flags}:
        yield grounds.word("told_hidden_by_words")
    if tip_off:
        yield grounds.word("hint_apart" if rest(found.parts) else "hint_write_apart")
    elif found.parts:
        yield grounds.word("hint_parts", count=len(found.parts))
