"""What a villager's words are, before anything is written: the question, the way, the matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from dispatch.routing import danger
from dispatch.routing.emergency import Screen
from dispatch.routing.matters import advice, whole
from dispatch.routing.parts import Part
from dispatch.routing.router import NOT_OURS, ROUTED, TRIAGE, Routing, route
from dispatch.routing.rules import Reason
from dispatch.routing.village_rules import Matter, settle
from village import grounds, routing_rules
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import GuardFailed, Invalid
from village.models import Category
from village.voices import UNHEARD


@dataclass(frozen=True)
class Look:
    """What was found: the emergency question, where it goes, and the matters it is made of.

    `safe`: violence at home, a child in danger, a wish to die; nothing may give it away (5.2).
    """

    text: str
    screen: Screen | None
    routing: Routing
    parts: list[Part]
    safe: bool
    inputs: dict[str, Any]
    asks: dict[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """Return the decision to be stored."""
        found = {
            "inputs": self.inputs,
            "parts": [vars(part) for part in self.parts],
            "asks": self.asks,
        }
        return {**self.routing.record(), **found}

    @property
    def advice(self) -> list[dict[str, Any]] | None:
        """Who is responsible for what is no village matter (R31)."""
        return advice(self.text, self.routing)


def look(session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]) -> Look:
    """Look at `{text, village, category?, place?}`. Raises Invalid for what no catalog knows.

    Raises GuardFailed `category_closed` where no danger is to be asked about first.

    What takes the safe path is not cut into matters: a person reads it as it is. A voice without
    words goes where her category says, and without one to the chair, who hears it first.
    """
    category, text = _known(catalog, sent), sent["text"]
    unheard = bool(sent.get(UNHEARD))
    screen = None if unheard else danger.ask(text)
    if category is not None and not catalog.is_open(category):
        if screen is None:  # danger is asked about first, whatever is closed
            raise GuardFailed("category_closed", "its impact assessment is not entered yet")
        category = None
    kinds = screen.kinds if screen else []
    routed = _router(session, actor, catalog, sent, kinds)
    if unheard:
        routing = _heard_first(routed("", category))
        return Look(text, None, routing, [], safe=False, inputs=_inputs(sent, category, []))
    routing, inputs = routed(text, category), _inputs(sent, category, kinds)
    if screen is not None and screen.safe:
        return Look(text, screen, routing, [], safe=True, inputs=inputs)
    if screen is not None:
        why = [*routing.reasons, *danger.reasons(text, screen)]
        routing = replace(routing, reasons=why)
    asks = None
    if category is not None and routing.by == "category":
        asks = _doubt(text, category, routed(text, None), catalog)
    routing, matters = whole(text, routing, lambda piece: routed(piece, None))
    return Look(text, screen, routing, matters, safe=False, inputs=inputs, asks=asks)


def _router(
    session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any], kinds: list[str]
) -> Callable[[str, Category | None], Routing]:
    """Return what routes a text, with a category or without, as this person's here and now."""
    rules = routing_rules.active(session, sent["village"])
    own_stations = _own_stations(actor, sent["village"])

    def routed(text: str, chosen: Category | None) -> Routing:
        matter = Matter(text, sent.get("place"), chosen, catalog.categories, kinds)
        found = route(
            text,
            chosen,
            sent["village"],
            categories=catalog.categories,
            kinds=kinds,
            own_stations=own_stations,
            agreed=lambda found: settle(found, rules, matter),
        )
        return _without_closed(found, catalog)

    return routed


def _heard_first(found: Routing) -> Routing:
    """Where nothing but a voice says what it is about, a person has to listen."""
    reason = Reason(UNHEARD, "", 1.0)
    if found.by == "category":
        return replace(found, reasons=[*found.reasons, reason])
    return replace(
        found, decision=TRIAGE, by="rule", station=None, category=None, waits_for=None, rule=None,
        confidence=0.0, reasons=[reason], alternatives=[],
    )  # fmt: skip


def _without_closed(found: Routing, catalog: Catalog) -> Routing:
    """What words put into a closed category is the chair's to see to, without its form."""
    category = catalog.categories.get(found.category or "")
    if category is None or catalog.is_open(category):
        return found
    if found.waits_for == "safe_path":
        return replace(found, category=None)
    reason = Reason("closed", category.zh, 1.0)
    return replace(
        found, decision=TRIAGE, station=None, category=None, waits_for=None,
        reasons=[*found.reasons, reason],
    )  # fmt: skip


def _inputs(sent: Mapping[str, Any], category: Category | None, kinds: list[str]) -> dict[str, Any]:
    """Return what was looked at; not the place's name, since a tip-off's words are not kept."""
    return {
        "characters": 0 if sent.get(UNHEARD) else len(sent["text"]),
        "category": category.zh if category else None,
        "place": bool(sent.get("place")),
        "kinds": kinds,
        **({UNHEARD: True} if sent.get(UNHEARD) else {}),
    }


def _doubt(text: str, chosen: Category, other: Routing, catalog: Catalog) -> dict[str, Any] | None:
    """Return what to ask her once, where her words clearly speak of another station than she chose.

    The sentence is kept as it was put, with what her yes would lead to.
    """
    if other.decision not in (ROUTED, NOT_OURS) or other.station == chosen.station:
        return None
    elsewhere, category = advice(text, other), catalog.categories.get(other.category or "")
    if elsewhere:
        name = grounds.word("asks_elsewhere", office=elsewhere[0]["body"])
    else:
        name = category.zh if category else grounds.station_name(other.station)
    return {
        "question": grounds.word("asks", chosen=chosen.zh, other=name),
        "chosen": chosen.code,
        "names": {"chosen": chosen.zh, "other": name},
        "decision": other.decision,
        "station": other.station,
        "category": other.category,
        "priority": other.priority,
        "waits_for": other.waits_for,
        "confidence": other.confidence,
        "advice": elsewhere,
        "answer": None,
    }


def _known(catalog: Catalog, sent: Mapping[str, Any]) -> Category | None:
    if sent["village"] not in catalog.villages:
        raise Invalid(errors={"village": ["没有这个村"]})
    if sent.get("category") is None:
        return None
    category = catalog.categories.get(sent["category"])
    if category is None:
        raise Invalid(errors={"category": ["没有这个类别"]})
    return category


def _own_stations(actor: Actor, village: str) -> list[str]:
    """Return the stations that the requester heads: her own matters go to the chair."""
    return [grant.station for grant in actor.grants if grant.unit == village and grant.station]
