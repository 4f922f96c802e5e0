"""Who may be asked: hard rules, each a named filter. None of them may be got round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.clock import SHANGHAI
from village.db import table
from village.models import (
    AvailabilityWindow,
    ConflictDeclaration,
    Membership,
    Offer,
    Person,
    Place,
    Request,
    Task,
    TimeOff,
    Volunteer,
)

ADULT_YEARS = 18
INSURED_RISK = 2


@dataclass(frozen=True)
class Candidate:
    """What the filters and the policy know of a volunteer; nothing of background or views."""

    person_id: UUID
    birth_year: int | None
    guardian_consent: bool
    insured_until: datetime | None
    open_tasks: int
    max_open_tasks: int
    quiet: tuple[int, int] | None
    last_asked_at: datetime | None
    asked: bool
    too_close: bool
    windows: tuple[tuple[int, int, int], ...] = field(default=())
    time_off: tuple[tuple[datetime, datetime], ...] = field(default=())


Filter = Callable[[Candidate, Task, datetime], bool]


def not_asked_yet(person: Candidate, task: Task, now: datetime) -> bool:
    """She has not been asked for this task."""
    return not person.asked


def not_too_close(person: Candidate, task: Task, now: datetime) -> bool:
    """She is not the requester, of his household, or a declared relative (workflows 3.0)."""
    return not person.too_close


def below_capacity(person: Candidate, task: Task, now: datetime) -> bool:
    """She has fewer tasks in hand than she wants."""
    return person.open_tasks < person.max_open_tasks


def old_enough(person: Candidate, task: Task, now: datetime) -> bool:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent.

    The birth year alone is known, so that a person counts as adult from the year in which she
    is certainly eighteen.
    """
    age = now.astimezone(SHANGHAI).year - (person.birth_year or now.year)
    if age > ADULT_YEARS:
        return True
    return task.risk < INSURED_RISK and task.people_needed > 1 and person.guardian_consent


def insured(person: Candidate, task: Task, now: datetime) -> bool:
    """From risk 2 on she is insured until the last day on which the task may be done."""
    if task.risk < INSURED_RISK:
        return True
    return person.insured_until is not None and person.insured_until >= task.ends_at


def awake(person: Candidate, task: Task, now: datetime) -> bool:
    """It is not within her quiet hours (which may run over midnight)."""
    if person.quiet is None:
        return True
    start, end = person.quiet
    local = now.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    return not inside


def available(person: Candidate, task: Task, now: datetime) -> bool:
    """One of her weekly windows meets the task's time, for as long as it takes, and she is in."""
    need = timedelta(minutes=min(task.minutes, 60))
    return any(
        end - start >= need and not _off(person, start, end)
        for start, end in _meetings(person, max(task.starts_at, now), task.ends_at)
    )


