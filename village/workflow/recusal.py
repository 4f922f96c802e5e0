"""Nobody decides on her own matter, her household's, or her declared relatives' (3.0).

What lies in triage is the chair's; where no chair may decide, the next rung of the ladder (3.7)
that may read a case stands in: the villagers' committee's clerk, then the township's officer. On
the safe path she does so, too, while every chair is away and nobody covers for her.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from village import clock
from village.access import Actor
from village.errors import Recused
from village.models import Absence, ConflictDeclaration, OrgUnit, Person, Request, RoleGrant
from village.models.requests import RUNGS
from village.relations import CHAIR, STAND_IN
from village.safe_path import is_safe_path, on_safe_path
from village.workflow.engine import Step, Tell


def not_recused(step: Step) -> None:
    """Nobody decides on her own, her household's or her declared relatives' matter (3.0)."""
    refuse_recused(step.session, step.actor, step.row)


def refuse_recused(session: Session, actor: Actor, request: Request) -> None:
    """Raise Recused for who is a party to the request, of one's household, or declared kin."""
    if is_recused(session, actor, request):
        raise Recused


def is_recused(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the actor must keep out of the request; the system never must."""
    me = actor.person_id
    return me is not None and is_tied(session, me, request)


def is_tied(session: Session, me: UUID, request: Request) -> bool:
    """Tell whether somebody is too close to who asks, or to another party (`parties`)."""
    if me == request.requester_id:
        return True
    known: dict[Any, bool] = session.info.setdefault("too_close", {})
    pair = me, request.requester_id, request.id
    if pair not in known:  # asked again with every step of a call
        asked = {"me": me, "other": request.requester_id, "request": request.id}
        known[pair] = bool(session.scalar(_TIED, asked))
    return known[pair]


def tied(me: Any, request: Any = Request.id, requester: Any = Request.requester_id) -> Any:
    """Return the same as SQL; all may be columns of the statement that asks."""
    return sa.or_(too_close(me, requester), sa.func.is_tied_to_party(request, me))


def is_too_close(session: Session, me: UUID, other: UUID) -> bool:
    """Tell whether two people are one, of one household, or declared relatives."""
    if me == other:
        return True
    known: dict[Any, bool] = session.info.setdefault("too_close", {})
    if (me, other) not in known:  # asked again with every step of a call
        known[me, other] = bool(session.scalar(_TOO_CLOSE, {"me": me, "other": other}))
    return known[me, other]


def too_close(me: Any, other: Any) -> sa.ColumnElement[bool]:
    """Return the same as SQL; both may be columns of the statement that asks."""
    one, two = ConflictDeclaration.person_id, ConflictDeclaration.other_id
    either = sa.or_(sa.and_(one == me, two == other), sa.and_(one == other, two == me))
    declared = sa.exists().where(either).correlate_except(ConflictDeclaration)
    mine, theirs = aliased(Person), aliased(Person)
    home = (mine.household == theirs.household, mine.village_code == theirs.village_code)
    together = sa.exists().where(mine.id == me, theirs.id == other, *home)
    return sa.or_(me == other, declared, together.correlate_except(mine, theirs))


# Made once: it is asked with every step, and takes longer to make than to answer.
_ME, _OTHER = (sa.bindparam(name, type_=sa.Uuid) for name in ("me", "other"))
_TOO_CLOSE = sa.select(too_close(_ME, _OTHER))
_TIED = sa.select(tied(_ME, sa.bindparam("request", type_=sa.Uuid), _OTHER))


# ---------------------------------------------------------------- who stands in for the chair


# To the chair, or to who stands in for her.
TRIAGE = (Tell(CHAIR, "N13"), Tell(STAND_IN, "N13"))


def stands_in(actor: Actor) -> sa.ColumnElement[bool]:
    """Return, as SQL on a request, whether the actor decides in triage since no chair may.

    Nobody does who is too close to a party herself: the rung above hers reads it. What takes the
    safe path she keeps until it ends: at a station nobody else could read it (2.10).
    """
    mine = []
    for rung, role in enumerate(RUNGS[1:], start=1):
        units = [grant.unit for grant in actor.grants if grant.role == role]
        if units:
            mine.append(
                sa.and_(unit_above(Request.village_code, rung).in_(units), _none_below(rung))
            )
    kept = sa.and_(on_safe_path(), Request.ended_at.is_(None))
    lies = sa.or_(Request.status == "triage", kept)
    return sa.and_(lies, sa.or_(sa.false(), *mine), ~tied(actor.person_id))


def is_stand_in(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the actor decides since no chair may; asked only where it may be."""
    lies = request.status == "triage" or is_safe_path(request)
    if not lies or not may_stand_in(actor):
        return False
    return _holds(session, request, stands_in(actor))


def above(actor: Actor) -> sa.ColumnElement[bool]:
    """Return, as SQL on a request, whether it was put to an office of the actor's (R20, 3.7).

    Not to the chair's, who reads it anyway; and to nobody who is too close to a party.
    """
    mine = []
    for rung, role in enumerate(RUNGS[1:], start=1):
        units = [grant.unit for grant in actor.grants if grant.role == role]
        here = unit_above(Request.village_code, rung).in_(units)
        mine.append(sa.and_(Request.escalated_to == role, here if units else sa.false()))
    return sa.and_(sa.or_(*mine), Request.ended_at.is_(None), ~tied(actor.person_id))


def is_above(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the request was put to an office of the actor's, asked only if it was to one."""
    if request.escalated_to not in RUNGS[1:] or not may_stand_in(actor):
        return False
    return _holds(session, request, above(actor))


def _holds(session: Session, request: Request, condition: sa.ColumnElement[bool]) -> bool:
    return bool(session.scalar(sa.select(condition).where(Request.id == request.id)))


def stands_above(session: Session, actor: Actor, village: str) -> bool:
    """Tell whether the actor's office is one that may have to stand in for the village's chair."""
    units = session.execute(
        sa.select(*(unit_above(sa.literal(village), rung) for rung in (1, 2)))
    ).one()
    mine = {(grant.role, grant.unit) for grant in actor.grants}
    return bool(mine & set(zip(RUNGS[1:], units, strict=True)))


def may_stand_in(actor: Actor) -> bool:
    """Tell, without looking, whether an office of hers is one of those rungs."""
    return any(grant.role in RUNGS[1:] for grant in actor.grants)


def stand_ins(session: Session, request: Request) -> list[UUID]:
    """Return who stands in for the chair: nobody, where a chair may decide herself."""
    for rung in range(1, len(RUNGS)):
        asked = sa.select(RoleGrant.person_id).join(Request, Request.id == request.id)
        free = asked.where(_free(RoleGrant, rung), _none_below(rung))
        if found := session.scalars(free.order_by(RoleGrant.person_id)).all():
            return list(found)
    return []


def why_no_chair(session: Session, request: Request) -> str:
    """Return why somebody stands in: `vacant`, `away`, or `recused`."""
    held = sa.select(tied(RoleGrant.person_id, request.id, request.requester_id)).where(
        RoleGrant.role == CHAIR, RoleGrant.unit_code == request.village_code, *in_term(RoleGrant)
    )
    close = session.scalars(held).all()
    return ("recused" if all(close) else "away") if close else "vacant"


def on_rung(session: Session, request: Request, rung: str) -> list[UUID]:
    """Return who holds the office of a rung above the request's village, and is not too close."""
    asked = sa.select(RoleGrant.person_id).join(Request, Request.id == request.id)
    free = asked.where(_free(RoleGrant, RUNGS.index(rung)))
    return list(session.scalars(free.order_by(RoleGrant.person_id)))


def _none_below(rung: int) -> sa.ColumnElement[bool]:
    """Nobody on a lower rung may decide: the office is vacant, or all who hold it are too close."""
    grant = aliased(RoleGrant)
    free = (sa.exists().where(_free(grant, lower)) for lower in range(rung))
    return sa.and_(*(~each.correlate_except(grant) for each in free))


def in_term(grant: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Return, as SQL on a grant, that its term has begun and is not over."""
    now = clock.now()
    return grant.valid_from <= now, sa.or_(grant.valid_to.is_(None), grant.valid_to > now)


def is_away(person: Any, village: Any) -> sa.ColumnElement[bool]:
    """Return, as SQL, whether an officer of the village is away now."""
    now, row = clock.now(), Absence
    here = (row.person_id == person, row.village_code == village)
    found = sa.exists().where(*here, row.starts_at <= now, row.ends_at > now)
    return found.correlate_except(row)


def _free(grant: Any, rung: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        grant.role == RUNGS[rung],
        grant.unit_code == unit_above(Request.village_code, rung),
        *in_term(grant),
        ~tied(grant.person_id),
        *(() if rung else (_is_there(grant.person_id),)),
    )


def _is_there(person: Any) -> sa.ColumnElement[bool]:
    """A lamp waits until the chair is back; what takes the safe path does not (2.10)."""
    return sa.or_(~on_safe_path(), ~is_away(person, Request.village_code))


def unit_of(session: Session, request: Request, rung: str) -> str | None:
    """Return the code of the unit on a rung above the request's village; None: there is none."""
    above = unit_above(sa.literal(request.village_code), RUNGS.index(rung))
    return session.scalar(sa.select(above))


def unit_above(village: Any, rung: int) -> Any:
    """Return the code of the unit so many rungs above a natural village."""
    for _ in range(rung):
        unit = aliased(OrgUnit)
        above = sa.select(unit.parent_code).where(unit.code == village).correlate_except(unit)
        village = above.scalar_subquery()
    return village
