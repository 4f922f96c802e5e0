"""Lines for the inbox about what is no request: a rest, an agreement, a standing pair.

In the inbox alone, never pushed: nothing of it is urgent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.catalog import files
from village.clock import SHANGHAI
from village.db import table
from village.ids import new_id
from village.models import Notification, RoleGrant


def tell(session: Session, people: Iterable[UUID], kind: str, **values: str) -> None:
    """Write a line of `lines.csv` into these people's inboxes."""
    words = next(row for row in files.read("lines") if row["kind"] == kind)
    lines = [
        {
            "id": new_id(),
            "person_id": person_id,
            "title": words["title"].format_map(values),
            "text": words["text"].format_map(values),
            "fields": {},
            "created_at": clock.now(),
        }
        for person_id in sorted(set(people))
    ]
    if lines:
        session.execute(sa.insert(table(Notification)), lines)


def officers(session: Session, village: str, station: str | None) -> list[UUID]:
    """Return who answers for a station, or (None) the village's chair, in their terms."""
    now = clock.now()
    roles = ("chair",) if station is None else ("head", "deputy")
    return list(
        session.scalars(
            sa.select(RoleGrant.person_id).where(
                RoleGrant.unit_code == village,
                RoleGrant.role.in_(roles),
                RoleGrant.station == station if station else RoleGrant.station.is_(None),
                RoleGrant.valid_from <= now,
                sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
            )
        )
    )


def day(moment: datetime) -> str:
    """Return a day as people write it."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"
