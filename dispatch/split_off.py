"""One matter of several, written as a request of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from dispatch.drafting import draft
from dispatch.look import look
from dispatch.routing.parts import Part, rest
from dispatch.routing.router import ROUTED
from village import exclusions, files, follows, people, similar_texts
from village.access import THE_SYSTEM, Actor
from village.catalog.cache import Catalog
from village.models import Request
from village.public_face import is_comparable
from village.safe_path import is_safe_path
from village.workflow.engine import start
from village.workflow.request import REQUEST
from village.workflow.request_advice import is_tip_off
from village.workflow.request_transfers import seal_dispute


def body_of(whole: Request, part: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent of one part: its words, and all else as in the whole.

    `neutral`: a part is as quiet as the whole or quieter.
    """
    return {
        "village": whole.village_code,
        "text": part["text"].strip(),
        "category": part.get("category"),
        "place": whole.place,
        "on_behalf_of": whole.on_behalf_of,
        "proxy_id": whole.proxy_id,
        "source": whole.source,
        "hide_me": whole.hide_me,
        "consent_version": whole.consent_version,
        "neutral": whole.neutral,
    }


def beside_tip_off(whole: Request) -> list[dict[str, Any]]:
    """Return what is to be sent of the stations' matters in a request that is never queued.

    It is read before the whole is written: of a crime no words are kept.
    """
    if not is_tip_off(whole):
        return []
    matters = [Part(**part) for part in whole.routing["parts"]]
    return [body_of(whole, {"text": part.text}) for part in rest(matters)]


def split_off(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    whole: Request,
    bodies: Sequence[Mapping[str, Any]],
) -> None:
    """Write parts, each with its body, as requests of the same person; they share its pictures.

    A picture of a dispute is not for who mends the lamp: then the dispute alone has it. One that
    may show a crime nobody has.
    """
    parts = [_one(session, actor, catalog, whole, sent) for sent in bodies]
    if any(map(is_tip_off, parts)):
        return
    closed = [part for part in parts if part.sealed or is_safe_path(part)]
    for part in closed or parts:
        files.hand_down(session, whole, part)


def _one(
    session: Session, actor: Actor, catalog: Catalog, whole: Request, sent: Mapping[str, Any]
) -> Request:
    wrote = Actor(whole.requester_id, grants=people.offices(session, whole.requester_id))
    seen = look(session, wrote, catalog, sent)
    request = draft(wrote, catalog, sent, seen)
    request.parent_id, request.neutral = whole.id, request.neutral or sent["neutral"]
    _keep_closed(whole, request, safe=seen.safe)
    category = catalog.categories.get(request.category or "")
    by = actor if actor.person_id == whole.requester_id else THE_SYSTEM
    since = whole.submitted_at or whole.created_at
    payload = {"category": category, "since": since, "number": whole.number}
    start(session, REQUEST, request, "split_off", actor=by, payload=payload)
    exclusions.hand_down(session, whole.id, request.id)
    similar_texts.keep(session, request, category)
    if is_comparable(request, category):
        follows.take_along(session, whole.id, request.id)
    return request


def _keep_closed(whole: Request, part: Request, *, safe: bool) -> None:
    """What was sealed is opened by no cut (3.4); what takes the safe path goes to no station."""
    clear = part.routing["decision"] == ROUTED
    if whole.sealed and not clear and not safe:
        part.station, part.category = "mediation", None
        part.routing = {**part.routing, "decision": ROUTED, "by": "words"}
        part.advice = None
        seal_dispute(part)
    part.routing = {**part.routing, "waits_for": part.waits_for}
