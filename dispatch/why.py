"""How looking for people stands, for who answers for a task: counts, never who said no.

Who has said yes is named; of all others there are numbers alone, with times to the hour, so that
no small number and no moment gives away whose answer it was. Of a dispute, and of whatever else
the reader may not read, there are no numbers at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import situation
from dispatch.candidates import WHOLE_TIME
from dispatch.work import NEXT_VILLAGE, OWN_VILLAGE, Work
from village import access, clock, tasks
from village.access import CONTENT, Actor
from village.catalog import files
from village.clock import SHANGHAI
from village.invitations import CIRCLES
from village.models import Offer, Round, Task
from village.tasks import Helper, TaskView

FEW, LONE = 5, 2  # below these, how many have answered would say who has
QUARTER = timedelta(minutes=15)
SEALED_STATIONS = ("mediation",)


class LeftOut(NamedTuple):
    """A hard rule and how many it left out; `others`: those of which no more is said."""

    reason: str
    people: int
    text: str


class Wave(NamedTuple):
    """Who was asked within an hour: how many, of which circle, and by whose choice."""

    at: datetime
    by: str
    policy: str | None
    circle: str
    asked: int
    text: str


class LastLook(NamedTuple):
    """What the last look found: how many it looked at, and who could be asked."""

    at: datetime
    looked_at: int
    now: int
    later: int
    left_out: list[LeftOut]


class Wider(NamedTuple):
    """Whether and from when a wider circle is asked: other stations, or the next villages."""

    state: str
    at: datetime | None
    text: str


@dataclass(frozen=True)
class Why:
    """How looking for people stands; all numbers are None where nothing may be said."""

    task: UUID
    text: str
    accepted: list[Helper]
    asked: int | None = None
    waiting: int | None = None
    answered: int | None = None
    rounds: tuple[Wave, ...] = ()
    last_look: LastLook | None = None
    next_look: datetime | None = None
    village: Wider | None = None
    neighbours: Wider | None = None


def why(session: Session, actor: Actor, task_id: UUID) -> Why:
    """Return how looking for people stands. Raises NotFound, or Forbidden for who works on it."""
    seen = tasks.read(session, actor, task_id)
    access.require("task.why", seen.relations)
    task = seen.task
    if is_secret(seen):
        return Why(task.id, words("looking", "secret"), seen.people)
    as_of = _as_of(task)
    asked = _asked(session, task.id, as_of)
    total, waiting = sum(one.people for one in asked), sum(one.waiting for one in asked)
    total = max(total, len(seen.people))
    declined = sum(one.declined for one in asked)
    tells = waiting + declined >= FEW and min(waiting, declined) >= LONE
    village, neighbours = _wider(session, seen)
    return Why(
        task=task.id,
        text=_text(task, total, len(seen.people)),
        accepted=seen.people,
        asked=total,
        waiting=waiting if tells else None,
        answered=total - waiting if tells else None,
        rounds=tuple(_wave(one) for one in asked),
        last_look=_last_look(session, task.id, as_of),
        next_look=_next_look(task),
        village=village,
        neighbours=neighbours,
    )


def show(task: Task, next_look: datetime | None) -> None:
    """Let what has happened by now be what is shown until the next look, whoever answers meanwhile.

    A look before its time would say that somebody has said no (N10): it is shown at its time.
    """
    now = clock.now()
    if task.shown_until is None or task.shown_until <= now:
        task.shown_as_of, task.shown_until = now, next_look


def _as_of(task: Task) -> datetime:
    """Return up to when what has happened is shown."""
    stands = task.shown_as_of is not None and task.shown_until is not None
    if stands and task.status == "open" and task.shown_until > clock.now():  # type: ignore[operator]
        return task.shown_as_of  # type: ignore[return-value]
    return clock.now()


def is_secret(seen: TaskView) -> bool:
    """Tell whether nothing of the search may be said: disputes, and what she may not read."""
    if seen.request.sealed or seen.task.station in SEALED_STATIONS:
        return True
    return CONTENT not in access.request_view(seen.request, seen.relations)


def words(kind: str, name: str, **values: object) -> str:
    """Return the words of `search_words.csv`."""
    return _words()[kind, name].format_map(values)


@cache
def _words() -> Mapping[tuple[str, str], str]:
    return {(row["kind"], row["name"]): row["zh"] for row in files.read("search_words")}


def _text(task: Task, asked: int, yes: int) -> str:
    open_name = "open" if yes else "asked" if asked else "nobody"
    name = open_name if task.status == "open" else "over"
    return words("looking", name, asked=asked, yes=yes)


# ---------------------------------------------------------------- who was asked


def _asked(session: Session, task_id: UUID, as_of: datetime) -> list[Any]:
    """Count the offers by hour; chance is the policy's, and who drew the lot is nobody's matter.

    Whom the head has picked by hand she knows of at once.
    """
    hour = sa.func.date_trunc("hour", Offer.created_at).label("at")
    by = sa.case((Offer.source == "chance", "policy"), else_=Offer.source).label("by")
    still = Offer.status.in_(("offered", "expired"))  # a late yes counts
    counted = (
        sa.select(
            hour, by, Offer.policy, Offer.circle,
            sa.func.count().label("people"),
            sa.func.count().filter(still).label("waiting"),
            sa.func.count().filter(Offer.status == "declined").label("declined"),
        )
        .where(
            Offer.task_id == task_id,
            sa.or_(Offer.created_at <= as_of, Offer.source == "hand"),
        )
        .group_by(hour, by, Offer.policy, Offer.circle)
        .order_by(hour, by, Offer.circle)
    )  # fmt: skip
    return list(session.execute(counted))


def _wave(row: Any) -> Wave:
    by, circle = str(row.by), CIRCLES[row.circle]
    how = policy_text(row.policy) if by == "policy" else words("source", by)
    return Wave(row.at, by, row.policy, circle, row.people, f"{words('circle', circle)}：{how}")


def policy_text(version: object) -> str:
    """Return in a head's words what a version of a policy does."""
    name = str(version).rpartition("-")[0]
    return words("policy", name if ("policy", name) in _words() else "other")


