"""People by name for the head: whom she may ask now, and asking one of them: never an order.

The hard rules are the ones of every round. No figure and no rank: her own people first, then
who was left in peace for longest; what was learnt from anybody's answers plays no part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import learning, rounds, situation, translate
from dispatch.candidates import (
    NEXT_VILLAGE,
    OWN_STATION,
    Candidate,
    Screened,
    Work,
    circle_of,
    screen,
)
from dispatch.policies import registry
from dispatch.why import SEALED_STATIONS, words
from village import circles, clock, offers, outbox
from village.access import Actor
from village.catalog import files
from village.clock import SHANGHAI
from village.errors import GuardFailed, NotFound
from village.models import Person, Station, Task
from village.offers import Grounds
from village.workflow import priorities

MOST = 10
LONG = timedelta(days=3)  # without a message is worth a word


class Named(NamedTuple):
    """A volunteer who may be asked, and why she comes to mind: nothing about her answers."""

    person: UUID
    name: str
    reasons: list[str]


@dataclass(frozen=True)
class Suggestions:
    """The village's own people by name; of the next villages' only how many there are."""

    items: list[Named]
    neighbours: int


@dataclass(frozen=True)
class Standing:
    """A task that looks for people, with those who were looked at."""

    work: Work
    people: list[Candidate]
    found: Screened
    now: datetime

    @property
    def able(self) -> list[Candidate]:
        """Who may be asked at this moment by all hard rules."""
        return [one for one in self.found.later if one.person_id in self.found.now]


def suggest(session: Session, actor: Actor, task_id: UUID) -> Suggestions:
    """Return up to ten people of the village who may be asked now.

    Raises NotFound, Forbidden, Recused, or WrongState where nobody is looked for.
    """
    task = circles.open_task(session, actor, task_id, "task.suggest", locked=False)
    standing = _standing(session, task)
    own = [one for one in standing.able if circle_of(one, standing.work)[0] < NEXT_VILLAGE]
    listed = _in_turn(own, standing)[:MOST]
    names, stations = _names(session, listed), _stations(session, task.village_code)
    return Suggestions(
        [
            Named(one.person_id, names[one.person_id], _reasons(one, standing, stations))
            for one in listed
        ],
        len(standing.able) - len(own),
    )


def invite(session: Session, actor: Actor, task_id: UUID, person_id: UUID) -> tuple[UUID, str]:
    """Ask one volunteer of the village by the head's wish; she is free to say no.

    Returns her id and name: the same whether she is asked now or was before, whatever she has
    answered. Raises what `suggest` raises, NotFound for who is no volunteer of the village, or
    GuardFailed with the code of the hard rule that leaves her out; private reasons share one.
    """
    task = circles.open_task(session, actor, task_id, "task.invite", locked=False)
    near = situation.near(session, task.village_code, clock.now())
    rounds.lock_villages(session, {task.village_code, *(key[0] for key in near)})
    task = circles.open_task(session, actor, task_id, "task.invite")
    standing = _standing(session, task, near, only=person_id)
    person = _own(standing)
    if person_id not in standing.work.asked:
        _refuse(standing)
        _ask(session, actor, task, standing, person)
    return person_id, _names(session, [person])[person_id]


# ---------------------------------------------------------------- who may be asked


def _standing(
    session: Session, task: Task, near: situation.Near | None = None, only: UUID | None = None
) -> Standing:
    now = clock.now()
    near = situation.near(session, task.village_code, now) if near is None else near
    (work,) = situation.load_works(session, [task.request_id], near)
    villages = {task.village_code, *(key[0] for key in near)}
    people = situation.load_people(session, villages, now, only=only)
    return Standing(work, people, screen(people, work, now), now)


def _in_turn(people: Iterable[Candidate], standing: Standing) -> list[Candidate]:
    """Own people first, in each circle the rested, the longest unasked of them first."""
    work, now = standing.work, standing.now
    rested = registry.load(registry.FALLBACK).settings["rested"][work.urgency]

    def turn(one: Candidate) -> tuple[int, bool, float]:
        seen = translate.volunteer(one, now)
        return circle_of(one, work)[0], seen.hears < rested, seen.asked_at

    return sorted(people, key=turn)


def _names(session: Session, people: Iterable[Candidate]) -> dict[UUID, str]:
    ids = [one.person_id for one in people]
    found = session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in found}


def _stations(session: Session, village: str) -> dict[str, str]:
    here = sa.select(Station.kind, Station.name).where(Station.village_code == village)
    return {row.kind: row.name for row in session.execute(here)}


# ---------------------------------------------------------------- why she comes to mind


def _reasons(person: Candidate, standing: Standing, stations: dict[str, str]) -> list[str]:
    """Return what is no secret of anybody's; of a dispute nothing at all."""
    work, now = standing.work, standing.now
    if work.sealed or work.station in SEALED_STATIONS:
        return []
    found = [_from(person, work, stations)]
    found += [words("suggested", "skill", skill=skill) for skill in work.skills]
    if _is_free_today(person, now):
        found.append(words("suggested", "today"))
    if person.asked_at is None:
        found.append(words("suggested", "fresh"))
    elif now - person.asked_at >= LONG:
        found.append(words("suggested", "rested", days=(now - person.asked_at).days))
    return found


def _from(person: Candidate, work: Work, stations: dict[str, str]) -> str:
    if circle_of(person, work)[0] == OWN_STATION:
        return words("suggested", "station")
    own = next(kind for village, kind in sorted(person.stations) if village == work.village)
    return words("suggested", "village", station=stations[own])


def _is_free_today(person: Candidate, now: datetime) -> bool:
    """One of her weekly windows is still open today, and she has not said that she is away."""
    local = now.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    away = any(off <= now < back for off, back in person.time_off)
    return not away and any(
        day == local.weekday() and minute < closes for day, _, closes in person.windows
    )


# ---------------------------------------------------------------- asking one


def _own(standing: Standing) -> Candidate:
    """Return the village's own volunteer; others' are asked by the rounds, as they have agreed."""
    for one in standing.people:
        if circle_of(one, standing.work)[0] < NEXT_VILLAGE:
            return one
    raise NotFound


def _refuse(standing: Standing) -> None:
    for failed in standing.found.left_out:
        row = next(row for row in files.read("left_out") if row["filter"] == failed)
        raise GuardFailed(row["refusal"], "a hard rule leaves this person out")


def _ask(session: Session, actor: Actor, task: Task, standing: Standing, person: Candidate) -> None:
    """Write the offer: her answer counts as every other, no chance chose her."""
    work, now = standing.work, standing.now
    asked = translate.asked(work, person, now)
    learnt = learning.load(session, work.village, [person.person_id])
    grounds = Grounds(
        source="hand",
        picked_by=actor.person_id,
        circle=circle_of(person, work)[0],
        km=asked.km,
        chance=learnt.predicted(asked, person.personal),
        heard=asked.heard,
    )
    expires_at = priorities.offer_expires(work.priority, now)
    task.wave = max(task.wave, 1)
    offers.invite(
        session, task, person.person_id, wave=task.wave, expires_at=expires_at, grounds=grounds
    )
    rounds.remember(session, [person.person_id], now)
    outbox.put(session, "dispatch.round", task.request_id)
