"""Whose turn it is, and who is away: set by the officers themselves, read by them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from village import access, clock, lines, offices
from village.access import Actor
from village.db import table
from village.errors import Forbidden, Invalid
from village.ids import new_id
from village.models import Absence, DutyShift, OrgUnit, Person, RoleGrant, Station
from village.relations import CHAIR, CLERK
from village.workflow import recusal

OFFICES = ("head", "deputy", "chair")
LONGEST = timedelta(days=366)
MOST_SHIFTS = 400


@dataclass(frozen=True)
class Duty:
    """A village's rota and absences from now on, as rows of names and times."""

    shifts: list[dict[str, Any]]
    absences: list[dict[str, Any]]


def read(session: Session, actor: Actor, village: str) -> Duty:
    """Return who is on duty and who is away. Raises Forbidden for who holds no office there."""
    access.require("duty.read", access.station_relations(actor, village, None))
    return Duty(_shifts(session, village), _absences(session, village))


def _shifts(session: Session, village: str) -> list[dict[str, Any]]:
    columns = (DutyShift.station, DutyShift.person_id.label("person"), Person.name)
    found = (
        sa.select(*columns, DutyShift.starts_at, DutyShift.ends_at)
        .join(Person, Person.id == DutyShift.person_id)
        .where(DutyShift.village_code == village, DutyShift.ends_at > clock.now())
        .order_by(DutyShift.starts_at, DutyShift.id)
    )
    return [dict(row) for row in session.execute(found).mappings()]


def _absences(session: Session, village: str) -> list[dict[str, Any]]:
    cover = aliased(Person)
    found = (
        sa.select(
            Absence.person_id.label("person"), Person.name, Absence.starts_at, Absence.ends_at,
            Absence.cover_id.label("cover"), cover.name.label("cover_name"),
        )
        .join(Person, Person.id == Absence.person_id)
        .outerjoin(cover, cover.id == Absence.cover_id)
        .where(Absence.village_code == village, Absence.ends_at > clock.now())
        .order_by(Absence.starts_at, Absence.person_id)
    )  # fmt: skip
    return [dict(row) for row in session.execute(found).mappings()]


# ---------------------------------------------------------------- the rota


def set_rota(
    session: Session, actor: Actor, village: str, shifts: Sequence[Mapping[str, Any]]
) -> Duty:
    """Replace the turns that have not ended by these, each `{person, station, starts, ends}`.

    Raises Forbidden, or Invalid for who holds no office and for times that are none.
    """
    access.require("duty.set", access.station_relations(actor, village, None))
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"rota:{village}"))))
    officers = _officers(session, village)
    stations = set(session.scalars(sa.select(Station.kind).where(Station.village_code == village)))
    for place, shift in enumerate(shifts):
        _check_times(shift["starts"], shift["ends"], f"shifts.{place}")
        if shift["person"] not in officers or shift["station"] not in (None, *stations):
            raise Invalid(errors={f"shifts.{place}": ["值班的人要是本村的站长、副站长或会长"]})
    gone = (DutyShift.village_code == village, DutyShift.ends_at > clock.now())
    session.execute(sa.delete(DutyShift).where(*gone))
    rows = [
        {
            "id": new_id(), "village_code": village, "station": shift["station"],
            "person_id": shift["person"], "starts_at": shift["starts"], "ends_at": shift["ends"],
        }
        for shift in shifts
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(table(DutyShift)), rows)
    return read(session, actor, village)


# ---------------------------------------------------------------- absences


def set_absence(session: Session, actor: Actor, village: str, sent: Mapping[str, Any]) -> Duty:
    """Say that an officer is away, from when to when, and who covers; `starts` None: she is back.

    Of herself, or by the chair. A cover holds the office for that time: the one rung of the
    ladder calls her, and she may act. Raises Forbidden, Invalid.
    """
    relations = access.station_relations(actor, village, None)
    access.require("duty.absence", relations)
    person = sent["person"] or actor.person_id
    if person != actor.person_id and CHAIR not in relations:
        raise Forbidden
    officers = _officers(session, village)
    if person not in officers:
        raise Invalid(errors={"person": ["这位不是本村的站长、副站长或会长"]})
    _end(session, village, person)
    if sent["starts"] is not None:
        _begin(session, actor, village, person, sent, officers)
    return read(session, actor, village)


