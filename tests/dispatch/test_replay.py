"""Recorded rounds decided again: by their own policy, by another, and what is known of that."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dispatch import record, replayed
from dispatch.explore import able, explore, propensity, seed_of
from dispatch.policies import registry
from dispatch.policies.common import Prospect, Task, Urgency, Volunteer
from dispatch.replay import Replayed, ReplayError, Span, add, replay
from tests.village.town import VILLAGE, Town
from village import clock
from village.access import Actor
from village.models import DispatchSettings, Offer, Round

DAY = date(2026, 11, 25)
SPAN = Span(DAY, DAY + timedelta(days=1))


@pytest.fixture
def lived(town: Town) -> Town:
    """A day in a village: some are asked, some answer, the station has chosen its policy."""
    for number in range(4):
        town.volunteer(f"群众{number}")
    for policy in ("paced_strict-1", "robin_rested-1"):
        chosen = sa.delete(DispatchSettings)
        town.run(lambda session, old=chosen: session.execute(old))
        town.add(DispatchSettings(village_code=VILLAGE, policy=policy, set_at=clock.now()))
        for people in (1, 2):
            town.bring("dispatching", people=people)
        town.work()
        for offer in town.all(Offer, Offer.status == "offered")[::2]:
            town.decline(offer.id, Actor(offer.person_id, volunteer=True))
        town.later(hours=3)
    return town


def test_every_decision_comes_out_again_whatever_the_policy_was(lived: Town) -> None:
    found = lived.run(lambda session: replay(session, SPAN, "nearest"))
    assert {one.policy for one in lived.all(Round)} == {"paced_strict-1", "robin_rested-1"}
    assert found.decisions == len({one.decision_id for one in lived.all(Round)}) > 4
    assert (found.identical, found.unknown) == (found.decisions, {})


def test_a_round_that_was_changed_does_not_come_out_again(lived: Town) -> None:
    asked = next(one for one in lived.all(Round) if one.plan["offers"])
    other = sa.update(Round).where(Round.id == asked.id).values(plan={"offers": []})
    lived.run(lambda session: session.execute(other))
    found = lived.run(lambda session: replay(session, SPAN, "nearest"))
    assert found.identical == found.decisions - 1


def test_a_policy_that_is_gone_is_named_and_not_made_again(lived: Town) -> None:
    lived.run(lambda session: session.execute(sa.update(Round).values(policy="older-1")))
    found = lived.run(lambda session: replay(session, SPAN, "nearest"))
    assert found.unknown == {"older-1": found.decisions}
    assert "Not there any more: older-1" in replayed.text(found, SPAN)


def test_what_was_done_is_counted_as_it_was(lived: Town) -> None:
    found = lived.run(lambda session: replay(session, SPAN, "broadcast"))
    offers = lived.all(Offer)
    assert set(found.made.asked) == {(offer.task_id, offer.person_id) for offer in offers}
    told = [one for one in offers if one.said_yes is not None or one.silent_at is not None]
    assert found.sums()["known"] == len(told) > 0
    assert found.sums()["yes"] == 0
    assert len(found.other.asked) > len(offers)


def test_by_the_same_policy_everybody_is_asked_again(lived: Town) -> None:
    keep = sa.delete(Round).where(Round.policy != "robin_rested-1")
    lived.run(lambda session: session.execute(keep))
    found = lived.run(lambda session: replay(session, SPAN, "robin_rested"))
    assert found.other.asked == found.made.asked
    assert found.interval("both", "made") == (1, 1, 1)
    assert found.sums()["weight"] == pytest.approx(found.sums()["known"], rel=0.01)


def test_the_text_holds_a_table_a_chart_and_its_limits(lived: Town) -> None:
    found = lived.run(lambda session: replay(session, SPAN, "nearest"))
    said = replayed.text(found, SPAN)
    assert f"{found.decisions} of {found.decisions} come out as they were" in said
    assert said.count("nearest-1") >= 3
    assert "█" in said
    assert "Fewer than 30 answers" in said
    assert "cannot tell" in said


def test_only_the_days_and_the_village_that_were_asked_for_are_replayed(lived: Town) -> None:
    later = Span(DAY + timedelta(days=3), DAY + timedelta(days=9))
    elsewhere = Span(DAY, DAY, "990101")
    for span in (later, elsewhere):
        with pytest.raises(ReplayError, match="No rounds are recorded"):
            lived.run(lambda session, span=span: replay(session, span, "nearest"))
    here = Span(DAY, DAY, VILLAGE)
    assert lived.run(lambda session: replay(session, here, "nearest")).decisions


@pytest.mark.parametrize(
    ("span", "policy", "said"),
    [
        (Span(DAY, DAY - timedelta(days=1)), "nearest", "before the first"),
        (Span(DAY, DAY, "nowhere"), "nearest", "no village nowhere"),
        (SPAN, "best", "no policy best; there are paced_strict-1"),
        (SPAN, "", "no policy"),
        (SPAN, "nearest-9", "no policy nearest-9"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_a_sentence(
    span: Span, policy: str, said: str, town: Town
) -> None:
    with pytest.raises(ReplayError, match=said):
        town.run(lambda session: replay(session, span, policy))


# ---------------------------------------------------------------- what is known of another policy


def two(number: int, urgency: Urgency = Urgency.TODAY) -> Task:
    """A task for which one is near, and another has waited for longer."""
    near, rested = Prospect(NEAR, 0.5, km=0.1), Prospect(RESTED, 0.5, km=2.0)
    return Task(UUID(int=number), urgency, 0.0, 600.0, 1, [(0.0, 900.0)], [near, rested], widest=1)


NEAR, RESTED = uuid4(), uuid4()
PEOPLE = {NEAR: Volunteer(NEAR, -100.0), RESTED: Volunteer(RESTED, -9000.0)}


def a_round(task: Task, version: str) -> Round:
    policy, seed = registry.load(version), seed_of(task.id, 1)
    decided = record.decide(policy, 0.0, [task], PEOPLE, {task.id: seed})
    return Round(
        task_id=task.id, at=datetime.fromtimestamp(0, clock.SHANGHAI), policy=version, seed=seed,
        task=record.task_json(task), candidates=record.candidates_json(task, PEOPLE),
        plan=record.plan_json(task, decided),
    )  # fmt: skip


def test_the_chance_of_a_yes_is_estimated_though_the_other_policy_never_ran() -> None:
    """The near one says yes in 1 of 5, the rested one in 4 of 5; the log asks the near one."""
    rng, found = random.Random(3), Replayed("robin_rested-1")
    for number in range(6000):
        one = a_round(two(number), "nearest-1")
        (offer,) = one.plan["offers"]
        person = UUID(offer["person"])
        yes = rng.random() < (0.2 if person == NEAR else 0.8)
        add(found, [one], {(one.task_id, person): (yes, offer["propensity"])})
    assert found.interval("yes", "known")[0] == pytest.approx(0.2, abs=0.03)
    value, low, high = found.interval("weighed_yes", "weight")
    assert low < 0.8 < high
    assert value == pytest.approx(0.8, abs=0.15)
    assert 20 < found.behind < 120


@pytest.mark.parametrize("places", [1, 2, 3])
def test_the_propensity_is_how_often_chance_asks_somebody(places: int) -> None:
    people = {number: Volunteer(number, -1000.0 - number) for number in range(6)}
    prospects = [Prospect(number, 0.5, now=number != 5) for number in range(6)]
    task = Task(1, Urgency.TODAY, 0.0, 600.0, places, [(0.0, 900.0)], prospects)
    policy = registry.load("robin_rested-1")
    plan = policy.decide(0.0, [task], people).plans[1]
    taken = {offer.volunteer for offer in plan.offers}
    pool = able(task, plan.circle, people, policy.settings)
    times = 20_000
    count = dict.fromkeys(people, 0)
    for seed in range(times):
        for one in explore(task, plan, pool, seed, taken):
            count[one.offer.volunteer] += 1
    for person, often in count.items():
        chance = propensity(task, plan, pool, taken, person)
        assert often / times == pytest.approx(chance, abs=0.003)


def test_nothing_is_left_to_chance_where_it_is_urgent() -> None:
    task = two(1, Urgency.URGENT)
    policy = registry.load("nearest-1")
    plan = policy.decide(0.0, [task], PEOPLE).plans[task.id]
    pool = able(task, plan.circle, PEOPLE, policy.settings)
    asked = [propensity(task, plan, pool, {NEAR}, who) for who in PEOPLE]
    assert asked == [1.0, 0.0]
