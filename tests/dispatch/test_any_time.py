"""Anybody does anything at any time, and rounds run between: what dispatch promises stays true."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from tests.dispatch.kept_out import NEXT, settle
from tests.dispatch.steps import DAY, WEEK, WEEK_CAP, Steps, places_held
from tests.village.town import VILLAGE, Town
from village import clock
from village.models import (
    DispatchSettings,
    DueTime,
    Event,
    Offer,
    Outbox,
    Request,
    RoleGrant,
    Volunteer,
)

EXAMPLES = int(os.environ.get("WUZHAN_ANY_TIME_EXAMPLES", "6"))
STEPS = 50


class Life(Steps):
    """What stays true after each step, and at the end of each walk."""

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
        for place in self.town.run(places_held):
            if place.busy is not None:
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


def _since(times: list[datetime], since: datetime, until: datetime) -> int:
    return sum(since < at <= until for at in times)


@pytest.fixture(scope="module")
def life(shared_town: Town) -> type[Life]:
    """Nine people of the village at two stations, three of the next one, and who is kept out."""
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
    Life.tired = settle(town)
    facts = {"role": "mediator", "unit_code": VILLAGE, "station": "mediation"}
    for who in Life.crowd[:2]:
        town.add(RoleGrant(person_id=who.person_id, valid_from=clock.now() - DAY, **facts))
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
