"""Use cases of merging: two requests change together, and both timelines say so (R28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import lines
from village.access import Actor
from village.models import Follow, Request
from village.workflow.engine import apply, attempt
from village.workflow.request import REQUEST
from village.workflow.request_merge import TOLD, is_known, is_lost


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
    """Let everybody who relied on a request go on by herself, if it is lost to her.

    What was merged into it is a request of its own again. Who followed it, and was not told
    otherwise how it ended, is told that she hears no more of it.
    """
    merged = sa.select(Request.id).where(Request.merged_into == request_id)
    children = list(session.scalars(merged))
    _lock(session, request_id, *children)
    request = session.get_one(Request, request_id)
    if not is_lost(session, request):
        return
    for child in children:
        attempt(session, REQUEST, child, "part")
    if request.status not in TOLD or not is_known(session, request):
        gone = sa.delete(Follow).where(Follow.request_id == request_id)
        followers = session.scalars(gone.returning(Follow.person_id)).all()
        lines.tell(session, followers, "follow_over")


def _lock(session: Session, *request_ids: UUID | None) -> None:
    """Lock requests in one order, whoever asks: two merges crosswise must not block each other."""
    for request_id in sorted(filter(None, request_ids)):
        REQUEST.lock(session, request_id)
