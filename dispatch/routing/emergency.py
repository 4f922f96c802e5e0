"""The emergency screen: a lexicon that raises a question and decides nothing (restraint 5.3).

The phone runs the same lexicon without a network. What both sides do with it:

1. `replace` is applied to the text, in order: white space and astral characters go, so that
   positions mean the same in Python and JavaScript.
2. The first match of a rule's `pattern` that counts is its term. A match counts unless `unless`
   is found in its sentence, or one of its `guards` holds. A guard looks at the clause before the
   match, the clause after it (`window` characters at most), or the whole sentence; it holds when
   its `pattern` is found there and its `except` is not. Clauses end at `clause_end`, sentences at
   `sentence_end`.
3. Of the kinds that were hit, the first in the order of `kinds` asks its question.

Patterns keep to what both languages read alike: no look-behind, no \\d or \\w, bounded repeats.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from village.catalog.files import parts, read
from village.safe_path import SAFE_PATH_KINDS

WINDOW = 12
CLAUSE_END = "，,、；;：:。！？"
SENTENCE_END = "。！？"
REPLACE = (
    (r"[\r\n]+", "。"),
    (r"[ \t\u000b\u000c\u00a0\u3000\u200b-\u200d\u2060\ufe0f\ufeff]+", ""),
    (r"[\ud800-\udfff]", ""),
    (r"!", "！"),
    (r"[?]", "？"),
)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_CLAUSE = re.compile(f"[{CLAUSE_END}]")
_SENTENCE = re.compile(f"[{SENTENCE_END}]")


@dataclass(frozen=True)
class Screen:
    """A question to put before anything else, with the numbers to call."""

    kind: str
    question: str
    numbers: list[tuple[str, str]]
    advice: str
    matched: list[str]
    kinds: list[str]

    @property
    def safe(self) -> bool:
        """Tell whether any of it takes the safe path, though another kind asks its question."""
        return not SAFE_PATH_KINDS.isdisjoint(self.kinds)


@dataclass(frozen=True)
class Advice:
    """Numbers that may help; nothing stops for it."""

    kind: str
    numbers: list[tuple[str, str]]
    text: str
    matched: list[str]


@dataclass(frozen=True)
class _Guard:
    where: str
    pattern: re.Pattern[str]
    exception: re.Pattern[str] | None

    def holds(self, windows: dict[str, str]) -> bool:
        text = windows[self.where]
        if not self.pattern.search(text):
            return False
        return self.exception is None or not self.exception.search(text)


@dataclass(frozen=True)
class _Rule:
    kind: str
    pattern: re.Pattern[str]
    guards: tuple[_Guard, ...]
    unless: re.Pattern[str] | None


def screen(text: str) -> Screen | None:
    """Return the question that `text` (a villager's words) raises, or None."""
    hits = _hits(text)
    stopping = [kind for kind, row in _kinds().items() if row["stops"] == "yes" and kind in hits]
    return about(stopping, [term for kind in stopping for term in hits[kind]]) if stopping else None


def about(kinds: Collection[str], matched: list[str]) -> Screen:
    """Return the question about `kinds`, with the numbers of all of them: the first one's asks."""
    stopping = [kind for kind in _kinds() if kind in kinds]
    first = _kinds()[stopping[0]]
    numbers = [number for kind in stopping for number in _numbers(kind)]
    return Screen(
        kind=stopping[0],
        question=first["question"],
        numbers=list(dict.fromkeys(numbers)),
        advice=first["advice"],
        matched=matched,
        kinds=stopping,
    )


def advise(text: str) -> list[Advice]:
    """Return the numbers to show beside a request that nothing stops (wages, law, goods, dirt)."""
    hits = _hits(text)
    return [
        Advice(kind, _numbers(kind), row["advice"], hits[kind])
        for kind, row in _kinds().items()
        if row["stops"] == "no" and kind in hits
    ]


@cache
def phone_lexicon() -> dict[str, Any]:
    """Return the lexicon as JSON for the phone; `version` names its content."""
    lexicon: dict[str, Any] = {
        "replace": [list(pair) for pair in REPLACE],
        "clause_end": CLAUSE_END,
        "sentence_end": SENTENCE_END,
        "window": WINDOW,
        "general": _phone_general(),
        "kinds": [_phone_kind(kind) for kind in _kinds()],
        "guards": {row["name"]: _phone_guard(row) for row in read("emergency_guards")},
        "rules": [_phone_rule(row) for row in read("emergency_lexicon")],
    }
    content = json.dumps(lexicon, ensure_ascii=True, sort_keys=True).encode()
    return {"version": hashlib.sha256(content).hexdigest()[:12], **lexicon}


def _phone_kind(kind: str) -> dict[str, Any]:
    row = _kinds()[kind]
    numbers = [{"label": label, "number": number} for label, number in _numbers(kind)]
    return {
        "kind": kind,
        "stops": row["stops"] == "yes",
        "safe_path": kind in SAFE_PATH_KINDS,
        "question": row["question"],
        "advice": row["advice"],
        "numbers": numbers,
    }


def _phone_general() -> dict[str, Any]:
    """What the phone asks with a voice: nobody can look for words in one."""
    row = read("emergency_general")[0]
    numbers = [number.split("=") for number in parts(row["numbers"])]
    return {
        "kind": row["kind"],
        "question": row["question"],
        "numbers": [{"label": label, "number": number} for label, number in numbers],
    }


def _phone_guard(row: dict[str, str]) -> dict[str, str | None]:
    return {
        "where": row["where"],
        "pattern": row["pattern"],
        "except": row["except"] or None,
    }


def _phone_rule(row: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "pattern": row["pattern"],
        "guards": list(parts(row["guards"])),
        "unless": row["unless"] or None,
    }


def _normal(text: str) -> str:
    text = _ASTRAL.sub("", text)
    for pattern, replacement in REPLACE:
        text = re.sub(pattern, replacement, text)
    return text


def _hits(text: str) -> dict[str, list[str]]:
    text = _normal(text)
    hits: dict[str, list[str]] = {}
    for rule in _rules():
        first = rule.pattern.search(text)  # hardly a rule is met, and nearly all time goes here
        if first is not None and (term := _term(rule, text, first.start())) is not None:
            hits.setdefault(rule.kind, []).append(term)
    return hits


def _term(rule: _Rule, text: str, start: int) -> str | None:
    matches = rule.pattern.finditer(text, start)
    return next((m.group() for m in matches if _counts(rule, _windows(text, *m.span()))), None)


def _counts(rule: _Rule, windows: dict[str, str]) -> bool:
    if rule.unless is not None and rule.unless.search(windows["sentence"]):
        return False
    return not any(guard.holds(windows) for guard in rule.guards)


def _windows(text: str, start: int, end: int) -> dict[str, str]:
    left = max(text.rfind(mark, 0, start) for mark in SENTENCE_END) + 1
    clause = max(text.rfind(mark, 0, start) for mark in CLAUSE_END) + 1
    return {
        "sentence": text[left : _next(_SENTENCE, text, end)],
        "before": text[max(clause, start - WINDOW) : start],
        "after": text[end : min(_next(_CLAUSE, text, end), end + WINDOW)],
    }


def _next(marks: re.Pattern[str], text: str, start: int) -> int:
    found = marks.search(text, start)
    return found.start() if found else len(text)


@cache
def _kinds() -> dict[str, dict[str, str]]:
    return {row["kind"]: row for row in read("emergency_kinds")}


def _numbers(kind: str) -> list[tuple[str, str]]:
    pairs = (pair.split("=") for pair in parts(_kinds()[kind]["numbers"]))
    return [(label, number) for label, number in pairs]


@cache
def _rules() -> tuple[_Rule, ...]:
    guards = {
        row["name"]: _Guard(row["where"], re.compile(row["pattern"]), _optional(row["except"]))
        for row in read("emergency_guards")
    }
    return tuple(
        _Rule(
            kind=row["kind"],
            pattern=re.compile(row["pattern"]),
            guards=tuple(guards[name] for name in parts(row["guards"])),
            unless=_optional(row["unless"]),
        )
        for row in read("emergency_lexicon")
    )


def _optional(pattern: str) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
