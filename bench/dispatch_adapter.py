"""Plug the dispatch policies of this house into a village simulator.

`python dispatch_sim.py village --external bench.dispatch_adapter:policy`, run from this folder,
adds the policy that is on by default. Beside it: `robin`, `nearest`, `broadcast`; `no_model`
(nothing is known of anybody), `thrice` and `third` (a model wrong by a factor of three), `garbage`.

The adapter reads what the simulator shows a policy, feeds the production response model with the
answers it sees, and asks `decide`. Minutes are the simulator's own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1])]

from dispatch.calibration import Calibration  # noqa: E402
from dispatch.policies import registry  # noqa: E402
from dispatch.policies.common import (  # noqa: E402
    Minutes,
    Prospect,
    Task,
    Urgency,
    Volunteer,
)
from dispatch.response import Asked, Response, noticed  # noqa: E402

DAY, OPENS, CLOSES = 24 * 60.0, 7 * 60.0, 21 * 60.0
SILENT_AFTER = 60.0  # minutes: nearly all answers have come
URGENCY = tuple(Urgency)

Distort = Callable[[float], float | None]


class Sent(NamedTuple):
    """An offer whose answer is not known yet."""

    request: int
    at: Minutes
    asked: Asked
    predicted: float | None


class Bridge:
    """One simulated village: the simulator's arrays on one side, `decide` on the other."""

    def __init__(self, version: str, distort: Distort | None = None) -> None:
        self.version = version
        self.distort = distort

    def start(self, sim: Any) -> None:
        """Begin a run."""
        self.model, self.calibration = Response(), Calibration()
        self.sent: list[Sent] = []
        self.yes = sim.yes.copy()

    def decide(self, sim: Any, due: Iterable[int], now: Minutes) -> list[tuple[int, int]]:
        """Return the (request, volunteer) to ask now, and set when to look again."""
        self._learn(sim, now)
        people = _people(sim, now)
        tasks = [self._task(sim, request, people, now) for request in due]
        known = self.calibration if self.distort is not _nothing else None
        decision = registry.choose(self.version, known).decide(now, tasks, people)
        for task in tasks:
            sim.wake[task.id] = decision.plans[task.id].wake
        for offer in decision.offers:
            asked = _asked(sim, offer.task, people[offer.volunteer], now)
            self.sent.append(Sent(offer.task, now, asked, self._predicted(asked)))
        return [(offer.task, offer.volunteer) for offer in decision.offers]

    def _learn(self, sim: Any, now: Minutes) -> None:
        """Tell the model of new answers; a new yes is that of the last message."""
        new = sim.yes - self.yes
        self.yes = sim.yes.copy()
        waiting = []
        for sent in reversed(self.sent):
            cell = sent.asked.person, sent.asked.kind
            if new[cell] > 0:
                new[cell] -= 1
                self._count(sent, True, now)
            elif sim.declined[sent.request, sent.asked.person]:
                self._count(sent, False, now)
            elif now - sent.at > SILENT_AFTER:
                self._count(sent, None, now)
            else:
                waiting.append(sent)
        self.sent = waiting[::-1]

    def _count(self, sent: Sent, answer: bool | None, now: Minutes) -> None:
        if sent.predicted is not None:
            chance = self.calibration.correct(sent.predicted)
            far = noticed(sent.asked.heard, chance, answer)
            self.calibration.learn(sent.predicted, far, yes=answer is True, at=now)
        self.model.learn(sent.asked, answer, now)

    def _predicted(self, asked: Asked) -> float | None:
        chance = self.model.chance(asked)
        return self.distort(chance) if self.distort else chance

    def _chance(self, asked: Asked) -> float | None:
        predicted = self._predicted(asked)
        return None if predicted is None else self.calibration.correct(predicted)

    def _task(self, sim: Any, request: int, people: dict[int, Volunteer], now: Minutes) -> Task:
        world, due = sim.w, float(sim.w.deadline[request])
        can = world.ok[request] & world.window(now, due)
        free = sim.allowed(request, now)
        chances = {
            person: self._chance(_asked(sim, request, people[person], now))
            for person in can.nonzero()[0].tolist()
        }
        return Task(
            id=request,
            urgency=URGENCY[world.prio[request]],
            opened=float(world.t[request]),
            due=due,
            places=int(world.need[request] - sim.seen[request]),
            windows=_windows(URGENCY[world.prio[request]], now, due),
            prospects=[
                Prospect(person, chance, bool(free[person]), float(world.dist[request, person]))
                for person, chance in chances.items()
                if not sim.offered[request, person]
            ],
            in_time=float(world.in_time(request, due - now)),
            out=self._out(sim, request, people, now),
        )

    def _out(
        self, sim: Any, request: int, people: dict[int, Volunteer], now: Minutes
    ) -> list[float]:
        """For each offer still out the chance that a yes is yet to come."""
        out = (sim.offered[request] & ~sim.declined[request] & (sim.busy <= now)).nonzero()[0]
        found = []
        for person in out.tolist():
            chance = self._chance(_asked(sim, request, people[person], now))
            late = 1 - float(sim.w.in_time(request, now - sim.sent_at[request, person]))
            chance = self.model.usual() if chance is None else chance
            found.append(chance * late / (chance * late + 1 - chance))
        return found


def _people(sim: Any, now: Minutes) -> dict[int, Volunteer]:
    rows = zip(
        sim.last.tolist(), sim.listens(now).tolist(), sim.n7.tolist(), sim.t7.tolist(), strict=True
    )
    return {person: Volunteer(person, *row) for person, row in enumerate(rows)}


def _asked(sim: Any, request: int, person: Volunteer, now: Minutes) -> Asked:
    kind, km = int(sim.w.type[request]), float(sim.w.dist[request, person.id])
    return Asked(person.id, kind, int(now // 60 % 24), km, person.hears)


def _windows(urgency: Urgency, now: Minutes, due: Minutes) -> list[tuple[Minutes, Minutes]]:
    """Urgent messages may come at any hour, others from 7 to 21."""
    if urgency is Urgency.URGENT:
        return [(now, due)]
    days = range(int(now // DAY), int(due // DAY) + 1)
    return [(day * DAY + OPENS, day * DAY + CLOSES) for day in days]


def _nothing(chance: float) -> None:
    """What a model says that is not there."""


def policy() -> Bridge:
    """Return the policy that is on by default."""
    return Bridge(registry.DEFAULT)


def robin() -> Bridge:
    """Return the fallback."""
    return Bridge(registry.FALLBACK)


def nearest() -> Bridge:
    """Return nearest first."""
    return Bridge("nearest-1")


def broadcast() -> Bridge:
    """Return everyone at once."""
    return Bridge("broadcast-1")


def no_model() -> Bridge:
    """Return the default policy, with nothing known of anybody."""
    return Bridge(registry.DEFAULT, _nothing)


def thrice() -> Bridge:
    """Return the default policy, with a model that promises three times too much."""
    return Bridge(registry.DEFAULT, lambda chance: min(3 * chance, 1.0))


def third() -> Bridge:
    """Return the default policy, with a model that promises a third."""
    return Bridge(registry.DEFAULT, lambda chance: chance / 3)


def garbage() -> Bridge:
    """Return the default policy, with a model that says anything, sense or not."""
    noise = random.Random(1)
    return Bridge(
        registry.DEFAULT, lambda _: noise.choice((noise.random(), -1.0, 7.0, float("nan")))
    )
