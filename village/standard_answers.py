"""Sentences that a head may take instead of writing her own: by category, state and action."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from village import access, requests
from village.access import Actor
from village.catalog import files


@dataclass(frozen=True)
class StandardAnswer:
    """A sentence for a field of an action's body."""

    code: str
    action: str
    field: str
    text: str


def offered(session: Session, actor: Actor, request_id: UUID) -> list[StandardAnswer]:
    """Return the sentences for what the caller may do with a request now, its own kind's first.

    Raises NotFound, Forbidden for who decides nothing about it.
    """
    seen = requests.read(session, actor, request_id)
    access.require("request.answers", seen.relations)
    category, status = seen.request.category or "", seen.request.status
    rows = [
        row
        for row in files.read("standard_answers")
        if row["action"] in seen.allowed_actions
        and row["state"] in ("", status)
        and _fits(row["categories"], category)
    ]
    rows.sort(key=lambda row: not row["categories"])
    return [StandardAnswer(row["code"], row["action"], row["field"], row["zh"]) for row in rows]


def _fits(cell: str, category: str) -> bool:
    """A category by its code or by the letters of its station; an empty cell fits all."""
    return not cell or any(category in (one, f"{one}-{category[4:]}") for one in files.parts(cell))
