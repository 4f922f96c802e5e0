"""Which offices one person, or near relatives, may not hold together (permissions 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import combinations

from village.catalog.files import Row, read


@dataclass(frozen=True)
class Held:
    """An office in a unit, from a moment to another (None: without an end)."""

    role: str
    unit: str
    since: datetime
    until: datetime | None


def clashes(held: Sequence[Held], near: Callable[[str, str], bool]) -> Iterator[tuple[Held, Held]]:
    """Yield the pairs that one person may not hold at a time.

    `near` tells whether two units are one, or one lies within the other: a supervisor's
    administrative village is that of the councils in it.
    """
    for one, other in combinations(held, 2):
        if _overlap(one, other) and any(
            _names(rule, one, other) and (rule["where"] == "anywhere" or near(one.unit, other.unit))
            for rule in _rules("near", "anywhere")
        ):
            yield one, other


def kin_clashes(
    mine: Sequence[Held], theirs: Sequence[Held], near: Callable[[str, str], bool]
) -> Iterator[tuple[Held, Held]]:
    """Yield the pairs that two near relatives may not hold at a time: who supervises whom."""
    for one in mine:
        for other in theirs:
            related = _overlap(one, other) and near(one.unit, other.unit)
            if related and any(_names(rule, one, other) for rule in _rules("kin")):
                yield one, other


@cache
def by_role() -> dict[str, Row]:
    """Return the offices of `roles.csv` by role."""
    return {row["role"]: row for row in read("roles")}


def _overlap(one: Held, other: Held) -> bool:
    return (one.until is None or one.until > other.since) and (
        other.until is None or other.until > one.since
    )


def _names(rule: Row, one: Held, other: Held) -> bool:
    if rule["other"] == "*":
        return one.role != other.role and rule["one"] in (one.role, other.role)
    return {rule["one"], rule["other"]} == {one.role, other.role}


@cache
def _rules(*where: str) -> tuple[Row, ...]:
    return tuple(row for row in read("incompatible_offices") if row["where"] in where)
