"""What a text says about how careful to be: who is concerned, who must know, who must not.

The rows of `routing_flags.csv` are a county's to change. A flag decides nothing by itself: it
raises the priority where a row says so, hides the reporter (`hide_me`), or tells the head that a
council, the supervisors or an authority has to be asked, always with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from village.catalog.files import read
from village.workflow.priorities import more_urgent

HIDE_ME = "hide_me"
_SENTENCE = re.compile(r"[。！？!?\n\r]+")


@dataclass(frozen=True)
class Flag:
    """A flag with its reason in the reader's words and the villager's words that raised it.

    `priority` is the least urgent one that the flag allows (`P1`, `P2`), or None.
    """

    kind: str
    reason: str
    matched: str
    priority: str | None = None


@dataclass(frozen=True)
class _Row:
    kind: str
    priority: str | None
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    reason: str

    def found(self, sentence: str) -> str | None:
        match = self.pattern.search(sentence)
        held_back = match and self.unless is not None and self.unless.search(sentence)
        return None if match is None or held_back else match.group()


def flags(text: str) -> list[Flag]:
    """Return the flags of a villager's `text`, one of a kind, in the order of the data file.

    The first row of a kind that holds in some sentence gives the reason: rows that raise the
    priority stand before those that do not.
    """
    found: dict[str, Flag] = {}
    for flag in _holding(text):
        found.setdefault(flag.kind, flag)
    return list(found.values())


def most_urgent(found: list[Flag], priority: str) -> str:
    """Return `priority`, or the more urgent one that a flag asks for."""
    for flag in found:
        priority = more_urgent(priority, flag.priority) if flag.priority else priority
    return priority


def _holding(text: str) -> Iterator[Flag]:
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    for row in _rows():
        matched = next((term for each in sentences if (term := row.found(each))), None)
        if matched is not None:
            yield Flag(row.kind, row.reason, matched, row.priority)


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            kind=row["kind"],
            priority=row["priority"] or None,
            pattern=re.compile(row["pattern"]),
            unless=re.compile(row["unless"]) if row["unless"] else None,
            reason=row["reason"],
        )
        for row in read("routing_flags")
    )
