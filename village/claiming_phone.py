"""Claiming what somebody entered for oneself by the number that one gave: WeChat proves it.

A number is shared in a family and passed on, so it is no proof alone: the name that was given
must be hers (or none). Since she may change her own name, a record that was asked for under five
names that are not its own is claimed by its slip alone. A record with a dispute, or with what takes
the safe path, is claimed by its slip or not at all, since the phone may be in the hands of whom she
fears. What WeChat said more than a month ago is none either, nor is a number that an officer of the
village has under another account: she would confirm for another what she or her own people did.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, keys
from village.access import Actor
from village.claiming import hand_over, refuse_officers
from village.errors import GuardFailed
from village.models import Assisted, OrgUnit, Person, Request, RoleGrant, WechatIdentity
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow.request import REQUEST

PROVEN_FOR = timedelta(days=30)
MOST_NAMES = 5  # a name is written in more ways than one, and a family shares a number
NAME = "claimed name"


class NothingForPhone(GuardFailed):
    """Nothing waits for her number and name; of a wrong name it is said no more than that."""

    code = "nothing_for_phone"
    keeps_changes = True  # the name that was tried


def claim(session: Session, actor: Actor) -> list[Request]:
    """Make the actor's own all that was entered for her number, and return it.

    Raises GuardFailed `phone_unproven`, `nothing_for_phone`, or `officers_do_not_claim`.
    """
    me = session.get_one(Person, actor.person_id)
    if me.phone_hash is None or not _is_proven(me):
        raise GuardFailed("phone_unproven", "let WeChat say which number is yours")
    claimed: list[Request] = []
    for record in session.scalars(_records(me)).all():
        if _bears(record, me.name):
            claimed += _claim_all(session, actor, record)
    if not claimed:
        raise NothingForPhone
    return claimed


def _bears(record: Person, name: str) -> bool:
    """Tell whether the record has this name, or none; another name is counted once."""
    if record.name == "":
        return True
    if record.name == name:
        return len(record.missed_names) < MOST_NAMES
    tried = keys.ring().find(NAME, name)
    if tried not in record.missed_names:
        record.missed_names = [*record.missed_names, tried]
    return False


def _is_proven(me: Person) -> bool:
    return me.phone_verified_at is not None and clock.now() - me.phone_verified_at <= PROVEN_FOR


def _refuse_other_accounts(session: Session, me: Person, request: Request) -> None:
    """An officer's number is no villager's, whichever account asks."""
    village = session.get_one(OrgUnit, request.village_code)
    held = (
        sa.select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            Person.phone_hash == me.phone_hash,
            RoleGrant.unit_code.in_((village.code, village.parent_code)),
            *recusal.in_term(RoleGrant),
        )
    )
    if session.scalar(sa.select(held.exists())):
        raise GuardFailed("officers_do_not_claim", "an officer of the village has this number")


def _records(me: Person) -> sa.Select[Person]:
    """Records without an account and without an office's code that have her number, locked."""
    known = sa.exists().where(WechatIdentity.person_id == Person.id)
    found = sa.select(Person).where(
        Person.phone_hash == me.phone_hash, Person.id != me.id, Person.code.is_(None), ~known
    )
    return found.order_by(Person.id).with_for_update()


def _claim_all(session: Session, actor: Actor, record: Person) -> list[Request]:
    asked = sa.select(Request.id).where(Request.requester_id == record.id).order_by(Request.id)
    locked = [REQUEST.lock(session, each) for each in session.scalars(asked).all()]
    found: list[Request] = [each for each in locked if each is not None]
    if any(each.sealed or is_safe_path(each) for each in found):
        return []
    for request in found:
        refuse_officers(session, actor, request)
        _refuse_other_accounts(session, session.get_one(Person, actor.person_id), request)
    open_ = sa.select(Assisted).where(
        Assisted.request_id.in_([each.id for each in found]), Assisted.claimed_at.is_(None)
    )
    for entered in session.scalars(open_).all():
        hand_over(session, actor, session.get_one(Request, entered.request_id), entered)
    record.phone_hash = record.phone_sealed = None
    record.missed_names = []
    return found
