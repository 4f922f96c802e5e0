"""What is written when: some sentences every day, a few of them at night, danger among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from runtime.demo import texts
from village.catalog.files import Row

A_DAY = 2.5  # sentences that a village of some fifty households writes
NIGHTLY = 0.12  # of them at night
DANGER, DANGER_AT_NIGHT = 0.08, 0.3  # of them about danger
URGENT = ("P0", "P1")


@dataclass(frozen=True)
class Written:
    """Somebody writes a sentence; `category`: she chooses one herself."""

    at: datetime
    person: str
    row: Row
    category: bool


def written(
    seed: int, starts: datetime, days: int, people: dict[str, list[str]], a_day: float = A_DAY
) -> list[Written]:
    """Return what the villagers write; `people` are villages with the codes of those who ask.

    `starts` is a midnight in Shanghai, `a_day` the mean of sentences a village and day. The same
    seed writes the same.
    """
    found: list[Written] = []
    for village, codes in sorted(people.items()):
        chance = Random(f"{seed} {village} plan")  # noqa: S311 - invented people
        for day in range(days):
            found += _of_day(chance, starts + timedelta(days=day), codes, a_day)
    return sorted(found, key=lambda one: (one.at, one.person))


def _of_day(
    chance: Random, midnight: datetime, codes: list[str], a_day: float
) -> Iterator[Written]:
    rows = texts()
    danger = [row for row in rows if row["prio"] in URGENT]
    for _ in range(round(a_day * chance.uniform(0.5, 1.5))):
        at_night = chance.random() < NIGHTLY
        share = DANGER_AT_NIGHT if at_night else DANGER
        row = chance.choice(danger if chance.random() < share else rows)
        hour = _night(chance) if at_night else chance.triangular(6, 22, 9)
        moment = midnight + timedelta(hours=hour)
        yield Written(moment, chance.choice(codes), row, chance.random() < 0.6)


def _night(chance: Random) -> float:
    return chance.choice((chance.uniform(22, 24), chance.uniform(0, 6)))
