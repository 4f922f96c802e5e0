"""Claiming what somebody entered for oneself: by the code on the slip, and not by guessing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from village import access, clock
from village.access import Actor
from village.assisted import SLIP
from village.db import table
from village.errors import GuardFailed, TooMany
from village.models import (
    Assisted,
    ClaimTry,
    ConflictDeclaration,
    Follow,
    Notification,
    OrgUnit,
    Person,
    Request,
    RequestParty,
    StandingPair,
)
from village.privacy import Keys
from village.safe_path import on_safe_path
from village.workflow.engine import apply
from village.workflow.request import REQUEST, works_on

MOST_TRIES = 5
TRIES_WITHIN = timedelta(days=1)


class WrongSlip(GuardFailed):
    """No slip has this code: it is mistyped, used, replaced, or too old."""

    code = "slip_unknown"
    keeps_changes = True  # the try is counted


def claim(session: Session, actor: Actor, keys: Keys, code: str) -> Request:
    """Make what was entered for her the actor's own, and return it; again changes nothing.

    Raises WrongSlip, TooMany after five wrong codes within a day, and GuardFailed
    `officers_do_not_claim` for who may enter things in that village, or helps with this one:
    she would confirm for another what she or her own people did.
    """
    refuse_who_guesses(session, actor)
    digest = keys.digest(SLIP, "".join(filter(str.isdigit, code)))
    request_id = session.scalar(sa.select(Assisted.request_id).where(Assisted.slip_hash == digest))
    request = REQUEST.lock(session, request_id) if request_id else None
    slip = _slip(session, digest) if request else None
    if request is None or slip is None or not _is_open_to(session, slip, request, actor):
        count_wrong(session, actor)
        raise WrongSlip
    if slip.claimed_at is None:
        refuse_officers(session, actor, request)
        hand_over(session, actor, request, slip)
    return request


def _slip(session: Session, digest: bytes) -> Assisted | None:
    """Read it under the request's lock: of two who claim at once one finds it claimed."""
    found = sa.select(Assisted).where(Assisted.slip_hash == digest)
    return session.scalar(found, execution_options={"populate_existing": True})


def _is_open_to(session: Session, slip: Assisted, request: Request, actor: Actor) -> bool:
    """A paper lies about at home: none opens a record that holds what takes the safe path."""
    if slip.claimed_at is not None:
        return slip.claimed_by == actor.person_id
    fresh = slip.slip_expires_at is not None and slip.slip_expires_at > clock.now()
    safe = sa.exists().where(Request.requester_id == request.requester_id, on_safe_path())
    return fresh and not session.scalar(sa.select(safe))


def count_wrong(session: Session, actor: Actor) -> None:
    """Count a wrong code; who raises WrongSlip keeps it."""
    session.add(ClaimTry(person_id=actor.person_id, at=clock.now()))


def refuse_who_guesses(session: Session, actor: Actor) -> None:
    """Count the wrong codes of the last day; her calls stand in line, or she would outrun it."""
    number = int.from_bytes(UUID(str(actor.person_id)).bytes[8:], "big", signed=True)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
    since = clock.now() - TRIES_WITHIN
    mine = sa.delete(ClaimTry).where(ClaimTry.person_id == actor.person_id)
    session.execute(mine.where(ClaimTry.at <= since))
    tries = sa.select(sa.func.count(), sa.func.min(ClaimTry.at)).where(
        ClaimTry.person_id == actor.person_id
    )
    count, first = session.execute(tries).one()
    if count >= MOST_TRIES:
        raise TooMany(after_seconds=int((first - since).total_seconds()) + 1)


def refuse_officers(session: Session, actor: Actor, request: Request) -> None:
    """Raise GuardFailed `officers_do_not_claim` for who may enter things there, or helps."""
    village = session.get_one(OrgUnit, request.village_code)
    held = access.assist_relations(actor, village.code, village.parent_code)
    if held or works_on(session, actor, request.id):
        raise GuardFailed("officers_do_not_claim", "she, or another of her family, must do it")


def hand_over(session: Session, actor: Actor, request: Request, slip: Assisted) -> None:
    """Give over all that was the record's without an account becomes hers: this, and its parts."""
    served = session.get_one(Person, request.requester_id)
    behalf = {"name": served.name, "consent_how": slip.consent_how}
    mine = sa.select(Request.id).where(Request.requester_id == served.id).order_by(Request.id)
    for request_id in session.scalars(mine).all():
        each = REQUEST.lock(session, request_id)
        if each is None:
            continue
        each.requester_id = actor.person_id  # type: ignore[assignment]
        if served.name not in ("", actor.name):
            each.on_behalf_of = behalf
        session.flush()
        apply(session, REQUEST, request_id, "claim", actor=actor)
    slip.claimed_at, slip.claimed_by = clock.now(), actor.person_id
    _move_the_rest(session, actor, served.id)
    served.name = ""  # it stands with the request, where it is another's than hers


def _move_the_rest(session: Session, actor: Actor, served: UUID) -> None:
    """Her inbox, what she follows, who comes to her, where she is a party, whose kin she is."""
    me = actor.person_id
    line, known = Notification, aliased(Notification)
    heard = sa.exists().where(known.event_id == line.event_id, known.person_id == me)
    _give(session, sa.update(line).where(line.person_id == served, ~heard), person_id=me)
    follow, own = Follow, aliased(Follow)
    follows = sa.exists().where(own.request_id == follow.request_id, own.person_id == me)
    _give(session, sa.update(follow).where(follow.person_id == served, ~follows), person_id=me)
    pair, same = StandingPair, aliased(StandingPair)
    hers = sa.exists().where(same.villager_id == me, same.person_id == pair.person_id)
    pairs = sa.update(pair).where(pair.villager_id == served, pair.person_id != me, ~hers)
    _give(session, pairs, villager_id=me)
    party = sa.update(RequestParty).where(RequestParty.person_id == served)
    _give(session, party, person_id=me)
    declared = ConflictDeclaration
    kin = sa.select(
        declared.person_id,
        sa.literal(me, sa.Uuid),
        declared.kind,
        declared.declared_at,
        declared.offer_id,
    ).where(declared.other_id == served, declared.person_id != me)
    columns = ["person_id", "other_id", "kind", "declared_at", "offer_id"]
    session.execute(insert(table(declared)).from_select(columns, kin).on_conflict_do_nothing())


def _give(session: Session, rows: sa.Update, **values: UUID | None) -> None:
    session.execute(rows.values(values), execution_options={"synchronize_session": False})
