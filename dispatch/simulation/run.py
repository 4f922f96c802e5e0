"""One run: requests come, the policy asks, people answer or do not."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from dispatch.calibration import Calibration
from dispatch.policies import registry
from dispatch.policies.common import Minutes, Offer, People, Prospect, Task, Urgency, Volunteer
from dispatch.response import REST, Asked, Response, hears, noticed
from dispatch.simulation.world import DAY, WEEK, Matter, Person, World

OPENS, CLOSES = 7 * 60.0, 21 * 60.0
SPREAD_OF_ANSWERS = 1.2  # of their log-normal delay
SILENT_AFTER, NO_SHOW_AFTER = 60.0, 20.0
DECLINES = 0.3  # of those who hear and do not come


@dataclass
class Life:
    """What happens to a volunteer in a run."""

    asked: deque[Minutes] = field(default_factory=deque)
    helped: deque[Minutes] = field(default_factory=deque)
    asked_at: Minutes = -math.inf
    busy_until: Minutes = 0.0
    rests_until: Minutes = 0.0
    muted: bool = False

    def since(self, now: Minutes, span: Minutes) -> int:
        """Messages in the last `span` minutes, at most a week."""
        while self.asked and self.asked[0] <= now - WEEK:
            self.asked.popleft()
        return sum(at > now - span for at in self.asked)

    def tasks(self, now: Minutes) -> int:
        """Tasks in the last week."""
        while self.helped and self.helped[0] <= now - WEEK:
            self.helped.popleft()
        return len(self.helped)


@dataclass
class Course:
    """How a request went: who was asked when, who said what, when it was filled."""

    open: int
    sent: dict[int, Sent] = field(default_factory=dict)
    came: list[int] = field(default_factory=list)
    rounds: int = 0
    looks: int = 0
    filled_at: Minutes | None = None


@dataclass
class Sent:
    """An offer."""

    at: Minutes
    circle: int
    asked: Asked
    predicted: float
    answered: bool = False


class Run:
    """A world under a policy; `widest` is the widest circle that the heads allow."""

    def __init__(self, world: World, version: str, widest: int) -> None:
        self.world, self.widest = world, widest
        self.version = version
        self.model, self.calibration = Response(), Calibration()
        self.lives = [Life() for _ in world.people]
        self.courses = [Course(matter.places) for matter in world.matters]
        self._events: list[tuple[Minutes, int, Callable[[Minutes], None]]] = []
        self._order = count()
        self._circles: dict[int, list[tuple[Person, int]]] = {}

    def play(self) -> Run:
        """Live through all requests."""
        for matter in self.world.matters:
            self._look_at(matter, matter.opened)
        while self._events:
            now, _, event = heapq.heappop(self._events)
            event(now)
        return self

    def _later(self, at: Minutes, event: Callable[[Minutes], None]) -> None:
        heapq.heappush(self._events, (at, next(self._order), event))

    def _look_at(self, matter: Matter, at: Minutes) -> None:
        """Look at it again at `at`, unless something else leads there first."""
        course = self.courses[matter.id]
        expected = course.looks

        def look(now: Minutes) -> None:
            if course.looks == expected:
                self._look(matter, now)

        self._later(at, look)

    def _look(self, matter: Matter, now: Minutes) -> None:
        course = self.courses[matter.id]
        course.looks += 1
        if not course.open or now >= matter.due:
            return
        if _quiet(matter, now):
            self._look_at(matter, now // DAY * DAY + OPENS + (now % DAY >= CLOSES) * DAY)
            return
        near = self._near(matter)
        people: People = {one.id: self._volunteer(one, now) for one, _ in near}
        task = self._task(matter, course, people, now)
        policy = registry.choose(self.version, self.calibration)
        decision = policy.decide(now, [task], people)
        for offer in decision.offers:
            self._send(matter, self.world.people[int(offer.volunteer)], offer, now)
        course.rounds += bool(decision.offers)
        if task.prospects:
            self._look_at(matter, decision.next_wake)

    def _volunteer(self, person: Person, now: Minutes) -> Volunteer:
        life = self.lives[person.id]
        heard = hears(now - life.asked_at, REST)
        return Volunteer(person.id, life.asked_at, heard, life.since(now, WEEK), life.tasks(now))

    def _near(self, matter: Matter) -> list[tuple[Person, int]]:
        """Those who can ever be asked, with their circles."""
        if matter.id not in self._circles:
            circles = ((person, self.world.circle(matter, person)) for person in self.world.people)
            self._circles[matter.id] = [
                (person, circle)
                for person, circle in circles
                if circle is not None and circle <= self.widest
            ]
        return self._circles[matter.id]

    def _task(self, matter: Matter, course: Course, people: People, now: Minutes) -> Task:
        prospects = []
        for person, circle in self._near(matter):
            if person.id in course.sent or not person.free_between(now, matter.due):
                continue
            asked = _asked(matter, person, people[person.id].hears, now)
            chance = self.calibration.correct(self.model.chance(asked))
            free = self._may_be_asked(matter, person, now)
            prospects.append(Prospect(person.id, chance, free, asked.km, circle))
        out = [self._still(one, now) for one in course.sent.values() if not one.answered]
        return Task(
            id=matter.id,
            urgency=matter.urgency,
            opened=matter.opened,
            due=matter.due,
            places=course.open,
            windows=_windows(matter, now),
            prospects=prospects,
            in_time=self._answered_within(matter.due - now),
            out=out,
            rounds=course.rounds,
            widest=self.widest,
        )

    def _may_be_asked(self, matter: Matter, person: Person, now: Minutes) -> bool:
        life, scenario = self.lives[person.id], self.world.scenario
        return (
            person.free(now)
            and life.busy_until <= now
            and life.since(now, DAY) < scenario.day_cap
            and life.since(now, WEEK) < scenario.week_cap
        )

    def _answered_within(self, minutes: Minutes) -> float:
        odds = math.log(max(minutes, 1e-9) / self.world.scenario.answer_minutes)
        return 0.5 * math.erfc(-odds / SPREAD_OF_ANSWERS / math.sqrt(2))

    def _still(self, sent: Sent, now: Minutes) -> float:
        late = 1 - self._answered_within(now - sent.at)
        chance = self.calibration.correct(sent.predicted) * late
        return chance / (chance + 1 - self.calibration.correct(sent.predicted))

    def _send(self, matter: Matter, person: Person, offer: Offer, now: Minutes) -> None:
        life, scenario = self.lives[person.id], self.world.scenario
        coins = self.world.coins(matter, person)
        asked = _asked(matter, person, hears(now - life.asked_at, REST), now)
        sent = Sent(now, offer.circle, asked, self.model.chance(asked))
        self.courses[matter.id].sent[person.id] = sent
        listens = not life.muted and now >= life.rests_until
        life.asked.append(now)
        life.asked_at = now
        over = max(0.0, life.since(now, WEEK) - person.tolerance)
        chance, luck, delay = self.world.chance(matter, person, over), coins.random(), coins.gauss()
        life.muted |= over > 0 and coins.random() < scenario.mutes
        self._later(now + SILENT_AFTER, lambda now: self._learn(sent, None, now))
        if not listens:
            return
        life.rests_until = now + coins.expovariate(1 / (60 * scenario.rest_hours or 1e-9))
        if luck < chance + DECLINES * (1 - chance):
            after = scenario.answer_minutes * math.exp(SPREAD_OF_ANSWERS * delay)
            yes = luck < chance
            self._later(now + after, lambda now: self._answer(matter, person, sent, yes, now))

    def _answer(self, matter: Matter, person: Person, sent: Sent, yes: bool, now: Minutes) -> None:
        self._learn(sent, yes, now)
        course, life = self.courses[matter.id], self.lives[person.id]
        if not yes:
            self._look(matter, now)
        elif course.open and now <= matter.due and life.busy_until <= now:
            self._come(matter, person, now)

    def _come(self, matter: Matter, person: Person, now: Minutes) -> None:
        course, life = self.courses[matter.id], self.lives[person.id]
        course.open -= 1
        life.helped.append(now)
        life.busy_until = now + matter.minutes
        coins = self.world.coins(matter, person)
        coins.random()
        if coins.random() < self.world.scenario.no_show:
            self._later(now + NO_SHOW_AFTER, lambda now: self._reopen(matter, now))
            return
        course.came.append(person.id)
        if len(course.came) == matter.places:
            course.filled_at = now

    def _reopen(self, matter: Matter, now: Minutes) -> None:
        self.courses[matter.id].open += 1
        self._look(matter, now)

    def _learn(self, sent: Sent, answer: bool | None, now: Minutes) -> None:
        if sent.answered and answer is None:
            return
        if answer is not None or not sent.answered:
            chance = self.calibration.correct(sent.predicted)
            heard = noticed(sent.asked.heard, chance, answer)
            self.calibration.learn(sent.predicted, heard, yes=answer is True, at=now)
            self.model.learn(sent.asked, answer, now)
        sent.answered = answer is not None


def _quiet(matter: Matter, now: Minutes) -> bool:
    return matter.urgency is not Urgency.URGENT and not OPENS <= now % DAY < CLOSES


def _asked(matter: Matter, person: Person, heard: float, now: Minutes) -> Asked:
    km = abs(person.home - matter.place)
    return Asked(person.id, matter.station, int(now // 60 % 24), km, heard)


def _windows(matter: Matter, now: Minutes) -> list[tuple[Minutes, Minutes]]:
    if matter.urgency is Urgency.URGENT:
        return [(now, matter.due)]
    days = range(int(now // DAY), int(matter.due // DAY) + 1)
    return [(day * DAY + OPENS, day * DAY + CLOSES) for day in days]
