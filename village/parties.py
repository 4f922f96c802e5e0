"""Who else is a party to a request: the other side of a dispute, or whose matter it is besides.

Head, chair and mediator write them down: an account, a household, or a name as it is spoken. Who
is a party, of the household of one, or declared kin, is asked for nothing of it, and decides
nothing of it (3.0). A name stands for everybody in the village who bears it, since leaving out one
too many harms nobody. Who may read whose matter it is sees and replaces all of them; of what is
sealed head and chair see and replace what they have entered themselves. That somebody wrote is an
event, who comes to stand in for the chair by it is told, and nobody ties all who could act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, exclusions, lines
from village.access import IDENTITY, Actor
from village.errors import GuardFailed, Invalid, NotFound, WrongState
from village.ids import new_id
from village.models import Event, Offer, OrgUnit, Person, Request, RequestParty, RoleGrant
from village.relations import CHAIR, HEAD, MEDIATOR, STAND_IN
from village.safe_path import is_safe_path
from village.timeline import word
from village.workflow import hands, recusal
from village.workflow.engine import trace_id
from village.workflow.recusal import in_term, refuse_recused
from village.workflow.request import REQUEST

MOST = 20
PARTY = "party"  # the machine of these events
ABOUT = {"chair": ("chair",), "head": ("head", "deputy"), "clerk": ("clerk",)}


@dataclass(frozen=True)
class PartyView:
    """A party; `known`: somebody here is meant, so that her people are left out by themselves.

    `by`: the name of who wrote it down, None after she was erased.
    """

    person: UUID | None
    household: str | None
    name: str | None
    known: bool
    by: str | None


def read(session: Session, actor: Actor, request_id: UUID) -> list[PartyView]:
    """Return the parties that the caller may see. Raises NotFound, Forbidden, Recused."""
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound
    return _views(session, _shown(session, actor, request))


def replace(
    session: Session, actor: Actor, request_id: UUID, sent: Sequence[Mapping[str, Any]]
) -> list[PartyView]:
    """Put these (`{person}`, `{household}` or `{name}`) in the place of those that she sees.

    Invitations and places of who is too close now are taken back. Raises NotFound, Forbidden,
    Recused, WrongState for what has ended, Invalid for an unknown person, and GuardFailed
    `nobody_left` where all who could act would have to keep out of it.
    """
    request = REQUEST.lock(session, request_id)
    if request is None:
        raise NotFound
    mine = _shown(session, actor, request)
    if request.ended_at is not None:
        raise WrongState(current_status=request.status)
    named = {one["person"] for one in sent if "person" in one}
    if named - set(session.scalars(sa.select(Person.id).where(Person.id.in_(named)))):
        raise Invalid(errors={"parties": ["没有这个人"]})
    could = hands.who(session, request)
    _note(session, actor, request, len(sent))  # before she ties herself
    _put(session, actor, request, mine, sent)
    _take_out(session, request_id)
    _hand_on(session, request, could)
    return _views(session, mine)


def _put(
    session: Session, actor: Actor, request: Request, mine: Any, sent: Sequence[Mapping[str, Any]]
) -> None:
    gone = sa.delete(RequestParty).where(mine)
    session.execute(gone, execution_options={"synchronize_session": False})
    session.add_all(
        RequestParty(
            request_id=request.id, person_id=one.get("person"), household=one.get("household"),
            name=one.get("name"), added_by=actor.person_id, at=clock.now(),
        )
        for one in sent
    )  # fmt: skip
    session.flush()


def _note(session: Session, actor: Actor, request: Request, count: int) -> None:
    """Keep that she wrote, and how many; whom, stands with the parties and goes with them."""
    mine = REQUEST.relations(session, actor, request)
    role = next(one for one in (MEDIATOR, HEAD, CHAIR, STAND_IN) if one in mine)
    session.add(
        Event(
            id=new_id(), request_id=request.id, machine=PARTY, subject_id=request.id,
            action="write", from_status=request.status, to_status=request.status,
            actor_id=actor.person_id, actor_role=role, data={"count": count},
            trace=trace_id.get(), at=clock.now(),
        )
    )  # fmt: skip


def _hand_on(session: Session, request: Request, could: hands.Hands) -> None:
    """Refuse to leave nobody who can act, and tell who comes to stand in."""
    can = hands.who(session, request)
    if could.all and not can.all:
        raise GuardFailed("nobody_left", "all who could act would have to keep out of it")
    why = word("no_chair", recusal.why_no_chair(session, request))
    new = can.stand_in - could.stand_in
    lines.tell(session, new, "stand_in", no=request.number, why=why)


def write_offices(session: Session, actor: Actor, request: Request, offices: Sequence[str]) -> None:
    """Write down as parties who holds these offices of the village (`chair`, `head`, `clerk`).

    The reporter's word, before anybody is told: only on the safe path, where who beats his wife
    may be the one who would read of it (2.10). Said again it changes nothing.
    """
    if not offices or not is_safe_path(request):
        return
    village = session.get_one(OrgUnit, request.village_code)
    roles = {role for office in offices for role in ABOUT[office]}
    known = sa.exists().where(
        RequestParty.request_id == request.id, RequestParty.person_id == RoleGrant.person_id
    )
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.role.in_(roles), ~known, *in_term(RoleGrant),
        RoleGrant.unit_code.in_((village.code, village.parent_code)),
    )  # fmt: skip
    session.add_all(
        RequestParty(request_id=request.id, person_id=one, added_by=actor.person_id, at=clock.now())
        for one in session.scalars(held.distinct()).all()
    )
    session.flush()
    session.info.pop("too_close", None)


def _shown(session: Session, actor: Actor, request: Request) -> sa.ColumnElement[bool]:
    """Return which parties of a request the caller sees, and may replace."""
    relations = REQUEST.relations(session, actor, request)
    access.require("request.parties", relations)
    refuse_recused(session, actor, request)
    mine = RequestParty.request_id == request.id
    if IDENTITY in access.request_view(request, relations):
        return mine
    return sa.and_(mine, RequestParty.added_by == actor.person_id)


def _views(session: Session, which: sa.ColumnElement[bool]) -> list[PartyView]:
    """An account is shown by its name, too."""
    party = RequestParty
    same = sa.or_(Person.name == party.name, Person.household == party.household)
    here = sa.and_(Person.village_code == Request.village_code, same)
    meant = sa.exists().where(sa.or_(Person.id == party.person_id, here))
    called = sa.select(Person.name).where(Person.id == party.person_id).scalar_subquery()
    writer = sa.select(Person.name).where(Person.id == party.added_by, Person.erased_at.is_(None))
    columns = (party.person_id, party.household, sa.func.coalesce(party.name, called))
    found = sa.select(
        *columns, meant.correlate(party, Request), writer.correlate(party).scalar_subquery()
    ).join(Request, Request.id == party.request_id)
    found = found.where(which).order_by(party.id)
    return [PartyView(*row) for row in session.execute(found)]


def _take_out(session: Session, request_id: UUID) -> None:
    """Take back what those hold who are too close by now."""
    session.info.pop("too_close", None)
    out = sa.or_(Offer.status.in_(("offered", "accepted")), Offer.stands_by)
    close = sa.func.is_tied_to_party(request_id, Offer.person_id)
    found = sa.select(Offer.person_id).where(Offer.request_id == request_id, out, close)
    for person_id in session.scalars(found.distinct().order_by(Offer.person_id)).all():
        exclusions.take_out(session, request_id, person_id)
