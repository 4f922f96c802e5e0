"""The lists in which people find requests: their own, a station's, a village's, triage."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, duty
from village.access import Actor
from village.models import Person, Request
from village.paging import Page, Window, cut, decode, number_in
from village.relations import ABOVE, CHAIR, ON_DUTY, STAND_IN
from village.requests import RequestView, workers
from village.safe_path import on_safe_path
from village.workflow import recusal
from village.workflow.request import ACTIVE

DUE_SOON = timedelta(hours=24)
UNANSWERED = timedelta(days=5)  # R9
NOWHERE = ("submitted", "needs_info", "suspended")  # may lie at no station, beside triage
QUEUE_VIEWS = ("open", "new", "due", "overdue", "no_volunteer", "waiting", "checking", "merged")


def list_mine(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return the caller's own requests, newest first."""
    mine = _select(actor).where(Request.requester_id == actor.person_id)
    return _newest_first(session, actor, _filtered(mine, filters), window)


def list_entered(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what the caller entered for others who have not claimed it yet, newest first."""
    entered = _select(actor).where(Request.proxy_id == actor.person_id)
    return _newest_first(session, actor, _filtered(entered, filters), window)


def list_station(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what lies at the stations that the caller heads, newest first."""
    mine = [_at(grant) for grant in access.offices(actor, "request.list_station")]
    seen = ~Request.status.in_(access.HERS_ALONE)
    listed = _select(actor).where(sa.or_(*mine), seen, _may_know(actor))
    return _newest_first(session, actor, _filtered(listed, filters), window)


def _at(office: access.Grant) -> sa.ColumnElement[bool]:
    here = sa.and_(Request.village_code == office.unit, Request.station == office.station)
    return sa.and_(here, Request.sealed) if office.role == "mediator" else here


def list_village(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what lies in the villages whose association the caller chairs, newest first."""
    villages = [grant.unit for grant in access.offices(actor, "request.list_village")]
    seen = ~Request.status.in_(access.HERS_ALONE)
    listed = _select(actor).where(Request.village_code.in_(villages), seen, _may_know(actor))
    return _newest_first(session, actor, _filtered(listed, filters), window)


def list_stand_in(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what the caller decides in triage since no chair may, in all villages below her.

    The most urgent first. Raises Forbidden for who holds none of the offices that stand in.
    """
    access.require("village.triage", _standing_in(actor))
    listed = _select(actor).where(recusal.stands_in(actor))
    return _urgent_first(session, actor, _filtered(listed, filters), window)


def list_on_duty(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what the caller was called to by her turn on the rota, the most urgent first.

    Raises Forbidden for who can hold no turn.
    """
    access.offices(actor, "request.list_on_duty")
    listed = _select(actor).where(duty.calls(actor))
    return _urgent_first(session, actor, _filtered(listed, filters), window, {ON_DUTY})


def list_escalated(
    session: Session, actor: Actor, window: Window, filters: dict[str, Any]
) -> Page[RequestView]:
    """Return what was put to an office of the caller's above the villages, the most urgent first.

    Raises Forbidden for who holds none of them (R20, 3.7).
    """
    above = frozenset({ABOVE} if recusal.may_stand_in(actor) else ())
    access.require("request.list_escalated", above)
    listed = _select(actor).where(recusal.above(actor))
    return _urgent_first(session, actor, _filtered(listed, filters), window)


def _standing_in(actor: Actor) -> frozenset[str]:
    return frozenset({STAND_IN} if recusal.may_stand_in(actor) else ())


def queue(
    session: Session, actor: Actor, village: str, station: str, name: str, window: Window
) -> Page[RequestView]:
    """Return a view of a station's queue, the most urgent first. Raises NotFound, Forbidden.

    Of equally urgent ones, what more neighbours wait for comes first, then what is older.
    """
    access.require("station.queue", access.station_relations(actor, village, station))
    at_station = sa.or_(
        Request.station == station,
        sa.and_(
            Request.station.is_(None), Request.waits_for == "unconfirmed_danger",
            Request.status == "submitted",
        ),
    )  # fmt: skip
    here = (Request.village_code == village, at_station, _may_know(actor))
    listed = _select(actor).where(*here, _in_view(name))
    return _urgent_first(session, actor, listed, window)


def triage(session: Session, actor: Actor, village: str, window: Window) -> Page[RequestView]:
    """Return what the village's chair must put to a station. Raises NotFound, Forbidden.

    Who stands in for her sees what she must keep out of, and nothing else.
    """
    relations = access.station_relations(actor, village, None)
    if recusal.may_stand_in(actor) and recusal.stands_above(session, actor, village):
        relations |= {STAND_IN}
    access.require("village.triage", relations)
    open_here = sa.or_(
        Request.status == "triage",
        sa.and_(Request.status.in_(NOWHERE), Request.station.is_(None)),
    )
    listed = _select(actor).where(Request.village_code == village, open_here, _may_know(actor))
    if CHAIR not in relations:
        listed = listed.where(recusal.stands_in(actor))
    return _urgent_first(session, actor, listed, window)


def _may_know(actor: Actor) -> sa.ColumnElement[bool]:
    """An office opens nothing on the safe path to who is close to one of its people."""
    return sa.or_(~on_safe_path(), ~recusal.tied(actor.person_id))


def _in_view(name: str) -> sa.ColumnElement[bool]:
    active = Request.status.in_(ACTIVE)
    running = sa.and_(active, Request.paused_at.is_(None))
    now = clock.now()
    unanswered = sa.and_(Request.first_response_at.is_(None), Request.first_response_due <= now)
    views: dict[str, sa.ColumnElement[bool]] = {
        "open": active,
        "new": Request.status == "submitted",
        "due": sa.and_(running, Request.resolve_due <= now + DUE_SOON),
        "overdue": sa.or_(
            sa.and_(running, sa.or_(Request.resolve_due <= now, unanswered)),
            sa.and_(Request.status == "needs_info", Request.paused_at <= now - UNANSWERED),
            sa.and_(Request.status == "suspended", Request.suspended_until <= clock.today()),
        ),
        "no_volunteer": sa.and_(active, Request.no_volunteer),
        "waiting": sa.and_(active, Request.waits_for.is_not(None)),
        "checking": Request.status == "checking",
        "merged": Request.status == "merged",
    }
    return views[name]


def _select(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    """Select requests with the requester's name, and what the caller's closeness to it means."""
    too_close, asked = recusal.tied(actor.person_id), recusal.may_stand_in(actor)
    stands_in = recusal.stands_in(actor) if asked else sa.false()
    above = recusal.above(actor) if asked else sa.false()
    columns = (Request, Person.name, too_close, stands_in, above)
    return sa.select(*columns).join(Person, Person.id == Request.requester_id)


def _filtered(
    listed: sa.Select[*tuple[Any, ...]], filters: dict[str, Any]
) -> sa.Select[*tuple[Any, ...]]:
    for name in ("status", "station", "category", "priority"):
        if filters.get(name):
            listed = listed.where(getattr(Request, name) == filters[name])
    if filters.get("overdue"):
        listed = listed.where(_in_view("overdue"))
    if filters.get("unassigned"):
        listed = listed.where(Request.status.in_(("submitted", "triage", "accepted")))
    return listed


def _newest_first(
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window
) -> Page[RequestView]:
    if window.cursor:
        listed = listed.where(Request.id < UUID(decode(window.cursor, 1)[0]))
    return _page(session, actor, listed.order_by(Request.id.desc()), window, 1)


def _urgent_first(
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window,
    besides: Collection[str] = (),
) -> Page[RequestView]:  # fmt: skip
    order = (Request.priority, -Request.followers, Request.id)
    if window.cursor:
        priority, followers, last = decode(window.cursor, 3)
        after = (priority, -number_in(followers), sa.cast(last, sa.Uuid))
        listed = listed.where(sa.tuple_(*order) > sa.tuple_(*after))
    return _page(session, actor, listed.order_by(*order), window, 3, besides)


def _page(
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window, size: int,
    besides: Collection[str] = (),
) -> Page[RequestView]:  # fmt: skip
    rows = session.execute(listed.limit(window.limit + 1)).all()
    people = _names_by_request(session, [row[0].id for row in rows])
    views = [
        RequestView(
            request,
            access.request_relations(
                actor, request, stands_in=stands_in, tied=recused, above=above
            ).union(besides),
            name,
            tuple(people.get(request.id, ())),
            recused,
        )
        for request, name, recused, stands_in, above in rows
    ]
    return cut(views, window, lambda seen: _place(seen, size))


def _place(seen: RequestView, size: int) -> list[str]:
    request = seen.request
    return [request.priority, str(request.followers), str(request.id)][-size:]


def _names_by_request(session: Session, request_ids: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for request_id, name in workers(session, request_ids):
        found.setdefault(request_id, []).append(name)
    return found
