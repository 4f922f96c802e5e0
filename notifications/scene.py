"""What happened, with everything that a message about it may need: read in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.models import Category, Event, Offer, OrgUnit, Place, Request, Station, Task
from village.workflow.engine import START, Machine, Transition
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST

MACHINES: dict[str, Machine] = {machine.name: machine for machine in (REQUEST, OFFER)}


@dataclass(frozen=True)
class Scene:
    """An event, its request, and what stands around it.

    `station` is the one that the event speaks of: a transfer names it, else it is the
    request's present one. `task` is the offer's, or the request's newest; `places` are those
    of the task that somebody holds.
    """

    event: Event
    request: Request
    category: Category | None
    village: str
    station: Station | None
    offer: Offer | None
    task: Task | None
    places: Sequence[Place]

    @property
    def station_kind(self) -> str | None:
        """The kind of the station, None where no station was found yet."""
        return self.station.kind if self.station else None


def look(session: Session, event_id: UUID) -> Scene:
    """Read the scene of an event; the event was committed together with the job's row."""
    found: Any = session.execute(_around(event_id)).one()  # its joined half may be None
    event, request, category, village, station, offer, task = found
    places = session.scalars(_held(task.id)).all() if task else []
    return Scene(event, request, category, village, station, offer, task, places)


def transition_of(event: Event) -> Transition:
    """Return the row of the workflow table by which an event came about."""
    source = event.from_status or START
    return next(
        row
        for row in MACHINES[event.machine].rows
        if row.action == event.action
        and row.target == event.to_status
        and source in row.sources
        and event.actor_role in row.who
    )


def _around(
    event_id: UUID,
) -> sa.Select[Event, Request, Category, str, Station, Offer, Task]:
    kind = sa.func.coalesce(Event.data["station"].astext, Request.station)
    newest = (
        sa.select(Task.id)
        .where(Task.request_id == Event.request_id)
        .order_by(Task.id.desc())
        .limit(1)
        .correlate(Event)
        .scalar_subquery()
    )
    return (
        sa.select(Event, Request, Category, OrgUnit.name, Station, Offer, Task)
        .join(Request, Request.id == Event.request_id)
        .join(OrgUnit, OrgUnit.code == Request.village_code)
        .outerjoin(Category, Category.code == Request.category)
        .outerjoin(
            Station, sa.and_(Station.village_code == Request.village_code, Station.kind == kind)
        )
        .outerjoin(Offer, Offer.id == Event.subject_id)
        .outerjoin(Task, Task.id == sa.func.coalesce(Offer.task_id, newest))
        .where(Event.id == event_id)
    )


def _held(task_id: UUID) -> sa.Select[Place]:
    return (
        sa.select(Place)
        .where(Place.task_id == task_id, Place.person_id.is_not(None))
        .order_by(Place.seq)
    )
