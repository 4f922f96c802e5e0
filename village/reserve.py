"""The short reserve: who was too late may say "I would step in", and is asked first.

She holds no place and owes nothing: when a place opens again she is asked like anybody, and
may say no. What she said ends with the task.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import offers
from village.access import THE_SYSTEM, Actor
from village.errors import LostRace
from village.models import Offer, Task
from village.workflow.engine import apply, attempt
from village.workflow.offer import OFFER

SHORT = 2  # more people would wait for nothing


def stand_by(session: Session, actor: Actor, offer_id: UUID) -> Offer:
    """Step into the reserve of a task that is filled; a second tap answers like the first.

    Raises NotFound, WrongState after a no, or LostRace with code `place_free` where she can
    still say yes, `reserve_full`, or `ended`.
    """
    offer = offers.lock_mine(session, actor, offer_id)
    if offer.stands_by:
        return offer
    task = session.get_one(Task, offer.task_id)
    if task.status == "open":
        raise LostRace("place_free", "a place is free; a yes takes it")
    if task.status != "filled":
        raise LostRace("ended", "the task is over")
    if _standing_by(session, task.id) >= max(SHORT, task.people_needed):
        raise LostRace("reserve_full", "enough people stand by")
    standing: Offer = apply(session, OFFER, offer_id, "stand_by", actor=actor)
    return standing


def stand_down(session: Session, actor: Actor, offer_id: UUID) -> Offer:
    """Step out of the reserve, free of consequence; a second tap answers like the first."""
    offer = offers.lock_mine(session, actor, offer_id)
    if offer.status == "withdrawn" and not offer.stands_by:
        return offer
    gone: Offer = apply(session, OFFER, offer_id, "stand_down", actor=actor)
    return gone


def call_up(session: Session, offer_id: UUID, *, wave: int, expires_at: datetime) -> Offer:
    """Ask one of the reserve again, now that a place is open: an offer like every other."""
    offer: Offer = apply(session, OFFER, offer_id, "call_up", actor=THE_SYSTEM)
    offer.wave, offer.expires_at, offer.answered_at = wave, expires_at, None
    return offer


def waiting(session: Session, task_id: UUID) -> list[Offer]:
    """Return the reserve of a task, in the order in which they said so."""
    standing = sa.select(Offer).where(Offer.task_id == task_id, Offer.stands_by)
    return list(session.scalars(standing.order_by(Offer.answered_at, Offer.id)))


def dismiss(session: Session, request_id: UUID) -> None:
    """Thank the reserve of the request's ended tasks; nobody waits for what is over."""
    ended = (
        sa.select(Offer.id)
        .join(Task, Task.id == Offer.task_id)
        .where(
            Offer.request_id == request_id,
            Offer.stands_by,
            Task.status.in_(("done", "cancelled")),
        )
    )
    for offer_id in session.scalars(ended).all():
        attempt(session, OFFER, offer_id, "dismiss")


def _standing_by(session: Session, task_id: UUID) -> int:
    counted = sa.select(sa.func.count()).where(Offer.task_id == task_id, Offer.stands_by)
    return session.scalar(counted) or 0
