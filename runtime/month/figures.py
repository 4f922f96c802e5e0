"""What a month came to, by `metrics.md` 7.1 as far as it goes: figures, and what they must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from runtime.month.play import Month
from village import clock

IN_TIME = 0.95
SEEN_WITHIN = timedelta(hours=2)
UNSEEN_AT_MOST = timedelta(hours=24)  # of service time
NIGHT_FALLS, MORNING = 22, 6
# What people do now and then, and by which step it is known.
RARE = {"file": "complaints", "suspend": "put off", "merge": "merged", "unmerge": "parted",
        "claim": "claimed", "call_back": "asked back", "escalate": "raised"}  # fmt: skip

WRITTEN = """
    select number, status, priority, submitted_at, first_response_due, first_response_at, seen_at,
      ended_at from requests
    where submitted_at >= :since and village_code = any(:villages) order by number"""
TASKS = """
    select status, count(*) from tasks where created_at >= :since
    and village_code = any(:villages) group by 1"""
RUNGS = """
    select e.data ->> 'rung', count(*) from events e join requests r on r.id = e.request_id
    where e.action = 'duty_call' and e.at >= :since and r.village_code = any(:villages)
    group by 1 order by 2 desc, 1"""
PUSHED = """
    select n.person_id::text, floor(extract(epoch from d.created_at - :since) / 604800), count(*)
    from deliveries d join notifications n on n.id = d.notification_id
    where d.created_at >= :since and d.status = 'sent' and n.person_id = any(cast(:who as uuid[]))
    group by 1, 2"""


@dataclass(frozen=True)
class Figures:
    """Counts, minutes where a name says so; `late`, `unseen` and `slow` are numbers of requests."""

    days: int
    villages: int
    people: int
    requests: int
    states: dict[str, int]
    answered_in_time: int
    answers_due: int
    late: list[str]
    urgent: int
    urgent_at_night: int
    urgent_seen_in_time: int
    urgent_slowest_minutes: float
    slow: list[str]
    rungs_called: dict[str, int]
    unseen: list[str]
    tasks: int
    tasks_filled: int
    rare: dict[str, int]
    phoned: int
    pushes_a_volunteer_week: float
    most_pushes_in_a_week: int
    calls: int
    calls_lost: int
    pressed_twice: int
    refused: dict[str, int]

    def missed(self) -> Iterator[str]:
        """Yield a sentence for each figure that is not what it must be."""
        if self.answered_in_time < IN_TIME * self.answers_due:
            yield f"{len(self.late)} of {self.answers_due} first answers came late"
        yield from self.left_waiting()

    def left_waiting(self) -> Iterator[str]:
        """Yield a sentence for each request that lay longer than any may, however few there are."""
        for number in self.slow:
            yield f"{number} is urgent, and nobody saw it within 2 h"
        for number in self.unseen:
            yield f"{number} was seen by nobody for 24 service hours"

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        return asdict(self)


def figures(month: Month) -> Figures:
    """Return what the month came to."""
    villages = sorted({person.village for person in month.people.values()})
    asked = {"since": month.starts, "villages": villages}
    rows = month.world.rows(WRITTEN, **asked)
    end = clock.now()
    answers = [row for row in rows if _counts(row, end)]
    late = [row.number for row in answers if not _in_time(row)]
    urgent = [row for row in rows if row.priority == "P1" and _should_be_seen(row, end)]
    waits = {row.number: (row.seen_at or end) - row.submitted_at for row in urgent}
    slow = [number for number, wait in waits.items() if wait > SEEN_WITHIN]
    tasks = {row[0]: row[1] for row in month.world.rows(TASKS, **asked)}
    mean, most = _pushes(month)
    return Figures(
        days=month.days,
        villages=len(villages),
        people=len(month.people),
        requests=len(rows),
        states=dict(sorted(Counter(row.status for row in rows).items())),
        answered_in_time=len(answers) - len(late),
        answers_due=len(answers),
        late=late,
        urgent=len(urgent),
        urgent_at_night=sum(_at_night(row.submitted_at) for row in urgent),
        urgent_seen_in_time=len(urgent) - len(slow),
        urgent_slowest_minutes=round(
            max(waits.values(), default=timedelta()) / timedelta(minutes=1), 1
        ),
        slow=slow,
        rungs_called={row[0]: row[1] for row in month.world.rows(RUNGS, **asked)},
        unseen=[row.number for row in rows if _lies_unseen(row, end)],
        tasks=sum(tasks.values()),
        tasks_filled=tasks.get("filled", 0) + tasks.get("done", 0),
        rare={name: _times(month, step) for step, name in RARE.items()},
        phoned=len(month.book.phoned),
        pushes_a_volunteer_week=mean,
        most_pushes_in_a_week=most,
        calls=month.book.calls,
        calls_lost=month.book.lost,
        pressed_twice=month.book.doubled,
        refused=dict(month.book.refused.most_common()),
    )


def _times(month: Month, step: str) -> int:
    return sum(times for deed, times in month.book.deeds.items() if deed.action == step)


def _counts(row: Any, end: datetime) -> bool:
    """It was due, and it counts: not what went to the rescue services, or was taken back before."""
    due = row.first_response_due
    if due is None or due > end or row.priority == "P0" or row.status == "merged":
        return False
    return not (row.status == "withdrawn" and row.ended_at <= due)


def _in_time(row: Any) -> bool:
    answered: datetime | None = row.first_response_at
    return answered is not None and bool(answered <= row.first_response_due)


def _should_be_seen(row: Any, end: datetime) -> bool:
    """It was there for two hours, or somebody has seen it."""
    there = (row.ended_at or end) - row.submitted_at
    return row.seen_at is not None or there > SEEN_WITHIN


def _lies_unseen(row: Any, end: datetime) -> bool:
    until = row.seen_at or row.ended_at or end
    return clock.service_time(row.submitted_at, until) > UNSEEN_AT_MOST


def _at_night(moment: datetime) -> bool:
    hour = moment.astimezone(clock.SHANGHAI).hour
    return hour >= NIGHT_FALLS or hour < MORNING


def _pushes(month: Month) -> tuple[float, int]:
    """Return pushes a volunteer and week: the mean, and the most that one got in one week."""
    who = [
        person.handset.person
        for person in month.people.values()
        if person.handset.phone.person["is_volunteer"]
    ]
    found = month.world.rows(PUSHED, since=month.starts, who=who)
    weeks = month.days / 7 * len(who)
    return round(sum(row[2] for row in found) / weeks, 2), max((row[2] for row in found), default=0)


def table(found: Figures) -> Iterator[str]:
    """Yield the lines of the report."""
    share = 100 * found.answered_in_time / (found.answers_due or 1)
    slowest = f"the slowest after {found.urgent_slowest_minutes:.0f} min"
    rungs = ", ".join(f"{rung} {number}" for rung, number in found.rungs_called.items())
    states = ", ".join(f"{number} {state}" for state, number in found.states.items())
    refused = ", ".join(f"{number} {code}" for code, number in found.refused.items())
    yield f"{found.villages} villages, {found.people} people, {found.days} days"
    yield f"requests                {found.requests}: {states}"
    yield f"first answer in time    {found.answered_in_time} of {found.answers_due}, {share:.1f} %"
    yield (
        f"urgent seen within 2 h  {found.urgent_seen_in_time} of {found.urgent}, "
        f"{found.urgent_at_night} at night; {slowest}"
    )
    yield f"called in turn          {rungs or 'nobody'}"
    yield f"unseen for 24 h         {len(found.unseen)}"
    yield f"tasks filled            {found.tasks_filled} of {found.tasks}"
    rare = ", ".join(f"{number} {name}" for name, number in found.rare.items())
    yield f"now and then            {rare}, {found.phoned} phoned for"
    yield (
        f"pushes                  {found.pushes_a_volunteer_week:.2f} a volunteer and week, "
        f"at most {found.most_pushes_in_a_week}"
    )
    yield (
        f"calls                   {found.calls}, {found.calls_lost} lost, "
        f"{found.pressed_twice} pressed twice; refused: {refused or 'none'}"
    )
