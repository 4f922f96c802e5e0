"""From a text, with or without a category, to a station or to the chair's triage (R3, R4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from dispatch.routing.classifier import Opinion, judge, policy, terms
from dispatch.routing.flags import Flag, flags, most_urgent
from dispatch.routing.labels import EMERGENCY, NONE, STATIONS
from dispatch.routing.rules import (
    Reason,
    Rule,
    Scores,
    about_head,
    raised_priority,
    score,
    village_rule,
)
from village.catalog.entries import packaged_categories
from village.catalog.files import read
from village.models import Category
from village.safe_path import SAFE_PATH_KINDS
from village.workflow.priorities import more_urgent
from village.workflow.task_card import waits_for

DEFAULT_PRIORITY = "P3"
SAFE_PATH_PRIORITY = "P1"  # danger or urgent need (workflows 3.0)
LIKELY = 0.5  # share from which the model has something to say
MOST_SURE = 0.99  # words and model are never certain; only a rule is
LEAST_SHARE = 0.05  # of a station that is worth showing
ROUTED, TRIAGE, NOT_OURS = "routed", "triage", "not_ours"
CHAIR_STEPS = ("council", "supervision")


@dataclass(frozen=True)
class Alternative:
    """Another station that the request may belong to."""

    station: str
    confidence: float


@dataclass(frozen=True)
class Routing:
    """Where a request goes, how sure that is, and why; `station` is None unless it is routed.

    `decision` is `routed`, `triage` or `not_ours`; `by` says what decided: `category`, `rule`,
    `words` (clear by themselves) or `model`; `rule` names the village's own rule where that
    decided: `{id, version, referral, chosen}`, the last the category chosen.
    """

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
    flags: list[Flag] = field(default_factory=list)
    rule: dict[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """Return the decision with its inputs' version, to be stored as it was."""
        # by hand: asdict copies every value deeply, on the hottest path
        return {
            **vars(self),
            "reasons": [{**vars(reason)} for reason in self.reasons],
            "alternatives": [{**vars(other)} for other in self.alternatives],
            "flags": [{**vars(flag)} for flag in self.flags],
        }


_WORDS = re.compile(r"[\u3400-\u9fff]{2}")


def route(
    text: str,
    category: Category | None,
    village: str,
    *,
    categories: Mapping[str, Category] | None = None,
    kinds: Collection[str] = (),
    own_stations: Collection[str] = (),
    agreed: Callable[[Routing], Routing] | None = None,
) -> Routing:
    """Return the routing of a villager's `text`.

    `village` is its code, for rules that a village adds; `categories` the catalog by code
    (default: the packaged one); `kinds` the emergency kinds that were hit: violence at home, a
    child in danger and a wish to die take the safe path, whatever is answered. `own_stations` are
    stations whose head is the requester, or too close to her: those go to the chair. `agreed`
    puts what the village's own rules say in the place of what words and model found. What is no
    village matter is answered and not queued (R31); a tip-off is not, whatever category was
    chosen for it.
    """
    catalog = packaged_categories() if categories is None else categories
    found = _by_text(text, village, catalog) if category is None else _by_category(category)
    rule = village_rule(text, village)
    if category is not None and rule is not None and rule.is_never_queued:
        found = _by_text(text, village, catalog)
    found = agreed(found) if agreed else found
    chosen = category or catalog.get(found.category or "")
    found = _raise(found, text)
    if not SAFE_PATH_KINDS.isdisjoint(kinds):
        return _to_safe_path(found, category)
    return _to_chair(found, text, chosen, own_stations)


