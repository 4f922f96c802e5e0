"""The rhythm of standing pairs: each visit is a request, for which they are asked first.

Two days before it is due a search is opened in the villager's name; nobody is ordered, and a no
leads to others as ever. What the pair began with is no model for it but in category and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import assisted, clock, exclusions
from village.access import THE_SYSTEM
from village.forgetting import ROUTED
from village.ids import new_id
from village.models import Category, DueTime, Request, StandingPair
from village.pairs import LEAD, VISIT, plan, span
from village.timeline import word
from village.workflow.engine import attempt, start
from village.workflow.request import REQUEST
from village.workflow.request_words import protect


def open_due(session: Session, request_id: UUID) -> Request | None:
    """Open the visit that is due for the pairs of a request, and plan the next one.

    None: there is none. Those who come together at the same time are asked for one visit. Safe
    to run any number of times: a visit that was opened, or whose time is over, is not due.
    """
    live = sa.select(StandingPair).where(
        StandingPair.request_id == request_id,
        StandingPair.status == "active",
        sa.or_(StandingPair.next_at.is_(None), StandingPair.next_at <= clock.now() + LEAD),
    )
    due = session.scalars(live.order_by(StandingPair.next_at).with_for_update()).all()
    coming = [one for one in due if one.next_at is not None and one.next_at > clock.now()]
    opened = None
    if coming:
        together = [one for one in coming if one.next_at == coming[0].next_at]
        opened = _open(session, session.get_one(Request, request_id), together)
        due = [one for one in due if one in together or one not in coming]
    for pair in due:
        plan(session, pair)
    return opened


def catch_up(session: Session) -> int:
    """Let visits be looked at whose due time did nothing; return for how many requests.

    During an upgrade a worker of the version before marks a due time done whose kind it does not
    know, and its API plans none: without this such a rhythm would be over for good.
    """
    pair, ahead = StandingPair, DueTime.request_id == StandingPair.request_id
    waits = sa.exists().where(ahead, DueTime.kind == VISIT, DueTime.fired_at.is_(None))
    unplanned = sa.or_(pair.next_at.is_(None), pair.next_at <= clock.now() + LEAD)
    lost = pair.status == "active", pair.weekday.is_not(None), pair.request_id.is_not(None)
    found = sa.select(pair.request_id).where(*lost, unplanned, ~waits).distinct()
    ids = session.scalars(found.order_by(pair.request_id)).all()
    session.add_all(
        DueTime(id=new_id(), request_id=one, kind=VISIT, due_at=clock.now()) for one in ids
    )
    return len(ids)


def _open(session: Session, began: Request, pairs: Sequence[StandingPair]) -> Request:
    first = pairs[0]
    category = session.get_one(Category, first.category)
    starts_at, ends_at = span(first)
    request = _request(session, began, first, category)
    task = _task(starts_at, ends_at, first.minutes, len(pairs))
    payload = {"category": category, "task": task}
    start(session, REQUEST, request, "visit", actor=THE_SYSTEM, payload=payload)
    exclusions.hand_down(session, began.id, request.id)
    attempt(session, REQUEST, request.id, "open_visit", payload=payload)
    return request


def _task(starts_at: datetime, ends_at: datetime, minutes: int, people: int) -> dict[str, Any]:
    when = {"starts_at": starts_at, "ends_at": ends_at}
    return {**when, "minutes": minutes, "people_needed": people}


def _request(session: Session, began: Request, pair: StandingPair, category: Category) -> Request:
    """In the villager's name; who entered the first speaks for her while she has no account."""
    speaks = None if assisted.has_account(session, pair.villager_id) else began.proxy_id
    where: dict[str, Any] = {"station": pair.station, "category": pair.category}
    routing = {**ROUTED, **where, "decision": "routed", "by": "person"}
    request = Request(
        id=new_id(), village_code=pair.village_code, **where, requester_id=pair.villager_id,
        proxy_id=speaks, source=began.source if speaks else None,
        text=word("visit", "text").format(what=category.zh), answers={},
        place=None if began.forgotten_at else began.place, hide_me=False, sealed=False,
        neutral=False, consent_version=began.consent_version, priority=category.priority,
        no_volunteer=False, routing=routing, transfers=0, reopened=0, created_at=clock.now(),
    )  # fmt: skip
    protect(request, category)
    return request
