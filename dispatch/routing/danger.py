"""Whether to ask about danger before anything else: the lexicon's word, and the model's.

The lexicon asks first. The model raises the question where no word did, and takes it back only
where a letter tells at length of something else: never where home, child, suicide or a silent
door is meant, and never in a short text.
"""

from __future__ import annotations

from dispatch.routing import emergency
from dispatch.routing.classifier import judge, policy
from dispatch.routing.emergency import Screen
from dispatch.routing.labels import EMERGENCY
from dispatch.routing.rules import score
from village.catalog.files import parts, read

ALWAYS_ASKED = frozenset({"suicide", "dv", "child", "no_answer"})


def ask(text: str) -> Screen | None:
    """Return the question to put before `text` (a villager's words) goes anywhere, or None."""
    found = emergency.screen(text)
    opinion = judge(text, score(text))
    if opinion.version is None:
        return found
    share = opinion.shares[EMERGENCY]
    if found is None:
        return _general() if share >= policy("danger") else None
    return None if _told_at_length(found, text) and share < policy("calm") else found


def _told_at_length(found: Screen, text: str) -> bool:
    return len(text) >= policy("letter") and not ALWAYS_ASKED & set(found.kinds)


def _general() -> Screen:
    row = read("emergency_general")[0]
    pairs = (pair.split("=") for pair in parts(row["numbers"]))
    return Screen(
        kind=row["kind"],
        question=row["question"],
        numbers=[(label, number) for label, number in pairs],
        advice=row.get("advice", ""),
        matched=[],
        kinds=[row["kind"]],
    )
