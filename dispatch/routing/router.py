"""From a text, with or without a category, to a station or to the chair's triage (R3, R4)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from dispatch.routing.rules import NOWHERE, Reason, Scores, about_head, raised_priority, score
from village.catalog.entries import packaged_categories
from village.catalog.files import read
from village.models import Category
from village.workflow.priorities import more_urgent
from village.workflow.task_card import waits_for

MIN_POINTS = 3.0
MIN_LEAD = 2.0
MIN_RATIO = 1.6
DEFAULT_PRIORITY = "P3"
CHAIR_STEPS = ("council", "supervision")
SAFE_PATH_KINDS = frozenset({"dv", "child"})


@dataclass(frozen=True)
class Alternative:
    """Another station that the request may belong to."""

    station: str
    confidence: float


@dataclass(frozen=True)
class Routing:
    """Where a request goes, how sure that is, and why. In triage `station` is None."""

    decision: str
    by: str
    station: str | None
    category: str | None
    priority: str
    confidence: float
    reasons: list[Reason]
    alternatives: list[Alternative]
    version: str
    waits_for: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the decision with its inputs' version, to be stored as it was."""
        return asdict(self)


def route(
    text: str,
    category: Category | None,
    village: str,
    *,
    categories: Mapping[str, Category] | None = None,
    kinds: Collection[str] = (),
    own_stations: Collection[str] = (),
) -> Routing:
    """Return the routing of a villager's `text`.

    `village` is its code, for rules that a village adds; `categories` the catalog by code
    (default: the packaged one); `kinds` the emergency kinds that were hit and answered "no
    danger now": dv and child take the safe path (rules 2.10). `own_stations` are stations whose
    head is the requester, or too close to her: those go to the chair.
    """
    catalog = packaged_categories() if categories is None else categories
    found = _by_words(text, catalog) if category is None else _by_category(category)
    chosen = category or catalog.get(found.category or "")
    found = _raise(found, text)
    if SAFE_PATH_KINDS & set(kinds):
        return replace(found, waits_for="safe_path")
    return _to_chair(found, text, chosen, own_stations)


def _by_category(category: Category) -> Routing:
    return Routing(
        decision="routed",
        by="category",
        station=category.station,
        category=category.code,
        priority=category.priority,
        confidence=1.0,
        reasons=[Reason("category", category.zh, 1.0)],
        alternatives=[],
        version=_version(),
        waits_for=waits_for(category),
    )


def _by_words(text: str, catalog: Mapping[str, Category]) -> Routing:
    scores = score(text)
    alternatives = _shares(scores)
    station = _winner(scores)
    code = _category(scores, station, catalog)
    category = catalog.get(code or "")
    return Routing(
        decision="routed" if station else "triage",
        by="rule",
        station=station,
        category=code,
        priority=category.priority if category else DEFAULT_PRIORITY,
        confidence=max((each.confidence for each in alternatives), default=0.0),
        reasons=_reasons(scores, station),
        alternatives=[each for each in alternatives if each.station != station][:3],
        version=_version(),
        waits_for=waits_for(category) if category else None,
    )


def _winner(scores: Scores) -> str | None:
    ranked = scores.ranked()
    if not ranked:
        return None
    (station, first), (_, second) = (*ranked, ("", 0.0))[:2]
    clear = first >= MIN_POINTS and first - second >= MIN_LEAD and first >= MIN_RATIO * second
    return station if clear and station != NOWHERE else None


def _category(scores: Scores, station: str | None, catalog: Mapping[str, Category]) -> str | None:
    return scores.best_category(
        code for code, category in catalog.items() if category.station == station
    )


def _shares(scores: Scores) -> list[Alternative]:
    # one point for what no word said keeps a single word from looking certain
    total = sum(scores.stations.values()) + 1.0
    return [
        Alternative(station, round(points / total, 2))
        for station, points in scores.ranked()
        if station != NOWHERE
    ]


def _reasons(scores: Scores, station: str | None) -> list[Reason]:
    words = scores.words if station is None else {station: scores.words[station]}
    reasons = [reason for found in words.values() for reason in found]
    return sorted(reasons, key=lambda reason: -reason.weight)[:5]


def _raise(found: Routing, text: str) -> Routing:
    raised = raised_priority(text, found.category) if found.category else None
    if raised is None:
        return found
    priority, reason = raised
    return replace(
        found,
        priority=more_urgent(found.priority, priority),
        reasons=[*found.reasons, reason],
    )


def _to_chair(
    found: Routing, text: str, category: Category | None, own_stations: Collection[str]
) -> Routing:
    if found.station is None:
        return found
    reason = about_head(text)
    if found.station in own_stations:
        reason = Reason("recusal", "本站站长或其近亲属自己的事", 1.0)
    if category is not None and category.next_step in CHAIR_STEPS:
        reason = Reason("next_step", category.next_step, 1.0)
    if reason is None:
        return found
    return replace(
        found,
        decision="triage",
        station=None,
        reasons=[*found.reasons, reason],
        alternatives=[Alternative(found.station, found.confidence), *found.alternatives],
    )


@cache
def _version() -> str:
    rows = [*read("routing_words"), *read("priority_words")]
    return "words-" + hashlib.sha256(repr(rows).encode()).hexdigest()[:8]
