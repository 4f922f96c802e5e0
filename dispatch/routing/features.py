"""What the model sees of a text: runs of one to three characters, and what kinds of words meet.

A kind of words (`model/word_kinds.csv`: who, falls, lies still, long ago, only feared …) counts
for itself and with each other kind near by: so "三叔栽倒了没声气" is like "我娘摔了叫不醒" even where
no three characters are the same.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

LONGEST_TEXT = 2000  # characters, as many as a request may have
LONGEST_RUN = 3
OPENING = 40  # characters: a letter's title, or all of a spoken line
NEAR = 3  # kinds of words: the next ones with which a kind is counted together
KIND_MARK = "+"  # in the name of what is no run of characters

# Masks, and the codes that stand for places in public petitions: "A7县", "M13县".
_MASKED = re.compile(r"〔[^〕]*〕|某某|[A-Za-z][0-9]*(?=[市县区州])")
_NUMBER = re.compile(r"[0-9０-９]+")
_BREAK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


def segments(text: str) -> list[str]:
    """Return the stretches of `text` between punctuation, with every number as one 0."""
    text = _MASKED.sub("", text[:LONGEST_TEXT]).lower()
    return [part for part in _BREAK.split(_NUMBER.sub("0", text)) if part]


def runs(text: str) -> Counter[str]:
    """Return how often each run of characters occurs; those of the opening count twice."""
    counts: Counter[str] = Counter()
    passed = 0
    found: list[str] = []
    for part in segments(text):
        times = 2 if passed < OPENING else 1
        passed += len(part)
        for length in range(1, LONGEST_RUN + 1):
            for start in range(len(part) - length + 1):
                counts[part[start : start + length]] += times
        found += kinds(part)
    counts.update(_meetings(found))
    return counts


def kinds(part: str) -> list[str]:
    """Return the kinds of words in `part`, the longest word first, as they stand."""
    kind_of, longest = _words()
    found, start = [], 0
    while start < len(part):
        ends = range(start + longest.get(part[start], 0), start, -1)
        end = next((end for end in ends if part[start:end] in kind_of), None)
        if end is not None:
            found.append(kind_of[part[start:end]])
        start = start + 1 if end is None else end
    return found


def weigh(counts: Mapping[str, int], rarity: Mapping[str, float]) -> dict[str, float]:
    """Return the known runs with their weights: the rarer and the oftener the more, length 1."""
    raw = {run: (1 + math.log(n)) * rarity[run] for run, n in counts.items() if run in rarity}
    length = math.sqrt(sum(weight * weight for weight in raw.values()))
    return {run: weight / length for run, weight in raw.items()}


def _meetings(found: list[str]) -> Iterator[str]:
    for place, kind in enumerate(found):
        yield f"{KIND_MARK}{kind}"
        for other in found[place + 1 : place + 1 + NEAR]:
            if other != kind:
                yield KIND_MARK.join(("", kind, other))


@cache
def _words() -> tuple[dict[str, str], dict[str, int]]:
    """Return each word's kind, and the length of the longest word by its first character."""
    place = resources.files("dispatch.routing") / "model" / "word_kinds.csv"
    rows = csv.DictReader(io.StringIO(place.read_text(encoding="utf-8"), newline=""))
    kind_of = {word: row["kind"] for row in rows for word in row["words"].split("|")}
    longest: dict[str, int] = {}
    for word in kind_of:
        longest[word[0]] = max(longest.get(word[0], 0), len(word))
    return kind_of, longest