# ---------------------------------------------------------------- the last look and the next


def _last_look(session: Session, task_id: UUID, as_of: datetime) -> LastLook | None:
    shown = sa.select(Round).where(Round.task_id == task_id, Round.at <= as_of)
    last = shown.order_by(Round.n.desc()).limit(1)
    found = session.scalars(last).one_or_none()
    if found is None:
        return None
    able = len(found.candidates)
    at_once = sum(bool(one["now"]) for one in found.candidates)
    for_good = {check.__name__ for check in WHOLE_TIME}
    looked_at = able + sum(n for name, n in found.left_out.items() if name in for_good)
    at = found.at.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0)
    return LastLook(at, looked_at, at_once, able - at_once, left_out(found.left_out))


def left_out(counts: Mapping[str, int]) -> list[LeftOut]:
    """Return how many each rule left out; what is private of people is one line together."""
    found, others = [], 0
    for row in files.read("left_out"):
        count = counts.get(row["filter"], 0)
        if count and row["alone"]:
            found.append(LeftOut(row["filter"], count, row["zh"]))
        else:
            others += count
    together = [LeftOut("others", others, words("left_out", "others"))] if others else []
    return [*sorted(found, key=lambda one: -one.people), *together]


def _next_look(task: Task) -> datetime | None:
    """The next look, to the quarter of an hour: an early one would say that somebody answered."""
    now = clock.now()
    if task.status != "open" or task.next_wake is None:
        return None
    if task.shown_until is not None and task.shown_until > now:
        return _quarter(task.shown_until, now)
    return _quarter(task.next_wake, now)


def _quarter(wake: datetime | None, now: datetime) -> datetime | None:
    if wake is None:
        return None
    wake = max(wake, now)
    over = timedelta(seconds=wake.timestamp() % QUARTER.total_seconds())
    return wake + (QUARTER - over) if over else wake


def _wider(session: Session, seen: TaskView) -> tuple[Wider | None, Wider | None]:
    """Return how it stands with other stations, and with the next villages."""
    now, task = clock.now(), seen.task
    if task.status != "open" or seen.request.status != "dispatching":
        return None, None
    near = situation.near(session, task.village_code, now)
    lend = any(station in (None, task.station) for _, station in near)
    (work,) = situation.load_works(session, [task.request_id], near)
    village = _said("village", *_when(work, OWN_VILLAGE, now))
    there = _when(work, NEXT_VILLAGE, now) if lend else ("none", None)
    return village, _said("neighbours", *there)


def _said(circle: str, state: str, at: datetime | None) -> Wider:
    local = "" if at is None else f"{at.astimezone(SHANGHAI):%-H:%M}"
    return Wider(state, at, words(circle, state, at=local))


def _when(work: Work, circle: int, now: datetime) -> tuple[str, datetime | None]:
    """Whether a wider circle was asked, and when it will be."""
    if work.widest < circle:
        return "held", None
    if work.circle >= circle:
        return "asked", None
    at = work.opens_at(circle)
    if at is None:
        return "if_needed", None
    return ("coming", at) if at > now else ("soon", None)
