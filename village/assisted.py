"""Requests that were entered for somebody: who is served, and the slip that she is given.

What came by phone, at the door or on paper is written for the person herself (R1, PRX): the
requester is she, with or without an account; who entered it speaks for her until she claims it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, people, phones, requests
from village.access import Actor
from village.db import table
from village.errors import GuardFailed, Invalid
from village.ids import new_id
from village.models import (
    Assisted,
    ConflictDeclaration,
    OrgUnit,
    Person,
    Request,
    WechatIdentity,
)
from village.privacy import Keys
from village.safe_path import is_safe_path

SLIP_LIFE = timedelta(days=90)
SLIP_DIGITS = 12  # 40 bits: with few tries a day (village/claiming.py) nobody finds one
SLIP = "slip"


@dataclass(frozen=True)
class Slip:
    """What is printed for her: `code` is told once, and is kept as a keyed hash alone."""

    number: str
    village: str
    code: str
    expires_at: datetime


def served(
    session: Session, actor: Actor, village: OrgUnit | None, said: Mapping[str, Any]
) -> Actor:
    """Return the person for whom something is entered, as the one who asks for it.

    `said`: `{name?, phone?, person?, kin?}`; `person` is the id of somebody of the village whom the
    system knows, else a record without an account is made. `kin`: she is the enterer's household
    or kin, who then must keep out of the matter (3.0). Raises Invalid, Forbidden.
    """
    if village is None:
        raise Invalid(errors={"village": ["没有这个村"]})
    held = access.assist_relations(actor, village.code, village.parent_code)
    access.require("request.assist", held)
    known = said.get("person")
    person = _known(session, village.code, known) if known else _new(session, village.code, said)
    if person.id == actor.person_id:
        raise Invalid(errors={"for": ["自己的事请用“说一声”"]})
    if said.get("kin"):
        _declare_kin(session, actor, person)
    grants = people.offices(session, person.id) if known else ()
    return Actor(person.id, person.name, village.code, grants)


def _known(session: Session, village: str, person_id: UUID) -> Person:
    person = session.get(Person, person_id)
    if person is None or person.village_code != village:
        raise Invalid(errors={"for": ["这个村里没有这个人"]})
    return person


def _new(session: Session, village: str, said: Mapping[str, Any]) -> Person:
    person = Person(
        id=new_id(), name=said.get("name") or "", village_code=village, created_at=clock.now()
    )
    if said.get("phone"):
        for name, value in phones.sealed(person.id, said["phone"]).items():
            setattr(person, name, value)
    session.add(person)
    session.flush()
    return person


def _declare_kin(session: Session, actor: Actor, person: Person) -> None:
    declared = {
        "person_id": actor.person_id,
        "other_id": person.id,
        "kind": "kin",
        "declared_at": clock.now(),
    }
    row = insert(table(ConflictDeclaration)).values(declared)
    session.execute(row.on_conflict_do_nothing())


def record(session: Session, actor: Actor, request: Request, consent_how: str) -> None:
    """Keep who entered a request, and how the person agreed."""
    row = {"request_id": request.id, "entered_by": actor.person_id, "consent_how": consent_how}
    session.execute(sa.insert(table(Assisted)).values(row))


def issue_slip(session: Session, actor: Actor, keys: Keys, request_id: UUID) -> Slip:
    """Make a new slip for a request that is not claimed yet; the one before is worthless.

    Raises NotFound, Forbidden for who does not speak for the person, GuardFailed `has_account`
    where she needs no slip, `no_slip_on_safe_path` where one may be found by whom she fears.
    """
    seen = requests.read(session, actor, request_id)
    access.require("request.slip", seen.relations)
    request = seen.request
    if has_account(session, request.requester_id):
        raise GuardFailed("has_account", "she finds it among her own requests")
    if is_safe_path(request):  # a paper lies about at home
        raise GuardFailed("no_slip_on_safe_path", "tell her the number, in person")
    code = "".join(secrets.choice("0123456789") for _ in range(SLIP_DIGITS))
    expires_at = clock.now() + SLIP_LIFE
    made = sa.update(Assisted).where(Assisted.request_id == request_id)
    session.execute(made.values(slip_hash=keys.digest(SLIP, code), slip_expires_at=expires_at))
    village = session.get_one(OrgUnit, request.village_code).name
    return Slip(request.number, village, code, expires_at)


def has_account(session: Session, person_id: UUID) -> bool:
    """Tell whether a person has ever logged in."""
    known = sa.select(WechatIdentity.id).where(WechatIdentity.person_id == person_id)
    return bool(session.scalar(sa.select(known.exists())))
