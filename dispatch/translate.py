"""From the house's tasks and people to what a policy is given, in minutes of one clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from dispatch.candidates import Candidate, Screened, Work, circle_of
from dispatch.learning import Learnt
from dispatch.policies.common import (
    DAY,
    NEVER,
    Minutes,
    Prospect,
    Task,
    Urgency,
    Volunteer,
)
from dispatch.response import Asked, hears
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


def volunteer(person: Candidate, now: datetime) -> Volunteer:
    """Return a person as a policy sees her; who asked to be asked less rests longer."""
    asked_at = NEVER if person.asked_at is None else minutes(person.asked_at)
    heard = hears((minutes(now) - asked_at) / person.ask_less)
    return Volunteer(person.person_id, asked_at, heard, person.messages, person.tasks)


def asked(work: Work, person: Candidate, now: datetime) -> Asked:
    """Return an offer to her as the response model sees it."""
    km = circle_of(person, work)[1]
    hour = now.astimezone(SHANGHAI).hour
    return Asked(person.person_id, work.kind, hour, km, volunteer(person, now).hears)


def prospects(
    work: Work, found: Screened, learnt: Learnt, taken: frozenset[object], now: datetime
) -> list[Prospect]:
    """Return who may be asked; those `taken` by another decision of this look only later."""
    listed = []
    for person in found.later:
        circle, km = circle_of(person, work)
        chance = learnt.corrected(learnt.predicted(asked(work, person, now), person.personal))
        at_once = person.person_id in found.now and person.person_id not in taken
        listed.append(Prospect(person.person_id, chance, at_once, km, circle))
    return listed


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
        in_time=answered_within(until - at, work.urgency),
        out=list(_still_out(work, learnt, at)),
        rounds=work.rounds,
        widest=widest,
    )


def _still_out(work: Work, learnt: Learnt, now: Minutes) -> Iterable[float]:
    """For each offer without an answer the chance that a yes is yet to come."""
    for sent, predicted in work.out:
        chance = learnt.usual() if predicted is None else learnt.corrected(predicted)
        late = 1 - answered_within(now - minutes(sent), work.urgency)
        yield chance * late / (chance * late + 1 - chance)
