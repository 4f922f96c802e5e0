"""A volunteer's answers: what they do to the offer, and what is learnt from them, at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch import learning
from village import offers, reserve
from village.access import Actor
from village.errors import TooLate
from village.models import Offer


def accept(session: Session, actor: Actor, offer_id: UUID, **sent: Any) -> Offer:
    """Say yes: take a place, and count the answer. Raises what `offers.accept` raises.

    A yes for which others were faster was a yes, and counts as one.
    """
    try:
        offer = offers.accept(session, actor, offer_id, **sent)
    except TooLate:
        learning.learn(session, offer_id, yes=True)
        raise
    learning.learn(session, offer.id, yes=True)
    return offer


def stand_by(session: Session, actor: Actor, offer_id: UUID) -> Offer:
    """Step into the reserve: a yes, and learnt as one. Raises what `reserve.stand_by` raises."""
    offer = reserve.stand_by(session, actor, offer_id)
    learning.learn(session, offer.id, yes=True)
    return offer


def decline(session: Session, actor: Actor, offer_id: UUID, **sent: Any) -> Offer:
    """Say no, free of consequence: it is counted for herself, and the next person is asked."""
    offer = offers.decline(session, actor, offer_id, **sent)
    learning.learn(session, offer.id, yes=False)
    return offer
