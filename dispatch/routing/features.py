"""What the model sees of a text: runs of one to three characters, without what says nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

LONGEST_TEXT = 2000  # characters, as many as a request may have
LONGEST_RUN = 3
OPENING = 40  # characters: a letter's title, or all of a spoken line

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
    for part in segments(text):
        times = 2 if passed < OPENING else 1
        passed += len(part)
        for length in range(1, LONGEST_RUN + 1):
            for start in range(len(part) - length + 1):
                counts[part[start : start + length]] += times
    return counts


def weigh(counts: Mapping[str, int], rarity: Mapping[str, float]) -> dict[str, float]:
    """Return the known runs with their weights: the rarer and the oftener the more, length 1."""
    raw = {run: (1 + math.log(n)) * rarity[run] for run, n in counts.items() if run in rarity}
    length = math.sqrt(sum(weight * weight for weight in raw.values()))
    return {run: weight / length for run, weight in raw.items()}
