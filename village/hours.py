"""A village's service hours: by which its deadlines run, and which its chair sets (3.0, 8.4)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, workdays
from village.access import Actor
from village.clock import STANDARD, Hours
from village.db import table
from village.models import OrgUnit

KEPT_SECONDS = 30.0
EVERY_DAY, WORKING_DAYS = "every_day", "working_days"
DAYS = (EVERY_DAY, WORKING_DAYS)
LEAST_MINUTES = 240  # a day of four service hours: else a limit would be weeks away


@dataclass
class _Kept:
    """The villages with hours of their own, and until when (monotonic) they are not read again."""

    until: float = float("-inf")
    hours: dict[str, Hours] = field(default_factory=dict)


# By database. Every deadline asks, and the answer changes a few times a year.
KEPT: WeakKeyDictionary[sa.Engine, _Kept] = WeakKeyDictionary()
_OWN = sa.select(
    OrgUnit.code, OrgUnit.serves_from, OrgUnit.serves_to, OrgUnit.serves_on
).where(OrgUnit.serves_on.is_not(None))  # fmt: skip


def of(session: Session, village: str) -> Hours:
    """Return the village's service hours, at most 30 s old."""
    kept = KEPT.setdefault(session.get_bind().engine, _Kept())
    if time.monotonic() >= kept.until:
        workdays.follow(session)
        kept.hours = {row.code: _hours(row) for row in session.execute(_OWN)}
        kept.until = time.monotonic() + KEPT_SECONDS
    return kept.hours.get(village, STANDARD)


def _hours(row: Any) -> Hours:
    if row.serves_on == WORKING_DAYS:
        return Hours(row.serves_from, row.serves_to, workdays.is_working_day)
    return Hours(row.serves_from, row.serves_to)


def read(session: Session, village: str) -> dict[str, Any]:
    """Return `{opens, closes, days}` of a village as it stands in the database."""
    found = session.execute(_OWN.where(OrgUnit.code == village)).one_or_none()
    if found is None:
        return {"opens": STANDARD.opens, "closes": STANDARD.closes, "days": EVERY_DAY}
    return {"opens": found.serves_from, "closes": found.serves_to, "days": found.serves_on}


def put(session: Session, actor: Actor, village: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Set a village's service hours: deadlines that are set from now on run by them.

    Those that were promised stay as they are. Raises Forbidden.
    """
    access.require("village.hours", access.station_relations(actor, village, None))
    values = {"serves_from": sent["opens"], "serves_to": sent["closes"], "serves_on": sent["days"]}
    session.execute(sa.update(table(OrgUnit)).where(OrgUnit.code == village).values(values))
    KEPT.pop(session.get_bind().engine, None)
    return read(session, village)
