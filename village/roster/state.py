"""The people of the installation as a file can change them, read in a few statements.

Only who came from a roster (who has a code) is ever matched: a name that somebody typed into a
phone must not bring her an office that the file gives to her namesake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.db import table
from village.models import (
    AvailabilityWindow,
    Certificate,
    ConflictDeclaration,
    Membership,
    OrgUnit,
    Person,
    RoleGrant,
    Station,
    Volunteer,
    WechatIdentity,
)
from village.roster.places import Places

Known = Any  # a row of a table as it is


@dataclass(frozen=True)
class Relative:
    """Somebody with an office, for the question of near relatives: village and household."""

    village: str | None
    household: str | None


@dataclass(frozen=True)
class State:
    """What is there: people, and what is theirs by person."""

    now: datetime
    by_code: dict[str, Known]
    by_home: dict[tuple[str | None, str], list[Known]]
    volunteers: dict[UUID, Known]
    memberships: dict[tuple[UUID, str, str], bool]
    certificates: dict[tuple[UUID, str], date | None]
    own_hours: frozenset[UUID]  # who has hours, or can have said on her phone that she has none
    grants: dict[UUID, list[Known]]
    homes: dict[UUID, Relative]
    kin: dict[UUID, set[UUID]]


def places(session: Session) -> Places:
    """Return the county's units and stations."""
    return Places(session.scalars(sa.select(OrgUnit)), session.scalars(sa.select(Station)))


def load(session: Session, now: datetime) -> State:
    """Read the state; the whole roster, since near relatives may hold offices too."""
    people = _rows(session, Person, Person.code.is_not(None))
    grants = _rows(session, RoleGrant)
    by_home = defaultdict[tuple[str | None, str], list[Known]](list)
    for person in people:
        by_home[person.village_code, person.name].append(person)
    return State(
        now=now,
        by_code={person.code: person for person in people},
        by_home=dict(by_home),
        volunteers={row.person_id: row for row in _rows(session, Volunteer)},
        memberships={
            (row.person_id, row.village_code, row.station): row.active
            for row in _rows(session, Membership)
        },
        certificates={
            (row.person_id, row.skill): row.valid_until for row in _rows(session, Certificate)
        },
        own_hours=_own_hours(session),
        grants=_by_person(grants),
        homes=_homes(session, {row.person_id for row in grants}),
        kin=_kin(session),
    )


def _rows(session: Session, model: type, *where: sa.ColumnElement[bool]) -> Sequence[Known]:
    return session.execute(sa.select(table(model)).where(*where)).all()


def _by_person(grants: Sequence[Known]) -> dict[UUID, list[Known]]:
    found = defaultdict[UUID, list[Known]](list)
    for grant in grants:
        found[grant.person_id].append(grant)
    return dict(found)


def _homes(session: Session, officers: set[UUID]) -> dict[UUID, Relative]:
    found = sa.select(Person.id, Person.village_code, Person.household)
    return {
        row.id: Relative(row.village_code, row.household)
        for row in session.execute(found.where(Person.id == sa.any_(sa.literal(list(officers)))))
    }


def _own_hours(session: Session) -> frozenset[UUID]:
    hours = sa.select(AvailabilityWindow.person_id)
    return frozenset(session.scalars(hours.union(sa.select(WechatIdentity.person_id))))


def _kin(session: Session) -> dict[UUID, set[UUID]]:
    found = defaultdict[UUID, set[UUID]](set)
    for row in _rows(session, ConflictDeclaration, ConflictDeclaration.kind == "kin"):
        found[row.person_id].add(row.other_id)
        found[row.other_id].add(row.person_id)
    return dict(found)
