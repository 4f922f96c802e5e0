"""Reading tasks and offers, as the invited and as the station meet them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock
from village.access import CHAIR, HEAD, VOLUNTEER, Actor
from village.errors import NotFound
from village.models import Offer, OrgUnit, Person, Place, Request, Task
from village.models.tasks import OFFER_STATES, TASK_STATES
from village.paging import Page, Window, cut, decode
from village.workflow.offer import LIVE, OFFER

CONTACT_AFTER = timedelta(hours=24)
PART_ACTIONS = ("check_in", "complete", "release")  # of an offer, taken on its task
STATES = tuple(dict.fromkeys((*TASK_STATES, *OFFER_STATES)))
WORKING = ("accepted", "checked_in", "completed")


@dataclass(frozen=True)
class OfferView:
    """An offer with what the invited person may know before she says yes."""

    offer: Offer
    task: Task
    village_name: str
    priority: str


@dataclass(frozen=True)
class TaskView:
    """A task as one caller meets it; `offer` is her own, where she has a place."""

    task: Task
    request: Request
    relations: frozenset[str]
    offer: Offer | None
    requester_name: str | None
    places: tuple[Place, ...]

    @property
    def allowed_actions(self) -> list[str]:
        """What she may do with her part of it."""
        if self.offer is None:
            return []
        actions = OFFER.allowed_actions(self.offer, frozenset({access.INVITED}))
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


def list_offers(
    session: Session, actor: Actor, window: Window, *, status: str | None
) -> Page[OfferView]:
    """Return the caller's own offers, newest first; `open` is what she can still say yes to."""
    listed = (
        sa.select(Offer, Task, OrgUnit.name, Request.priority)
        .join(Task, Task.id == Offer.task_id)
        .join(Request, Request.id == Offer.request_id)
        .join(OrgUnit, OrgUnit.code == Task.village_code)
        .where(Offer.person_id == actor.person_id)
    )
    if status == "open":
        listed = listed.where(Offer.status.in_(("offered", "expired")), Task.status == "open")
    elif status:
        listed = listed.where(Offer.status == status)
    if window.cursor:
        listed = listed.where(Offer.id < UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(listed.order_by(Offer.id.desc()).limit(window.limit + 1)).all()
    return cut([OfferView(*row) for row in rows], window, lambda seen: [str(seen.offer.id)])


def read_offer(session: Session, actor: Actor, offer_id: UUID) -> OfferView:
    """Return one of the caller's own offers. Raises NotFound for every other."""
    row = session.execute(
        sa.select(Offer, Task, OrgUnit.name, Request.priority)
        .join(Task, Task.id == Offer.task_id)
        .join(Request, Request.id == Offer.request_id)
        .join(OrgUnit, OrgUnit.code == Task.village_code)
        .where(Offer.id == offer_id, Offer.person_id == actor.person_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return OfferView(*row)


def list_mine(session: Session, actor: Actor, window: Window) -> Page[TaskView]:
    """Return the tasks on which the caller has a place, newest first."""
    mine = _select(actor).where(Offer.status.in_(WORKING))
    return _page(session, actor, mine, window)


def list_station(session: Session, actor: Actor, window: Window) -> Page[TaskView]:
    """Return the tasks of the stations that the caller heads, and of the villages she chairs."""
    scopes = [_within(grant) for grant in access.offices(actor, "task.list_station")]
    return _page(session, actor, _select(actor).where(sa.or_(*scopes)), window)


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
    places: dict[UUID, list[Place]] = {}
    found = sa.select(Place).where(Place.task_id.in_([row[0].id for row in rows]))
    for place in session.scalars(found.order_by(Place.task_id, Place.seq)):
        places.setdefault(place.task_id, []).append(place)
    return [
        _view(actor, task, request, offer, name, tuple(places.get(task.id, ())))
        for task, request, offer, name in rows
    ]


def _view(
    actor: Actor, task: Task, request: Request, offer: Offer | None, name: str,
    places: tuple[Place, ...],
) -> TaskView:  # fmt: skip
    works = offer is not None and offer.status in WORKING
    found = relations(actor, task, offer)
    hidden = request.hide_me and not (found - {VOLUNTEER, HEAD})
    return TaskView(
        task, request, found, offer if works else None, None if hidden else name, places
    )


def relations(actor: Actor, task: Task, offer: Offer | None) -> frozenset[str]:
    """Return the caller's relations to a task; `offer` is her own of this task, if any."""
    found = access.station_relations(actor, task.village_code, task.station)
    works = offer is not None and offer.status in WORKING
    return found | {VOLUNTEER} if works else found
