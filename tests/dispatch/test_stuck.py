"""A policy without a model goes wider where nobody near can be asked in time, and not before."""

from __future__ import annotations

import math
from datetime import timedelta
from uuid import UUID

import pytest

from dispatch.policies import registry
from dispatch.policies.common import Plan, Prospect, Task, Urgency, Volunteer
from tests.village.town import VILLAGE, Town
from village import clock, wishes
from village.models import DispatchSettings

HOUR = 60.0
NO_MODEL = ("robin_rested-1", "nearest-1", "broadcast-1")
OWN, OTHER, NEIGHBOUR = Prospect(0, circle=0), Prospect(1, circle=1), Prospect(2, circle=2)
CAPPED = Prospect(0, circle=0, now=False)


def plan(version: str, *prospects: Prospect, at: float = 0.0, **facts: object) -> Plan:
    """Look at a task of six hours, `at` so many minutes after it was sent out."""
    usual = {"urgency": Urgency.TODAY, "opened": 0.0, "due": 6 * HOUR, "places": 1, "widest": 2}
    task = Task(id=7, prospects=prospects, **(usual | {"windows": [(0.0, 24 * HOUR)]} | facts))
    people = {n: Volunteer(n) for n in range(3)} | {9: Volunteer(9, at, hears=0.0)}
    return registry.load(version).decide(at, [task], people).plans[7]


def asked(found: Plan) -> list[object]:
    return [offer.volunteer for offer in found.offers]


@pytest.mark.parametrize("version", NO_MODEL)
def test_who_has_had_her_day_s_messages_is_not_waited_for_until_it_is_too_late(
    version: str,
) -> None:
    """Two circles have anybody: each has half of the six hours."""
    assert asked(plan(version, CAPPED, NEIGHBOUR, at=2 * HOUR)) == []
    late = plan(version, CAPPED, NEIGHBOUR, at=3 * HOUR + 1)
    assert (asked(late), late.circle) == ([2], 2)


@pytest.mark.parametrize("version", NO_MODEL)
def test_the_village_s_other_stations_come_before_the_next_village(version: str) -> None:
    assert asked(plan(version, CAPPED, OTHER, NEIGHBOUR, at=2 * HOUR + 1)) == [1]


@pytest.mark.parametrize("version", NO_MODEL)
def test_in_danger_nobody_is_waited_for(version: str) -> None:
    found = plan(version, CAPPED, NEIGHBOUR, urgency=Urgency.URGENT)
    assert (asked(found), found.circle) == ([2], 2)


@pytest.mark.parametrize("version", NO_MODEL)
def test_nobody_goes_wider_than_the_heads_allow_or_than_it_helps(version: str) -> None:
    assert plan(version, CAPPED, NEIGHBOUR, at=5 * HOUR, widest=1).circle == 0
    asleep = Prospect(2, circle=2, now=False)
    assert plan(version, CAPPED, asleep, at=5 * HOUR).circle == 0
    assert asked(plan(version, OWN, NEIGHBOUR, at=5 * HOUR))[0] == 0


def test_who_will_be_rested_in_time_is_waited_for_and_others_are_not() -> None:
    """She was asked just now, and is rested after 220 minutes."""
    resting = Prospect(9, circle=0)
    assert asked(plan("robin_rested-1", resting, NEIGHBOUR)) == [2]
    long = plan("robin_rested-1", resting, NEIGHBOUR, due=12 * HOUR)
    assert (asked(long), long.circle) == ([], 0)


def test_robin_asks_nobody_twice_at_once_even_in_danger() -> None:
    just_asked = Prospect(9, circle=0)
    danger = {"urgency": Urgency.URGENT, "due": HOUR}
    assert asked(plan("robin_rested-1", just_asked, **danger)) == []
    assert asked(plan("robin_rested-1", just_asked, NEIGHBOUR, **danger)) == [2]
    settings = registry.load("robin_rested-1").settings["rested"]
    assert settings == registry.load("paced_strict-1").settings["rested"]
    assert math.isclose(settings["urgent"], 0.2)


# ---------------------------------------------------------------- on the real database


@pytest.fixture
def stuck(town: Town) -> UUID:
    """All of the own village leave until tomorrow; the next one would come."""
    town.add(DispatchSettings(village_code=VILLAGE, policy="robin_rested", set_at=clock.now()))
    town.neighbour("t-beishan")
    until = clock.now() + timedelta(days=1)
    for helper in town.helpers:
        town.run(lambda s, w=helper: wishes.put(s, w, {"rest_until": until}, if_match=None))
    town.volunteer("邻村", village="t-beishan", next_village=True, next_village_km=4.0)
    return town.bring("dispatching", people=1, priority="P2")


def test_a_search_of_whom_all_near_are_tired_comes_to_the_next_village(
    town: Town, stuck: UUID
) -> None:
    town.work()
    assert town.task(stuck).starving
    for _ in range(200):
        (due,) = town.due(stuck, "offer_round")
        clock.step(due - clock.now())
        town.work()
        if offers := town.offers(stuck):
            break
    assert [offer.circle for offer in offers] == [2]
    assert [event.action for event in town.events(stuck)].count("widen") == 1
