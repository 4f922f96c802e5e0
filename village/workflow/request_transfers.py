"""From station to station (R5, R10): who may, what stays closed, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import similar_texts
from village.errors import GuardFailed, Invalid
from village.models import Category, Event, Request, Station
from village.safe_path import is_safe_path
from village.workflow import task_card
from village.workflow.engine import Step

MAX_TRANSFERS = 2
MAX_RETURNS = 1


def may_transfer(request: Request) -> bool:
    """At most two transfers between stations, then the chair decides (R10)."""
    return request.transfers < MAX_TRANSFERS


def is_chairs(session: Session, request: Request, station: str) -> bool:
    """Tell whether a head may not pass it on to `station`, but must ask the chair (R10).

    That is after two transfers, and for what would come back to a former holder once more.
    """
    if station == request.station:
        return False
    had = holders(session, request)
    back = station in had and _returns([*had, station]) > MAX_RETURNS
    return back or not may_transfer(request)


def holders(session: Session, request: Request) -> list[str]:
    """Return the stations that have had the request, from the first to the present one."""
    station = Event.data["station"].astext
    came = sa.select(station).where(
        Event.request_id == request.id,
        Event.machine == "request",
        Event.action.in_(("route", "accept")),
        station.is_not(None),
    )
    had = [request.routing.get("station"), *session.scalars(came.order_by(Event.id))]
    return [one for one, _ in groupby(filter(None, had))]


def _returns(had: Sequence[str]) -> int:
    return sum(station in had[:place] for place, station in enumerate(had))


def stays_sealed(step: Step) -> None:
    """A dispute stays with those who may read it: no other station sees what it is about."""
    if step.row.sealed and step.payload["station"] != "mediation":
        raise GuardFailed("sealed_stays", "a dispute stays with the mediators")


def other_station(step: Step) -> None:
    """A transfer goes somewhere else."""
    if step.payload["station"] == step.row.station:
        raise GuardFailed("same_station", "the request is at that station already")


def no_second_return(step: Step) -> None:
    """What would come back to a former holder a second time is the chair's to decide (R10)."""
    if is_chairs(step.session, step.row, step.payload["station"]):
        raise GuardFailed("chair_decides", "ask the chair which station it is for")


def to_station(step: Step) -> None:
    """Put it to a station; the clocks go on as they were (R5, R10)."""
    request, station = step.row, step.payload["station"]
    if step.session.get(Station, (request.village_code, station)) is None:
        raise Invalid(errors={"station": ["没有这个站"]})
    category = step.payload.get("category")
    if category is not None:
        found = step.session.get(Category, category)
        if found is None or found.station != station:
            raise Invalid(errors={"category": ["这个类别不属于所选的站"]})
        request.category = category
        request.waits_for = "safe_path" if is_safe_path(request) else task_card.waits_for(found)
    request.station = station
    request.routing = {name: was for name, was in request.routing.items() if name != "asked"}
    seal_dispute(request)
    chosen = step.session.get(Category, request.category) if request.category else None
    similar_texts.keep(step.session, request, chosen)


def seal_dispute(request: Request) -> None:
    """What is a dispute is sealed from then on, never opened by a transfer, and mediated."""
    if request.station == "mediation" and task_card.is_dispute(request.category):
        request.sealed = request.neutral = True
        request.waits_for = request.waits_for or "mediation"


def keep_question(step: Step) -> None:
    """Keep with the grounds what the chair is asked, until she has put it to a station (R10)."""
    said = {name: step.payload.get(name) for name in ("reason", "proposed")}
    step.row.routing = {**step.row.routing, "asked": {"station": step.row.station, **said}}


def count_transfer(step: Step) -> None:
    """Count a transfer by a head."""
    step.row.transfers += 1
