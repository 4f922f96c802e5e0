"""Who plays the month: habits by seed, when she looks at her phone, and whose ring wakes her."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from runtime.demo_people import Body
from runtime.month.handset import Handset, Sending
from village import clock

NIGHT_FALLS, MORNING = 22, 6  # hours between which people sleep
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Habits:
    """How somebody is: chances in [0, 1], hours of the day at which she looks by herself."""

    looks: tuple[float, ...]
    prompt: float  # looks within minutes when it rings, not within hours
    wakes: float  # by a ring at night
    answers_phone: float
    says_yes: float
    comes: float
    drops: float
    twice: float
    day_off: float


def habits(seed: int, code: str, officer: bool) -> Habits:
    """Return what this person is like under this seed."""
    chance = Random(f"{seed} {code} habits")  # noqa: S311 - invented people
    around = (8.5, 13.0, 18.0) if officer else (chance.choice((7.0, 12.3, 19.5)),)
    return Habits(
        looks=tuple(hour + chance.uniform(-0.4, 0.4) for hour in around),
        prompt=chance.uniform(0.5, 0.95),
        wakes=chance.uniform(0.05, 0.5),
        answers_phone=chance.uniform(0.4, 0.8),
        says_yes=chance.uniform(0.3, 0.8),
        comes=chance.uniform(0.85, 0.98),
        drops=chance.uniform(0.02, 0.15),
        twice=chance.uniform(0.02, 0.1),
        day_off=0.08 if officer else 0.2,
    )


@dataclass
class Person:
    """One person with her phone; `call` wakes others by telephone, `later` plans a look."""

    code: str
    village: str
    handset: Handset
    habits: Habits
    chance: Random
    later: Callable[[Person, datetime], None]
    call: Callable[[Person, str], bool]
    now: datetime = field(default_factory=clock.now)
    rang: bool = False  # since she looked last
    routine: datetime | None = None  # the next look that is her habit
    settled: set[str] = field(default_factory=set)  # what she has made up her mind about
    plans: dict[str, datetime] = field(default_factory=dict)  # tasks: when she will be there

    @property
    def asleep(self) -> bool:
        """Tell whether it is night for her."""
        hour = self.now.astimezone(clock.SHANGHAI).hour
        return hour >= NIGHT_FALLS or hour < MORNING

    def holds(self, *roles: str) -> list[tuple[str, str | None]]:
        """Return the units and stations of her offices."""
        held = self.handset.phone.person["roles"]
        return [(role["village"], role["station"]) for role in held if role["role"] in roles]

    def hears(self, urgent: bool) -> None:
        """Her phone rings: look in a while; at night if she wakes, else in the morning."""
        self.rang = True
        on_call = urgent and bool(self.holds("clerk"))
        if self.asleep and not on_call:
            if not urgent or self.chance.random() >= self.habits.wakes:
                return
            self.later(self, self.now + timedelta(minutes=self.chance.uniform(1, 12)))
        elif urgent or self.chance.random() < self.habits.prompt:
            self.later(self, self.now + timedelta(minutes=self.chance.uniform(1, 25)))
        else:
            self.later(self, self.now + timedelta(hours=self.chance.uniform(0.5, 8)))

    def picks_up(self) -> bool:
        """Tell whether she takes a telephone call; then she looks at once."""
        if self.chance.random() >= self.habits.answers_phone:
            return False
        self.later(self, self.now + timedelta(minutes=2))
        return True

    def next_routine(self) -> datetime:
        """Return when she looks by herself the next time."""
        today = self.now.astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0)
        for day in range(8):
            if day and self.chance.random() < self.habits.day_off:
                continue
            for hour in sorted(self.habits.looks):
                moment = today + day * DAY + timedelta(hours=hour)
                if moment > self.now:
                    return moment
        return self.now + 8 * DAY

    def act(self, about: str, action: str, body: Body | None = None) -> Body | None:
        """Take an action on a request; None where it was refused, or has no answer yet."""
        path = f"/requests/{about}/{action}"
        return self.handset.tap(Sending(path, body or {}, "request", about, action))

    def made_up(self, about: str) -> bool:
        """Tell whether she has decided about something; from now on she has."""
        if about in self.settled:
            return True
        self.settled.add(about)
        return False
