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
from village.db import insert_sql, json_rows, table
from village.ids import new_id
from village.models import Notification, RoleGrant

# Of `insert_sql` for what is written to people: who has had herself erased gets nothing more, and
# who is just doing so is waited for, or waits.
TO_THE_LIVING = (
    " where exists (select from people p where p.id = person_id and p.erased_at is null"
    " for key share)"
)
_WRITE = sa.text(
    insert_sql(Notification, "id", "person_id", "title", "text", "fields", "created_at")
    + TO_THE_LIVING
)


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
        session.execute(_WRITE, {table(Notification).name: json_rows(lines)})


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
