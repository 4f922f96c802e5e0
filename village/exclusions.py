"""Who must not help with a request: by a tie that somebody declares, or by a party's word.

Whoever is asked may say that she is too close to the villager: that holds for all of this
villager's requests (3.0). Head, chair and mediator write down a tie that they know of, or what a
party has told them; a villager says whom she does not want, and no reason is asked for: a mediator
steps down when a party wishes so (rules 2.2). It only ever takes people out, and nobody but the
one who says it is told why. Who said it may take it back, and nobody else; the log of the request
keeps that, and no timeline shows it.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, offers, outbox
from village.access import Actor
from village.db import table
from village.errors import Forbidden, GuardFailed, Invalid, NotFound
from village.ids import new_id
from village.models import (
    ConflictDeclaration,
    Event,
    Offer,
    Person,
    Request,
    RequestExclusion,
    RequestParty,
    Volunteer,
)
from village.relations import CHAIR, HEAD, INVITED, MEDIATOR, REQUESTER
from village.workflow.engine import attempt, trace_id
from village.workflow.offer import OFFER
from village.workflow.recusal import refuse_recused
from village.workflow.request import REQUEST

TIES = ("kin", "contractor", "party")
WORD = "word"
KINDS = (*TIES, "household", WORD)


class Said(NamedTuple):
    """Whom the caller has named as one who must not help, and why."""

    person: UUID
    name: str
    kind: str


def exclude(session: Session, actor: Actor, request_id: UUID, person_id: UUID, kind: str) -> None:
    """Let a volunteer never be asked for a request, and take back what she holds of it.

    Said again it changes nothing. Raises NotFound, Forbidden where a villager gives a reason,
    Recused for an officer who is too close herself, Invalid for who is no volunteer.
    """
    mine = _may_speak(session, actor, request_id)
    if REQUESTER in mine and kind != WORD:
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
    two = {"person_id": actor.person_id, "other_id": requester, "kind": kind, "offer_id": offer.id}
    written = insert(table(ConflictDeclaration)).values(**two, declared_at=clock.now())
    session.execute(written.on_conflict_do_nothing())
    for request_id in request_ids:
        take_out(session, request_id, offer.person_id)
    session.refresh(offer)
    return offer


def readmit(session: Session, actor: Actor, request_id: UUID, person_id: UUID) -> None:
    """Take back what the caller has said of a volunteer, who may be asked again from now on.

    What others have said of her stays, and is not told: it answers alike. Raises NotFound,
    Forbidden, Recused as `exclude` does.
    """
    mine = _may_speak(session, actor, request_id)
    which = RequestExclusion.request_id == request_id, RequestExclusion.person_id == person_id
    gone = sa.delete(RequestExclusion).where(*which, _by(actor)).returning(RequestExclusion.kind)
    for kind in session.scalars(gone.execution_options(synchronize_session=False)).all():
        role = next(one for one in (REQUESTER, HEAD, CHAIR, MEDIATOR) if one in mine)
        _note(session, actor.person_id, role, request_id, person_id, kind)


def undeclare(session: Session, actor: Actor, offer_id: UUID) -> None:
    """Take back that one is too close; what a roster or an office knows of it stays.

    Without such a word of hers nothing happens. Raises NotFound, or GuardFailed `tie_stays` for
    who holds an office: she would decide on whom she has called too close.
    """
    offer = offers.lock_mine(session, actor, offer_id)
    hers = ConflictDeclaration.offer_id == offer.id
    gone = sa.delete(ConflictDeclaration).where(hers).returning(ConflictDeclaration.kind)
    kinds = session.scalars(gone.execution_options(synchronize_session=False)).all()
    if kinds and actor.grants:
        raise GuardFailed("tie_stays", "an officer's tie is not hers to take back")
    for kind in kinds[:1]:
        _note(session, offer.person_id, INVITED, offer.request_id, offer.person_id, kind)


def said(session: Session, actor: Actor, request_id: UUID) -> list[Said]:
    """Return whom the caller has named so, by name; who may ask is `nameable.who`'s to tell."""
    named = sa.select(Person.id, Person.name, RequestExclusion.kind)
    named = named.join(RequestExclusion, RequestExclusion.person_id == Person.id)
    mine = named.where(RequestExclusion.request_id == request_id, _by(actor))
    return [Said(*row) for row in session.execute(mine.order_by(Person.name, Person.id))]


def _may_speak(session: Session, actor: Actor, request_id: UUID) -> frozenset[str]:
    """Lock the request, and return by what the caller may say who must not help with it."""
    request = REQUEST.lock(session, request_id)
    if request is None:
        raise NotFound
    mine = REQUEST.relations(session, actor, request)
    access.require("request.exclude", mine)
    if REQUESTER not in mine:
        refuse_recused(session, actor, request)
    return mine


def _by(actor: Actor) -> sa.ColumnElement[bool]:
    return RequestExclusion.added_by == actor.person_id


def _note(
    session: Session, by: UUID | None, role: str, request_id: UUID, person_id: UUID, kind: str
) -> None:
    """Keep that it was taken back, and let the searches look at her again."""
    session.info.pop("too_close", None)
    session.add(
        Event(
            id=new_id(), request_id=request_id, machine="tie", subject_id=person_id,
            action="take_back", from_status=kind, to_status="none", actor_id=by, actor_role=role,
            data={}, trace=trace_id.get(), at=clock.now(),
        )
    )  # fmt: skip
    outbox.put(session, "dispatch.freed", person_id)


def hand_down(session: Session, whole_id: UUID, part_id: UUID) -> None:
    """Keep away from a part, or a visit, whom its whole keeps away: exclusions, and its parties."""
    part, at = sa.literal(part_id, sa.Uuid), sa.literal(clock.now(), sa.DateTime(timezone=True))
    kept, party = table(RequestExclusion), table(RequestParty)
    for rows, own, key in (
        (kept, ("person_id", "kind", "added_by"), {}),
        (party, ("person_id", "household", "name", "added_by"), {"id": sa.func.gen_random_uuid()}),
    ):
        values = {"request_id": part, "at": at, **key, **{name: rows.c[name] for name in own}}
        found = sa.select(*values.values()).where(rows.c.request_id == whole_id)
        session.execute(sa.insert(rows).from_select(list(values), found))


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
