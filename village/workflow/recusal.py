"""Nobody decides on her own matter, her household's, or her declared relatives' (3.0)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.access import Actor
from village.errors import Recused
from village.models import ConflictDeclaration, Person, Request
from village.workflow.engine import Step


def not_recused(step: Step) -> None:
    """Nobody decides on her own, her household's or her declared relatives' matter (3.0)."""
    refuse_recused(step.session, step.actor, step.row)


def refuse_recused(session: Session, actor: Actor, request: Request) -> None:
    """Raise Recused for who is a party to the request, of the household, or declared kin."""
    me, requester = actor.person_id, request.requester_id
    if me is not None and is_too_close(session, me, requester):
        raise Recused


def is_too_close(session: Session, me: UUID, other: UUID) -> bool:
    """Tell whether two people are one, of one household, or declared relatives."""
    return me == other or bool(session.scalar(_too_close(me, other)))


def _too_close(me: Any, other: Any) -> sa.Select[tuple[bool]]:
    declared = sa.exists().where(
        sa.tuple_(ConflictDeclaration.person_id, ConflictDeclaration.other_id).in_(
            [(me, other), (other, me)]
        )
    )
    mine, theirs = sa.orm.aliased(Person), sa.orm.aliased(Person)
    together = sa.exists().where(
        mine.id == me,
        theirs.id == other,
        mine.household == theirs.household,
        mine.village_code == theirs.village_code,
    )
    return sa.select(sa.or_(declared, together))
