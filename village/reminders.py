"""What officers are reminded of once a week, as long as it lasts: the row says that they were."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import clock, lines, workdays
from village.db import table
from village.models import Reminder, RoleGrant


def calendar(session: Session) -> int:
    """Tell the county's officers that a year's holidays are missing; return how many were told."""
    workdays.follow(session)
    year = workdays.missing(clock.now())
    if year is None or not _first(session, f"calendar-{year}"):
        return 0
    people = _county_officers(session)
    lines.tell(session, people, "calendar_missing", year=str(year))
    return len(people)


def _first(session: Session, what: str) -> bool:
    """Tell whether nobody was reminded of it this week."""
    week = clock.now().astimezone(clock.SHANGHAI).strftime("%G-W%V")
    row = {"key": f"{what}-{week}", "at": clock.now()}
    written = insert(table(Reminder)).values(row).on_conflict_do_nothing()
    return session.scalar(written.returning(table(Reminder).c.key)) is not None


def _county_officers(session: Session) -> list[UUID]:
    now = clock.now()
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == "county_officer",
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    return list(session.scalars(held))
