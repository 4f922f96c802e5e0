"""Who must not help with a request: by a tie that somebody declares, or by a party's word.

Whoever is asked may say that she is too close to the villager: that holds for all of this
villager's requests (3.0). Head, chair and mediator write down a tie that they know of, or what a
party has told them; a villager says whom she does not want, and no reason is asked for: a mediator
steps down when a party wishes so (rules 2.2). It only ever takes people out, and nobody but the
one who says it is told why.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, offers, outbox
from village.access import Actor
from village.db import table
from village.errors import Forbidden, Invalid, NotFound
from village.models import ConflictDeclaration, Offer, Request, RequestExclusion, Volunteer
from village.relations import REQUESTER
from village.workflow.engine import attempt
from village.workflow.offer import OFFER
from village.workflow.recusal import refuse_recused
from village.workflow.request import REQUEST

TIES = ("kin", "contractor", "party")
WORD = "word"
KINDS = (*TIES, "household", WORD)


def exclude(session: Session, actor: Actor, request_id: UUID, person_id: UUID, kind: str) -> None:
    """Let a volunteer never be asked for a request, and take back what she holds of it.

    Said again it changes nothing. Raises NotFound, Forbidden where a villager gives a reason,
    Recused for an officer who is too close herself, Invalid for who is no volunteer.
    """
    request = REQUEST.lock(session, request_id)
    if request is None:
        raise NotFound
    mine = REQUEST.relations(session, actor, request)
    access.require("request.exclude", mine)
    if REQUESTER not in mine:
        refuse_recused(session, actor, request)
    elif kind != WORD:
        raise Forbidden
    if session.get(Volunteer, person_id) is None:
        raise Invalid(errors={"person": ["没有这位志愿者"]})
    row = {"request_id": request_id, "person_id": person_id, "kind": kind}
    written = {**row, "added_by": actor.person_id, "at": clock.now()}
    session.execute(insert(table(RequestExclusion)).values(written).on_conflict_do_nothing())
    take_out(session, request_id, person_id)


def declare(session: Session, actor: Actor, offer_id: UUID, kind: str) -> Offer:
    """Say that one is too close to the villager of an offer; it is no answer, and costs nothing.

    It holds for all of that villager's requests. Raises NotFound.
    """
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFound
    access.require("offer.answer", OFFER.relations(session, actor, offer))
    requester = session.get_one(Request, offer.request_id).requester_id
    theirs = sa.select(Offer.request_id).join(Request, Request.id == Offer.request_id)
    theirs = theirs.where(Offer.person_id == actor.person_id, Request.requester_id == requester)
    request_ids = session.scalars(theirs.distinct().order_by(Offer.request_id)).all()
    for request_id in request_ids:  # as rounds lock them, or two would wait for each other
        REQUEST.lock(session, request_id)
    two = {"person_id": actor.person_id, "other_id": requester, "kind": kind}
    written = insert(table(ConflictDeclaration)).values(**two, declared_at=clock.now())
    session.execute(written.on_conflict_do_nothing())
    for request_id in request_ids:
        take_out(session, request_id, offer.person_id)
    session.refresh(offer)
    return offer


def take_out(session: Session, request_id: UUID, person_id: UUID) -> None:
    """Take back her offers of a request; who is at work already is the head's to speak with."""
    session.info.pop("too_close", None)
    hers = sa.select(Offer).where(Offer.request_id == request_id, Offer.person_id == person_id)
    for offer in session.scalars(hers.order_by(Offer.id)).all():
        if offer.stands_by:
            attempt(session, OFFER, offer.id, "dismiss")
        elif offer.status == "offered":
            attempt(session, OFFER, offer.id, "take_back")
            offers.look_again(session, offer)
        elif offer.status == "accepted":
            offers.free_place(session, offer)
            attempt(session, OFFER, offer.id, "cancel")
            offers.look_again(session, offer)
            outbox.put(session, "dispatch.freed", person_id)
