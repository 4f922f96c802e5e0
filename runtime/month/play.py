"""The month itself: what comes next happens, and the clock is stepped there once all is quiet."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from runtime.demo_people import County, Phone
from runtime.month import officer, plan, villager, volunteer
from runtime.month.handset import Book, Handset
from runtime.month.people import Person, habits
from runtime.month.world import World
from village import clock

OFFICES = ("head", "deputy", "chair", "clerk")
VILLAGES = ("990101", "990105")  # those of the demo county with offices and volunteers


def begin(
    world: World,
    county: County,
    *,
    seed: int,
    days: int,
    villages: int,
    a_day: float = plan.A_DAY,
) -> Month:
    """Return a month that starts at the next midnight in Shanghai, its people gathered."""
    today = (
        clock.now().astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    starts = today + timedelta(days=1)
    world.step_to(starts)
    world.settle()
    world.started = clock.now()
    month = Month(world, county, seed, starts, days, starts + timedelta(days=days), a_day)
    month.gather(villages)
    return month


class Entry(NamedTuple):
    """What somebody does at a moment; None: she looks at her phone."""

    at: datetime
    n: int
    person: Person
    does: Callable[[], None] | None


@dataclass
class Month:
    """One play: its people, what they will do when, and the book of what they did."""

    world: World
    county: County
    seed: int
    starts: datetime
    days: int
    ends: datetime
    a_day: float
    book: Book = field(default_factory=Book)
    people: dict[str, Person] = field(default_factory=dict)
    agenda: list[Entry] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    due: datetime = field(default_factory=clock.now)  # when the installation acts by itself
    settled_at: int = -1  # the number of taps after which all was quiet

    def gather(self, villages: int) -> None:
        """Take the people of so many villages, with habits by seed, and what they will write."""
        chosen = VILLAGES[:villages]
        for code, phone in sorted(self.county.phones.items()):
            village = _home(phone)
            if village in chosen:
                self.people[code] = self._person(code, village, phone)
        for person in self.people.values():
            if _is_officer(person.handset.phone) or _is_volunteer(person):
                self._plan_routine(person)
        asking = {
            village: [
                code
                for code, person in self.people.items()
                if person.village == village and _is_villager(person)
            ]
            for village in chosen
        }
        for one in plan.written(self.seed, self.starts, self.days, asking, self.a_day):
            self._push(one.at, self.people[one.person], _writes(self.people[one.person], one))

    def play(self, each_day: Callable[[int], object] = lambda _: None) -> None:
        """Let time pass until the end; `each_day` is told how many days have been played."""
        played = 0
        while (at := self._next()) <= self.ends:
            self.world.step_to(at)
            self._happen(clock.now())
            if (passed := (clock.now() - self.starts) // timedelta(days=1)) > played:
                each_day(passed - played)
                played = passed
        self._send_what_waits()
        self.world.settle()
        each_day(self.days - played)

    def later(self, person: Person, moment: datetime) -> None:
        """Let somebody look at her phone at a moment."""
        self._push(moment, person, None)

    def _push(self, at: datetime, person: Person, does: Callable[[], None] | None) -> None:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        heapq.heappush(self.agenda, Entry(at, next(self.numbers), person, does))

    def _next(self) -> datetime:
        """Return when something happens next, once all is quiet and those who heard it know."""
        if self.book.taps != self.settled_at or self.due <= clock.now():
            self.due = self.world.settle() or self.ends + timedelta(days=1)
            self.settled_at = self.book.taps
            self._ring()
        return min(self.due, self.agenda[0].at) if self.agenda else self.due

    def _ring(self) -> None:
        by_id = {person.handset.person: person for person in self.people.values()}
        for ring in sorted(self.world.rings(), key=lambda one: str(one.person_id)):
            person = by_id.get(str(ring.person_id))
            if person is not None:
                person.now = clock.now()
                person.hears(ring.urgent)

    def _happen(self, now: datetime) -> None:
        looked: set[str] = set()
        while self.agenda and self.agenda[0].at <= now:
            entry = heapq.heappop(self.agenda)
            entry.person.now = now
            if entry.does is not None:
                entry.does()
            elif entry.person.code not in looked:
                looked.add(entry.person.code)
                self._look(entry.person)

    def _look(self, person: Person) -> None:
        person.handset.repeat()
        if person.rang:
            person.handset.read_messages()
            person.rang = False
        busy = _is_officer(person.handset.phone)
        if busy:
            officer.look(person, self.county.next_steps)
        if not person.asleep:
            busy |= _is_villager(person) and villager.look(person)
            if _is_volunteer(person):
                volunteer.look(person)
                busy = True
        if busy:
            self._plan_routine(person)

    def _plan_routine(self, person: Person) -> None:
        """Each has one look ahead that is her own habit, however often it rang."""
        wanted = person.routine
        if wanted is None or wanted <= person.now:
            person.routine = person.next_routine()
            self.later(person, person.routine)

    def _send_what_waits(self) -> None:
        for person in self.people.values():
            person.handset.repeat()

    def _call(self, caller: Person, name: str) -> bool:
        for person in self.people.values():
            if person.handset.phone.person["name"] == name and _is_officer(person.handset.phone):
                person.now = caller.now
                return person.picks_up()
        return False

    def _person(self, code: str, village: str, phone: Phone) -> Person:
        own = habits(self.seed, code, _is_officer(phone))
        chance = Random(f"{self.seed} {code}")  # noqa: S311 - invented people
        handset = Handset(phone, self.book, chance, own.drops, own.twice)
        return Person(code, village, handset, own, chance, self.later, self._call)


def _writes(person: Person, one: plan.Written) -> Callable[[], None]:
    return lambda: villager.write(person, one.row, category=one.category)


def _home(phone: Phone) -> str:
    return str(phone.person["village"])


def _is_officer(phone: Phone) -> bool:
    return any(role["role"] in OFFICES for role in phone.person["roles"])


def _is_volunteer(person: Person) -> bool:
    return bool(person.handset.phone.person["is_volunteer"])


def _is_villager(person: Person) -> bool:
    return not (person.handset.phone.person["roles"] or _is_volunteer(person))