def _meetings(
    person: Candidate, since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the stretches in which her weekly windows meet the time since..until."""
    found = []
    day = since.astimezone(SHANGHAI).date()
    for offset in range(min((until - since).days + 2, 8)):
        date = day + timedelta(days=offset)
        midnight = datetime.combine(date, time(), SHANGHAI)
        for weekday, start, end in person.windows:
            if weekday == date.weekday():
                opens = max(since, midnight + timedelta(minutes=start))
                closes = min(until, midnight + timedelta(minutes=end))
                found.append((opens, closes))
    return found


def _off(person: Candidate, start: datetime, end: datetime) -> bool:
    return any(off <= start and end <= back for off, back in person.time_off)


FILTERS: tuple[Filter, ...] = (
    not_asked_yet,
    not_too_close,
    below_capacity,
    old_enough,
    insured,
    awake,
    available,
)


@dataclass(frozen=True)
class Screened:
    """Who may be asked, and how many each filter left out."""

    eligible: list[Candidate]
    left_out: dict[str, int]


def screen(session: Session, task: Task, now: datetime) -> Screened:
    """Return the active members of the task's station who pass every filter.

    Four statements, whatever the number of members.
    """
    eligible, left_out = [], dict.fromkeys((check.__name__ for check in FILTERS), 0)
    for person in load(session, task):
        failed = next((check for check in FILTERS if not check(person, task, now)), None)
        if failed is None:
            eligible.append(person)
        else:
            left_out[failed.__name__] += 1
    return Screened(eligible, {name: count for name, count in left_out.items() if count})


def load(session: Session, task: Task) -> list[Candidate]:
    """Return the active members of the task's station with what the filters need."""
    rows = session.execute(_members(session, task)).all()
    people = [row.person_id for row in rows]
    windows = _windows(session, people)
    time_off = _time_off(session, people)
    return [
        Candidate(
            person_id=row.person_id,
            birth_year=row.birth_year,
            guardian_consent=row.guardian_consent,
            insured_until=_end_of(row.insured_until),
            open_tasks=row.open_tasks,
            max_open_tasks=row.max_open_tasks,
            quiet=None if row.quiet_from is None else (row.quiet_from, row.quiet_to),
            last_asked_at=row.last_asked_at,
            asked=row.asked,
            too_close=row.too_close,
            windows=tuple(windows[row.person_id]),
            time_off=tuple(time_off[row.person_id]),
        )
        for row in rows
    ]


def _end_of(day: date | None) -> datetime | None:
    """Return the end of a Shanghai day."""
    return None if day is None else datetime.combine(day, time(23, 59, 59), SHANGHAI)


def _windows(session: Session, people: list[UUID]) -> dict[UUID, list[tuple[int, int, int]]]:
    found = defaultdict(list)
    mine = sa.select(AvailabilityWindow).where(AvailabilityWindow.person_id.in_(people))
    for row in session.scalars(mine):
        found[row.person_id].append((row.weekday, row.from_minute, row.to_minute))
    return found


def _time_off(session: Session, people: list[UUID]) -> dict[UUID, list[tuple[datetime, datetime]]]:
    found = defaultdict(list)
    for row in session.scalars(sa.select(TimeOff).where(TimeOff.person_id.in_(people))):
        found[row.person_id].append((row.starts_at, row.ends_at))
    return found


def _members(session: Session, task: Task) -> sa.Select[Any]:
    requester = session.get_one(Person, session.get_one(Request, task.request_id).requester_id)
    me = Volunteer.person_id
    open_tasks = (
        sa.select(sa.func.count())
        .select_from(Place)
        .join(Task, Task.id == Place.task_id)
        .where(
            Place.person_id == me,
            Place.status.in_(("taken", "checked_in")),
            Task.status.in_(("open", "filled")),
        )
    )
    asked = sa.exists().where(Offer.task_id == task.id, Offer.person_id == me)
    return (
        sa.select(
            *table(Volunteer).columns,
            Person.birth_year,
            open_tasks.scalar_subquery().label("open_tasks"),
            asked.label("asked"),
            _too_close(requester).label("too_close"),
        )
        .join(Person, Person.id == me)
        .join(Membership, Membership.person_id == me)
        .where(
            Membership.village_code == task.village_code,
            Membership.station == task.station,
            Membership.active,
            Volunteer.status == "active",
        )
        .order_by(me)
    )


def _too_close(requester: Person) -> sa.ColumnElement[bool]:
    declared = sa.exists().where(
        sa.or_(
            sa.and_(
                ConflictDeclaration.person_id == Person.id,
                ConflictDeclaration.other_id == requester.id,
            ),
            sa.and_(
                ConflictDeclaration.other_id == Person.id,
                ConflictDeclaration.person_id == requester.id,
            ),
        )
    )
    together = sa.and_(
        Person.household.is_not(None),  # nobody's household is no household
        Person.household == requester.household,
        Person.village_code == requester.village_code,
    )
    return sa.or_(Person.id == requester.id, declared, sa.func.coalesce(together, sa.false()))
