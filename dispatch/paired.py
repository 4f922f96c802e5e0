"""Standing pairs come first: who has agreed to help this villager is asked before all others.

She owes nothing and may say no each time. She has the first word for a quarter of the time that
is left, at most until her offer runs out (five minutes in danger); then others are asked beside
her. The hard rules are those of every round, and so is the line: she is left to an older task of
the same priority that has hardly anybody else. One of the next village comes first only where
that village may be asked by now: the head hears of it before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from dispatch import by_name, translate
from dispatch.candidates import AT_ONCE, circles, passed
from dispatch.learning import Learnt
from dispatch.people import Bools, People
from dispatch.policies import registry
from dispatch.policies.common import Urgency
from dispatch.response import REST
from dispatch.work import NEXT_VILLAGE, Work
from village.models import Offer, Task

ALONE_IN_DANGER = timedelta(minutes=5)
SHARE = 4  # of the time that is left


@dataclass
class First:
    """The tasks for which others are asked at this look, those that wait, and who was asked."""

    works: list[Work] = field(default_factory=list)
    waiting: dict[UUID, datetime] = field(default_factory=dict)  # task → when others are asked
    asked: set[UUID] = field(default_factory=set)


def ask(
    session: Session, works: Iterable[Work], people: People, learnt: Learnt, now: datetime
) -> First:
    """Ask the pairs of these tasks, the longest unasked first, nobody twice.

    The tasks come in the order in which they choose.
    """
    first, before = First(), list[Work]()
    for work in works:
        chosen = _able(work, before, people, first.asked, now)[: work.places_open]
        made = [
            by_name.ask(session, work, people, place, learnt, now, source="pair")
            for place in chosen
        ]
        first.asked |= {one.person_id for one in made}
        before.append(_with(work, made))
        if made and len(made) == work.places_open:
            first.waiting[work.task_id] = _wait(session, work, made, now)
        else:
            first.works.append(before[-1])
    return first


def _able(
    work: Work, before: list[Work], people: People, taken: set[UUID], now: datetime
) -> list[int]:
    """Return the places of those who may be asked now by all hard rules, and whom nobody misses."""
    if not work.pairs:
        return []
    may = passed(people, work, now, AT_ONCE) & ~_missed(work, before, people, taken, now)
    if not _next_village_too(work, now):
        may &= circles(people, work)[0] < NEXT_VILLAGE
    pairs = sorted(int(place) for place in people.places(work.pairs - taken) if may[place])
    return sorted(pairs, key=lambda place: people.asked_at[place])


def _next_village_too(work: Work, now: datetime) -> bool:
    """The next village may be asked by now: it is, the head knows of it, or there is danger."""
    known = work.widens_at is not None and work.widens_at <= now
    return known or work.circle >= NEXT_VILLAGE or work.urgency is Urgency.URGENT


def _missed(
    work: Work, before: list[Work], people: People, taken: set[UUID], now: datetime
) -> Bools:
    """Return whom an older task of this priority waits for, and has no more than it needs of."""
    missed, places = np.zeros(len(people), dtype=bool), 0
    free = rested(people, work, now) & ~people.among(taken)
    for older in before:
        open_places = older.places_open - len(older.out)
        if older.priority == work.priority and open_places > 0:
            places += open_places
            able = passed(people, older, now, AT_ONCE) & free
            if np.count_nonzero(able) <= places:
                missed |= able
    return missed


def rested(people: People, work: Work, now: datetime) -> Bools:
    """Return who has rested from her last message as long as every policy wants it."""
    least = registry.load(registry.FALLBACK).settings["rested"][work.urgency]
    enough: Bools = 1 - np.exp(-people.rested(now) / REST) >= least
    return enough


def _wait(session: Session, work: Work, made: list[Offer], now: datetime) -> datetime:
    alone = ALONE_IN_DANGER
    if work.urgency is not Urgency.URGENT:
        alone = max((translate.due(work) - now) / SHARE, ALONE_IN_DANGER)
    task = session.get_one(Task, work.task_id)
    task.starving, task.short = False, 0
    task.next_wake = min(now + alone, *(one.expires_at for one in made))
    return task.next_wake


def _with(work: Work, made: list[Offer]) -> Work:
    """The work as it stands now that these are asked."""
    asked = work.asked | {one.person_id for one in made}
    return replace(
        work, asked=asked, out=(*work.out, *((one.created_at, one.chance) for one in made))
    )
