"""What a village's own rules make of a request, after the danger and before the model's word.

A rule moves what would lie elsewhere. It opens no dispute, takes nothing off the safe path or the
chair's desk, and queues nothing of which the county says that it is never queued (2.8, 3.4, 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dispatch.routing import directory
from dispatch.routing.router import CHAIR_STEPS, NOT_OURS, ROUTED, TRIAGE, Alternative, Routing
from dispatch.routing.rules import Reason, score
from village.models import Category
from village.routing_rules import ActiveRule, plain
from village.safe_path import SAFE_PATH_KINDS
from village.timeline import word
from village.workflow.task_card import is_dispute, waits_for

MEDIATION = "mediation"
DECISIONS = {"station": ROUTED, "council": TRIAGE, "authority": NOT_OURS}


@dataclass(frozen=True)
class Held:
    """A rule that holds, and what it found: pairs of condition and word."""

    rule: ActiveRule
    by: tuple[tuple[str, str], ...]

    def reason(self) -> Reason:
        """Say in words which rule it was, and what it found."""
        what = "，".join(word("rule", kind).format(found=found) for kind, found in self.by)
        return Reason("rule", word("rule", "why").format(title=self.rule.title, what=what), 1.0)


@dataclass(frozen=True)
class Matter:
    """A request as the village's rules meet it.

    `category` is the one that she chose, `kinds` what danger her words had to be asked about.
    """

    text: str
    place: Mapping[str, Any] | None
    category: Category | None
    catalog: Mapping[str, Category]
    kinds: Sequence[str] = ()


def first(rules: Iterable[ActiveRule], matter: Matter) -> Held | None:
    """Return the first of `rules`, in their order, that holds for the matter, or None."""
    text, place = plain(matter.text), plain((matter.place or {}).get("name") or "")
    held = (_held(rule, text, place, matter.category) for rule in rules)
    return next(filter(None, held), None)


def settle(found: Routing, rules: Iterable[ActiveRule], matter: Matter) -> Routing:
    """Return what the village has agreed on for this matter, or else `found` as it is."""
    held = first(rules, matter)
    if held is None or _stays(found, held.rule, matter):
        return found
    settled = replace(
        found,
        decision=DECISIONS[held.rule.target],
        by="rule",
        station=held.rule.station,
        confidence=1.0,
        reasons=[held.reason()],
        alternatives=_alternatives(found, held.rule.station),
        rule={**held.rule.named(), "chosen": matter.category.code if matter.category else None},
    )
    if held.rule.target == "council":
        return replace(settled, waits_for="council")
    return settled if held.rule.station is None else _at_station(settled, matter)


def _held(rule: ActiveRule, text: str, place: str, category: Category | None) -> Held | None:
    if any(each in text for each in rule.unless):
        return None
    found = {
        "words": next((each for each in rule.words if each in text), None),
        "places": next((each for each in rule.places if each in place or each in text), None),
        "category": category.zh if category and category.code == rule.category else None,
    }
    asked = [kind for kind in found if getattr(rule, kind)]
    by = tuple((kind, what) for kind in asked if (what := found[kind]) is not None)
    return Held(rule, by) if len(by) == len(asked) else None


def _stays(found: Routing, rule: ActiveRule, matter: Matter) -> bool:
    """Tell whether this matter is none that a village's rule may move."""
    if not SAFE_PATH_KINDS.isdisjoint(matter.kinds):
        return True
    if matter.kinds and rule.target == "authority":
        return True  # a danger that nobody has looked at yet is not answered with a number
    if _is_never_queued(found, matter.text) or _is_the_chairs(found, matter):
        return True
    dispute = found.station == MEDIATION and is_dispute(found.category)
    return dispute and rule.station != MEDIATION


def _is_never_queued(found: Routing, text: str) -> bool:
    """Tell what is answered with a number that may not be kept; a crime's word alone is not."""
    return found.decision == NOT_OURS and directory.is_tip_off(text)


def _is_the_chairs(found: Routing, matter: Matter) -> bool:
    category = matter.category or matter.catalog.get(found.category or "")
    return category is not None and category.next_step in CHAIR_STEPS


def _at_station(settled: Routing, matter: Matter) -> Routing:
    """Give it a category of its new station; the one that she chose stays hers, with its limits.

    A chosen category of another station is dropped at the mediators': it would not be sealed.
    """
    chosen, station = matter.category, settled.station
    if chosen is not None:
        opens = station == MEDIATION and chosen.station != MEDIATION
        return replace(settled, category=None) if opens else settled
    codes = [code for code, each in matter.catalog.items() if each.station == station]
    category = matter.catalog.get(score(matter.text).best_category(codes) or "")
    return replace(
        settled,
        category=category.code if category else None,
        priority=category.priority if category else settled.priority,
        waits_for=waits_for(category) if category else None,
    )


def _alternatives(found: Routing, station: str | None) -> list[Alternative]:
    left = [] if found.station is None else [Alternative(found.station, found.confidence)]
    return [each for each in (*left, *found.alternatives) if each.station != station][:3]
