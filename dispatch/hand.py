"""People by name for the head: whom she may ask now, and asking one of them: never an order.

The hard rules are the ones of every round. No figure and no rank: her own people first, then
who was left in peace for longest; what was learnt from anybody's answers plays no part.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import by_name, learning, rounds, situation, translate
from dispatch.candidates import Screened, accredited, circles, screen
from dispatch.people import People
from dispatch.policies import registry
from dispatch.why import SEALED_STATIONS, words
from dispatch.work import NEXT_VILLAGE, OWN_STATION, Work
from village import circles as circles_of
from village import clock, outbox
from village.access import Actor
from village.catalog import files
from village.clock import SHANGHAI
from village.errors import GuardFailed, NotFound
from village.models import Offer, Person, Round, Station, Task
from village.workflow.offer import LIVE

MOST = 10
DAY, LONG = timedelta(days=1), timedelta(days=3)  # so long without a message is worth a word


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
    people: People
    found: Screened
    now: datetime

    @property
    def is_secret(self) -> bool:
        """Whether no reason may be told: disputes (`why.is_secret`)."""
        return self.work.sealed or self.work.station in SEALED_STATIONS

    def circle(self, place: int) -> int:
        """Return how near she is: own station, village, next villages."""
        return int(circles(self.people, self.work)[0][place])


def suggest(session: Session, actor: Actor, task_id: UUID) -> Suggestions:
    """Return up to ten people of the village who may be asked now.

    Who was asked for this task and has not said yes stays where she stood: whoever vanished
    would be known to have been asked, and the next one to vanish, to follow somebody's no (N10).
    Raises NotFound, Forbidden, Recused, or WrongState where nobody is looked for.
    """
    task = circles_of.open_task(session, actor, task_id, "task.suggest", locked=False)
    standing = _as_before(session, task, _standing(session, task))
    able: list[int] = np.flatnonzero(standing.found.now).tolist()
    own = [place for place in able if standing.circle(place) < NEXT_VILLAGE]
    listed = _in_turn(own, standing)[:MOST]
    ids = {place: standing.people.id(place) for place in listed}
    names, stations = _names(session, ids.values()), _stations(session, task.village_code)
    return Suggestions(
        [Named(ids[at], names[ids[at]], _reasons(at, standing, stations)) for at in listed],
        len(able) - len(own),
    )


def invite(session: Session, actor: Actor, task_id: UUID, person_id: UUID) -> tuple[UUID, str]:
    """Ask one volunteer of the village by the head's wish; she is free to say no.

    Returns her id and name: the same whether she is asked now or was before, whatever she has
    answered. Raises what `suggest` raises, NotFound for who is no volunteer of the village, or
    GuardFailed with the code of the hard rule that leaves her out; private reasons share one.
    """
    task = circles_of.open_task(session, actor, task_id, "task.invite", locked=False)
    near = situation.near(session, task.village_code, clock.now())
    rounds.lock_villages(session, {task.village_code, *(key[0] for key in near)})
    task = circles_of.open_task(session, actor, task_id, "task.invite")
    standing = _standing(session, task, near, only=[person_id])
    if not len(standing.people) or standing.circle(0) >= NEXT_VILLAGE:
        raise NotFound  # others' people are asked by the rounds, as they have agreed
    if person_id not in standing.work.asked:
        _refuse(standing)
        _ask(session, actor, standing)
    return person_id, _names(session, [person_id])[person_id]


# ---------------------------------------------------------------- who may be asked


def _standing(
    session: Session,
    task: Task,
    near: situation.Near | None = None,
    only: Collection[UUID] | None = None,
) -> Standing:
    now = clock.now()
    near = situation.near(session, task.village_code, now) if near is None else near
    (work,) = situation.load_works(session, [task.request_id], near)
    villages = {task.village_code, *(key[0] for key in near)}
    people = situation.load_people(session, villages, now, only=only)
    return Standing(work, people, screen(people, work, now), now)


def _as_before(session: Session, task: Task, standing: Standing) -> Standing:
    """Return how all stood before this task asked anybody: still able, unless she said yes."""
    people, now_able = standing.people, standing.found.now.copy()
    asked = sa.select(Offer.person_id, Offer.status).where(Offer.task_id == task.id)
    offered = {row.person_id: row.status for row in session.execute(asked)}
    asked_at = people.asked_at.copy()
    before = _asked_before(session, task) if offered else {}
    fit = accredited(people, standing.work, standing.now)
    for place in range(len(people)):
        status = offered.get(people.id(place))
        if status is not None:
            now_able[place] = fit[place] and status not in LIVE
            asked_at[place] = before.get(str(people.id(place)), -math.inf)
    found = replace(standing.found, now=now_able)
    return replace(standing, people=replace(people, asked_at=asked_at), found=found)


def _asked_before(session: Session, task: Task) -> dict[str, float]:
    """Return when those whom the looks found were last asked for anything else, in seconds."""
    looks = sa.select(Round.candidates).where(Round.task_id == task.id).order_by(Round.n)
    return {
        one["person"]: 60 * one["asked_at"]
        for found in session.scalars(looks)
        for one in found
        if one["asked_at"] is not None
    }


def _in_turn(places: Iterable[int], standing: Standing) -> list[int]:
    """Own people first, in each circle the rested, the longest unasked of them first."""
    rested = registry.load(registry.FALLBACK).settings["rested"][standing.work.urgency]

    def turn(place: int) -> tuple[int, bool, float]:
        seen = translate.volunteer(standing.people, place, standing.now)
        return standing.circle(place), seen.hears < rested, seen.asked_at

    return sorted(places, key=turn)


def _names(session: Session, people: Iterable[UUID]) -> dict[UUID, str]:
    found = sa.select(Person.id, Person.name).where(Person.id.in_(list(people)))
    return {row.id: row.name for row in session.execute(found)}


def _stations(session: Session, village: str) -> dict[str, str]:
    here = sa.select(Station.kind, Station.name).where(Station.village_code == village)
    return {row.kind: row.name for row in session.execute(here)}


# ---------------------------------------------------------------- why she comes to mind


def _reasons(place: int, standing: Standing, stations: dict[str, str]) -> list[str]:
    """Return what is no secret of anybody's; of a dispute nothing at all."""
    work, now = standing.work, standing.now
    if standing.is_secret:
        return []
    found = [_from(place, standing, stations)]
    found += [words("suggested", "skill", skill=skill) for skill in work.skills]
    if _is_free_today(standing.people, place, now):
        found.append(words("suggested", "today"))
    asked_at = float(standing.people.asked_at[place])
    quiet = now.timestamp() - asked_at
    if math.isinf(asked_at):
        found.append(words("suggested", "fresh"))
    elif quiet >= LONG.total_seconds():
        found.append(words("suggested", "rested", days=int(quiet / DAY.total_seconds())))
    return found


