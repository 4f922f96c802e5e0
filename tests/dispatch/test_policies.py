from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calibration import Calibration
from dispatch.policies import paced, registry
from dispatch.policies.common import Decision, Prospect, Task, Urgency, Volunteer

HOUR = 60.0


def people(*volunteers: Volunteer) -> dict[int, Volunteer]:
    return {volunteer.id: volunteer for volunteer in volunteers}


def crowd(count: int) -> dict[int, Volunteer]:
    return people(*(Volunteer(number) for number in range(count)))


def task(number: int = 1, *prospects: Prospect, **given: object) -> Task:
    facts = {
        "urgency": Urgency.TODAY,
        "opened": 0.0,
        "due": 5 * HOUR,
        "places": 1,
        "windows": [(0.0, 24 * HOUR)],
    }
    return Task(id=number, prospects=prospects, **(facts | given))


def asked(decision: Decision) -> list[int]:
    return [offer.volunteer for offer in decision.offers]


def decide(version: str, tasks: list[Task], volunteers: dict[int, Volunteer]) -> Decision:
    return registry.load(version).decide(0.0, tasks, volunteers)


@pytest.mark.parametrize("version", registry.versions())
def test_every_version_asks_somebody_and_looks_again(version: str) -> None:
    decision = decide(version, [task(1, Prospect(0), Prospect(1))], crowd(2))
    assert asked(decision)
    assert 0 < decision.next_wake < 24 * HOUR


@pytest.mark.parametrize("version", registry.versions())
def test_only_broadcast_asks_more_people_than_needed_when_there_is_time(version: str) -> None:
    prospects = [Prospect(number, 0.4) for number in range(9)]
    decision = decide(version, [task(1, *prospects)], crowd(9))
    assert len(asked(decision)) == (9 if version.startswith("broadcast") else 1)


@pytest.mark.parametrize("version", registry.versions())
def test_the_older_of_two_equal_tasks_gets_the_only_person(version: str) -> None:
    younger = task(1, Prospect(0), opened=-1.0, due=2 * HOUR)
    older = task(2, Prospect(0), opened=-2.0, due=9 * HOUR)
    decision = decide(version, [younger, older], crowd(1))
    assert [offer.task for offer in decision.offers] == [2]


@pytest.mark.parametrize("version", registry.versions())
def test_an_urgent_task_chooses_before_an_older_one(version: str) -> None:
    urgent = task(1, Prospect(0), opened=-1.0, urgency=Urgency.URGENT, due=HOUR)
    older = task(2, Prospect(0), opened=-9 * HOUR)
    assert [offer.task for offer in decide(version, [older, urgent], crowd(1)).offers] == [1]


@pytest.mark.parametrize("version", registry.versions())
def test_a_task_with_more_time_catches_up_with_those_of_today_after_a_day(version: str) -> None:
    today = task(1, Prospect(0), opened=-1.0)
    waiting = task(2, Prospect(0), opened=-25 * HOUR, urgency=Urgency.LATER, due=9 * HOUR)
    assert [offer.task for offer in decide(version, [today, waiting], crowd(1)).offers] == [2]


@pytest.mark.parametrize("version", registry.versions())
def test_nobody_is_asked_for_a_task_that_is_over_or_full(version: str) -> None:
    over, full = task(1, Prospect(0), due=0.0), task(2, Prospect(0), places=0)
    assert not decide(version, [over, full], crowd(1)).plans


@pytest.mark.parametrize("version", registry.versions())
def test_those_who_may_not_be_asked_now_are_not(version: str) -> None:
    assert not asked(decide(version, [task(1, Prospect(0, now=False))], crowd(1)))


@pytest.mark.parametrize("version", registry.versions())
def test_no_policy_goes_beyond_the_circle_that_the_heads_allow(version: str) -> None:
    neighbour = Prospect(0, 0.5, circle=2)
    held = task(1, neighbour, rounds=9, widest=1)
    assert not asked(decide(version, [held], crowd(1)))
    allowed = task(1, neighbour, rounds=9, widest=2)
    assert asked(decide(version, [allowed], crowd(1))) == [0]


@pytest.mark.parametrize("version", ["paced_strict-1", "robin_rested-1"])
def test_the_resting_are_left_in_peace_unless_it_is_urgent(version: str) -> None:
    resting = people(Volunteer(0, -HOUR, hears=0.3))
    assert not asked(decide(version, [task(1, Prospect(0))], resting))
    urgent = task(1, Prospect(0), urgency=Urgency.URGENT, due=HOUR)
    assert asked(decide(version, [urgent], resting)) == [0]


@pytest.mark.parametrize("version", registry.versions())
def test_a_station_without_anybody_left_is_passed_over(version: str) -> None:
    assert asked(decide(version, [task(1, Prospect(0, 0.5, circle=1), widest=2)], crowd(1))) == [0]


