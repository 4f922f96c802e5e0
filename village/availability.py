"""When a volunteer may be asked: weekly windows, time off, capacity, quiet hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, outbox
from village.access import Actor
from village.db import table
from village.errors import Invalid, NotFound, StaleVersion
from village.ids import new_id
from village.models import AvailabilityWindow, TimeOff, Volunteer


@dataclass(frozen=True)
class Availability:
    """A volunteer's times; minutes count from midnight in Shanghai, weekday 0 is Monday."""

    windows: list[tuple[int, int, int]]
    time_off: list[tuple[datetime, datetime]]
    max_open_tasks: int
    quiet_hours: tuple[int, int] | None
    version: int


def get(session: Session, actor: Actor) -> Availability:
    """Return the caller's times. Raises NotFound for who is no volunteer."""
    volunteer = _mine(session, actor, "availability.read")
    return _read(session, volunteer)


def put(
    session: Session, actor: Actor, fields: dict[str, Any], *, if_match: int | None
) -> Availability:
    """Replace the fields that were sent; what is left out stays.

    Raises NotFound, StaleVersion, or Invalid for windows that overlap.
    """
    volunteer = _mine(session, actor, "availability.update", lock=True)
    _check_version(volunteer, if_match)
    volunteer.version += 1
    volunteer.max_open_tasks = fields.get("max_open_tasks", volunteer.max_open_tasks)
    if "quiet_hours" in fields:
        volunteer.quiet_from, volunteer.quiet_to = fields["quiet_hours"] or (None, None)
    if "windows" in fields:
        _replace_windows(session, volunteer, sorted(fields["windows"]))
    if "time_off" in fields:
        _replace_time_off(session, volunteer, fields["time_off"])
    session.flush()
    outbox.put(session, "dispatch.freed", volunteer.person_id)
    return _read(session, volunteer)


def _mine(session: Session, actor: Actor, permission: str, *, lock: bool = False) -> Volunteer:
    volunteer = session.get(Volunteer, actor.person_id, with_for_update=lock)
    if volunteer is None:
        raise NotFound("not_a_volunteer", "the caller is no volunteer")
    access.require(permission, access.owner_relations(actor, volunteer.person_id))
    return volunteer


def _replace_windows(
    session: Session, volunteer: Volunteer, windows: list[tuple[int, int, int]]
) -> None:
    for (day, _, end), (next_day, start, _) in pairwise(windows):
        if day == next_day and start < end:
            raise Invalid(errors={"windows": ["同一天的时间段重叠了"]})
    mine = AvailabilityWindow.person_id == volunteer.person_id
    session.execute(sa.delete(AvailabilityWindow).where(mine))
    rows = [
        {"person_id": volunteer.person_id, "weekday": d, "from_minute": f, "to_minute": t}
        for d, f, t in windows
    ]
    if rows:
        session.execute(sa.insert(table(AvailabilityWindow)), rows)


def _replace_time_off(
    session: Session, volunteer: Volunteer, times: list[tuple[datetime, datetime]]
) -> None:
    session.execute(sa.delete(TimeOff).where(TimeOff.person_id == volunteer.person_id))
    rows = [
        {"id": new_id(), "person_id": volunteer.person_id, "starts_at": start, "ends_at": end}
        for start, end in times
    ]
    if rows:
        session.execute(sa.insert(table(TimeOff)), rows)


def _read(session: Session, volunteer: Volunteer) -> Availability:
    windows = sa.select(
        AvailabilityWindow.weekday, AvailabilityWindow.from_minute, AvailabilityWindow.to_minute
    ).where(AvailabilityWindow.person_id == volunteer.person_id)
    times = sa.select(TimeOff.starts_at, TimeOff.ends_at).where(
        TimeOff.person_id == volunteer.person_id
    )
    quiet = None
    if volunteer.quiet_from is not None and volunteer.quiet_to is not None:
        quiet = (volunteer.quiet_from, volunteer.quiet_to)
    return Availability(
        sorted((w[0], w[1], w[2]) for w in session.execute(windows)),
        sorted((t[0], t[1]) for t in session.execute(times)),
        volunteer.max_open_tasks,
        quiet,
        volunteer.version,
    )


def _check_version(volunteer: Volunteer, if_match: int | None) -> None:
    """Refuse a change of what has changed since it was read."""
    if if_match is not None and if_match != volunteer.version:
        raise StaleVersion(version=volunteer.version)
