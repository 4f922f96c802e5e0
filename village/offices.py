"""Which offices one person, or near relatives, may not hold together (permissions 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import combinations
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.catalog.files import Row, read
from village.models import OrgUnit, RoleGrant


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


def clashing(
    session: Session, person: UUID, granted: Sequence[RoleGrant]
) -> tuple[Held, Held] | None:
    """Return two offices that a person may not hold together, if these were granted to her."""
    parents = dict(session.execute(sa.select(OrgUnit.code, OrgUnit.parent_code)).all())

    def line(code: str | None) -> Iterator[str]:
        while code is not None:
            yield code
            code = parents[code]

    def near(one: str, other: str) -> bool:
        return one in line(other) or other in line(one)

    present = session.scalars(sa.select(RoleGrant).where(RoleGrant.person_id == person)).all()
    held = [_held(grant) for grant in (*present, *granted)]
    return next(clashes(held, near), None)


def _held(grant: RoleGrant) -> Held:
    return Held(grant.role, grant.unit_code, grant.valid_from, grant.valid_to)


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
