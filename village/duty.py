"""Who is called when something urgent lies unseen: rung by rung, by rota, office and absence."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.access import Actor
from village.catalog.files import read
from village.models import Absence, DutyShift, Event, Request, RoleGrant
from village.models.requests import RUNGS
from village.safe_path import is_safe_path, on_safe_path
from village.workflow import recusal

HEAD_RUNG, DEPUTY_RUNG, CHAIR_RUNG, CLERK_RUNG = "head", "deputy", "chair", "clerk"
IN_VILLAGE = (HEAD_RUNG, DEPUTY_RUNG, CHAIR_RUNG)  # whose holders may be on the rota


@cache
def ladder() -> dict[str, timedelta]:
    """Return how long after an urgent request came each rung is called, the lowest first."""
    rows = read("duty_ladder")
    return {row["rung"]: timedelta(minutes=int(row["after_minutes"])) for row in rows}


def called(session: Session, request: Request, rung: str, now: datetime) -> list[UUID]:
    """Return who of a rung is there to be called: not away, and not too close to the matter.

    No station is called to what takes the safe path: it could not read it (2.10).
    """
    if rung in (HEAD_RUNG, DEPUTY_RUNG) and is_safe_path(request):
        return []
    if rung == CLERK_RUNG:
        return to_phone(session, request)[1]
    asked = [_in_office(request, rung, now), _covers(request, rung, now)]
    if rung == HEAD_RUNG and _is_a_station_s(request):
        asked.append(_on_shift(request, now))
    return _there(session, request, *asked)


def is_on_duty(session: Session, actor: Actor, request: Request) -> bool:
    """Tell whether the actor was called by her turn on the rota, which is not over.

    Until somebody takes it, and as long as she holds an office of the village.
    """
    if request.duty_rung is None or request.status != "submitted" or is_safe_path(request):
        return False
    if not (actor.heads(request.village_code, None) or actor.chairs(request.village_code)):
        return False
    turn = _on_shift(request, clock.now()).where(DutyShift.person_id == actor.person_id)
    found = session.scalar(turn.where(_head_was_called(request)).limit(1))
    return found is not None and not recusal.is_tied(session, found, request)


def calls(actor: Actor) -> sa.ColumnElement[bool]:
    """Hold of requests to which the actor was called by her turn, as `is_on_duty` asks of one."""
    mine = [grant.unit for grant in actor.grants if grant.role in IN_VILLAGE]
    each = cast("Request", Request)  # every request in place of one
    turn = _on_shift(each, clock.now()).where(DutyShift.person_id == actor.person_id)
    return sa.and_(
        Request.village_code.in_(mine), Request.duty_rung.is_not(None),
        Request.status == "submitted", ~on_safe_path(), ~recusal.tied(actor.person_id),
        turn.where(_head_was_called(each)).correlate(Request).exists(),
    )  # fmt: skip


def _head_was_called(request: Request) -> sa.ColumnElement[bool]:
    call = sa.exists().where(
        Event.request_id == request.id, Event.action == "duty_call",
        Event.data["rung"].astext == HEAD_RUNG,
        Event.at >= DutyShift.starts_at, Event.at < DutyShift.ends_at,
    )  # fmt: skip
    return call.correlate(DutyShift, Request)


def _is_a_station_s(request: Request) -> bool:
    """What no station has yet is the chair's alone; danger nobody has ruled out is every head's."""
    return request.station is not None or request.waits_for == UNCONFIRMED


def to_phone(session: Session, request: Request) -> tuple[str, list[UUID]]:
    """Return which office is to phone the village, and who: the clerk, else the township's officer.

    The office is vacant, or all who hold it are too close to the matter (3.0).
    """
    for office in RUNGS[1:]:
        if found := recusal.on_rung(session, request, office):
            return office, found
    return CLERK_RUNG, []


def in_office(session: Session, request: Request, rung: str) -> list[UUID]:
    """Return who holds an office of the village's rungs, away or not, and is not too close."""
    if rung != CHAIR_RUNG and is_safe_path(request):
        return []
    found = session.scalars(_in_office(request, rung, clock.now())).all()
    return [one for one in sorted(found) if not recusal.is_tied(session, one, request)]


def _there(session: Session, request: Request, *asked: sa.Select[UUID]) -> list[UUID]:
    found = {one for each in asked for one in session.scalars(each)}
    return [one for one in sorted(found) if _may_be_called(session, request, one)]


def _on_shift(request: Request, now: datetime) -> sa.Select[UUID]:
    """Whose office has ended is on the rota no more."""
    here = sa.or_(DutyShift.station.is_(None), DutyShift.station == request.station)
    held = sa.exists().where(
        RoleGrant.person_id == DutyShift.person_id,
        RoleGrant.unit_code == DutyShift.village_code,
        RoleGrant.role.in_(IN_VILLAGE),
        *recusal.in_term(RoleGrant),
    )
    return sa.select(DutyShift.person_id).where(
        DutyShift.village_code == request.village_code, here, held.correlate(DutyShift),
        DutyShift.starts_at <= now, DutyShift.ends_at > now,
    )  # fmt: skip


def _in_office(request: Request, role: str, now: datetime) -> sa.Select[UUID]:
    """Where danger has no station yet, every head's and deputy's (R30); else the station's own."""
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.unit_code == request.village_code,
        RoleGrant.role == role,
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    if role == CHAIR_RUNG or (request.station is None and request.waits_for == UNCONFIRMED):
        return held
    return held.where(RoleGrant.station == request.station)


UNCONFIRMED = "unconfirmed_danger"


def _covers(request: Request, role: str, now: datetime) -> sa.Select[UUID]:
    away = _in_office(request, role, now).subquery()
    return sa.select(Absence.cover_id).where(  # type: ignore[return-value]  # it is not null
        Absence.person_id.in_(sa.select(away.c.person_id)),
        Absence.cover_id.is_not(None),
        Absence.village_code == request.village_code,
        Absence.starts_at <= now,
        Absence.ends_at > now,
    )


def _may_be_called(session: Session, request: Request, person_id: UUID) -> bool:
    if session.scalar(sa.select(recusal.is_away(person_id, request.village_code))):
        return False
    return not recusal.is_tied(session, person_id, request)
