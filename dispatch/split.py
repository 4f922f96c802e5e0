"""The use case "split": a request of several matters becomes several requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.intake import draft
from dispatch.look import look
from dispatch.routing.router import ROUTED
from village import exclusions, follows, people, similar_texts
from village.access import THE_SYSTEM, Actor
from village.catalog.cache import Catalog
from village.models import Request
from village.public_face import is_comparable
from village.workflow.engine import apply, start
from village.workflow.request import REQUEST
from village.workflow.request_transfers import seal_dispute


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
    for part in parts:
        _split_off(session, actor, catalog, whole, part)
    return whole


def _split_off(
    session: Session, actor: Actor, catalog: Catalog, whole: Request, part: Mapping[str, Any]
) -> None:
    """Write one part as a request of the same person, as quiet as the whole or quieter."""
    wrote = Actor(whole.requester_id, grants=people.offices(session, whole.requester_id))
    sent = {
        "village": whole.village_code,
        "text": part["text"].strip(),
        "category": part.get("category"),
        "place": whole.place,
        "on_behalf_of": whole.on_behalf_of,
        "proxy_id": whole.proxy_id,
        "source": whole.source,
        "hide_me": whole.hide_me,
        "consent_version": whole.consent_version,
    }
    seen = look(session, wrote, catalog, sent)
    request = draft(wrote, catalog, sent, seen)
    request.parent_id, request.neutral = whole.id, request.neutral or whole.neutral
    _keep_closed(whole, request, safe=seen.safe)
    category = catalog.categories.get(request.category or "")
    by = actor if actor.person_id == whole.requester_id else THE_SYSTEM
    payload = {"category": category, "since": whole.submitted_at, "number": whole.number}
    start(session, REQUEST, request, "split_off", actor=by, payload=payload)
    exclusions.hand_down(session, whole.id, request.id)
    similar_texts.keep(session, request, category)
    if is_comparable(request, category):
        follows.take_along(session, whole.id, request.id)


def _keep_closed(whole: Request, part: Request, *, safe: bool) -> None:
    """What was sealed is opened by no cut (3.4); what takes the safe path goes to no station."""
    clear = part.routing["decision"] == ROUTED
    if whole.sealed and not clear and not safe:
        part.station, part.category = "mediation", None
        part.routing = {**part.routing, "decision": ROUTED, "by": "rule"}
        part.advice = None
        seal_dispute(part)
    part.routing = {**part.routing, "waits_for": part.waits_for}
