"""The offer's workflow, `domain/workflows.md` 3.8: an invitation, never an order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.access import Actor
from village.models import Offer, Request
from village.models.tasks import OFFER_STATES
from village.relations import HEAD, INVITED, SYSTEM
from village.workflow.engine import LOCK, START, Machine, Step, Tell, Transition

T = Transition
LIVE = ("accepted", "checked_in")


def standing_by(offer: Any) -> bool:
    """She was too late, and said that she would step in."""
    return bool(offer.stands_by)


def not_standing_by(offer: Any) -> bool:
    """She has not said so yet."""
    return not offer.stands_by


def into_reserve(step: Step) -> None:
    """Stand by, in the order in which people said so."""
    step.row.stands_by, step.row.answered_at = True, step.now


def out_of_reserve(step: Step) -> None:
    """Asked again, no longer needed, or she took it back."""
    step.row.stands_by = False


TABLE: tuple[Transition, ...] = (
    T("invite", (START,), "offered", (SYSTEM,), "R13", tell=(Tell(INVITED, "N10"),)),
    T("accept", ("offered", "expired", "no_show"), "accepted", (INVITED,), "R14, R18"),
    T("accept", ("withdrawn",), "accepted", (INVITED,), "R14, R18",
      when=standing_by, effects=(out_of_reserve,)),
    T("decline", ("offered", "expired"), "declined", (INVITED,), "3.8", keeps=("reason",)),
    T("expire", ("offered",), "expired", (SYSTEM,), "3.8"),
    T("take_back", ("offered",), "withdrawn", (SYSTEM,), "3.1",
      tell=(Tell(INVITED, push=False),)),
    T("stand_by", ("offered", "expired", "withdrawn"), "withdrawn", (INVITED,), "3.1",
      when=not_standing_by, effects=(into_reserve,)),
    T("stand_down", ("withdrawn",), "withdrawn", (INVITED,), "3.1",
      when=standing_by, effects=(out_of_reserve,)),
    T("call_up", ("withdrawn",), "offered", (SYSTEM,), "R18",
      when=standing_by, effects=(out_of_reserve,), tell=(Tell(INVITED, "N10"),)),
    T("dismiss", ("withdrawn",), "withdrawn", (SYSTEM,), "3.1",
      when=standing_by, effects=(out_of_reserve,), tell=(Tell(INVITED, push=False),)),
    T("check_in", ("accepted",), "checked_in", (INVITED,), "R17"),
    T("complete", ("checked_in",), "completed", (INVITED,), "R21"),
    T("release", LIVE, "released", (INVITED,), "R18", keeps=("reason",)),
    T("no_show", ("accepted",), "no_show", (SYSTEM,), "R18",
      tell=(Tell(INVITED, push=False), Tell(HEAD, push=False))),
    T("redo", ("completed",), "checked_in", (SYSTEM,), "R22"),
    T("cancel", LIVE, "withdrawn", (SYSTEM,), "R27, R29", tell=(Tell(INVITED),)),
)  # fmt: skip


class OfferMachine(Machine):
    """Offers: known to the invited person alone; the request is locked before the offer."""

    name = "offer"
    permission = "offer.answer"
    states = OFFER_STATES
    rows = TABLE

    def lock(self, session: Session, subject_id: UUID) -> Offer | None:
        """Return the offer, its request locked first."""
        request_id = session.scalar(sa.select(Offer.request_id).where(Offer.id == subject_id))
        if request_id is None:
            return None
        session.execute(
            sa.select(Request.id).where(Request.id == request_id).with_for_update(**LOCK)
        )
        return session.get(Offer, subject_id, with_for_update=LOCK, populate_existing=True)

    def relations(self, session: Session, actor: Actor, row: Any) -> frozenset[str]:
        """Return whether the caller is the invited person, or the system."""
        if actor.person_id is None:
            return frozenset({SYSTEM})
        return frozenset({INVITED} if row.person_id == actor.person_id else ())

    def request_id(self, row: Any) -> UUID:
        """Return the request that the offer serves."""
        return UUID(str(row.request_id))


OFFER = OfferMachine()
