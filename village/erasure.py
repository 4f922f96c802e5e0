"""Erasing oneself: open matters are named first, then she is gone and figures stay (PIPL 47).

She does it herself, and it is done at once. What is still open and can not be withdrawn goes on
without her name, and is forgotten when it has ended (`village/retention.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import (
    clock,
    complaint_words,
    files,
    forgetting,
    hour_certificates,
    service_records,
    volunteering,
)
from village.access import Actor
from village.catalog.files import read
from village.db import Base
from village.errors import GuardFailed
from village.models import (
    AvailabilityWindow,
    Certificate,
    ConflictDeclaration,
    Erasure,
    Follow,
    IdempotencyKey,
    LoginCode,
    Membership,
    Notification,
    Offer,
    Paper,
    Person,
    Place,
    PushGrant,
    Request,
    RequestParty,
    ResponseStat,
    StandingPair,
    Task,
    TimeOff,
    TokenFamily,
    Volunteer,
    WechatIdentity,
)
from village.models.messages import Delivery
from village.safe_path import on_safe_path
from village.timeline import status_text
from village.workflow.engine import apply
from village.workflow.request import REQUEST

HELD = ("taken", "checked_in")


@dataclass(frozen=True)
class Matter:
    """What is still open: `kind` office or task stands in the way, a request does not have to."""

    kind: str
    text: str


def explained() -> dict[str, list[str]]:
    """Return in plain sentences what goes, and what stays without a name."""
    return {
        kind: [row["zh"] for row in read("erasure") if row["kind"] == kind]
        for kind in ("erased", "kept")
    }


def open_matters(session: Session, actor: Actor) -> list[Matter]:
    """Return what is open with the caller, what stands in the way first."""
    return [*_standing(session, actor), *_requests(session, actor)]


def _standing(session: Session, actor: Actor) -> Iterator[Matter]:
    labels = {row["role"]: row["zh"] for row in read("role_labels")}
    for grant in actor.grants:
        yield Matter("office", labels.get(grant.role, grant.role))
    held = (
        sa.select(Task.what)
        .join(Place, Place.task_id == Task.id)
        .where(Place.person_id == actor.person_id, Place.status.in_(HELD))
        .where(Task.status.in_(("open", "filled")))
    )
    for what in session.scalars(held):
        yield Matter("task", what)


def _requests(session: Session, actor: Actor) -> Iterator[Matter]:
    found = sa.select(Request.number, Request.status).where(*_open(actor)).order_by(Request.id)
    for number, status in session.execute(found):
        yield Matter("request", f"{number} {status_text(status)}")


def _open(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return Request.requester_id == actor.person_id, Request.ended_at.is_(None)


def erase(session: Session, actor: Actor, *, anyway: bool) -> Erasure:
    """Erase the caller; her logins end with it.

    `anyway`: although requests are open; those that can be withdrawn are. Raises GuardFailed
    `still_in_office`, or `open_matters` with what is open.
    """
    matters = open_matters(session, actor)
    if any(matter.kind != "request" for matter in matters):
        raise GuardFailed(
            "still_in_office", "give back offices and tasks first", open=_told(matters)
        )
    if matters and not anyway:
        raise GuardFailed("open_matters", "these are still open", open=_told(matters))
    person = session.get_one(Person, actor.person_id, with_for_update=True)
    _withdraw(session, actor)
    done = _forget_requests(session, actor)
    _forget_person(session, person)
    session.add(done)
    return done


def _told(matters: list[Matter]) -> list[dict[str, str]]:
    return [{"kind": matter.kind, "text": matter.text} for matter in matters]


def _withdraw(session: Session, actor: Actor) -> None:
    for request_id in session.scalars(sa.select(Request.id).where(*_open(actor))).all():
        request = REQUEST.lock(session, request_id)
        if request is None:
            continue
        relations = REQUEST.relations(session, actor, request)
        if "withdraw" in REQUEST.allowed_actions(request, relations, ()):
            apply(session, REQUEST, request_id, "withdraw", actor=actor, payload={})
    session.flush()


def _forget_requests(session: Session, actor: Actor) -> Erasure:
    mine = Request.requester_id == actor.person_id
    safe, ended = on_safe_path(), Request.ended_at.is_not(None)
    gone = session.scalars(sa.select(Request.id).where(mine, ended, ~safe)).all()
    forgetting.forget(session, gone)
    counted = sa.select(sa.func.count().filter(~ended, ~safe), sa.func.count().filter(safe)).where(
        mine
    )
    still_open, kept = session.execute(counted.select_from(Request)).one()
    return Erasure(
        person_id=actor.person_id, at=clock.now(), requests=len(gone), still_open=still_open,
        kept=kept,
    )  # fmt: skip


def _forget_person(session: Session, person: Person) -> None:
    """Her row stays without anything of her, so that figures and timelines keep their facts."""
    me = person.id
    person.name, person.erased_at = "", clock.now()
    person.code = person.birth_year = person.village_code = person.household = None
    person.phone_hash = person.phone_sealed = person.phone_verified_at = None
    lines = sa.select(Notification.id).where(Notification.person_id == me)
    session.execute(sa.delete(Delivery).where(Delivery.notification_id.in_(lines)))
    for model, column in OF_HERS:
        _delete(session, model, column == me)
    _delete(session, ConflictDeclaration, ConflictDeclaration.other_id == me)
    _delete(session, RequestParty, RequestParty.person_id == me)
    _delete(session, IdempotencyKey, IdempotencyKey.caller == str(me))
    _delete(
        session, StandingPair, sa.or_(StandingPair.villager_id == me, StandingPair.person_id == me)
    )
    complaint_words.forget_of(session, me)
    service_records.forget_words(session, me)
    volunteering.forget(session, me)
    hour_certificates.forget(session, me)
    files.forget_unused(session, me)
    _as_volunteer(session, me)
    session.flush()


def _as_volunteer(session: Session, me: UUID) -> None:
    """The offers' places and minutes are the village's record; whose they were nobody can say."""
    session.execute(sa.update(Membership).where(Membership.person_id == me).values(active=False))
    session.execute(sa.update(Offer).where(Offer.person_id == me).values(reason=None))
    left: dict[str, Any] = {
        "status": "left", "skills": [], "disliked": [], "insured_until": None,
        "trained_until": None, "guardian_consent": False, "rest_until": None, "rest_by": None,
    }  # fmt: skip
    session.execute(sa.update(Volunteer).where(Volunteer.person_id == me).values(left))


OF_HERS: tuple[tuple[type[Base], sa.SQLColumnExpression[Any]], ...] = (
    (Notification, Notification.person_id),
    (WechatIdentity, WechatIdentity.person_id),
    (TokenFamily, TokenFamily.person_id),
    (LoginCode, LoginCode.person_id),
    (Follow, Follow.person_id),
    (AvailabilityWindow, AvailabilityWindow.person_id),
    (TimeOff, TimeOff.person_id),
    (Certificate, Certificate.person_id),
    (Paper, Paper.person_id),
    (ConflictDeclaration, ConflictDeclaration.person_id),
    (ResponseStat, ResponseStat.person_id),
    (PushGrant, PushGrant.person_id),
)


def _delete(session: Session, model: type[Base], where: sa.ColumnElement[bool]) -> None:
    gone = sa.delete(model).where(where)
    session.execute(gone, execution_options={"synchronize_session": False})
