"""Whether to ask about danger before anything else: the lexicon's word, and the model's.

The model's points for danger, and more where the lexicon found a word, most of all where home, a
child, suicide or a silent door is meant, and in a short text a fire or a theft: from the policy's
mark on, the question is put. So the model asks where no word did, and a word that only tells of
last year or of a film does not.
"""

from __future__ import annotations

from dispatch.routing import emergency
from dispatch.routing.classifier import danger_points, policy
from dispatch.routing.emergency import Screen
from village.catalog.files import parts, read

ALWAYS_ASKED = frozenset({"suicide", "dv", "child", "no_answer"})
ASKED_IF_SHORT = ALWAYS_ASKED | {"fire", "police"}  # letters tell of many that are long over


def ask(text: str) -> Screen | None:
    """Return the question to put before `text` (a villager's words) goes anywhere, or None."""
    found = emergency.screen(text)
    points = danger_points(text)
    if points is None:
        return found
    mark = policy("danger_in_letter" if _is_letter(text) else "danger")
    if points + _spoken_for(found, text) < mark:
        return None
    return found or _general()


def _is_letter(text: str) -> bool:
    return len(text) >= policy("letter")


def _spoken_for(found: Screen | None, text: str) -> float:
    """Return what the lexicon's hit adds to the model's points."""
    if found is None:
        return 0.0
    where, most = ("_in_letter", ALWAYS_ASKED) if _is_letter(text) else ("", ASKED_IF_SHORT)
    always = not most.isdisjoint(found.kinds)
    return policy(f"word{where}") + policy(f"always{where}") * always


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
