"""A county that does not exist: villages of volunteers who are always there, and tasks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.catalog.privacy import PRIVACY_VERSION
from village.db import table
from village.ids import new_id
from village.models import (
    AvailabilityWindow,
    Consent,
    DispatchSettings,
    Membership,
    OrgUnit,
    Person,
    Place,
    Request,
    RoleGrant,
    Station,
    Task,
    Volunteer,
    WechatIdentity,
)

STATION, CATEGORY, WHOLE_DAY = "mutual_aid", "AID-09", (0, 24 * 60)
INSURED = date(2099, 1, 1)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Village:
    """A village with its head, a villager, and its volunteers."""

    code: str
    head: UUID
    villager: UUID
    helpers: list[UUID]


def build(session: Session, villages: int, volunteers: int) -> list[Village]:
    """Write villages with so many volunteers each; nobody is asked by the hour of the day."""
    made = [
        Village(f"bench-{n}", new_id(), new_id(), [new_id() for _ in range(volunteers)])
        for n in range(villages)
    ]
    now = clock.now()
    for model, rows in (
        (OrgUnit, _units(made)),
        (Station, [{"village_code": v.code, "kind": STATION, "name": "互助站"} for v in made]),
        (DispatchSettings, [_settings(v, now) for v in made]),
        (Person, [person for v in made for person in _people(v, now)]),
        (Consent, [_consent(one, now) for v in made for one in (v.head, v.villager)]),
        (RoleGrant, [_head(v, now) for v in made]),
        (Volunteer, _each(made, status="active", insured_until=INSURED, max_open_tasks=3)),
        (WechatIdentity, list(_phones(made, now))),
        (Membership, list(_members(made, now))),
        (AvailabilityWindow, list(_windows(made))),
    ):
        session.execute(sa.insert(table(model)), rows)
    return made


def _units(made: list[Village]) -> Rows:
    return [{"code": v.code, "kind": "natural_village", "name": v.code} for v in made]


def _settings(village: Village, now: datetime) -> dict[str, Any]:
    opens, closes = WHOLE_DAY
    hours = {"asks_from": opens, "asks_to": closes}
    return {"id": new_id(), "village_code": village.code, "set_at": now, **hours}


def _people(village: Village, now: datetime) -> Iterator[dict[str, Any]]:
    for one in (village.head, village.villager, *village.helpers):
        facts = {"village_code": village.code, "birth_year": 1980, "created_at": now}
        yield {"id": one, "name": "某人", **facts}


def _consent(person: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "person_id": person, "document": "privacy", "version": PRIVACY_VERSION,
        "accepted": True, "at": now,
    }  # fmt: skip


def _head(village: Village, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "person_id": village.head, "role": "head", "unit_code": village.code,
        "station": STATION, "valid_from": now - timedelta(days=1),
    }  # fmt: skip


def _each(made: list[Village], **facts: Any) -> Rows:
    return [{"person_id": helper, **facts} for v in made for helper in v.helpers]


def _phones(made: list[Village], now: datetime) -> Iterator[dict[str, Any]]:
    for row in _each(made, created_at=now):
        yield {"openid": f"bench-{row['person_id']}", **row}


def _members(made: list[Village], now: datetime) -> Iterator[dict[str, Any]]:
    for village in made:
        for helper in village.helpers:
            station = {"village_code": village.code, "station": STATION}
            yield {"person_id": helper, "since": now, **station}


def _windows(made: list[Village]) -> Iterator[dict[str, Any]]:
    opens, closes = WHOLE_DAY
    for row in _each(made, from_minute=opens, to_minute=closes):
        for weekday in range(7):
            yield {"weekday": weekday, **row}


def open_tasks(session: Session, made: list[Village], each: int) -> list[UUID]:
    """Write so many open tasks for two in each village, each with an end of its own."""
    requests, tasks = [], []
    now = clock.now()
    for village in made:
        for n in range(each):
            requests.append(_request(village, now))
            tasks.append(_task(requests[-1], now, now + timedelta(days=1, minutes=n)))
    places = [
        {"task_id": task["id"], "seq": seq, "status": "open"} for task in tasks for seq in (1, 2)
    ]
    for model, rows in ((Request, requests), (Task, tasks), (Place, places)):
        session.execute(sa.insert(table(model)), rows)
    return [request["id"] for request in requests]


def _request(village: Village, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "village_code": village.code, "station": STATION, "category": CATEGORY,
        "requester_id": village.villager, "text": "跑腿", "answers": {}, "hide_me": False,
        "sealed": False, "neutral": False, "consent_version": PRIVACY_VERSION, "priority": "P2",
        "no_volunteer": False, "routing": {"decision": "routed"}, "transfers": 0, "reopened": 0,
        "created_at": now, "status": "dispatching", "version": 1,
        "number": f"bench-{new_id().hex}",
    }  # fmt: skip


def _task(request: dict[str, Any], now: datetime, ends_at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "request_id": request["id"], "village_code": request["village_code"],
        "station": STATION, "status": "open", "what": "跑腿", "people_needed": 2, "skills": [],
        "risk": 0, "minutes": 60, "starts_at": now, "ends_at": ends_at,
        "created_at": now,
    }  # fmt: skip
