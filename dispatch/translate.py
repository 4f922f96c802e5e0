"""From the house's tasks and people to what a policy is given, in minutes of one clock."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.candidates import Screened, circles
from dispatch.learning import Learnt
from dispatch.people import People, Whole
from dispatch.policies.common import (
    DAY,
    Minutes,
    Prospect,
    Task,
    Urgency,
    Volunteer,
)
from dispatch.response import REST, Asked, hears
from dispatch.work import Work
from village.clock import SHANGHAI

ANSWER_MINUTES = {Urgency.URGENT: 3.0, Urgency.TODAY: 6.0, Urgency.LATER: 6.0}  # median; a guess
SPREAD_OF_ANSWERS = 1.2  # of their log-normal delay
SHANGHAI_OFFSET = 8 * 60.0  # minutes; there is no summer time


def minutes(moment: datetime) -> Minutes:
    """Return a moment in minutes."""
    return moment.timestamp() / 60


def moment(at: Minutes) -> datetime:
    """Return minutes as a moment."""
    return datetime.fromtimestamp(at * 60, UTC)


def due(work: Work) -> datetime:
    """Until when people are looked for.

    The work must fit into its window; with nobody yet, half of the time to the limit is left
    to the head (R15). A limit that has passed already gives no more hurry.
    """
    latest = work.ends_at - timedelta(minutes=work.minutes)
    latest = latest if latest > work.opened_at else work.ends_at
    if work.places_taken or work.resolve_due is None or work.resolve_due <= work.opened_at:
        return latest
    return min(latest, work.opened_at + (work.resolve_due - work.opened_at) / 2)


def windows(work: Work, now: Minutes, until: Minutes) -> list[tuple[Minutes, Minutes]]:
    """Return when messages may be sent: urgent ones at any hour, others in the asking hours."""
    if work.urgency is Urgency.URGENT:
        return [(now, until)]
    opens, closes = work.asks
    first, last = (int((at + SHANGHAI_OFFSET) // DAY) for at in (now, until))
    midnights = (day * DAY - SHANGHAI_OFFSET for day in range(first, last + 1))
    return [(midnight + opens, midnight + closes) for midnight in midnights]


def next_look(work: Work, now: datetime, wake: datetime) -> datetime:
    """Move a look out of the hours in which nobody is asked, and never past the next opening."""
    if work.urgency is Urgency.URGENT:
        return wake
    at, look = minutes(now), minutes(wake)
    spans = windows(work, at, max(at, look) + DAY)
    inside = next(max(look, opens) for opens, closes in spans if look < closes)
    opening = min((opens for opens, _ in spans if opens > at), default=inside)
    return moment(min(inside, opening))


def answered_within(spell: Minutes, urgency: Urgency) -> float:
    """Return which part of the answers comes within so many minutes."""
    odds = math.log(max(spell, 1e-9) / ANSWER_MINUTES[urgency])
    return 0.5 * math.erfc(-odds / SPREAD_OF_ANSWERS / math.sqrt(2))


def volunteer(people: People, place: int, now: datetime) -> Volunteer:
    """Return a person as a policy sees her; who asked to be asked less rests longer."""
    asked_at = float(people.asked_at[place]) / 60
    heard = hears((minutes(now) - asked_at) / float(people.ask_less[place]))
    load, tasks = int(people.messages[place]), int(people.tasks[place])
    return Volunteer(people.id(place), asked_at, heard, load, tasks)


def asked(work: Work, person: Volunteer, km: float, now: datetime) -> Asked:
    """Return an offer to her as the response model sees it."""
    hour = now.astimezone(SHANGHAI).hour
    return Asked(person.id, work.kind, hour, km, person.hears)


def shortlist(people: People, work: Work, found: Screened, now: datetime, most: int) -> Whole:
    """Return the places of those who are weighed one by one: all, or the `most` best rested.

    A decision about hundreds of tasks needs no more than a few dozen for each. Who may be asked
    now comes first, then who is nearer, then who has been asked and has helped less.
    """
    places = np.flatnonzero(found.later)
    if len(places) <= most:
        return places
    circle = circles(people, work)[0][places]
    rested = 1 - np.exp(-people.rested(now)[places] / REST)
    worth = rested / (1 + people.messages[places] + people.tasks[places])
    order = np.lexsort((-worth, circle, ~found.now[places]))
    return np.sort(places[order[:most]])


def prospects(
    work: Work, people: People, persons: Mapping[int, Volunteer], found: Screened,
    learnt: Learnt, taken: Collection[object], now: datetime,
) -> list[Prospect]:  # fmt: skip
    """Return those who are weighed; those `taken` by another decision of this look only later."""
    circle, km = circles(people, work)
    far, near, at_once, personal = (
        column.tolist() for column in (km, circle, found.now, people.personal)
    )
    usual: dict[float, float] = {}  # of those about whom nothing is known, by the way

    def chance(place: int, person: Volunteer) -> float:
        own = personal[place] and learnt.knows(person.id)
        if not own and far[place] in usual:
            return usual[far[place]]
        predicted = learnt.predicted(asked(work, person, far[place], now), personal=own)
        corrected = learnt.corrected(predicted)
        return corrected if own else usual.setdefault(far[place], corrected)

    return [
        Prospect(
            person.id,
            chance(place, person),
            at_once[place] and person.id not in taken,
            far[place],
            near[place],
        )
        for place, person in persons.items()
    ]


def task(
    work: Work, listed: Sequence[Prospect], learnt: Learnt, now: datetime, widest: int
) -> Task:
    """Return a task as a policy is given it."""
    at, until = minutes(now), minutes(due(work))
    return Task(
        id=work.task_id,
        urgency=work.urgency,
        opened=minutes(work.opened_at),
        due=until,
        places=work.places_open,
        windows=windows(work, at, until),
        prospects=listed,
        in_time=round(answered_within(until - at, work.urgency), 3),  # finer than it is known
        out=list(_still_out(work, learnt, at)),
        rounds=work.rounds,
        widest=widest,
        at_most=work.at_most(now),
        least=work.least,
    )


def _still_out(work: Work, learnt: Learnt, now: Minutes) -> Iterable[float]:
    """For each offer without an answer the chance that a yes is yet to come."""
    for sent, predicted in work.out:
        chance = learnt.usual() if predicted is None else learnt.corrected(predicted)
        late = 1 - answered_within(now - minutes(sent), work.urgency)
        yield chance * late / (chance * late + 1 - chance)
