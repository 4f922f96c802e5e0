"""An open task as the hard rules and the policies meet it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dispatch.policies.common import Urgency

DAY_CAP, WEEK_CAP = 4, 14  # messages of every kind; a village may set less, never more
URGENCIES = {"P0": Urgency.URGENT, "P1": Urgency.URGENT, "P2": Urgency.TODAY}
OWN_STATION, OWN_VILLAGE, NEXT_VILLAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Work:
    """An open task as the filters and the policy meet it.

    `waited_for`: whom an older task of their own village waits for. `pairs`: who has agreed to
    help this requester with this again and again. `near`: km to the villages that lend, by
    (village, station), station None: at every station.
    `out`: (when, predicted chance) of offers without an answer. `asks`: the minutes of the day
    between which messages go out that are not urgent. `least`: as far as the head has said to ask
    by now. `short`: how many people its last look lacked. `village_at` and `widens_at`: from
    when on, as the head was told, other stations and the next villages are asked.
    """

    task_id: UUID
    request_id: UUID
    village: str
    station: str
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    priority: str = "P3"
    category: str | None = None
    sealed: bool = False
    skills: tuple[str, ...] = ()
    risk: int = 0
    minutes: int = 60
    people_needed: int = 1
    places_open: int = 1
    places_taken: int = 0
    resolve_due: datetime | None = None
    told_short: bool = False
    asked: frozenset[UUID] = frozenset()
    too_close: frozenset[UUID] = frozenset()
    pairs: frozenset[UUID] = frozenset()
    waited_for: frozenset[UUID] = frozenset()
    near: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    out: tuple[tuple[datetime, float | None], ...] = ()
    policy: str | None = None
    widest: int = NEXT_VILLAGE
    least: int = OWN_STATION
    circle: int = 0
    village_at: datetime | None = None
    widens_at: datetime | None = None
    next_wake: datetime | None = None
    short: int = 0
    rounds: int = 0
    looks: int = 0
    day_cap: int = DAY_CAP
    week_cap: int = WEEK_CAP
    asks: tuple[int, int] = (480, 1200)

    @property
    def urgency(self) -> Urgency:
        """How much time there is."""
        return URGENCIES.get(self.priority, Urgency.LATER)

    def opens_at(self, circle: int) -> datetime | None:
        """Return from when on a wider circle is asked, as the head was told; None: not yet told."""
        return self.widens_at if circle >= NEXT_VILLAGE else self.village_at

    def is_due(self, now: datetime) -> bool:
        """A task that has its offers out is not asked for more before its time, unless it lacks."""
        return self.short > 0 or self.next_wake is None or self.next_wake <= now

    def at_most(self, now: datetime) -> int | None:
        """Return how many may be asked now, where offers are out and its time has not come.

        They are those whom its last look has missed; None: as many as the policy wants.
        """
        early = self.next_wake is not None and self.next_wake > now
        return self.short if early and self.out else None

    @property
    def kind(self) -> str:
        """What it is to the response model."""
        return self.category or self.station