def test_a_policy_that_needs_a_model_gives_way_where_there_is_none_or_a_useless_one() -> None:
    assert registry.choose("paced_strict-1", Calibration()).version == "paced_strict-1"
    assert registry.choose("paced_strict-1", None).version == registry.FALLBACK
    assert registry.choose("paced_strict-1", Calibration(stretch=0.1)).version == registry.FALLBACK
    assert registry.choose("nearest-1", None).version == "nearest-1"


def storm(tasks: int) -> list[Task]:
    """Each task could have one person of its own, and would rather have the same one."""
    return [
        task(number, Prospect(0, 0.9), Prospect(number, 0.4), opened=float(number))
        for number in range(1, tasks + 1)
    ]


def test_in_a_storm_each_task_spares_whom_another_one_needs() -> None:
    few, many = storm(20), storm(21)
    many[-1] = task(21, Prospect(0, 0.9), opened=21.0)
    assert asked(decide("paced_strict", few, crowd(30)))[:2] == [0, 2]
    assert asked(decide("paced_strict", many, crowd(30))) == [*range(1, 21), 0]


def test_a_name_means_its_newest_version() -> None:
    assert registry.load("paced_strict") == registry.load(registry.DEFAULT)
    assert registry.load("nearest").version == "nearest-1"
    with pytest.raises(KeyError, match="best"):
        registry.load("best")


def test_robin_asks_the_longest_unasked() -> None:
    crew = people(Volunteer(0, -500), Volunteer(1, -9000), Volunteer(2, -700))
    found = decide("robin_rested-1", [task(1, *map(Prospect, range(3)), places=2)], crew)
    assert asked(found) == [1, 2]


def test_nearest_asks_the_nearest() -> None:
    two = task(1, Prospect(0, km=2.0), Prospect(1, km=0.3))
    assert asked(decide("nearest-1", [two], crowd(2))) == [1]


def test_paced_asks_in_bigger_waves_when_time_is_short() -> None:
    prospects = [Prospect(number, 0.4) for number in range(20)]
    waves = [
        len(asked(decide("paced_strict-1", [task(1, *prospects, due=due)], crowd(20))))
        for due in (6 * HOUR, 75.0, 45.0, 30.0)
    ]
    assert waves == sorted(waves)
    assert waves[0] == 1
    assert waves[-1] >= 6


def test_paced_asks_nobody_more_while_those_out_are_likely_enough() -> None:
    waiting = task(1, Prospect(0, 0.9), out=[0.9, 0.9])
    assert not asked(decide("paced_strict-1", [waiting], crowd(1)))
    assert asked(decide("paced_strict-1", [task(1, Prospect(0, 0.9), out=[0.3])], crowd(1))) == [0]


def test_paced_prefers_the_willing_then_the_little_used() -> None:
    both = task(1, Prospect(0, 0.5), Prospect(1, 0.4))
    assert asked(decide("paced_strict-1", [both], crowd(2))) == [0]
    tired = people(Volunteer(0, messages=9, tasks=3), Volunteer(1))
    assert asked(decide("paced_strict-1", [both], tired)) == [1]


def test_paced_goes_to_the_next_village_only_where_the_own_would_not_do() -> None:
    own = [Prospect(number, 0.6) for number in range(5)]
    neighbour = Prospect(9, 0.95, circle=2)
    volunteers = crowd(10)
    enough = decide("paced_strict-1", [task(1, *own, neighbour, widest=2)], volunteers)
    assert enough.plans[1].circle == 0
    nearly = [Prospect(number, 0.7) for number in range(2)]
    likely = decide("paced_strict-1", [task(1, *nearly, neighbour, widest=2)], volunteers)
    assert likely.plans[1].circle == 0
    few = decide("paced_strict-1", [task(1, own[0], neighbour, widest=2)], volunteers)
    assert few.plans[1].circle == 2


@pytest.mark.parametrize("chance", [math.nan, -1.0, 7.0, math.inf])
def test_paced_takes_nonsense_for_no_knowledge(chance: float) -> None:
    found = decide("paced_strict-1", [task(1, Prospect(0, chance), Prospect(1, 0.6))], crowd(2))
    assert asked(found) == [1]


def test_paced_knows_the_chance_that_all_places_are_filled() -> None:
    chances = [0.2, 0.5, 0.9, 0.35]
    exact = 0.0
    for answers in itertools.product((0, 1), repeat=4):
        if sum(answers) >= 2:
            exact += math.prod(
                chance if yes else 1 - chance for chance, yes in zip(chances, answers, strict=True)
            )
    assert paced.Filled(2, chances).all == pytest.approx(exact)


NONSENSE = (None, math.nan, -1.0, 7.0, math.inf, 0.0, 1.0)


