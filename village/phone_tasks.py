"""What a clerk is to do by phone, since nobody in the village has looked (duty ladder)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.errors import NotFound
from village.models import OrgUnit, PhoneTask, Request, RoleGrant
from village.models.people import Person
from village.relations import CLERK

CALL = {"chair": 0, "head": 1, "deputy": 2}  # in this order


class Call(NamedTuple):
    """Whom to phone about which number; of the matter itself nothing is told."""

    id: UUID
    number: str
    village: str
    priority: str
    created_at: datetime
    call: list[str]


def list_mine(session: Session, actor: Actor) -> list[Call]:
    """Return the open phone tasks of the caller's committees, oldest first."""
    units = [grant.unit for grant in actor.grants if grant.role == "clerk"]
    found = (
        sa.select(PhoneTask, Request, OrgUnit.name)
        .join(Request, Request.id == PhoneTask.request_id)
        .join(OrgUnit, OrgUnit.code == Request.village_code)
        .where(PhoneTask.unit_code.in_(units), PhoneTask.done_at.is_(None))
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
    mine = access.Grant("clerk", task.unit_code) in actor.grants
    access.require("phone_task.done", frozenset({CLERK} if mine else ()))
    if task.done_at is None:
        task.reached, task.done_by, task.done_at = reached, actor.person_id, clock.now()


def _names(session: Session, request: Request) -> list[str]:
    now = clock.now()
    held = (
        sa.select(Person.name)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(
            RoleGrant.unit_code == request.village_code,
            RoleGrant.role.in_(CALL),
            sa.or_(RoleGrant.station.is_(None), RoleGrant.station == request.station),
            RoleGrant.valid_from <= now,
            sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
        )
        .order_by(sa.case(CALL, value=RoleGrant.role), Person.name)
    )
    return list(dict.fromkeys(session.scalars(held)))
