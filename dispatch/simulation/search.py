"""A request in a run: what production keeps in the rows of its task and its offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dispatch.outcome import Outcome
from dispatch.response import Asked
from dispatch.simulation.crowd import code, uuid
from dispatch.simulation.world import Matter
from dispatch.work import Work


@dataclass
class Sent:
    """An offer; `state` as production names it, `heard_of`: its answer or silence is learnt."""

    at: datetime
    expires_at: datetime
    circle: int
    asked: Asked
    predicted: float
    state: str = "offered"
    silent: bool = False


@dataclass
class Search:
    """How a request goes: the task as it stands, who was asked, who came, when all had said yes.

    `armed` counts the due times that were set: only the last of them still stands.
    """

    matter: Matter
    work: Work
    sent: dict[int, Sent] = field(default_factory=dict)
    came: list[int] = field(default_factory=list)
    given_up: bool = False
    filled_at: datetime | None = None
    armed: int = 0

    @property
    def looks_for_people(self) -> bool:
        """Whether a place is open, and the search is not over."""
        return self.work.places_open > 0 and not self.given_up

    def change(self, **facts: Any) -> None:
        """Write what has changed of the task."""
        self.work = replace(self.work, **facts)

    def expire(self, now: datetime) -> list[Sent]:
        """End the offers whose time is over, and return them: it is the next one's turn."""
        ended = [one for one in self.out() if one.expires_at <= now]
        for one in ended:
            one.state = "expired"
        if ended:
            self.change(next_wake=now)
        return ended

    def out(self) -> list[Sent]:
        """Return the offers that wait for an answer."""
        return [one for one in self.sent.values() if one.state == "offered"]

    def seen(self) -> Work:
        """Return the task as a look reads it."""
        self.change(
            asked=frozenset(uuid(person) for person in self.sent),
            out=tuple((one.at, one.predicted) for one in self.out()),
        )
        return self.work

    def looked_at(self, found: Outcome, circles: list[int], *, belated: bool) -> None:
        """Write what a look has led to; `circles` of those who were asked."""
        new_round = bool(circles) and not belated
        self.change(
            looks=self.work.looks + 1,
            rounds=self.work.rounds + new_round,
            circle=max(self.work.circle, *circles, 0),
            short=found.short,
            next_wake=found.next_wake,
            village_at=found.village_at or self.work.village_at,
            widens_at=found.widens_at or self.work.widens_at,
            told_short=self.work.told_short or found.told,
        )

    def taken(self, places: int) -> None:
        """Count a place that is taken, or (-1) open again."""
        work = self.work
        self.change(places_open=work.places_open - places, places_taken=work.places_taken + places)

    def next_due(self) -> datetime | None:
        """Return the next look, or before it the end of an offer."""
        ends = [one.expires_at for one in self.out()]
        wake = self.work.next_wake
        return min([*ends, *([wake] if wake else [])], default=None)


def search(
    matter: Matter, near: Mapping[tuple[str, str | None], float], policy: str, widest: int
) -> Search:
    """Return the search for a request's people, as its head sends it out."""
    work = Work(
        task_id=uuid(matter.id),
        request_id=uuid(matter.id),
        village=code(matter.village),
        station=matter.station,
        starts_at=matter.opened,
        ends_at=matter.ends_at,
        opened_at=matter.opened,
        priority=matter.priority,
        category=matter.category,
        skills=tuple(sorted(matter.skills)),
        risk=matter.risk,
        minutes=matter.minutes,
        people_needed=matter.places,
        places_open=matter.places,
        resolve_due=matter.resolve_due,
        near=near,
        policy=policy,
        widest=widest,
    )
    return Search(matter, work)
