"""Rounds on the real database, with a clock that is stepped: who is asked, and when."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import rounds
from tests.village.town import Town
from village import clock
from village.access import Actor
from village.models import Offer, Volunteer
from village.workflow import priorities


@pytest.fixture
def crowd(town: Town) -> list[Actor]:
    """Nine volunteers: enough for three waves of one place."""
    return [*town.helpers, *(town.volunteer(f"群众{n}") for n in range(6))]


def sent_out(town: Town, people: int = 1) -> UUID:
    """A request whose first people have been asked."""
    request_id = town.bring("dispatching", people=people)
    town.work()
    return request_id


def out(town: Town, request_id: UUID) -> list[Offer]:
    return town.offers(request_id, "offered")


def who(town: Town, offer: Offer) -> Actor:
    return Actor(offer.person_id, volunteer=True)


def until_expiry(town: Town, request_id: UUID) -> None:
    """Step to the end of the running wave."""
    ends = max(offer.expires_at for offer in out(town, request_id))
    clock.step(ends - clock.now() + timedelta(seconds=1))
    town.work()


def state(town: Town, request_id: UUID) -> tuple[str, int]:
    return town.status(request_id), len(out(town, request_id))


def test_sending_out_asks_the_first_people_and_says_until_when(
    town: Town, crowd: list[Actor]
) -> None:
    request_id = sent_out(town)
    asked = out(town, request_id)
    assert (len(asked), {offer.wave for offer in asked}) == (2, {1})
    ends = priorities.offer_expires("P3", asked[0].created_at)
    assert {offer.expires_at for offer in asked} == {ends}
    assert town.due(request_id, "offer_round") == [ends]


def test_silence_makes_three_waves_and_then_the_station_knows(
    town: Town, crowd: list[Actor]
) -> None:
    request_id = sent_out(town)
    waves = [len(out(town, request_id))]
    for _ in range(2):
        until_expiry(town, request_id)
        waves.append(len(out(town, request_id)))
    assert waves == [2, 3, 4]
    assert len({offer.person_id for offer in town.offers(request_id)}) == 9
    until_expiry(town, request_id)
    request = town.request(request_id)
    assert (request.status, request.no_volunteer) == ("accepted", True)
    assert town.task(request_id).status == "cancelled"
    assert (town.waiting("dispatch.round"), town.due(request_id, "offer_round")) == (0, [])


def test_after_giving_up_it_can_be_sent_out_again(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    for _ in range(3):
        until_expiry(town, request_id)
    town.act(request_id, "dispatch")
    town.work()
    assert state(town, request_id) == ("dispatching", 3)
    assert not town.request(request_id).no_volunteer


def test_a_wave_does_not_end_before_its_time(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    ends = out(town, request_id)[0].expires_at
    clock.step(ends - clock.now() - timedelta(minutes=1))
    town.work()
    assert len(out(town, request_id)) == 2
    assert town.task(request_id).wave == 1


def test_a_no_asks_the_next_at_once_and_within_the_wave(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    first, second = out(town, request_id)
    town.decline(first.id, who(town, first))
    town.work()
    running = out(town, request_id)
    assert len(running) == 2
    assert second.id in {offer.id for offer in running}
    assert town.task(request_id).wave == 1


def test_everybody_says_no(town: Town) -> None:
    request_id = sent_out(town)
    while asked := out(town, request_id):
        town.decline(asked[0].id, who(town, asked[0]))
        town.work()
    assert town.request(request_id).no_volunteer
    assert town.status(request_id) == "accepted"


def test_a_late_yes_wins_against_the_next_wave(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    late = out(town, request_id)[0]
    until_expiry(town, request_id)
    assert town.offer(late.id).status == "expired"
    town.accept(late.id, who(town, late))
    town.work()
    assert state(town, request_id) == ("assigned", 0)
    assert [o.status for o in town.offers(request_id)].count("withdrawn") == 3


def test_a_filled_task_takes_the_other_invitations_back(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    first, second = out(town, request_id)
    town.accept(first.id, who(town, first))
    assert town.offer(second.id).status == "offered"
    town.work()
    assert town.offer(second.id).status == "withdrawn"
    assert town.due(request_id, "offer_round") == []


def test_a_release_asks_people_who_were_not_asked_before(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    town.work()
    before = {offer.person_id for offer in town.offers(request_id)}
    town.release(town.task(request_id).id, who(town, first))
    town.work()
    fresh = {offer.person_id for offer in out(town, request_id)}
    assert len(fresh) == 2
    assert not fresh & before


def test_one_yes_of_two_is_kept_and_the_head_may_go_ahead(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town, people=2)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    until_expiry(town, request_id)
    request = town.request(request_id)
    assert (request.status, request.no_volunteer) == ("dispatching", True)
    town.act(request_id, "go_ahead")
    town.work()
    assert state(town, request_id) == ("assigned", 0)
    assert [place.person_id for place in town.places(request_id)] == [first.person_id]


def test_one_yes_of_two_is_told_once_and_never_given_up(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town, people=2)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    for _ in range(6):
        if out(town, request_id):
            until_expiry(town, request_id)
    assert town.status(request_id) == "dispatching"
    actions = [event.action for event in town.events(request_id)]
    assert actions.count("run_short") == 1
    late = next(offer for offer in town.offers(request_id, "expired"))
    assert town.accept(late.id, who(town, late)) == "accepted"


def test_a_round_that_comes_twice_asks_nobody_twice(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    for _ in range(3):
        town.round(request_id)
    assert len(town.offers(request_id)) == 2


@pytest.mark.parametrize("bring", ["accepted", "assigned", "withdrawn", "handed_over"])
def test_a_round_of_what_looks_for_nobody_does_nothing(town: Town, bring: str) -> None:
    request_id = town.bring(bring)
    before = town.request(request_id).version
    assert town.round(request_id) is None
    assert town.request(request_id).version == before


def test_who_was_asked_has_her_turn_later_next_time(town: Town) -> None:
    first = sent_out(town)
    asked = {offer.person_id for offer in out(town, first)}
    second = sent_out(town)
    (next_one,) = {h.person_id for h in town.helpers} - asked
    assert next_one in {offer.person_id for offer in out(town, second)}
    volunteer = town.run(lambda s: s.get_one(Volunteer, next_one))
    assert volunteer.last_asked_at is not None


def test_withdrawing_a_request_takes_everything_back_once(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town, people=2)
    first = out(town, request_id)[0]
    town.accept(first.id, who(town, first))
    town.act(request_id, "withdraw", town.villager)
    town.work()
    town.run(lambda s: rounds.withdraw_offers(s, request_id))
    assert {offer.status for offer in town.offers(request_id)} == {"withdrawn"}
    assert [place.status for place in town.places(request_id)] == ["open", "open"]
    told = [e.action for e in town.events(request_id, "offer") if e.action != "invite"]
    assert sorted(told) == ["accept", "cancel", "take_back", "take_back"]


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
    assert state(town, request_id) == ("dispatching", 2)
