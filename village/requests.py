"""Reading requests: one by its id, and the lists in which people find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village import access, access_log, clock, glass, grounds, sealing
from village.access import CONTENT, IDENTITY, REQUESTER, Actor
from village.errors import NotFound
from village.models import Event, Person, Place, Request, Task
from village.paging import Page, Window, cut, decode, number_in
from village.workflow import recusal
from village.workflow.request import ACTIVE, REQUEST
from village.workflow.request_words import open_question

DUE_SOON = timedelta(hours=24)
UNANSWERED = timedelta(days=5)  # R9
QUEUE_VIEWS = ("open", "new", "due", "overdue", "no_volunteer", "waiting", "checking", "merged")


# Both answers to the emergency question are one call of the API.
SAID_AS = {"danger": "emergency", "no_danger": "emergency"}
ACTIONS = tuple(dict.fromkeys(SAID_AS.get(action, action) for action in REQUEST.actions()))


@dataclass(frozen=True)
class RequestView:
    """A request as one caller meets it."""

    request: Request
    relations: frozenset[str]
    requester_name: str
    assigned: tuple[str, ...]
    recused: bool  # she must keep out of it, whatever her office (3.0)
    level3: Mapping[str, Any] = field(default_factory=dict)  # in lists there is nothing of it
    split_from: str | None = None
    split_into: tuple[Request, ...] = ()

    @property
    def answers(self) -> dict[str, Any]:
        """What she answered the form, as far as it was opened for the caller."""
        return {**self.request.answers, **self.level3}

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do with it now."""
        refusing = (recusal.not_recused,) if self.recused else ()
        allowed = REQUEST.allowed_actions(self.request, self.relations, refusing)
        return list(dict.fromkeys(SAID_AS.get(action, action) for action in allowed))

    @property
    def grounds(self) -> dict[str, Any]:
        """Why it was routed so, in words."""
        return grounds.of(self.request)

    @property
    def told(self) -> list[str]:
        """What that means to her who wrote, in plain sentences."""
        return grounds.told(self.request)

    @property
    def asks(self) -> dict[str, Any] | None:
        """What she may still answer about her category."""
        mine = "recategorise" in self.allowed_actions
        return open_question(self.request) if mine else None

    @property
    def seen(self) -> frozenset[str]:
        """The sensitivity tags that the caller sees; who has just let it go sees its state."""
        return access.request_view(self.request, self.relations) or frozenset({access.META})


def read(session: Session, actor: Actor, request_id: UUID) -> RequestView:
    """Return a request that the caller may read. Raises NotFound for every other."""
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound
    return view(session, actor, request)


def view(session: Session, actor: Actor, request: Request) -> RequestView:
    """Return the request as the caller meets it. Raises NotFound when she may not."""
    seen = after(session, actor, request)
    access.require("request.read", seen.relations)
    return seen


def after(session: Session, actor: Actor, request: Request) -> RequestView:
    """Return the request to who has just acted on it, even if it is out of her hands now."""
    relations = REQUEST.relations(session, actor, request)
    if glass.opens(session, actor, request):
        relations |= {access.GLASS}
    name, recused = _requester(session, actor, request)
    assigned = () if request.status in NOBODY_YET else tuple(_names(session, [request.id]))
    return RequestView(
        request,
        relations,
        name,
        tuple(name for _, name in assigned),
        recused,
        _opened(session, actor, request, relations),
        split_from=_number(session, request.parent_id) if request.parent_id else None,
        split_into=tuple(_parts(session, request.id)) if request.status == "split" else (),
    )


def _opened(
    session: Session, actor: Actor, request: Request, relations: frozenset[str]
) -> Mapping[str, Any]:
    """Open level-3 answers for who may read them; another's read is noted for her.

    So is a look at who she is, where she asked not to be named (the chair's alone).
    """
    seen = access.request_view(request, relations)
    level3 = sealing.opened(request) if CONTENT in seen else {}
    if REQUESTER in relations:
        return level3
    if access.GLASS in relations:  # every look is noted, not only that at level 3
        access_log.note(session, actor, request, access.GLASS, [access.GLASS, *level3])
        return level3
    read = [*level3, *([access_log.REPORTER] if request.hide_me and IDENTITY in seen else [])]
    if read:
        role = min(relation for relation in relations if _sees_her(request, relation))
        access_log.note(session, actor, request, role, read)
    return level3


def _sees_her(request: Request, relation: str) -> bool:
    return bool(access.request_view(request, frozenset({relation})) & {CONTENT, IDENTITY})


def _requester(session: Session, actor: Actor, request: Request) -> tuple[str, bool]:
    """Return her name, and whether the caller is too close to her."""
    if request.requester_id == actor.person_id:
        return actor.name, True
    row = session.execute(_REQUESTER, {"me": actor.person_id, "id": request.requester_id}).one()
    return row[0], row[1]


