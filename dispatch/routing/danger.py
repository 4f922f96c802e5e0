"""Whether to ask about danger before anything else: the lexicon's word, and the model's.

The model's points for danger, and more where the lexicon found a word, most of all where home, a
child, suicide or a silent door is meant, and in a short text a fire, a fallen line or a theft:
from the policy's mark on, the question is put. So the model asks where no word did, and a word
that only tells of last year or of a film does not; in a short text a clause behind it that tells of
now is looked at by itself, and what speaks against danger (`calm`) takes some off.

What is asked about takes the safe path where the lexicon says so or the second head (`safe`): most
people who are beaten, or want to die, use no word of the lexicon, or another kind's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from dispatch.routing import calm, emergency, safe
from dispatch.routing.classifier import danger_points, other_points, policy, terms
from dispatch.routing.emergency import Screen
from dispatch.routing.labels import EMERGENCY
from dispatch.routing.parts import parting
from dispatch.routing.rules import Reason
from village.catalog.files import parts, read

ALWAYS_ASKED = frozenset({"suicide", "dv", "child", "lost_child", "no_answer"})
# Letters tell of many of these that are long over.
ASKED_IF_SHORT = ALWAYS_ASKED | {"fire", "police", "power"}
SHORTEST = 3  # characters of a clause that can be a matter
_BETWEEN = re.compile(r"[，,。！!？?；;、\s]+")


def ask(text: str) -> Screen | None:
    """Return the question to put before `text` (a villager's words) goes anywhere, or None."""
    found = emergency.screen(text)
    points = danger_points(text)
    if points is None:
        return found
    mark = policy("danger_in_letter" if _is_letter(text) else "danger")
    certain = found is not None and _is_certain(text)
    if certain or points + _words_points(found, text) >= mark:
        return _question(found, text)
    if _is_letter(text):
        return _in_two_clauses(text)
    return _beside_another_matter(text) or _after_what_is_over(text)


def reasons(text: str, found: Screen) -> list[Reason]:
    """Return why the question `found` was put before `text`: the lexicon's words, the model's."""
    safe_path = [Reason("safe_path", "safe_path", 1.0)] if found.safe else []
    words = [Reason("emergency", term, 1.0) for term in found.matched]
    model = [Reason("danger", reason.text, reason.weight) for reason in terms(text, EMERGENCY)]
    return [*safe_path, *words, *model]


def _beside_another_matter(text: str) -> Screen | None:
    """Ask about danger in one part of a message whose other part is clearly an ordinary matter.

    Else a lamp that is broken, too, would hide that he beats her. Who asks what is paid for an
    accident tells of one that is over.
    """
    if parting("settled").search(text):
        return None
    for part, rest in _halves(text):
        if other_points(rest) < policy("other_matter"):
            continue  # before the search for words, which takes longest
        found = emergency.screen(part)
        points = (danger_points(part) or 0.0) + _words_points(found, part)
        if points >= policy("danger_beside"):
            return _question(found, part)
    return None


def _after_what_is_over(text: str) -> Screen | None:
    """Ask about what is so now, behind a clause of last year, of a drill or of a fear.

    Else a fire that there was once would hide the one that burns.
    """
    for first, last in _cuts(text):
        before = parting("before")
        if before.search(first) and parting("now").search(last) and not before.search(last):
            found = emergency.screen(last)
            if (danger_points(last) or 0.0) + _words_points(found, last) >= policy("danger"):
                return _question(found, last)
    return None


def _in_two_clauses(text: str) -> Screen | None:
    """Ask about danger that a short letter tells in two clauses, between lamps and ditches.

    A longer one, and one that tells of last year or of a court, tells of harm in many clauses that
    is long over.
    """
    if len(text) > policy("short_letter") or parting("told").search(text):
        return None
    for part in _pairs(text):
        found = emergency.screen(part)
        points = (danger_points(part) or 0.0) + _words_points(found, part)
        if points >= policy("danger_in_clauses"):
            return _question(found, part)
    return None


def _pairs(text: str) -> Iterator[str]:
    """Return every two clauses of a text that stand in a row."""
    clauses = [clause for clause in _BETWEEN.split(text) if len(clause) >= SHORTEST]
    yield from ("，".join(pair) for pair in pairwise(clauses))


def _halves(text: str) -> Iterator[tuple[str, str]]:
    """Return each cut of a text between two of its clauses, both ways round."""
    for first, last in _cuts(text):
        yield from ((first, last), (last, first))


def _cuts(text: str) -> Iterator[tuple[str, str]]:
    clauses = [clause for clause in _BETWEEN.split(text) if clause]
    for at in range(1, len(clauses)):
        first, last = "，".join(clauses[:at]), "，".join(clauses[at:])
        if min(len(first), len(last)) >= SHORTEST:
            yield first, last


def _is_certain(text: str) -> bool:
    """Tell whether a word of danger is enough: in a cry, and of a line that is down."""
    sure = not _is_letter(text) and parting("sure").search(text) is not None
    return sure or len(text) <= policy("cry")


def _is_letter(text: str) -> bool:
    return len(text) >= policy("letter")


def _words_points(found: Screen | None, text: str) -> float:
    """Return what the words that are known add to the model's points, or take off them."""
    against = 0.0 if _is_letter(text) else calm.points(text)
    return _spoken_for(found, text) - against


def _spoken_for(found: Screen | None, text: str) -> float:
    """Return what the lexicon's hit adds to the model's points."""
    if found is None:
        return 0.0
    where, most = ("_in_letter", ALWAYS_ASKED) if _is_letter(text) else ("", ASKED_IF_SHORT)
    always = not most.isdisjoint(found.kinds)
    return policy(f"word{where}") + policy(f"always{where}") * always


def _question(found: Screen | None, text: str) -> Screen:
    """Return the lexicon's question, or the general one, with the safe kind that `text` speaks of.

    The numbers of all that may be are shown: 120 for the poison, 12356 beside it.
    """
    kind = safe.kind(text)
    if kind is None:
        return found or _general()
    if found is not None:
        return emergency.about({*found.kinds, kind}, found.matched)
    asked = emergency.about({kind}, [])
    return replace(asked, numbers=list(dict.fromkeys([*asked.numbers, *_general().numbers])))


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