def _by_category(category: Category) -> Routing:
    return Routing(
        decision=ROUTED,
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


def _by_text(text: str, village: str, catalog: Mapping[str, Category]) -> Routing:
    scores = score(text)
    rule = village_rule(text, village)
    opinion = judge(text, scores)
    label, by, reasons = (
        _decided(text, scores, opinion, catalog)
        if rule is None
        else (rule.to, "rule", [rule.reason()])
    )
    station = label if label in STATIONS else None
    code = (rule.category if rule else None) or scores.best_category(_codes(catalog, station))
    category = catalog.get(code or "")
    return Routing(
        decision=ROUTED if station else NOT_OURS if label == NONE else TRIAGE,
        by=by,
        station=station,
        category=code,
        priority=category.priority if category else DEFAULT_PRIORITY,
        confidence=_confidence(opinion, label, rule),
        reasons=reasons,
        alternatives=_alternatives(opinion, station),
        version=_version(opinion),
        waits_for=waits_for(category) if category else None,
    )


def _decided(
    text: str, scores: Scores, opinion: Opinion, catalog: Mapping[str, Category]
) -> tuple[str | None, str, list[Reason]]:
    """Return the label (None: a person decides), what decided, and why."""
    label, share = opinion.ranked(without=EMERGENCY)[0]
    if opinion.version is None:
        return None, "model", scores.reasons(None)
    if _WORDS.search(text) is None:
        sure = False  # signs and foreign letters: the model has never seen such a thing
    elif label == NONE:
        sure = share >= policy("not_ours") and not _ours_by_words(scores, catalog)
    else:
        sure = share >= policy("station")
    by = "words" if scores.clear_winner() == label else "model"
    words = scores.reasons(label if sure else None)
    return (label if sure else None), by, [*words, *_more(text, label, share, words)]


def _more(text: str, label: str, share: float, words: list[Reason]) -> list[Reason]:
    said = {reason.text for reason in words}
    found = terms(text, label) if share >= LIKELY else []
    return [reason for reason in found if reason.text not in said]


def _ours_by_words(scores: Scores, catalog: Mapping[str, Category]) -> bool:
    """Words name one of our categories more clearly than another office's matter."""
    code = scores.best_category(catalog)
    return code is not None and scores.categories[code] > scores.stations.get(NONE, 0.0)


def _codes(catalog: Mapping[str, Category], station: str | None) -> list[str]:
    return [code for code, category in catalog.items() if category.station == station]


def _confidence(opinion: Opinion, label: str | None, rule: Rule | None) -> float:
    if rule is not None:
        return 1.0
    ranked = opinion.ranked(without=EMERGENCY)
    return min(round(dict(ranked)[label] if label else ranked[0][1], 4), MOST_SURE)


def _alternatives(opinion: Opinion, station: str | None) -> list[Alternative]:
    return [
        Alternative(label, round(share, 2))
        for label, share in opinion.ranked(without=EMERGENCY)
        if label in STATIONS and label != station and share >= LEAST_SHARE
    ][:3]


def _raise(found: Routing, text: str) -> Routing:
    """Raise the priority, never lower it, by flags and by the words of the category."""
    seen = flags(text)
    found = replace(found, flags=seen, priority=most_urgent(seen, found.priority))
    raised = raised_priority(text, found.category) if found.category else None
    if raised is None:
        return found
    priority, reason = raised
    return replace(
        found,
        priority=more_urgent(found.priority, priority),
        reasons=[*found.reasons, reason],
    )


def _to_safe_path(found: Routing, chosen: Category | None) -> Routing:
    """To the chair, who may read it: at no station, none suggested, no words weighed (R4, 2.10).

    What she chose stays as it was said; a category that only words found is none.
    """
    return replace(
        found,
        decision=TRIAGE,
        by="rule",
        station=None,
        category=chosen.code if chosen else None,
        priority=more_urgent(found.priority, SAFE_PATH_PRIORITY),
        confidence=1.0,
        reasons=[Reason("safe_path", "safe_path", 1.0)],
        alternatives=[],
        waits_for="safe_path",
        rule=None,
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
        decision=TRIAGE,
        station=None,
        reasons=[*found.reasons, reason],
        alternatives=[Alternative(found.station, found.confidence), *found.alternatives],
    )


def _version(opinion: Opinion | None = None) -> str:
    """Name what decided: the words and rules, and the model."""
    model = f"+model-{opinion.version}" if opinion and opinion.version else ""
    return _words_version() + model


@cache
def _words_version() -> str:
    names = ("routing_words", "routing_rules", "routing_policy", "priority_words",
             "routing_flags", "calm_signs", "parting_words")  # fmt: skip
    rows = [row for name in names for row in read(name)]
    return "words-" + hashlib.sha256(repr(rows).encode()).hexdigest()[:8]
