"""From station to station (R5, R10): who may, what stays closed, and what is counted."""

from __future__ import annotations

from village.errors import GuardFailed, Invalid
from village.models import Category, Request, Station
from village.workflow import task_card
from village.workflow.engine import Step

MAX_TRANSFERS = 2


def may_transfer(request: Request) -> bool:
    """At most two transfers between stations, then the chair decides (R10)."""
    return request.transfers < MAX_TRANSFERS


def stays_sealed(step: Step) -> None:
    """A dispute stays with those who may read it: no other station sees what it is about."""
    if step.row.sealed and step.payload["station"] != "mediation":
        raise GuardFailed("sealed_stays", "a dispute stays with the mediators")


def other_station(step: Step) -> None:
    """A transfer goes somewhere else."""
    if step.payload["station"] == step.row.station:
        raise GuardFailed("same_station", "the request is at that station already")


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
        if request.waits_for != "safe_path":
            request.waits_for = task_card.waits_for(found)
    request.station = station
    seal_dispute(request)


def seal_dispute(request: Request) -> None:
    """What is a dispute is sealed from then on, never opened by a transfer, and mediated."""
    if request.station == "mediation" and task_card.is_dispute(request.category):
        request.sealed = request.neutral = True
        request.waits_for = request.waits_for or "mediation"


def count_transfer(step: Step) -> None:
    """Count a transfer by a head."""
    step.row.transfers += 1