_REQUESTER = sa.select(
    Person.name, recusal.too_close(sa.bindparam("me", type_=sa.Uuid), Person.id)
).where(Person.id == sa.bindparam("id", type_=sa.Uuid))


def _number(session: Session, request_id: UUID) -> str | None:
    return session.scalar(sa.select(Request.number).where(Request.id == request_id))


def _parts(session: Session, request_id: UUID) -> Sequence[Request]:
    parts = sa.select(Request).where(Request.parent_id == request_id)
    return session.scalars(parts.order_by(Request.id)).all()


NOBODY_YET = ("draft", "submitted", "triage", "not_ours", "split")


def timeline(session: Session, actor: Actor, request_id: UUID) -> tuple[RequestView, list[Event]]:
    """Return a request and its events, oldest first; what concerns offers is left out."""
    seen = read(session, actor, request_id)
    access.require("request.timeline", seen.relations)
    events = sa.select(Event).where(Event.request_id == request_id, Event.machine == "request")
    return seen, list(session.scalars(events.order_by(Event.id)))


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
    listed = _select(actor).where(sa.or_(*mine), ~Request.status.in_(access.HERS_ALONE))
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
    listed = _select(actor).where(Request.village_code.in_(villages), seen)
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


def _standing_in(actor: Actor) -> frozenset[str]:
    return frozenset({access.STAND_IN} if recusal.may_stand_in(actor) else ())


def queue(
    session: Session, actor: Actor, village: str, station: str, name: str, window: Window
) -> Page[RequestView]:
    """Return a view of a station's queue, the most urgent first. Raises NotFound, Forbidden.

    Of equally urgent ones, what more neighbours wait for comes first, then what is older.
    """
    access.require("station.queue", access.station_relations(actor, village, station))
    at_station = sa.or_(
        Request.station == station,
        sa.and_(Request.station.is_(None), Request.waits_for == "unconfirmed_danger"),
    )
    listed = _select(actor).where(Request.village_code == village, at_station, _in_view(name))
    return _urgent_first(session, actor, listed, window)


def triage(session: Session, actor: Actor, village: str, window: Window) -> Page[RequestView]:
    """Return what the village's chair must put to a station. Raises NotFound, Forbidden.

    Who stands in for her sees what she must keep out of, and nothing else.
    """
    relations = access.station_relations(actor, village, None)
    if recusal.may_stand_in(actor) and recusal.stands_above(session, actor, village):
        relations |= {access.STAND_IN}
    access.require("village.triage", relations)
    open_here = sa.or_(
        Request.status == "triage",
        sa.and_(Request.status.in_(("submitted", "needs_info")), Request.station.is_(None)),
    )
    listed = _select(actor).where(Request.village_code == village, open_here)
    if access.CHAIR not in relations:
        listed = listed.where(recusal.stands_in(actor))
    return _urgent_first(session, actor, listed, window)


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
    """Select requests with the requester's name, and what the caller's closeness to her means."""
    too_close = recusal.too_close(actor.person_id, Request.requester_id)
    stands_in = recusal.stands_in(actor) if recusal.may_stand_in(actor) else sa.false()
    columns = (Request, Person.name, too_close, stands_in)
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
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window
) -> Page[RequestView]:
    order = (Request.priority, -Request.followers, Request.id)
    if window.cursor:
        priority, followers, last = decode(window.cursor, 3)
        after = (priority, -number_in(followers), sa.cast(last, sa.Uuid))
        listed = listed.where(sa.tuple_(*order) > sa.tuple_(*after))
    return _page(session, actor, listed.order_by(*order), window, 3)


def _page(
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window, size: int
) -> Page[RequestView]:
    rows = session.execute(listed.limit(window.limit + 1)).all()
    people = _names_by_request(session, [row[0].id for row in rows])
    views = [
        RequestView(
            request,
            access.request_relations(actor, request, stands_in=stands_in),
            name,
            tuple(people.get(request.id, ())),
            recused,
        )
        for request, name, recused, stands_in in rows
    ]
    return cut(views, window, lambda seen: _place(seen, size))


def _place(seen: RequestView, size: int) -> list[str]:
    request = seen.request
    return [request.priority, str(request.followers), str(request.id)][-size:]


def _names_by_request(session: Session, request_ids: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for request_id, name in _names(session, request_ids):
        found.setdefault(request_id, []).append(name)
    return found


def _names(session: Session, request_ids: list[UUID]) -> Sequence[tuple[UUID, str]]:
    """Return who holds places of the requests' tasks that were not cancelled."""
    return [(row[0], row[1]) for row in session.execute(_NAMES, {"ids": request_ids})]


_NAMES = (
    sa.select(Task.request_id, Person.name)
    .join(Place, Place.task_id == Task.id)
    .join(Person, Person.id == Place.person_id)
    .where(
        Task.request_id == sa.any_(sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid))),
        Task.status != "cancelled",
    )
    .order_by(Task.id, Place.seq)
)
