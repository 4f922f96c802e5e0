"""What is wrong with a village's routing rule, in the chair's words, before it is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from village import clock
from village.catalog.files import read
from village.models import Category
from village.timeline import word
from village.workflow.task_card import is_dispute

SHORTEST = 2  # letters of a word: one Chinese character is found in every other message
CHAIR_STEPS = ("council", "supervision")
Fault = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """What a rule may name: the village's stations, and the categories by code."""

    stations: Collection[str]
    categories: Mapping[str, Category]


def faults(rule: Mapping[str, Any], known: Known) -> dict[str, list[str]]:
    """Return field → messages for the whole rule `rule` (columns of `routing_rules`)."""
    found: dict[str, list[str]] = {}
    for field, message in (*_words(rule), *_category(rule, known), *_goal(rule, known)):
        found.setdefault(field, []).append(message)
    return found


def said(code: str, **values: Any) -> str:
    """Return the words for a fault."""
    return word("rule_fault", code).format(**values)


def _words(rule: Mapping[str, Any]) -> Iterator[Fault]:
    if not (rule["words"] or rule["places"] or rule["category"]):
        yield "words", said("nothing")
    for field in ("words", "places"):
        for each in rule[field]:
            if sum(char.isalnum() for char in each) < SHORTEST:
                yield field, said("short", word=each)
            elif each in _common():
                yield field, said("common", word=each)
    for each in rule["unless"]:
        if rule["words"] and all(each in sought for sought in rule["words"]):
            yield "unless", said("never", word=each)


def _category(rule: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    if rule["category"] is None:
        return
    category = known.categories.get(rule["category"])
    if category is None:
        yield "category", said("category")
    elif category.next_step in CHAIR_STEPS:
        yield "category", said("chairs")
    elif category.station == "mediation" and is_dispute(category.code):
        if rule["station"] != "mediation":
            yield "category", said("dispute")
    elif rule["station"] == category.station and not (rule["words"] or rule["places"]):
        yield "station", said("same")


def _goal(rule: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    to_station, to_authority = rule["target"] == "station", rule["target"] == "authority"
    if to_station and rule["station"] is None:
        yield "station", said("no_station")
    elif to_station and rule["station"] not in known.stations:
        yield "station", said("station")
    elif not to_station and rule["station"] is not None:
        yield "station", said("not_station")
    if to_authority and rule["referral"] is None:
        yield "referral", said("no_referral")
    elif to_authority:
        yield from _referral(rule["referral"])
    elif rule["referral"] is not None:
        yield "referral", said("not_referral")


def _referral(kind: str) -> Iterator[Fault]:
    row = next((row for row in read("directory") if row["kind"] == kind), None)
    if row is None:
        yield "referral", said("referral")
    elif row["may_keep"] != "yes":  # else the words of a villager would be thrown away
        yield "referral", said("never_queued")
    elif date.fromisoformat(row["valid_until"]) < clock.now().astimezone(clock.SHANGHAI).date():
        yield "referral", said("expired")


@cache
def _common() -> frozenset[str]:
    return frozenset(row["word"] for row in read("rule_common_words"))
