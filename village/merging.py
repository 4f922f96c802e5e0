"""Use cases of merging: two requests change together, and both timelines say so (R28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.access import Actor
from village.models import Request
from village.workflow.engine import apply, attempt
from village.workflow.request import REQUEST
from village.workflow.request_merge import is_lost


def merge(
    session: Session,
    actor: Actor,
    request_id: UUID,
    payload: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> Request:
    """Merge a request into the one that `payload` names by `into`; raises as `apply` does.

    The other takes over the earlier limits.
    """
    into: UUID = payload["into"]
    _lock(session, request_id, into)
    request: Request = apply(
        session, REQUEST, request_id, "merge", actor=actor, payload=payload, if_match=if_match
    )
    taken = {"number": request.number, "resolve": request.resolve_due}
    if request.first_response_at is None:
        taken["first_response"] = request.first_response_due
    attempt(session, REQUEST, into, "take_in", payload=taken)
    return request


def unmerge(
    session: Session,
    actor: Actor,
    request_id: UUID,
    payload: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> Request:
    """Undo a merge: the request is again what it was; raises as `apply` does."""
    known = session.get(Request, request_id)
    other = known.merged_into if known else None
    _lock(session, request_id, other)
    request: Request = apply(
        session, REQUEST, request_id, "unmerge", actor=actor, payload=payload, if_match=if_match
    )
    if other is not None:
        attempt(session, REQUEST, other, "let_go", payload={"number": request.number})
    return request


def part_all(session: Session, request_id: UUID) -> None:
    """Give all that were merged into a request back to themselves, if they are lost with it."""
    merged = sa.select(Request.id).where(Request.merged_into == request_id)
    children = list(session.scalars(merged))
    _lock(session, request_id, *children)
    if is_lost(session, session.get_one(Request, request_id)):
        for child in children:
            attempt(session, REQUEST, child, "part")


def _lock(session: Session, *request_ids: UUID | None) -> None:
    """Lock requests in one order, whoever asks: two merges crosswise must not block each other."""
    for request_id in sorted(filter(None, request_ids)):
        REQUEST.lock(session, request_id)