def _begin(
    session: Session, actor: Actor, village: str, person: UUID, sent: Mapping[str, Any],
    officers: Mapping[UUID, list[RoleGrant]],
) -> None:  # fmt: skip
    starts, ends, cover = sent["starts"], sent["ends"], sent["cover"]
    _check_times(starts, ends, "to")
    now = clock.now()
    lent = [_lent(held, cover, person, max(starts, now), ends) for held in officers[person]]
    if cover is not None:
        _check_cover(session, village, lent, cover, officers)
    row = {
        "person_id": person, "village_code": village, "cover_id": cover, "starts_at": starts,
        "ends_at": ends, "set_by": actor.person_id, "set_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table(Absence)).values(row))
    if cover is None:
        return
    session.add_all(lent)
    name = session.get_one(Person, person).name
    lines.tell(session, [cover], "cover", name=name, since=lines.day(starts), until=lines.day(ends))


def _check_cover(
    session: Session, village: str, lent: Sequence[RoleGrant], cover: UUID,
    officers: Mapping[UUID, list[RoleGrant]],
) -> None:  # fmt: skip
    """Refuse who is none of the village's, and who may not hold both offices (4.1)."""
    person, roles = lent[0].covers, {grant.role for grant in lent}
    free = {*officers, *(_clerks(session, village) if CHAIR in roles else ())} - {person}
    wrong = COVERS_CHAIR if CHAIR in roles else COVERS_HEAD
    if cover not in free:
        raise Invalid(errors={"cover": [wrong]})
    found = offices.clashing(session, cover, lent)
    if found is not None:
        one, other = (offices.by_role()[held.role]["zh"] for held in found)
        raise Invalid(errors={"cover": [f"{one}和{other}不能由同一个人兼任。{wrong}"]})


COVERS_HEAD = "代班的人要是本村别的站长或副站长"
COVERS_CHAIR = "会长不在时，代班的人要是本村别的会长，或者村委会经办"


def _clerks(session: Session, village: str) -> Sequence[UUID]:
    """Return the committee's clerks, who decide in triage where no chair may, too (3.0)."""
    committee = session.get_one(OrgUnit, village).parent_code
    held = (RoleGrant.role == CLERK, RoleGrant.unit_code == committee, RoleGrant.covers.is_(None))
    found = sa.select(RoleGrant.person_id).where(*held, *recusal.in_term(RoleGrant))
    return session.scalars(found).all()


def _lent(
    held: RoleGrant, cover: UUID | None, person: UUID, starts: datetime, ends: datetime
) -> RoleGrant:
    until = ends if held.valid_to is None else min(ends, held.valid_to)
    role = "deputy" if held.role == "head" else held.role
    return RoleGrant(
        person_id=cover, role=role, unit_code=held.unit_code, station=held.station,
        valid_from=starts, valid_to=until, covers=person,
    )  # fmt: skip


def _end(session: Session, village: str, person: UUID) -> None:
    """Take back an absence and what was lent for it; what has been done in it stays."""
    now = clock.now()
    session.execute(
        sa.delete(Absence).where(Absence.person_id == person, Absence.village_code == village)
    )
    lent = (RoleGrant.covers == person, RoleGrant.unit_code == village)
    session.execute(sa.delete(RoleGrant).where(*lent, RoleGrant.valid_from >= now))
    begun = sa.update(RoleGrant).where(*lent, RoleGrant.valid_to > now).values(valid_to=now)
    session.execute(begun)


def _check_times(starts: datetime, ends: datetime | None, field: str) -> None:
    now = clock.now()
    if ends is None or not starts < ends or ends <= now or ends > now + LONGEST:
        raise Invalid(errors={field: ["结束要晚于开始，还没有过去，最多一年"]})


def _officers(session: Session, village: str) -> dict[UUID, list[RoleGrant]]:
    """Return the offices of a village's heads, deputies and chairs in term, by person."""
    now = clock.now()
    held = sa.select(RoleGrant).where(
        RoleGrant.unit_code == village,
        RoleGrant.role.in_(OFFICES),
        RoleGrant.covers.is_(None),
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    found: dict[UUID, list[RoleGrant]] = {}
    for grant in session.scalars(held):
        found.setdefault(grant.person_id, []).append(grant)
    return found
