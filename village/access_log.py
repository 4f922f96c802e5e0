"""Who has read level-3 answers or the phone of a person: noted with each read, for her alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.access import Actor
from village.catalog.forms import titles
from village.db import table
from village.ids import new_id
from village.models import AccessLog, Person, Request
from village.privacy import mask_name
from village.timeline import word

SHOWN = 100
REPORTER = "reporter"  # the name of who asked not to be named


@dataclass(frozen=True)
class Read:
    """A read as its person is told of it."""

    at: datetime
    reader: str
    number: str
    fields_read: list[str]


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


def list_mine(session: Session, actor: Actor) -> list[Read]:
    """Return who has read the caller's, the newest first: a hundred at most."""
    found = (
        sa.select(AccessLog.at, Person.name, AccessLog.role, Request.number, AccessLog.fields)
        .outerjoin(Person, Person.id == AccessLog.reader_id)
        .join(Request, Request.id == AccessLog.request_id)
        .where(AccessLog.person_id == actor.person_id)
        .order_by(AccessLog.id.desc())
        .limit(SHOWN)
    )
    return [
        Read(at, _reader(name, role), number, [titles().get(each, each) for each in fields])
        for at, name, role, number, fields in session.execute(found)
    ]


def _reader(name: str | None, role: str) -> str:
    return f"{word('reads_as', role)} {mask_name(name or '')}".strip()