def any_chance(rng: random.Random) -> float | None:
    return rng.choice(NONSENSE) if rng.random() < 0.2 else rng.random()


def any_tasks(rng: random.Random, tasks: int = 8, size: int = 12) -> list[Task]:
    return [
        task(
            number,
            *(
                Prospect(
                    person,
                    any_chance(rng),
                    rng.random() < 0.7,
                    rng.random() * 4,
                    rng.choice((0, 1, 2)),
                )
                for person in rng.sample(range(size), rng.randint(0, 12))
            ),
            urgency=rng.choice(list(Urgency)),
            opened=-rng.random() * 3000,
            due=rng.uniform(-60, 3000),
            places=rng.randint(0, 4),
            windows=rng.choice([[(0.0, 24 * HOUR)], [(0.0, 20.0), (500.0, 900.0)], []]),
            out=[rng.random() for _ in range(rng.choice((0, 0, 1, 3)))],
            rounds=rng.randint(0, 3),
            widest=rng.randint(0, 2),
        )
        for number in range(rng.randint(0, tasks))
    ]


def anybody(rng: random.Random, size: int = 12) -> dict[int, Volunteer]:
    """People who were just asked, long ago or never."""
    return people(
        *(
            Volunteer(
                number,
                rng.choice((-math.inf, -rng.random() * 9999)),
                rng.random(),
                rng.randint(0, 14),
                rng.randint(0, 9),
            )
            for number in range(size)
        )
    )


def assert_lawful(tasks: list[Task], decision: Decision) -> None:
    """Nobody twice; only who may be asked now, in the circles that the heads allow."""
    assert len(set(asked(decision))) == len(asked(decision))
    by_id = {one.id: one for one in tasks}
    assert decision.plans.keys() == {one.id for one in tasks if one.due > 0 and one.places > 0}
    for offer in decision.offers:
        mine = {one.volunteer: one for one in by_id[offer.task].prospects}[offer.volunteer]
        assert mine.now
        assert (mine.circle, offer.circle <= by_id[offer.task].widest) == (offer.circle, True)
    assert all(0 < plan.wake < math.inf for plan in decision.plans.values())


def wants(one: Task, decision: Decision, crowd: dict[int, Volunteer], version: str) -> set[int]:
    """Who could still be asked for a task that looks for people and has got nobody."""
    plan = decision.plans.get(one.id)
    if plan is None or plan.offers or one.out:
        return set()
    rested = registry.load(version).settings.get("rested", {}).get(one.urgency, 0.0)
    return {
        each.volunteer
        for each in one.prospects
        if each.now and each.circle <= plan.circle and crowd[each.volunteer].hears >= rested
    }


@pytest.mark.parametrize("size", [12, 60])
@given(seed=st.integers(0, 10**9), version=st.sampled_from(registry.versions()))
def test_whatever_the_tasks_the_decision_is_lawful_and_the_same_again(
    size: int, seed: int, version: str
) -> None:
    rng = random.Random(seed)
    volunteers = anybody(rng, size)
    tasks = any_tasks(rng, size // 2, size)
    decision = decide(version, tasks, volunteers)
    assert_lawful(tasks, decision)
    assert decision == decide(version, tasks, volunteers)
    assert decision == decide(version, tasks[::-1], dict(reversed(volunteers.items())))


@pytest.mark.parametrize("size", [12, 60])
@given(seed=st.integers(0, 10**9), version=st.sampled_from(registry.versions()))
def test_no_older_task_waits_for_somebody_who_is_given_to_a_younger_one_of_its_urgency(
    size: int, seed: int, version: str
) -> None:
    rng = random.Random(seed)
    volunteers = anybody(rng, size)
    tasks = any_tasks(rng, size // 2, size)
    decision = decide(version, tasks, volunteers)
    given_to = {offer.volunteer: offer.task for offer in decision.offers}
    by_id = {one.id: one for one in tasks}
    for older in tasks:
        for person in wants(older, decision, volunteers, version):
            other = by_id[given_to[person]]  # who could be asked has gone to another task
            assert other.opened <= older.opened or other.urgency != older.urgency


@pytest.mark.parametrize("version", registry.versions())
def test_where_the_head_says_so_who_is_free_now_is_asked_farther_away(version: str) -> None:
    own = [Prospect(number, 0.4, now=False) for number in range(8)]
    next_village = [Prospect(number, 0.4, circle=2) for number in range(8, 13)]
    facts = {"rounds": 1, "widest": 2, "due": 30 * HOUR, "urgency": Urgency.LATER}
    waits = task(1, *own, *next_village, **facts)
    assert asked(decide(version, [waits], crowd(13))) == []
    told = task(1, *own, *next_village, **facts, least=2)
    assert asked(decide(version, [told], crowd(13)))
