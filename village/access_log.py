"""Who has read level-3 answers or the phone of a person: noted with each read, for her alone."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.access import Actor
from village.db import table
from village.ids import new_id
from village.models import AccessLog, Request


def note(
    session: Session, actor: Actor, request: Request, role: str, fields: Iterable[str]
) -> None:
    """Write that `actor` reads these fields by her relation `role` (4.2, rule 3)."""
    row = {
        "id": new_id(),
        "person_id": request.requester_id,
        "reader_id": actor.person_id,
        "role": role,
        "request_id": request.id,
        "fields": sorted(fields),
        "at": clock.now(),
    }
    session.execute(sa.insert(table(AccessLog)).values(row))
