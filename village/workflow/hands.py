"""In whose hands a matter lies: who could act on it, and is not too close to a party (3.0)."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from village import duty
from village.models import Request
from village.models.requests import RUNGS
from village.safe_path import is_safe_path
from village.workflow import recusal


class Hands(NamedTuple):
    """The officers who may act, away or not, and those who stand in for the chair."""

    officers: frozenset[UUID]
    stand_in: frozenset[UUID]

    @property
    def all(self) -> frozenset[UUID]:
        """Everybody who can act."""
        return self.officers | self.stand_in


def who(session: Session, request: Request) -> Hands:
    """Return who can act: the station's, the chair, and where it lies so, who stands in."""
    rungs = (duty.HEAD_RUNG, duty.DEPUTY_RUNG, RUNGS[0])
    found = (one for rung in rungs for one in duty.in_office(session, request, rung))
    lies = request.status == "triage" or is_safe_path(request)
    above = recusal.stand_ins(session, request) if lies else []
    return Hands(frozenset(found), frozenset(above))
