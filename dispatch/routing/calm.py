"""What speaks against danger in a short message, whatever its words sound like.

A beast, a tool, a game; what is denied, only feared, supposed, over; thanks and figures of speech.
The rows of `calm_signs.csv` are a county's to change: where a row's `pattern` is found and its
`unless` is not, its `points` are taken off those for danger. `{people}` in a row stands for the
words of the row `people`. No sign forbids a question: what is said plainly enough is still asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from village.catalog.files import read

PEOPLE = "people"


@dataclass(frozen=True)
class _Sign:
    points: float
    pattern: re.Pattern[str]
    unless: re.Pattern[str]

    def holds(self, text: str) -> bool:
        return bool(self.pattern.search(text)) and not self.unless.search(text)


def points(text: str) -> float:
    """Return what is taken off the points for danger of `text`, a short message: 0 and more."""
    return sum(sign.points for sign in _signs() if sign.holds(text))


@cache
def _signs() -> tuple[_Sign, ...]:
    rows = read("calm_signs")
    people = next(row["pattern"] for row in rows if row["kind"] == PEOPLE)
    return tuple(
        _Sign(
            points=float(row["points"]),
            pattern=re.compile(row["pattern"]),
            unless=re.compile(row["unless"].replace("{people}", people)),
        )
        for row in rows
        if row["kind"] != PEOPLE
    )
