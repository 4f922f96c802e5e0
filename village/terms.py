"""Terms of office that end: what is not done is handed over within ten days (2.1, art. 24).

Requests belong to a station, not to a person: who follows has them at once, and until somebody
does the chair (for the chair's own office the committee's clerk) is told to see to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import clock, lines
from village.catalog.files import read
from village.db import table
from village.models import OrgUnit, Reminder, Request, RoleGrant, Station
from village.workflow.request import ACTIVE

HANDOVER = timedelta(days=10)
OFFICES = ("head", "deputy", "chair")


def remind(session: Session) -> int:
    """Tell of terms that end within ten days, and of those that ended; return how many lines.

    Each is told once before its end, and once after it.
    """
    now = clock.now()
    ending = sa.select(RoleGrant).where(
        RoleGrant.role.in_(OFFICES),
        RoleGrant.covers.is_(None),
        RoleGrant.valid_to > now - HANDOVER,
        RoleGrant.valid_to <= now + HANDOVER,
    )
    return sum(_tell(session, grant) for grant in session.scalars(ending.order_by(RoleGrant.id)))


def _tell(session: Session, grant: RoleGrant) -> int:
    over = grant.valid_to is not None and grant.valid_to <= clock.now()
    if not _first(session, f"term-{grant.id}-{'ended' if over else 'ends'}"):
        return 0
    above, next_ones = _above(session, grant), _next(session, grant)
    kind = "term_ends"
    people: Iterable[UUID] = {grant.person_id, *above}
    if over:
        kind, people = ("term_taken_over", next_ones) if next_ones else ("term_vacant", above)
    facts = {"post": _post(session, grant), "count": str(_open(session, grant))}
    lines.tell(session, people, kind, until=lines.day(grant.valid_to or clock.now()), **facts)
    return len(set(people))


def _first(session: Session, key: str) -> bool:
    written = insert(table(Reminder)).values(key=key, at=clock.now()).on_conflict_do_nothing()
    return session.scalar(written.returning(table(Reminder).c.key)) is not None


def _next(session: Session, grant: RoleGrant) -> list[UUID]:
    """Return who holds the same office now."""
    now = clock.now()
    same = (
        RoleGrant.id != grant.id,
        RoleGrant.role == grant.role,
        RoleGrant.unit_code == grant.unit_code,
        RoleGrant.station.is_not_distinct_from(grant.station),
        RoleGrant.covers.is_(None),
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    return list(session.scalars(sa.select(RoleGrant.person_id).where(*same)))


def _above(session: Session, grant: RoleGrant) -> list[UUID]:
    if grant.role != "chair":
        return lines.officers(session, grant.unit_code, None)
    now = clock.now()
    committee = sa.select(OrgUnit.parent_code).where(OrgUnit.code == grant.unit_code)
    clerks = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == "clerk",
        RoleGrant.unit_code == committee.scalar_subquery(),
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    return list(session.scalars(clerks))


def _post(session: Session, grant: RoleGrant) -> str:
    label = next(row["zh"] for row in read("role_labels") if row["role"] == grant.role)
    if grant.station is None:
        return session.get_one(OrgUnit, grant.unit_code).name + label
    return session.get_one(Station, (grant.unit_code, grant.station)).name + label


def _open(session: Session, grant: RoleGrant) -> int:
    mine = [Request.village_code == grant.unit_code, Request.status.in_(ACTIVE)]
    if grant.station is not None:
        mine.append(Request.station == grant.station)
    return session.scalar(sa.select(sa.func.count()).where(*mine)) or 0
