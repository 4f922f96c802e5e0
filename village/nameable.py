"""Whom somebody may name as one who must not help with a request: people of whom she knows anyway.

Head, chair and mediator choose among the village's volunteers by name, as they do when they ask
one of them by hand. A villager chooses among those who have come to her, and in a dispute among the
mediators, whom a party may refuse (people's mediation law, article 23). What somebody else has said
shows in no list: nobody learns here whom a villager does not want.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access
from village.access import Actor
from village.errors import NotFound
from village.models import Membership, Person, Place, Request, RoleGrant, Task, Volunteer
from village.relations import REQUESTER
from village.workflow.recusal import in_term, refuse_recused
from village.workflow.request import REQUEST

MEDIATION = "mediation"


class Nameable(NamedTuple):
    """A volunteer by name; `at_station`: of the station that has the request."""

    person: UUID
    name: str
    at_station: bool


def who(session: Session, actor: Actor, request_id: UUID) -> list[Nameable]:
    """Return whom the caller may name, those of the request's station first, then by name.

    Raises NotFound, Forbidden, or Recused for an officer who is too close herself.
    """
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound
    mine = REQUEST.relations(session, actor, request)
    access.require("request.exclude", mine)
    if REQUESTER in mine:
        known = [_came(Request.requester_id == request.requester_id)]
        if request.station == MEDIATION:
            known.append(_mediators(request))
    else:
        refuse_recused(session, actor, request)
        known = [_came(Request.id == request.id), _members(request.village_code)]
    near = Person.id.in_(_members(request.village_code, request.station))
    found = sa.select(Person.id, Person.name, near).join(
        Volunteer, Volunteer.person_id == Person.id
    )
    found = found.where(
        sa.or_(*(Person.id.in_(each) for each in known)), Person.id != actor.person_id
    )
    return [
        Nameable(*row)
        for row in session.execute(found.order_by(near.desc(), Person.name, Person.id))
    ]


def _came(which: sa.ColumnElement[bool]) -> sa.Select[UUID | None]:
    """Select who has or had a place in what these requests asked for."""
    tasks = sa.select(Task.id).join(Request, Request.id == Task.request_id).where(which)
    return sa.select(Place.person_id).where(Place.task_id.in_(tasks), Place.person_id.is_not(None))


def _members(village: str, station: str | None = None) -> sa.Select[UUID]:
    """Select the active volunteers of a village, or of one of its stations."""
    found = sa.select(Membership.person_id).join(Volunteer)
    found = found.where(
        Membership.village_code == village, Membership.active, Volunteer.status == "active"
    )
    return found if station is None else found.where(Membership.station == station)


def _mediators(request: Request) -> sa.Select[UUID]:
    accredited = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == "mediator",
        RoleGrant.unit_code == request.village_code,
        *in_term(RoleGrant),
    )
    here = _members(request.village_code, MEDIATION)
    return here.where(Membership.person_id.in_(accredited))
