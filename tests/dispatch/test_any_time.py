"""Anybody does anything at any time, and rounds run between: what dispatch promises stays true."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dispatch import invariants
from tests.village.town import HANDLERS, STATION, VILLAGE, Town
from village import availability, circles, clock, outbox, reserve, rests, wishes
from village.access import Actor
from village.db import transaction
from village.errors import WuzhanError
from village.models import (
    DispatchSettings,
    DueTime,
    Event,
    Offer,
    Outbox,
    Place,
    Request,
    Task,
    Volunteer,
)

NEXT = "t-beishan"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
DAY_CAP, WEEK_CAP = 4, 14
NUMBER = st.integers(0, 59)
EXAMPLES = int(os.environ.get("WUZHAN_ANY_TIME_EXAMPLES", "6"))
STEPS = 50


class Life(RuleBasedStateMachine):
    """A village and its neighbour; each walk goes on where the one before has ended."""

    town: Town
    crowd: list[Actor]
    done: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        nine = (clock.now() + 8 * DAY).astimezone(clock.SHANGHAI).replace(hour=9, minute=0)
        clock.step(nine - clock.now())  # nobody is tired of the walk before
        self.known = {offer.id for offer in self.town.all(Offer)}
        self.day_cap = DAY_CAP
        self.asked_to_do_less()

    # ------------------------------------------------------------------ what the station does

    @initialize()
    def begin(self) -> None:
        """Something is looked for from the start, the neighbours are asked, somebody is at work."""
        self.only_neighbours_have_time()
        for which, priority in enumerate(("P3", "P1", "P2")):
            self.send_out(priority, 1 + which % 2, which)
        self.town.work()
        self.say_yes(0, None)
        self.come_or_not(0, "check_in")

    def only_neighbours_have_time(self) -> None:
        """Without it, whether a walk gets as far as the next village is chance."""
        village = self.crowd[:-3]
        for who in village:
            self.leave_in_peace(who, clock.now() + DAY)
        self.send_out("P3", 1, 1)
        self.say_how(0, "ask_next")
        self.town.work()
        for who in village:
            self.leave_in_peace(who, None)

    @rule(
        priority=st.sampled_from(("P1", "P2", "P3", "P3")), people=st.integers(1, 3), which=NUMBER
    )
    def send_out(self, priority: str, people: int, which: int) -> None:
        if len(self.searching()) > 6:
            return
        starts = clock.now() + (which % 3) * HOUR
        length = timedelta(hours=2) if which % 2 else timedelta(days=3)
        task = {"people_needed": people, "starts_at": starts, "ends_at": starts + length}
        request_id = self.town.submit(priority=priority)
        self.town.act(request_id, "accept")
        self.town.act(request_id, "dispatch", task=task)

    @rule(which=NUMBER, action=st.sampled_from(("recall", "withdraw", "go_ahead", "send_back")))
    def decide(self, which: int, action: str) -> None:
        requests = self.town.all(Request, Request.status.in_(("dispatching", "checking")))
        if requests:
            who = self.town.villager if action == "withdraw" else self.town.head
            sent = {"reason": "还差一点"} if action == "send_back" else {}
            self.may(lambda: self.town.act(_of(requests, which).id, action, who, **sent))

    @rule(which=NUMBER, what=st.sampled_from(("hold", "let_go", "ask_next", "rest", "no_rest")))
    def say_how(self, which: int, what: str) -> None:
        """A head's word on a task's circles, or on one of her people's rest."""
        if what.endswith("rest"):
            until = clock.now() + 5 * HOUR if what == "rest" else None
            self.leave_in_peace(_of(self.crowd[:6], which), until)
        elif tasks := self.searching():
            task_id, head = _of(tasks, which).id, self.town.head
            self.may(lambda: self.town.run(lambda s: HEAD_SAYS[what](s, head, task_id)))

    def leave_in_peace(self, who: Actor, until: datetime | None) -> None:
        give = (self.town.head, VILLAGE, STATION, who.person_id, until)
        self.may(lambda: self.town.run(lambda s: rests.give(s, *give)))

    @rule(cap=st.integers(0, DAY_CAP))
    def allow_fewer_messages(self, cap: int) -> None:
        self.day_cap = cap
        change = sa.update(DispatchSettings).values(day_cap=cap, set_at=clock.now())
        self.town.run(lambda session: session.execute(change))

    # ------------------------------------------------------------------ what volunteers do

    @rule(which=NUMBER, hours=st.none() | st.integers(0, 5))
    def say_yes(self, which: int, hours: int | None) -> None:
        if offers := self.offers("offered", "expired", "accepted", "no_show"):
            offer = _of(offers, which)
            arrival = None if hours is None else clock.now() + hours * HOUR
            self.may(lambda: self.town.accept(offer.id, _who(offer), arrival=arrival))

    @rule(which=NUMBER)
    def say_no(self, which: int) -> None:
        if offers := self.offers("offered", "expired"):
            offer = _of(offers, which)
            self.may(lambda: self.town.decline(offer.id, _who(offer)))

    @rule(which=NUMBER, does=st.sampled_from(("check_in", "check_in", "release")))
    def come_or_not(self, which: int, does: str) -> None:
        if offers := self.offers("accepted"):
            offer = _of(offers, which)
            self.may(lambda: getattr(self.town, does)(offer.task_id, _who(offer)))

    @rule(which=NUMBER, does=st.sampled_from(("complete", "complete", "release")))
    def finish_or_not(self, which: int, does: str) -> None:
        if offers := self.offers("checked_in"):
            offer = _of(offers, which)
            self.may(lambda: getattr(self.town, does)(offer.task_id, _who(offer)))

    @rule(which=NUMBER)
    def stand_by(self, which: int) -> None:
        if offers := self.offers("withdrawn", "expired"):
            offer = _of(offers, which)
            self.may(lambda: self.town.run(lambda s: reserve.stand_by(s, _who(offer), offer.id)))

    @rule(which=NUMBER, hours=st.sampled_from((0, 0, 3, 30)), most=st.integers(0, 3))
    def wish(self, which: int, hours: int, most: int) -> None:
        who, until = _of(self.crowd, which), clock.now() + hours * HOUR if hours else None
        times = {"max_open_tasks": most, "quiet_hours": (720, 840) if most == 1 else None}
        self.town.run(lambda s: wishes.put(s, who, {"rest_until": until}, if_match=None))
        self.town.run(lambda s: availability.put(s, who, times, if_match=None))

    # ------------------------------------------------------------------ time and machines

    @rule()
    def work(self) -> None:
        self.town.work()

    @rule(count=st.integers(1, 3))
    def a_few_jobs(self, count: int) -> None:
        """Workers are slow, or have died: only some of what is due is done."""
        with transaction(self.town.engine) as session:
            outbox.sweep_deadlines(session)
        for _ in range(count):
            for row in self.town.run(lambda s: outbox.take(s, limit=1)):
                outbox.run(self.town, row.id, HANDLERS)

    @rule(which=NUMBER)
    def a_round_that_comes_twice(self, which: int) -> None:
        if tasks := self.searching():
            self.town.round(_of(tasks, which).request_id)

    @rule(minutes=st.sampled_from((1, 11, 31, 31, 61, 130, 400, 900)), idle=st.booleans())
    def time_goes_by(self, minutes: int, idle: bool) -> None:
        clock.step(timedelta(minutes=minutes))
        if not idle:
            self.town.work()

    # ------------------------------------------------------------------ what stays true

    @invariant()
    def nothing_is_broken(self) -> None:
        with transaction(self.town.engine) as session:
            assert invariants.broken(session) == {}

    @invariant()
    def who_is_asked_may_be_asked(self) -> None:
        fresh = self.town.all(Offer, Offer.id.not_in(self.known))
        for offer in fresh:
            self.check(offer)
        self.known |= {offer.id for offer in fresh}

    def check(self, offer: Offer) -> None:
        volunteer = self.town.run(lambda s: s.get_one(Volunteer, offer.person_id))
        (request,) = self.town.all(Request, Request.id == offer.request_id)
        now = offer.created_at.astimezone(clock.SHANGHAI)
        minute = now.hour * 60 + now.minute
        assert request.requester_id != offer.person_id
        assert volunteer.rest_until is None or volunteer.rest_until <= now
        assert request.priority == "P1" or 480 <= minute < 1200
        assert (
            volunteer.quiet_from is None or not volunteer.quiet_from <= minute < volunteer.quiet_to
        )
        times = self.asked(offer.person_id)
        assert _since(times, now - DAY, now) <= self.day_cap
        assert _since(times, now - WEEK, now) <= WEEK_CAP
        self.done[f"circle {offer.circle}"] += 1

    def asked(self, person_id: UUID) -> list[datetime]:
        """When she was asked by any message: an invitation, or as one of the reserve."""
        offers = self.town.all(Offer, Offer.person_id == person_id)
        ids = [offer.id for offer in offers]
        called = self.town.all(Event, Event.subject_id.in_(ids), Event.action == "call_up")
        return [offer.created_at for offer in offers] + [event.at for event in called]

    @invariant()
    def nobody_is_at_two_places_at_once(self) -> None:
        held: dict[UUID, list[Any]] = {}
        for place in self.town.run(_places):
            held.setdefault(place.person_id, []).append(place.busy)
        for spans in held.values():
            spans.sort(key=lambda span: span.lower)
            assert all(a.upper <= b.lower for a, b in pairwise(spans))

    @invariant()
    def what_is_open_is_looked_at_again_or_seen_by_somebody(self) -> None:
        for task in self.searching():
            due = self.town.due(task.request_id, "offer_round")
            assert len(due) <= 1
            if not self.at_work(task.request_id):
                (request,) = self.town.all(Request, Request.id == task.request_id)
                assert due or (request.no_volunteer and task.starving)
                assert not due or task.next_wake is None or due[0] <= task.next_wake

    def at_work(self, request_id: UUID) -> bool:
        """Tell whether a job for it is on its way."""
        dues = self.town.all(DueTime, DueTime.request_id == request_id)
        ids = [request_id, *(due.id for due in dues)]
        waiting = Outbox.subject_id.in_(ids) & Outbox.done_at.is_(None)
        return bool(self.town.all(Outbox, waiting, Outbox.queue == "dispatch"))

    # ------------------------------------------------------------------ the end of a walk

    def teardown(self) -> None:
        """Left alone, every search ends, or somebody knows that it is short."""
        for _ in range(3):
            self.town.later(days=4)
        for task in self.searching():
            (request,) = self.town.all(Request, Request.id == task.request_id)
            assert request.no_volunteer
        assert self.offers("offered") == []
        self.nothing_is_broken()
        self.done.update(event.action for event in self.town.all(Event, Event.machine != "x"))
        for request in self.town.all(Request, Request.status.not_in(("withdrawn", "resolved"))):
            self.may(
                lambda request=request: self.town.act(request.id, "withdraw", self.town.villager)
            )  # type: ignore[misc]
        self.town.work()

    # ------------------------------------------------------------------ helpers

    def asked_to_do_less(self) -> None:
        """Everybody begins with her usual wishes."""
        plain = {"rest_until": None, "rest_by": None, "quiet_from": None, "quiet_to": None}
        change = sa.update(Volunteer).values(max_open_tasks=3, **plain)
        self.town.run(lambda session: session.execute(change))
        self.allow_fewer_messages(DAY_CAP)

    def searching(self) -> list[Task]:
        return self.town.all(Task, Task.status == "open")

    def offers(self, *states: str) -> list[Offer]:
        return self.town.all(Offer, Offer.status.in_(states))

    def may(self, step: Any) -> None:
        """Take a step that may be refused, but only with a reason of ours."""
        with suppress(WuzhanError):
            step()


