"""Reading tasks, as those who said yes and as the station meet them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.errors import NotFound
from village.models import Offer, Person, Place, Request, Task
from village.models.tasks import OFFER_STATES, TASK_STATES
from village.paging import Page, Window, cut, decode
from village.relations import CHAIR, HEAD, INVITED, VOLUNTEER
from village.workflow.offer import LIVE, OFFER

CONTACT_AFTER = timedelta(hours=24)
PART_ACTIONS = ("check_in", "complete", "release")  # of an offer, taken on its task
STATES = tuple(dict.fromkeys((*TASK_STATES, *OFFER_STATES)))
WORKING = ("accepted", "checked_in", "completed")


class Helper(NamedTuple):
    """Who said yes, and when she will be there."""

    name: str
    arrival: datetime | None
    accepted_at: datetime | None
    status: str


def lacking_people(villages: Collection[str], station: str | None = None) -> sa.Select[UUID]:
    """Select the requests that lack people, the oldest search first.

    Too few could be asked, or the head knows that it is short.
    """
    found = (
        sa.select(Task.request_id)
        .join(Request, Request.id == Task.request_id)
        .where(
            Task.village_code.in_(villages),
            Task.status == "open",
            sa.or_(Task.starving, Task.next_wake.is_(None)),
            Request.status == "dispatching",
        )
    )
    if station is not None:
        found = found.where(Task.station == station)
    return found.order_by(Task.id)


@dataclass(frozen=True)
class TaskView:
    """A task as one caller meets it; `offer` is her own, where she has a place."""

    task: Task
    request: Request
    relations: frozenset[str]
    offer: Offer | None
    requester_name: str | None
    places: tuple[Place, ...]
    names: Mapping[UUID, str]  # of those who hold a place

    @property
    def people(self) -> list[Helper]:
        """Those who said yes, for who answers for the task; to all others nobody."""
        if not self.relations & {HEAD, CHAIR}:
            return []
        return [
            Helper(self.names[place.person_id], place.arrival, place.taken_at, place.status)
            for place in self.places
            if place.person_id is not None
        ]

    @property
    def arrival(self) -> datetime | None:
        """When the caller said that she will be there."""
        if self.offer is None:
            return None
        mine = (p.arrival for p in self.places if p.person_id == self.offer.person_id)
        return next(mine, None)

    @property
    def allowed_actions(self) -> list[str]:
        """What she may do with her part of it."""
        if self.offer is None:
            return []
        actions = OFFER.allowed_actions(self.offer, frozenset({INVITED}))
        return [action for action in actions if action in PART_ACTIONS]

    @property
    def shows_contact(self) -> bool:
        """Contact and details: from acceptance to completion and 24 hours (permissions 4.1)."""
        if self.offer is None:
            return False
        if self.offer.status in LIVE and self.task.status in ("open", "filled"):
            return True
        done = [p.completed_at for p in self.places if p.person_id == self.offer.person_id]
        return any(at is not None and clock.now() <= at + CONTACT_AFTER for at in done)


def list_mine(
    session: Session, actor: Actor, window: Window, *, request_id: UUID | None = None
) -> Page[TaskView]:
    """Return the tasks on which the caller has a place, newest first; or one request's alone."""
    mine = _select(actor).where(Offer.status.in_(WORKING))
    return _page(session, actor, _of(mine, request_id), window)


def list_station(
    session: Session, actor: Actor, window: Window, *, request_id: UUID | None = None
) -> Page[TaskView]:
    """Return the tasks of the stations that the caller heads, and of the villages she chairs."""
    scopes = [_within(grant) for grant in access.offices(actor, "task.list_station")]
    listed = _of(_select(actor).where(sa.or_(*scopes)), request_id)
    return _page(session, actor, listed, window)


def _of(
    listed: sa.Select[*tuple[Any, ...]], request_id: UUID | None
) -> sa.Select[*tuple[Any, ...]]:
    return listed if request_id is None else listed.where(Task.request_id == request_id)


def _within(office: access.Grant) -> sa.ColumnElement[bool]:
    in_village = Task.village_code == office.unit
    if access.OFFICES[office.role] == CHAIR:
        return in_village
    return sa.and_(in_village, Task.station == office.station)


def read(session: Session, actor: Actor, task_id: UUID) -> TaskView:
    """Return a task that the caller works on or answers for. Raises NotFound."""
    row = session.execute(_select(actor).where(Task.id == task_id)).one_or_none()
    if row is None:
        raise NotFound
    seen = _views(session, actor, [row])[0]
    access.require("task.read", seen.relations)
    return seen


def _select(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    mine = sa.and_(Offer.task_id == Task.id, Offer.person_id == actor.person_id)
    return (
        sa.select(Task, Request, Offer, Person.name)
        .join(Request, Request.id == Task.request_id)
        .join(Person, Person.id == Request.requester_id)
        .join(Offer, mine, isouter=True)
    )


def _page(
    session: Session, actor: Actor, listed: sa.Select[*tuple[Any, ...]], window: Window
) -> Page[TaskView]:
    if window.cursor:
        listed = listed.where(Task.id < UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(listed.order_by(Task.id.desc()).limit(window.limit + 1)).all()
    views = _views(session, actor, list(rows))
    return cut(views, window, lambda seen: [str(seen.task.id)])


def _views(session: Session, actor: Actor, rows: list[Any]) -> list[TaskView]:
    places: dict[UUID, list[Place]] = defaultdict(list)
    names: dict[UUID, str] = {}
    found = (
        sa.select(Place, Person.name)
        .outerjoin(Person, Person.id == Place.person_id)
        .where(Place.task_id.in_([row[0].id for row in rows]))
        .order_by(Place.task_id, Place.seq)
    )
    for place, name in session.execute(found):
        places[place.task_id].append(place)
        if place.person_id is not None:
            names[place.person_id] = name
    return [
        _view(actor, task, request, offer, name, tuple(places[task.id]), names)
        for task, request, offer, name in rows
    ]


def _view(
    actor: Actor, task: Task, request: Request, offer: Offer | None, name: str,
    places: tuple[Place, ...], names: Mapping[UUID, str],
) -> TaskView:  # fmt: skip
    works = offer is not None and offer.status in WORKING
    found = relations(actor, task, offer)
    hidden = request.hide_me and not (found - {VOLUNTEER, HEAD})
    mine = offer if works else None
    return TaskView(task, request, found, mine, None if hidden else name, places, names)


def relations(actor: Actor, task: Task, offer: Offer | None) -> frozenset[str]:
    """Return the caller's relations to a task; `offer` is her own of this task, if any."""
    found = access.station_relations(actor, task.village_code, task.station)
    works = offer is not None and offer.status in WORKING
    return found | {VOLUNTEER} if works else found


def own_offer(session: Session, actor: Actor, task: Task) -> Offer | None:
    """Return the caller's own offer of a task, if there is one."""
    mine = sa.select(Offer).where(Offer.task_id == task.id, Offer.person_id == actor.person_id)
    return session.scalars(mine).one_or_none()