def _from(place: int, standing: Standing, stations: dict[str, str]) -> str:
    if standing.circle(place) == OWN_STATION:
        return words("suggested", "station")
    member = standing.people.stations
    villages, kinds = member.columns
    own = kinds[(member.who == place) & (villages == standing.work.village)]
    return words("suggested", "village", station=stations[min(own.tolist())])


def _is_free_today(people: People, place: int, now: datetime) -> bool:
    """One of her weekly windows is still open today, and she has not said that she is away."""
    local, at = now.astimezone(SHANGHAI), now.timestamp()
    weekday, _, closes = people.windows.columns
    open_now = (weekday == local.weekday()) & (closes > local.hour * 60 + local.minute)
    leaves, returns = people.off.columns
    away = (people.off.who == place) & (leaves <= at) & (returns > at)
    return bool(np.any(open_now & (people.windows.who == place)) and not np.any(away))


# ---------------------------------------------------------------- asking one


def _refuse(standing: Standing) -> None:
    """Of a dispute no reason is told: it would say who is close to whom, or does not mediate."""
    if standing.found.left_out and standing.is_secret:
        raise GuardFailed("invite_unfit", "a hard rule leaves this person out")
    for failed in standing.found.left_out:
        row = next(row for row in files.read("left_out") if row["filter"] == failed)
        raise GuardFailed(row["refusal"], "a hard rule leaves this person out")


def _ask(session: Session, actor: Actor, standing: Standing) -> None:
    """Write the offer: no chance chose her, so that there is no propensity to keep."""
    work, people, now = standing.work, standing.people, standing.now
    person_id = people.id(0)
    learnt = learning.load(session, work.village, [person_id])
    by_name.ask(session, work, people, 0, learnt, now, source="hand", picked_by=actor.person_id)
    by_name.remember(session, [person_id], now)
    outbox.put(session, "dispatch.round", work.request_id)
