"""Anybody does anything in any order: whatever comes, these things stay true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.village.test_request_steps import PAYLOADS
from tests.village.town import Town, other
from village import clock
from village.access import Actor
from village.errors import WuzhanError
from village.models import Offer, Place, Task
from village.models.requests import REQUEST_STATES
from village.workflow.offer import LIVE
from village.workflow.request import REQUEST
from village.workflow.request_limits import ENDED

BEGINNINGS = ("submitted", "triage", "dispatching", "assigned", "in_progress", "resolved")
FINAL = ("withdraw", "hand_over", "refer", "reject", "split")
ROWS = {(row.action, source, row.target) for row in REQUEST.rows for source in row.sources}
HELD = {"taken": "accepted", "checked_in": "checked_in", "completed": "completed"}


@dataclass
class Walk:
    """One request of a shared town, and the few people who have to do with it."""

    town: Town
    request_id: UUID
    version: int = 1

    @property
    def people(self) -> tuple[Actor, ...]:
        town = self.town
        return (town.villager, town.head, town.deputy, town.chair)

    # ------------------------------------------------------------------ steps, by two numbers

    def allowed(self, who: int, which: int) -> None:
        """One of the four does something that she may do."""
        actor = self.people[who % 4]
        if actions := [action for action in self.actions(actor) if action not in FINAL]:
            self.take(actor, actions[which % len(actions)])

    def anything(self, who: int, which: int) -> None:
        actions = REQUEST.actions()
        self.take(self.people[who % 4], actions[which % len(actions)])

    def answer(self, who: int, which: int) -> None:
        """Somebody says yes, no, or yes again to an invitation of whatever age."""
        if offers := self.town.offers(self.request_id):
            offer = offers[who % len(offers)]
            say = self.town.decline if which % 3 == 0 else self.town.accept
            self.attempt(lambda: say(offer.id, Actor(offer.person_id, volunteer=True)))

    def work(self, who: int, which: int) -> None:
        """Somebody who has or had a place does her part, or gives it back."""
        if offers := [o for o in self.town.offers(self.request_id) if o.status in MEANT]:
            offer = offers[who % len(offers)]
            town = self.town
            do = (town.check_in, town.complete, town.check_in, town.complete, town.release)
            actor = Actor(offer.person_id, volunteer=True)
            self.attempt(lambda: do[which % len(do)](offer.task_id, actor))

    def jobs(self, who: int, which: int) -> None:
        self.town.work()

    def time(self, who: int, which: int) -> None:
        clock.step(timedelta(hours=(1, 9, 40, 200)[which % 4]))

    def round(self, who: int, which: int) -> None:
        self.town.round(self.request_id)

    def take(self, actor: Actor, action: str) -> None:
        sent = PAYLOADS.get(action, {})
        if action == "route":
            here = self.town.request(self.request_id).station
            sent = {**sent, "station": "sanitation" if here == "public_works" else "public_works"}
        if action == "merge":
            sent = {"into": other(self.town)}
        if action == "dispatch":
            sent = {"task": {"people_needed": 2}}
        self.attempt(lambda: self.town.act(self.request_id, action, actor, **sent))

    def attempt(self, step: Callable[[], Any]) -> None:
        """Take a step that may be refused, but only with a reason of ours."""
        with suppress(WuzhanError):
            step()

    def actions(self, actor: Actor) -> list[str]:
        row = self.town.request(self.request_id)
        seen = self.town.run(lambda session: REQUEST.relations(session, actor, row))
        return REQUEST.allowed_actions(row, seen)

    # ------------------------------------------------------------------ what stays true

    def check(self) -> None:
        self.the_timeline_leads_to_where_it_is()
        tasks = self.town.all(Task, Task.request_id == self.request_id)
        places = self.town.places(self.request_id)
        for task in tasks:
            self.places_and_offers_say_the_same(task, [p for p in places if p.task_id == task.id])
        self.people_are_looked_for_exactly_while_something_is_open(tasks, places)

    def the_timeline_leads_to_where_it_is(self) -> None:
        request, events = self.town.request(self.request_id), self.town.events(self.request_id)
        assert request.status in REQUEST_STATES
        assert request.version == len(events) >= self.version
        assert events[-1].to_status == request.status
        for before, event in pairwise(events):
            assert event.from_status == before.to_status
            assert (event.action, event.from_status, event.to_status) in ROWS
        self.version = request.version

    def places_and_offers_say_the_same(self, task: Task, places: list[Place]) -> None:
        assert len(places) == task.people_needed
        offers = self.town.all(Offer, Offer.task_id == task.id)
        holding = {o.person_id: o.status for o in offers if o.status in MEANT}
        taken = [place for place in places if place.status != "open"]
        assert {place.person_id: HELD[place.status] for place in taken} == holding
        assert len(taken) == len(holding)

    def people_are_looked_for_exactly_while_something_is_open(
        self, tasks: list[Task], places: list[Place]
    ) -> None:
        status = self.town.status(self.request_id)
        live = [task for task in tasks if task.status in ("open", "filled")]
        assert len(live) <= 1
        assert (status == "dispatching") == [task.status for task in live].count("open")
        if status == "assigned":
            (task,) = live
            assert {p.status for p in places if p.task_id == task.id} == {"taken"}

    def is_never_stuck(self) -> None:
        """Left alone for long, it has ended, or an officer can do something about it."""
        for _ in range(4):
            self.town.later(days=30)
        self.check()
        assert self.town.offers(self.request_id, "offered") == []
        if self.town.status(self.request_id) not in ENDED:
            assert [action for actor in self.people[1:] for action in self.actions(actor)]


MEANT = (*LIVE, "completed")
WEIGHTS = {"allowed": 4, "anything": 2, "answer": 4, "work": 4, "jobs": 3, "time": 1, "round": 1}
KINDS = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
STEP = st.tuples(st.sampled_from(KINDS), st.integers(0, 7), st.integers(0, 19))


@pytest.fixture(scope="module")
def crowd(shared_town: Town) -> Town:
    """More people than one request can ask, who never tire."""
    shared_town.helpers = [
        shared_town.volunteer(f"群众{number}", max_open_tasks=20) for number in range(12)
    ]
    return shared_town


@pytest.fixture(scope="module")
def walked() -> Counter[str]:
    """Which steps all walks together have taken."""
    return Counter()


@settings(
    max_examples=40,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # a failure is told as it is; to shrink it takes minutes
)  # fmt: skip
@given(state=st.sampled_from(BEGINNINGS), steps=st.lists(STEP, min_size=20, max_size=30))
def test_whatever_anybody_does_in_any_order(
    crowd: Town, walked: Counter[str], state: str, steps: list[tuple[str, int, int]]
) -> None:
    walk = Walk(crowd, crowd.bring(state))
    crowd.work()
    for kind, who, which in steps:
        getattr(walk, kind)(who, which)
        walk.check()
    walked.update(event.action for event in crowd.events(walk.request_id))
    walk.is_never_stuck()


def test_the_walks_have_been_where_it_is_difficult(walked: Counter[str]) -> None:
    assert {"dispatch", "fill", "start", "submit_result", "resolve"} <= set(walked)
