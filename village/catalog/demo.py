"""The people of the demo county: all invented, without phone or identity numbers.

Ids follow from codes, and dates from the day of seeding, so that seeding can be repeated and
never goes stale. People who are there already are left as they have become.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID, uuid5

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village import clock, identities, launch
from village.catalog.entries import Values, weekly_windows
from village.catalog.files import Row, parts, read
from village.db import Base, table
from village.models import (
    AvailabilityWindow,
    Certificate,
    ConflictDeclaration,
    Consent,
    DispatchSettings,
    ImpactAssessment,
    Membership,
    Person,
    RoleGrant,
    Volunteer,
    WechatIdentity,
)

NAMESPACE = UUID("5d1f6a52-7b1e-5b0e-9d43-0c7a8a0e5a11")
ROSTER_YEAR = 2026
SERVED_DAYS = 90
YEAR_DAYS = 365
GUARDIAN_NOTICE = "2026-11"


def seed(session: Session) -> int:
    """Write the demo county's people with all that is theirs; return how many were new.

    The catalog must be loaded. An openid is `demo-<code>`, as in `demo-u007`.
    """
    now = clock.now()
    people = [_person(row, now) for row in read("people")]
    fresh = _insert_new_people(session, people)
    rows = [row for row in read("people") if person_id(row["person"]) in fresh]
    helpers = [row for row in rows if "VOL" in parts(row["roles"], "|")]
    _insert(session, WechatIdentity, [_identity(row, now) for row in rows])
    _insert(session, RoleGrant, [grant for row in rows for grant in _grants(row, now)])
    _insert(session, Volunteer, [_volunteer(row, now.date()) for row in helpers])
    _insert(session, Membership, [_membership(row, now) for row in helpers])
    _insert(session, AvailabilityWindow, [w for row in helpers for w in _windows(row)])
    _insert(session, Certificate, [paper for row in helpers for paper in _papers(row, now)])
    _insert(session, DispatchSettings, [_settings(row, now) for row in read("villages")])
    _insert(session, Consent, [_guardian(row, now) for row in rows if row["guardian"]])
    _insert(session, ImpactAssessment, [_assessment(form, now) for form in launch.forms()])
    _insert(session, ConflictDeclaration, [_conflict(row, now) for row in _kin(fresh)])
    return len(fresh)


def person_id(code: str) -> UUID:
    """Return the id of the demo person with this code."""
    return uuid5(NAMESPACE, f"person:{code}")


def _insert_new_people(session: Session, people: list[Values]) -> set[UUID]:
    insert = postgresql.insert(table(Person)).values(people).on_conflict_do_nothing()
    return set(session.scalars(insert.returning(table(Person).c.id)))


def _insert(session: Session, model: type[Base], rows: list[Values]) -> None:
    if rows:
        insert = postgresql.insert(table(model)).values(rows)
        session.execute(insert.on_conflict_do_nothing())


def _person(row: Row, now: datetime) -> Values:
    # ages stay what the roster says, whatever the year of the demo
    aged = now.year - ROSTER_YEAR
    return {
        "id": person_id(row["person"]),
        "code": row["person"],
        "name": row["name"],
        "birth_year": int(row["birth_year"]) + aged,
        "village_code": row["village"] or None,
        "household": row["household"] or None,
        "created_at": now,
    }


def _identity(row: Row, now: datetime) -> Values:
    return {
        "person_id": person_id(row["person"]),
        **identities.sealed(f"demo-{row['person']}", person_id(row["person"])),
        "created_at": now,
    }


def _grants(row: Row, now: datetime) -> Iterator[Values]:
    offices = _offices()
    for code in parts(row["roles"], "|"):
        if code in offices:
            yield _grant(row, offices[code], now)


def _grant(row: Row, office: Row, now: datetime) -> Values:
    since = now - timedelta(days=SERVED_DAYS)
    years = office["term_years"]
    at_station = office["scope"] in ("station", "mediation")
    return {
        "id": uuid5(NAMESPACE, f"grant:{row['person']}:{office['role']}"),
        "person_id": person_id(row["person"]),
        "role": office["role"],
        "unit_code": row["unit"] if office["scope"] == "unit" else row["village"],
        "station": row["station"] if at_station else None,
        "valid_from": since,
        "valid_to": since + timedelta(days=YEAR_DAYS * int(years)) if years else None,
    }


def _volunteer(row: Row, today: date) -> Values:
    return {
        "person_id": person_id(row["person"]),
        "status": "active",
        "skills": list(parts(row["skills"])),
        "insured_until": _from_today(today, row["insured_days"]),
        "trained_until": _from_today(today, row["trained_days"]),
        "guardian_consent": bool(row["guardian"]),
        "max_open_tasks": 2,
        "version": 1,
    }


def _from_today(today: date, days: str) -> date | None:
    return today + timedelta(days=int(days)) if days else None


def _membership(row: Row, now: datetime) -> Values:
    return {
        "person_id": person_id(row["person"]),
        "village_code": row["village"],
        "station": row["station"],
        "active": True,
        "since": now - timedelta(days=SERVED_DAYS),
    }


def _papers(row: Row, now: datetime) -> Iterator[Values]:
    """Papers for the skills that need one, as long as the training is valid."""
    needed = tuple(skill["skill"] for skill in read("skills") if skill["certificate"] == "yes")
    for skill in parts(row["skills"]):
        if skill.startswith(needed):
            yield {
                "person_id": person_id(row["person"]),
                "skill": skill,
                "valid_until": _from_today(now.date(), row["trained_days"]),
                "checked_at": now,
            }


def _settings(row: Row, now: datetime) -> Values:
    """In a demonstration nobody rests or sleeps: who is asked, is asked at once."""
    village = row["village_code"]
    return {
        "id": uuid5(NAMESPACE, f"settings:{village}"),
        "village_code": village,
        "policy": "robin_demo-1",
        "asks_from": 0,
        "asks_to": 24 * 60,
        "set_at": now,
    }


def _windows(row: Row) -> Iterator[Values]:
    for weekday, start, end in weekly_windows(row["availability"]):
        yield {
            "person_id": person_id(row["person"]),
            "weekday": weekday,
            "from_minute": start,
            "to_minute": end,
        }


def _guardian(row: Row, now: datetime) -> Values:
    return {
        "id": uuid5(NAMESPACE, f"guardian:{row['person']}"),
        "person_id": person_id(row["person"]),
        "document": "guardian",
        "version": GUARDIAN_NOTICE,
        "accepted": True,
        "at": now,
    }


def _assessment(form: str, now: datetime) -> Values:
    return {
        "id": uuid5(NAMESPACE, f"assessment:{form}"),
        "form": form,
        "fields": list(launch.level3_of(form)),
        "handler": "石桥村村民委员会（演示）",
        "contact": "村委会办公室",
        "assessed_on": now.date(),
        "summary": "演示数据，都是编的",
        "entered_by": "演示",
        "entered_at": now,
    }


def _kin(fresh: set[UUID]) -> list[Row]:
    return [
        row
        for row in read("conflicts")
        if person_id(row["person"]) in fresh or person_id(row["other"]) in fresh
    ]


def _conflict(row: Row, now: datetime) -> Values:
    return {
        "person_id": person_id(row["person"]),
        "other_id": person_id(row["other"]),
        "kind": row["kind"],
        "declared_at": now,
    }


@cache
def _offices() -> dict[str, Row]:
    return {row["code"]: row for row in read("roles")}