HEAD_SAYS = {
    "hold": partial(circles.hold, held=True),
    "let_go": partial(circles.hold, held=False),
    "ask_next": partial(circles.widen, circle="neighbours"),
}


def _of(things: list[Any], which: int) -> Any:
    return things[which % len(things)]


def _who(offer: Offer) -> Actor:
    return Actor(offer.person_id, volunteer=True)


def _since(times: list[datetime], since: datetime, until: datetime) -> int:
    return sum(since < at <= until for at in times)


def _places(session: Any) -> list[Place]:
    held = Place.status.in_(("taken", "checked_in")) & Place.busy.is_not(None)
    return list(session.scalars(sa.select(Place).where(held)))


@pytest.fixture(scope="module")
def life(shared_town: Town) -> type[Life]:
    """Nine people of the village at two stations, and three of the next one."""
    town = shared_town
    town.neighbour(NEXT)
    lends = {"village": NEXT, "next_village": True, "next_village_km": 4.0}
    town.add(DispatchSettings(village_code=VILLAGE, set_at=clock.now()))
    Life.town, Life.done = town, Counter()
    Life.crowd = [
        *town.helpers,
        *(town.volunteer(f"本站{n}") for n in range(3)),
        *(town.volunteer(f"别站{n}", station="culture") for n in range(3)),
        *(town.volunteer(f"邻村{n}", **lends) for n in range(3)),
    ]
    return Life


def test_whatever_anybody_does_in_any_order(life: type[Life]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        life,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
    assert {"accept", "decline", "expire", "check_in", "fill", "circle 2"} <= set(life.done)
