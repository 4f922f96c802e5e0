"""The use case "submit a request": screen, route, write; and the emergency's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.drafting import draft
from dispatch.look import look
from dispatch.routing.emergency import Screen
from dispatch.split_off import beside_tip_off, split_off
from village import assisted, clock, consents, files, parties, similar_texts, voices
from village.access import Actor
from village.catalog.cache import Catalog
from village.catalog.files import parts, read
from village.catalog.forms import level3_fields
from village.catalog.privacy import PRIVACY_VERSION
from village.errors import Invalid
from village.models import Request
from village.relations import ENTERER, REQUESTER
from village.workflow.engine import apply, start
from village.workflow.request import REQUEST
from village.workflow.request_advice import is_tip_off
from village.workflow.request_limits import EMERGENCY_MINUTES


@dataclass(frozen=True)
class Writer:
    """Who writes: a villager for herself, or an officer for somebody (`role` ENTERER)."""

    actor: Actor
    role: str = REQUESTER
    said: Mapping[str, Any] = field(default_factory=dict)  # what the event keeps of it


def submit(session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]) -> Request:
    """Write a villager's request and return it, with its number, state, station and reasons.

    `sent` is the body of `POST /requests`. An emergency word that she has not answered yet
    makes a draft with the question; everything else is put to a station or to triage at once.
    Raises Invalid, or GuardFailed `consent_needed`, `sensitive_consent_needed` (level-3 answers)
    or `category_closed`.
    """
    return _write(session, actor, catalog, sent, Writer(actor))


def submit_for(
    session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]
) -> Request:
    """Write what somebody said by phone, at the door or on paper, the same way as her own.

    `sent` is the body of `POST /requests/assisted`. The requester is the person served; the
    actor speaks for her until she claims it. Raises Forbidden for who holds no office there,
    and what `submit` raises.
    """
    served = assisted.served(session, actor, catalog.villages.get(sent["village"]), sent["served"])
    said = {name: sent[name] for name in ("source", "consent_how")}
    writer = Writer(actor, ENTERER, said)
    request = _write(session, served, catalog, {**sent, "proxy_id": actor.person_id}, writer)
    assisted.record(session, actor, request, sent["consent_how"])
    return request


def _write(
    session: Session, asks: Actor, catalog: Catalog, sent: Mapping[str, Any], writer: Writer
) -> Request:
    """Screen and route what `asks` asks for, and write it by `writer`."""
    if sent.get("consent_version") not in (None, PRIVACY_VERSION):
        raise Invalid("consent_outdated", "the privacy notice has another version now")
    sent = voices.worded(session, writer.actor, sent)
    seen = look(session, asks, catalog, sent)
    screen = seen.screen
    request = draft(asks, catalog, sent, seen)
    if writer.role == REQUESTER and not level3_fields().isdisjoint(sent.get("answers") or ()):
        consents.require_sensitive(session, asks.person_id)
    answer = sent.get("emergency_confirmed")
    payload = {**writer.said, "category": catalog.categories.get(request.category or "")}
    by: dict[str, Any] = {"actor": writer.actor, "role": writer.role, "payload": payload}
    pictures = sent.get("files") or ()
    if answer or (screen is not None and answer is None):
        request.emergency = _question(screen)
        start(session, REQUEST, request, "hold", **by)
        files.attach(session, writer.actor, request, pictures)
    else:
        beside = beside_tip_off(request)
        start(session, REQUEST, request, "submit", **by)
        files.attach(session, writer.actor, request, pictures)
        similar_texts.keep(session, request, payload["category"])
        _forget_crime(session, writer.actor, catalog, request, beside)
    parties.write_offices(session, writer.actor, request, sent.get("about_office") or ())
    if answer:
        return answer_emergency(session, writer.actor, catalog, request.id, danger_now=True)
    return request


def answer_emergency(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    request_id: UUID,
    *,
    danger_now: bool,
    about_office: Sequence[str] = (),
    if_match: int | None = None,
) -> Request:
    """Take the villager's answer: danger goes to the rescue services, the rest on its way.

    `about_office`: on the safe path, whose office of the village she fears, as in `submit`.

    She may say that there is danger though nobody here asked: her phone did, by its own words.
    """
    known = REQUEST.lock(session, request_id)
    hers = known is not None and actor.person_id in (known.requester_id, known.proxy_id)
    if known is not None and hers:
        parties.write_offices(session, actor, known, about_office)
    if known is not None and hers and _has_said(known, danger_now):
        return known
    if known is not None and hers and danger_now and known.emergency is None:
        known.emergency = _question(None)
    beside = beside_tip_off(known) if known is not None and hers and not danger_now else []
    action = "danger" if danger_now else "no_danger"
    request: Request = apply(session, REQUEST, request_id, action, actor=actor, if_match=if_match)
    _forget_crime(session, actor, catalog, request, beside)
    return request


def _forget_crime(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    whole: Request,
    beside: Sequence[Mapping[str, Any]],
) -> None:
    """Give the stations what is theirs beside a crime, of which no word or picture is kept."""
    if whole.status == "not_ours" and is_tip_off(whole):
        files.let_go(session, whole)
        split_off(session, actor, catalog, whole, beside)


def _has_said(request: Request, danger_now: bool) -> bool:
    """Tell whether this is the answer that she has given already: a second tap."""
    return request.emergency is not None and request.emergency.get("danger_now") is danger_now


def _question(screen: Screen | None) -> dict[str, Any]:
    if screen is None:
        general = read("emergency_general")[0]
        kind, question, safe = general["kind"], general["question"], False
        numbers = [tuple(part.split("=")) for part in parts(general["numbers"])]
    else:
        kind, question, numbers = screen.kind, screen.question, list(screen.numbers)
        safe = screen.safe
    answer_by = clock.now() + timedelta(minutes=EMERGENCY_MINUTES)
    return {
        "kind": kind,
        "question": question,
        "safe_path": safe,
        "numbers": [{"label": label, "number": number} for label, number in numbers],
        "answer_by": answer_by.astimezone(clock.SHANGHAI).isoformat(),
        "danger_now": None,
    }
