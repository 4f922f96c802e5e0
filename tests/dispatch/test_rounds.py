"""Rounds on the real database, with a clock that is stepped: who is asked, and when."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import record, returns
from tests.village.town import Town
from village import clock
from village.access import Actor
from village.models import Offer, Round, Volunteer
from village.workflow import priorities


@pytest.fixture
def crowd(town: Town) -> list[Actor]:
    """Nine volunteers."""
    return [*town.helpers, *(town.volunteer(f"群众{n}") for n in range(6))]


def sent_out(town: Town, people: int = 1) -> UUID:
    """A request whose first person has been asked."""
    request_id = town.bring("dispatching", people=people)
    town.work()
    return request_id


def out(town: Town, request_id: UUID) -> list[Offer]:
    return town.offers(request_id, "offered")


def who(town: Town, offer: Offer) -> Actor:
    return Actor(offer.person_id, volunteer=True)


def until_expiry(town: Town, request_id: UUID) -> None:
    """Step to the end of the offers that are out."""
    ends = max(offer.expires_at for offer in out(town, request_id))
    clock.step(ends - clock.now() + timedelta(seconds=1))
    town.work()


def until_next(town: Town, request_id: UUID) -> None:
    """Step to the next look."""
    (due,) = town.due(request_id, "offer_round")
    clock.step(due - clock.now() + timedelta(seconds=1))
    town.work()


def state(town: Town, request_id: UUID) -> tuple[str, int]:
    return town.status(request_id), len(out(town, request_id))


def test_sending_out_asks_one_and_says_when_to_look_again(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    (asked,) = out(town, request_id)
    assert (asked.wave, asked.policy, asked.circle) == (1, "paced_strict-1", 0)
    assert asked.source in ("policy", "chance")
    assert asked.expires_at == priorities.offer_expires("P3", asked.created_at)
    assert asked.chance is not None
    assert 0.2 < asked.chance < 0.5
    assert (asked.heard, asked.seed is not None) == (1.0, True)
    (due,) = town.due(request_id, "offer_round")
    assert clock.now() < due <= asked.expires_at
    task = town.task(request_id)
    assert (task.next_wake, task.starving, task.circle) == (due, False, 0)


def test_a_danger_asks_several_at_once(town: Town, crowd: list[Actor]) -> None:
    request_id = town.bring("dispatching", people=2, priority="P1")
    hour = {"minutes": 30, "ends_at": clock.now() + timedelta(hours=1)}
    request_id = town.submit(priority="P1")
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 2, **hour})
    town.work()
    assert len(out(town, request_id)) > 1


def test_the_next_is_asked_in_time_and_at_the_end_the_station_knows(
    town: Town, crowd: list[Actor]
) -> None:
    request_id = sent_out(town)
    asked = [1]
    while town.status(request_id) == "dispatching" and len(asked) < 60:
        until_next(town, request_id)
        asked.append(len(town.offers(request_id)))
    assert sorted(asked) == asked
    assert asked[-1] == 9
    request = town.request(request_id)
    assert (request.status, request.no_volunteer) == ("accepted", True)
    assert town.task(request_id).status == "cancelled"
    assert (town.waiting("dispatch.round"), town.due(request_id, "offer_round")) == (0, [])


def test_after_giving_up_it_can_be_sent_out_again(town: Town) -> None:
    request_id = sent_out(town)
    while asked := out(town, request_id):
        town.decline(asked[0].id, who(town, asked[0]))
        town.work()
    clock.step(timedelta(hours=24))
    town.act(request_id, "dispatch")
    town.work()
    assert state(town, request_id) == ("dispatching", 1)
    assert not town.request(request_id).no_volunteer


def test_nobody_else_is_asked_before_the_time(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    (due,) = town.due(request_id, "offer_round")
    clock.step(due - clock.now() - timedelta(minutes=1))
    town.work()
    assert len(out(town, request_id)) == 1
    assert town.task(request_id).wave == 1


def test_a_no_asks_the_next_at_once(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    (first,) = out(town, request_id)
    town.decline(first.id, who(town, first))
    town.work()
    (second,) = out(town, request_id)
    assert second.person_id != first.person_id


def test_everybody_says_no(town: Town) -> None:
    request_id = sent_out(town)
    while asked := out(town, request_id):
        town.decline(asked[0].id, who(town, asked[0]))
        town.work()
    assert town.request(request_id).no_volunteer
    assert town.status(request_id) == "accepted"


def test_a_late_yes_wins_against_those_who_are_out(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    late = out(town, request_id)[0]
    while town.offer(late.id).status == "offered":
        until_next(town, request_id)
    assert town.offer(late.id).status == "expired"
    others = len(out(town, request_id))
    assert others
    town.accept(late.id, who(town, late))
    town.work()
    assert state(town, request_id) == ("assigned", 0)
    assert [o.status for o in town.offers(request_id)].count("withdrawn") == others
    assert town.due(request_id, "offer_round") == []


def test_a_release_asks_people_who_were_not_asked_before(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    town.work()
    town.release(town.task(request_id).id, who(town, first))
    town.work()
    (fresh,) = out(town, request_id)
    assert fresh.person_id != first.person_id


def test_one_yes_of_two_is_kept_told_once_and_the_head_may_go_ahead(town: Town) -> None:
    request_id = sent_out(town, people=2)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    town.work()
    while asked := out(town, request_id):
        town.decline(asked[0].id, who(town, asked[0]))
        town.work()
    request = town.request(request_id)
    assert (request.status, request.no_volunteer) == ("dispatching", True)
    for _ in range(3):
        town.round(request_id)
    assert [e.action for e in town.events(request_id)].count("run_short") == 1
    town.act(request_id, "go_ahead")
    town.work()
    assert state(town, request_id) == ("assigned", 0)
    assert [place.person_id for place in town.places(request_id)] == [first.person_id]


def test_a_round_that_comes_twice_asks_nobody_twice(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    for _ in range(3):
        town.round(request_id)
    assert len(town.offers(request_id)) == 1
    assert len(town.due(request_id, "offer_round")) == 1


@pytest.mark.parametrize("bring", ["accepted", "assigned", "withdrawn", "handed_over"])
def test_a_round_of_what_looks_for_nobody_does_nothing(town: Town, bring: str) -> None:
    request_id = town.bring(bring)
    before = town.request(request_id).version
    assert town.round(request_id) is None
    assert town.request(request_id).version == before


def test_who_was_asked_is_left_in_peace_for_hours(town: Town) -> None:
    asked = [out(town, sent_out(town))[0].person_id for _ in range(3)]
    assert set(asked) == {h.person_id for h in town.helpers}
    fourth = sent_out(town)
    assert state(town, fourth) == ("dispatching", 0)
    assert town.task(fourth).starving
    for _ in range(16):
        town.later(minutes=31)
    assert state(town, fourth) == ("dispatching", 1)
    volunteer = town.run(lambda s: s.get_one(Volunteer, asked[0]))
    assert volunteer.last_asked_at is not None


def test_withdrawing_a_request_takes_everything_back_once(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town, people=2)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    town.work()
    town.act(request_id, "withdraw", town.villager)
    town.work()
    town.run(lambda s: returns.withdraw_offers(s, request_id))
    assert {offer.status for offer in town.offers(request_id)} == {"withdrawn"}
    assert [place.status for place in town.places(request_id)] == ["open", "open"]
    told = [e.action for e in town.events(request_id, "offer") if e.action != "invite"]
    assert sorted(told) == ["accept", "cancel", "take_back"]


def test_nothing_is_asked_for_danger_while_it_is_open(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    town.act(request_id, "hand_over", receiver="119", basis="emergency")
    town.work()
    assert state(town, request_id) == ("handed_over", 0)


def test_recalling_takes_the_invitations_back_and_keeps_the_request(
    town: Town, crowd: list[Actor]
) -> None:
    request_id = sent_out(town)
    town.act(request_id, "recall")
    town.work()
    assert state(town, request_id) == ("accepted", 0)
    assert town.task(request_id).status == "cancelled"
    assert town.due(request_id, "offer_round") == []


def test_those_who_sleep_are_asked_when_they_wake(town: Town) -> None:
    quiet = sa.update(Volunteer).values(quiet_from=9 * 60, quiet_to=11 * 60)
    town.run(lambda session: session.execute(quiet))
    request_id = sent_out(town)
    assert state(town, request_id) == ("dispatching", 0)
    for _ in range(3):
        town.later(minutes=31)
    assert state(town, request_id) == ("dispatching", 1)


@pytest.mark.parametrize(("priority", "asked"), [("P3", 0), ("P1", 1)])
def test_at_night_only_what_is_urgent_is_asked(town: Town, priority: str, asked: int) -> None:
    clock.step(timedelta(hours=13))
    request_id = town.bring("dispatching", people=1, priority=priority)
    town.work()
    assert bool(out(town, request_id)) is bool(asked)
    if not asked:
        until_next(town, request_id)
        assert clock.now().astimezone(clock.SHANGHAI).hour == 8
        assert len(out(town, request_id)) == 1


def test_every_round_can_be_decided_again(town: Town, crowd: list[Actor]) -> None:
    for people in (1, 2, 1):
        town.bring("dispatching", people=people)
    town.work()
    for _ in range(6):
        town.later(hours=5)
    rounds = town.all(Round)
    assert len(rounds) > 6
    for decision_id in {one.decision_id for one in rounds}:
        made = {one.task_id: one.plan for one in rounds if one.decision_id == decision_id}
        kept = [one for one in rounds if one.decision_id == decision_id]
        again = record.again(kept)
        assert {task_id: again.plan(task_id) for task_id in made} == made
    sent = {(one["person"]) for row in rounds for one in row.plan.get("offers", ())}
    assert sent == {str(offer.person_id) for offer in town.all(Offer)}
