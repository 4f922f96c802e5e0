"""Break-glass (4.1): an administrator has no business content, but for one request, an hour.

She asks by its number with her reason, a county officer agrees, and the requester is told at
that moment; each read is noted for her. Disputes and what takes the safe path stay closed: of
these not more than the state is shown. It opens reading, and no action.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lines
from village.access import Actor
from village.errors import GuardFailed, Invalid, LostRace, NotFound
from village.models import BreakGlass, Request, RoleGrant
from village.relations import ADMIN, COUNTY
from village.workflow import recusal

OPEN_FOR = timedelta(hours=1)
MOST = 100


@dataclass(frozen=True)
class Asked:
    """What was asked, and the number of the request that it is about."""

    glass: BreakGlass
    number: str


def relations(actor: Actor) -> frozenset[str]:
    """Return the caller's offices that have to do with it."""
    held = {grant.role for grant in actor.grants}
    named = {"admin": ADMIN, "county_officer": COUNTY}
    return frozenset(relation for role, relation in named.items() if role in held)


def ask(session: Session, actor: Actor, number: str, reason: str) -> Asked:
    """Ask to open a request, for a reason. Raises Forbidden, Invalid for an unknown number."""
    access.require("glass.ask", relations(actor))
    request = session.scalars(sa.select(Request).where(Request.number == number)).one_or_none()
    if request is None or request.status in access.HERS_ALONE:
        raise Invalid(errors={"number": ["没有这个编号"]})
    asked = BreakGlass(
        request_id=request.id, reason=reason, asked_by=actor.person_id, asked_at=clock.now()
    )
    session.add(asked)
    session.flush()
    lines.tell(session, _county(session), "glass_asked", no=number)
    return Asked(asked, number)


def opens(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the caller may read the request now on two people's word."""
    if ADMIN not in relations(actor) or request.status in access.HERS_ALONE:
        return False
    mine = sa.exists().where(
        BreakGlass.request_id == request.id,
        BreakGlass.asked_by == actor.person_id,
        BreakGlass.expires_at > clock.now(),
    )
    return bool(session.scalar(sa.select(mine)))


def _county(session: Session) -> list[UUID]:
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == "county_officer", *recusal.in_term(RoleGrant)
    )
    return list(session.scalars(held.distinct()))


def agree(session: Session, actor: Actor, glass_id: UUID) -> Asked:
    """Agree as the second person: it is open for an hour, and the requester is told.

    Raises Forbidden, NotFound, LostRace, and GuardFailed for who asked or is close to her.
    """
    access.require("glass.agree", relations(actor))
    asked = session.get(BreakGlass, glass_id, with_for_update=True, populate_existing=True)
    if asked is None:
        raise NotFound
    if asked.agreed_by is not None:
        raise LostRace("glass_over", "it was agreed to before")
    if asked.asked_by == actor.person_id:
        raise GuardFailed("second_person_needed", "another person must agree")
    request = session.get_one(Request, asked.request_id)
    recusal.refuse_recused(session, actor, request)
    asked.agreed_by, asked.expires_at = actor.person_id, clock.now() + OPEN_FOR
    session.flush()
    lines.tell(session, [request.requester_id], "glass_open", no=request.number)
    return Asked(asked, request.number)


def list_all(session: Session, actor: Actor) -> list[Asked]:
    """Return what was asked, the newest first: a hundred at most. Raises Forbidden."""
    access.require("glass.list", relations(actor))
    number = sa.select(BreakGlass, Request.number).join(Request)
    found = session.execute(number.order_by(BreakGlass.id.desc()).limit(MOST))
    return [Asked(*row) for row in found]
