"""The use case "split": a request of several matters becomes several requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.split_off import body_of, split_off
from village.access import Actor
from village.catalog.cache import Catalog
from village.models import Request
from village.workflow.engine import apply
from village.workflow.request import REQUEST


def split(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    request_id: UUID,
    sent: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> Request:
    """Split as `sent["parts"]` says (`[{text, category?}]`), else as routing suggested.

    Returns the request that was split. Raises what `engine.apply` raises, GuardFailed
    `nothing_to_split`, and Invalid for parts that are not the whole. She who wrote it may call
    twice: the second call changes nothing.
    """
    known: Request | None = REQUEST.lock(session, request_id)
    if known and known.status == "split" and known.requester_id == actor.person_id:
        return known
    suggested = known.routing.get("parts", []) if known else []
    parts = sent.get("parts") or [{"text": part["text"]} for part in suggested]
    payload = {"parts": parts}
    whole: Request = apply(
        session, REQUEST, request_id, "split", actor=actor, payload=payload, if_match=if_match
    )
    split_off(session, actor, catalog, whole, [body_of(whole, part) for part in parts])
    return whole
