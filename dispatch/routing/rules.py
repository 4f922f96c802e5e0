"""What words say about a request: its station and category, its priority, who must not decide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from village.catalog.files import Row, parts, read

MIN_POINTS = 3.0
MIN_LEAD = 2.0
MIN_RATIO = 1.6
HEAD_WORD = "站长"
OWN = "own"
CLEAR_POINTS = 3.0
CLEAR_LEAD = 1.5
LETTER, LONG_LETTER = 60, 150  # characters between which a text tells of several things
AROUND = 20  # characters before and after a rule's phrase in which its exception counts


@dataclass(frozen=True)
class Reason:
    """Why the machine decided as it did; `weight` is the share of the score."""

    kind: str
    text: str
    weight: float


@dataclass
class Scores:
    """Points of each station and category, and the words that gave them."""

    stations: dict[str, float] = field(default_factory=dict)
    categories: dict[str, float] = field(default_factory=dict)
    words: dict[str, list[Reason]] = field(default_factory=dict)

    def add(self, entry: _Word) -> None:
        """Count one word once."""
        _add(self.stations, entry.station, entry.weight)
        if entry.category:
            _add(self.categories, entry.category, entry.weight)
        reason = Reason("term", entry.word, entry.weight)
        self.words.setdefault(entry.station, []).append(reason)

    def ranked(self) -> list[tuple[str, float]]:
        """Return stations (and `none`: no village matter) with their points, best first."""
        return sorted(self.stations.items(), key=lambda pair: (-pair[1], pair[0]))

    def best_category(self, codes: Iterable[str]) -> str | None:
        """Return the one of `codes` that leads clearly, or None."""
        mine = sorted(((self.categories.get(code, 0.0), code) for code in codes), reverse=True)
        (first, code), (second, _) = (*mine, (0.0, ""), (0.0, ""))[:2]
        return code if first >= CLEAR_POINTS and first >= CLEAR_LEAD * second else None

    def clear_winner(self) -> str | None:
        """Return the station (or `none`) that the words alone would name, or None."""
        ranked = self.ranked()
        if not ranked:
            return None
        (label, first), (_, second) = (*ranked, ("", 0.0))[:2]
        clear = first >= MIN_POINTS and first - second >= MIN_LEAD and first >= MIN_RATIO * second
        return label if clear else None

    def reasons(self, label: str | None) -> list[Reason]:
        """Return the words that spoke for `label` (None: all words), heaviest first, 5 at most."""
        words = self.words.items()
        found = [reason for key, each in words if label in (None, key) for reason in each]
        return sorted(found, key=lambda reason: -reason.weight)[:5]


@dataclass(frozen=True)
class Rule:
    """An exact rule that a village or the county set: these words go there.

    `to` is a station, `none` (no village matter), `chair`, or `own` (a question to the chair about
    her own requests); `directory` names what answers in the county's directory.
    """

    to: str
    category: str | None
    why: str
    directory: str | None = None

    def reason(self) -> Reason:
        """Return why it is decided so; a question about her own requests is told apart."""
        return Reason(OWN if self.to == OWN else "rule", self.why, 1.0)

    @property
    def is_never_queued(self) -> bool:
        """Tell whether it is answered with a number and lies at no desk, whatever was chosen."""
        return self.directory is not None and not may_keep(self.directory)


@dataclass(frozen=True)
class _Word:
    word: str
    station: str
    category: str
    weight: float


@lru_cache(maxsize=2)
def score(text: str) -> Scores:
    """Return what the words of `text` say; a word inside a longer known word does not count.

    It is not to be changed: one message is asked about several times in a row.
    """
    found = [entry for entry in _words() if entry.word in text]
    known = {entry.word for entry in found}
    scores = Scores()
    for entry in found:
        if not any(entry.word != other and entry.word in other for other in known):
            scores.add(entry)
    return scores


@lru_cache(maxsize=8)
def village_rule(text: str, village: str) -> Rule | None:
    """Return the first rule of this village (its code), else of all villages, that holds.

    What is never queued (5.2, 2.8) stands before every other: no village's rule may queue it.
    """
    has_own = any(row["village"] == village for row in read("routing_rules"))
    for row, phrase, unless in _rules(village if has_own else ""):
        if _holds(text, phrase, unless):
            return Rule(row["to"], row["category"] or None, row["why"], row["directory"] or None)
    return None


def _holds(text: str, phrase: re.Pattern[str], unless: re.Pattern[str] | None) -> bool:
    """Tell whether the phrase stands in `text` and its exception does not.

    A short letter tells of other matters too, which must not excuse this one: there the exception
    counts in the words around the phrase alone. A longer one is a story, and is read as a whole.
    """
    if unless is None or not LETTER <= len(text) <= LONG_LETTER:
        return bool(phrase.search(text)) and not (unless and unless.search(text))
    return any(not unless.search(_around(text, *met.span())) for met in phrase.finditer(text))


def _around(text: str, start: int, end: int) -> str:
    return text[max(start - AROUND, 0) : end + AROUND]


_Held = tuple[Row, re.Pattern[str], re.Pattern[str] | None]


@lru_cache(maxsize=64)
def _rules(village: str) -> tuple[_Held, ...]:
    """Return the rules of a village and of all villages in their turn, with their patterns."""
    rows = [row for row in read("routing_rules") if row["village"] in ("", village)]
    return tuple(
        (row, re.compile(row["phrase"]), re.compile(row["unless"]) if row["unless"] else None)
        for row in sorted(rows, key=_turn)
    )


def _turn(row: Row) -> tuple[bool, bool]:
    kind = row["directory"]
    return not kind or may_keep(kind), row["village"] == ""


@cache
def may_keep(kind: str) -> bool:
    """Tell whether the village may look at what the county's directory answers with `kind`."""
    return any(row["kind"] == kind and row["may_keep"] == "yes" for row in read("directory"))


def is_never_queued(text: str) -> bool:
    """Tell whether a rule of the county answers `text` with a number and queues it nowhere."""
    rule = village_rule(text, "")
    return rule is not None and rule.is_never_queued


def raised_priority(text: str, category: str) -> tuple[str, Reason] | None:
    """Return the priority to which words raise a category's, and the reason."""
    for row in read("priority_words"):
        if row["category"] == category and re.search(row["pattern"], text):
            return row["priority"], Reason("priority", row["reason"], 1.0)
    return None


def about_head(text: str) -> Reason | None:
    """Return the reason when the text is about a head herself: the chair decides (3.0)."""
    return Reason("recusal", HEAD_WORD, 1.0) if HEAD_WORD in text else None


def _add(points: dict[str, float], key: str, weight: float) -> None:
    points[key] = points.get(key, 0.0) + weight


@cache
def _words() -> tuple[_Word, ...]:
    return tuple(
        _Word(word, row["station"], row["category"], float(row["weight"]))
        for row in read("routing_words")
        for word in parts(row["words"])
    )
