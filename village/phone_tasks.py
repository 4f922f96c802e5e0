"""What a clerk is to do by phone, since nobody in the village has looked (duty ladder).

Where no clerk may, the township's officer. Who is too close to a party neither sees nor ends it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, duty
from village.access import Actor
from village.errors import NotFound
from village.models import OrgUnit, PhoneTask, Request
from village.models.people import Person
from village.models.requests import RUNGS
from village.relations import CLERK
from village.workflow import recusal

OFFICES = RUNGS[1:]
CALL = (duty.CHAIR_RUNG, duty.HEAD_RUNG, duty.DEPUTY_RUNG)  # in this order


class Call(NamedTuple):
    """Whom to phone about which number; of the matter itself nothing is told."""

    id: UUID
    number: str
    village: str
    priority: str
    created_at: datetime
    call: list[str]


def list_mine(session: Session, actor: Actor) -> list[Call]:
    """Return the open phone tasks of the caller's committees or townships, oldest first."""
    units = [grant.unit for grant in actor.grants if grant.role in OFFICES]
    found = (
        sa.select(PhoneTask, Request, OrgUnit.name)
        .join(Request, Request.id == PhoneTask.request_id)
        .join(OrgUnit, OrgUnit.code == Request.village_code)
        .where(
            PhoneTask.unit_code.in_(units),
            PhoneTask.done_at.is_(None),
            ~recusal.tied(actor.person_id),
        )
        .order_by(PhoneTask.created_at, PhoneTask.id)
    )
    return [
        Call(task.id, request.number, name, request.priority, task.created_at,
             _names(session, request))
        for task, request, name in session.execute(found)
    ]  # fmt: skip


def done(session: Session, actor: Actor, task_id: UUID, *, reached: bool) -> None:
    """Keep that she has phoned, and whether somebody answered. Raises NotFound."""
    task = session.get(PhoneTask, task_id, with_for_update=True)
    if task is None:
        raise NotFound
    held = any(access.Grant(office, task.unit_code) in actor.grants for office in OFFICES)
    request = session.get_one(Request, task.request_id)
    mine = held and not recusal.is_recused(session, actor, request)
    access.require("phone_task.done", frozenset({CLERK} if mine else ()))
    if task.done_at is None:
        task.reached, task.done_by, task.done_at = reached, actor.person_id, clock.now()


def _names(session: Session, request: Request) -> list[str]:
    """Return whom to phone: who is there first, then who is away; nobody who is close to it."""
    now = clock.now()
    there = [one for rung in CALL for one in duty.called(session, request, rung, now)]
    everybody = [one for rung in CALL for one in duty.in_office(session, request, rung)]
    ids = list(dict.fromkeys([*there, *everybody]))
    names = dict(session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(ids))).all())
    return [names[one] for one in ids]
