"""What happened, with everything that messages about it may need: read in two statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village.models import Category, Event, Offer, OrgUnit, Place, Request, Station, Task
from village.workflow.engine import START, Machine, Tell
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

    @property
    def tells(self) -> tuple[Tell, ...]:
        """The notices of the workflow table's row by which the event came about."""
        event = self.event
        source = event.from_status or START
        return _tells(event.machine, event.action, source, event.to_status, event.actor_role)


@cache
def _tells(machine: str, action: str, source: str, target: str, role: str) -> tuple[Tell, ...]:
    return next(
        row.tell
        for row in MACHINES[machine].rows
        if row.action == action
        and row.target == target
        and source in row.sources
        and role in row.who
    )


def look(session: Session, event_ids: Sequence[UUID]) -> list[Scene]:
    """Read the scenes of events, in the order in which they happened."""
    found: Any = session.execute(_AROUND, {"ids": list(event_ids)}).all()  # halves may be None
    held = _held(session, [row.Task.id for row in found if row.Task])
    whole = ((*row, held[row.Task.id] if row.Task else []) for row in found)
    return [Scene(*facts) for facts in whole]


def _any(name: str) -> sa.ColumnElement[Any]:
    return sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.Uuid)))


def _around() -> sa.Select[Event, Request, Category, str, Station, Offer, Task]:
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
        .where(Event.id == _any("ids"))
        .order_by(Event.id)
    )


# Made once: they are asked all the time, and take longer to make than to answer.
_AROUND = _around()
_HELD = (
    sa.select(Place)
    .where(Place.task_id == _any("ids"), Place.person_id.is_not(None))
    .order_by(Place.seq)
)


def _held(session: Session, task_ids: list[UUID]) -> dict[UUID, list[Place]]:
    held: dict[UUID, list[Place]] = defaultdict(list)
    if task_ids:
        for place in session.scalars(_HELD, {"ids": task_ids}):
            held[place.task_id].append(place)
    return held
