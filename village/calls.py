"""Please phone: what somebody without an account must hear is told to her by a person (3.9).

Whom to ask: who entered the request and is in office still; a mediator for a dispute; where none
may, and for asking back, the chair, else the rung above her. After a day the chair sees what
nobody has done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, access_log, clock, lines, phones
from village.access import Actor
from village.db import table
from village.errors import GuardFailed, LostRace
from village.ids import new_id
from village.models import Person, PhoneCall, Request, RoleGrant
from village.models.requests import RUNGS
from village.relations import CALLER, OWNER
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow.engine import LOCK

LEFT_LYING = timedelta(days=1)


@dataclass(frozen=True)
class CallView:
    """A call, with whom it is about; `careful`: somebody may be listening at her side."""

    call: PhoneCall
    request: Request
    name: str
    phone: str | None = None  # in lists there is none

    @property
    def careful(self) -> bool:
        """Ask first whether she can talk."""
        return is_safe_path(self.request) or self.request.sealed


def put(
    session: Session, request: Request, event_id: UUID, *, title: str, text: str, solved: bool
) -> None:
    """Ask somebody to tell the requester what an inbox would; once per event.

    `solved`: it is the result, and she is asked whether it is. What was to be told of earlier
    events is overtaken; their ids are in the order of time. The caller holds the request's lock.
    """
    caller = outside(session, request) if solved else _caller(session, request)
    later = sa.exists().where(PhoneCall.request_id == request.id, PhoneCall.event_id > event_id)
    if caller is None or session.scalar(sa.select(later)):
        return
    row = {
        "id": new_id(),
        "request_id": request.id,
        "event_id": event_id,
        "caller_id": caller,
        "kind": "call_back" if solved else "tell",
        "title": title,
        "text": text,
        "tries": 0,
        "created_at": clock.now(),
    }
    calls = table(PhoneCall)
    written = insert(calls).values(row).on_conflict_do_nothing(index_elements=["event_id"])
    if session.scalar(written.returning(calls.c.id)) is None:
        return
    _overtake(session, request.id, event_id)
    lines.tell(session, [caller], "please_ask" if solved else "please_phone", no=request.number)


def _overtake(session: Session, request_id: UUID, event_id: UUID) -> None:
    before = sa.update(PhoneCall).where(
        PhoneCall.request_id == request_id,
        PhoneCall.event_id < event_id,
        PhoneCall.done_at.is_(None),
    )
    session.execute(before.values(done_at=clock.now(), outcome="overtaken"))


def _caller(session: Session, request: Request) -> UUID | None:
    if is_safe_path(request):
        return outside(session, request)
    found = sa.select(RoleGrant.person_id).where(*recusal.in_term(RoleGrant))
    if request.sealed:
        mediates = (RoleGrant.role == "mediator", RoleGrant.unit_code == request.village_code)
        far = ~recusal.tied(RoleGrant.person_id, request.id, request.requester_id)
        found = found.where(*mediates, far)
    else:
        found = found.where(RoleGrant.person_id == request.proxy_id)
    return session.scalar(found.limit(1)) or outside(session, request)


def outside(session: Session, request: Request) -> UUID | None:
    """Return the chair, or who stands above her: not who entered it, nor who heads its station."""
    heads = sa.select(RoleGrant.person_id).where(
        RoleGrant.unit_code == request.village_code,
        RoleGrant.station == request.station,
        RoleGrant.role.in_(("head", "deputy")),
        *recusal.in_term(RoleGrant),
    )
    barred = {request.proxy_id, request.done_by, *session.scalars(heads)}
    for rung in RUNGS:
        for person_id in recusal.on_rung(session, request, rung):
            if person_id not in barred:
                return person_id
    return None


def list_mine(session: Session, actor: Actor) -> list[CallView]:
    """Return the calls that the actor is asked to make, the oldest first: a hundred at most."""
    rows = session.execute(_select(actor).order_by(PhoneCall.id).limit(100))
    return [CallView(*row) for row in rows]


def read(session: Session, actor: Actor, call_id: UUID) -> CallView:
    """Return one of the actor's calls. Raises NotFound for every other."""
    row = session.execute(_select(actor).where(PhoneCall.id == call_id)).one_or_none()
    access.require("call.read", frozenset({OWNER} if row else ()))
    call, request, name = row  # type: ignore[misc]
    number = phones.of(session.get_one(Person, request.requester_id))
    if number is not None:
        access_log.note(session, actor, request, CALLER, [phones.PHONE])
    return CallView(call, request, name, number)


def done(session: Session, actor: Actor, call_id: UUID, *, reached: bool) -> CallView:
    """Keep that the person was told, or that nobody answered: then it stays to be done (R9).

    Raises NotFound, LostRace `call_over` for what was done or overtaken meanwhile, and GuardFailed
    `ask_her` where her answer is wanted (`call_back`).
    """
    seen = read(session, actor, call_id)
    # the request's lock comes first, as everywhere
    request = session.get_one(Request, seen.request.id, with_for_update=LOCK)
    call = session.get_one(PhoneCall, call_id, with_for_update=True, populate_existing=True)
    if reached and call.kind != "tell":
        raise GuardFailed("ask_her", "say what she said")
    if call.done_at is not None:
        raise LostRace("call_over", "it was done already, or is overtaken")
    if reached:
        call.done_at, call.outcome = clock.now(), "reached"
    else:
        call.tries, call.tried_at = call.tries + 1, clock.now()
        if request.status == "needs_info":
            request.phone_tried_at = clock.now()
    return seen


def _select(actor: Actor) -> sa.Select[PhoneCall, Request, str]:
    chaired = [grant.unit for grant in actor.grants if grant.role == "chair"]
    left = sa.and_(
        PhoneCall.kind == "tell",
        PhoneCall.created_at < clock.now() - LEFT_LYING,
        Request.village_code.in_(chaired),
        ~Request.sealed,
        ~recusal.tied(actor.person_id),
    )
    mine = PhoneCall.caller_id == actor.person_id if actor.grants else sa.false()
    return (
        sa.select(PhoneCall, Request, Person.name)
        .join(Request, Request.id == PhoneCall.request_id)
        .join(Person, Person.id == Request.requester_id)
        .where(PhoneCall.done_at.is_(None), sa.or_(mine, left))
    )
