"""Standing pairs on the real database: who has agreed to come again and again is asked first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.village.town import LAMP, STATION, VILLAGE, Town
from village import circles, clock
from village.access import Actor
from village.invitations import read_offer
from village.models import DispatchSettings, Offer, StandingPair, Volunteer


def pair(town: Town, helper: Actor, **facts: Any) -> None:
    now = clock.now()
    agreed = {"proposed_at": now, "volunteer_agreed_at": now, "villager_agreed_at": now}
    who = {"villager_id": town.villager.person_id, "person_id": helper.person_id}
    place = {"village_code": VILLAGE, "station": STATION, "category": LAMP, "status": "active"}
    town.add(StandingPair(**{**who, **place, **agreed, **facts}))


@pytest.fixture
def crowd(town: Town) -> list[Actor]:
    """Six volunteers; the last of them makes a pair with the villager."""
    people = [*town.helpers, *(town.volunteer(f"群众{n}") for n in range(3))]
    pair(town, people[-1])
    return people


def sent_out(town: Town, people: int = 1, **facts: Any) -> UUID:
    request_id = town.bring("dispatching", people=people, **facts)
    town.work()
    return request_id


def out(town: Town, request_id: UUID) -> list[Offer]:
    return town.offers(request_id, "offered")


def test_the_pair_is_asked_before_all_others_and_knows_why(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    (asked,) = out(town, request_id)
    assert (asked.person_id, asked.source) == (crowd[-1].person_id, "pair")
    assert (asked.propensity, asked.policy, asked.kind) == (None, None, LAMP)
    why = town.run(lambda s: read_offer(s, crowd[-1], asked.id).why)
    assert why[0] == ("pair", "您和这位村民结了对子，先问您方便不方便")
    (due,) = town.due(request_id, "offer_round")
    assert due - clock.now() > timedelta(minutes=30)
    clock.step(due - clock.now() - timedelta(minutes=1))
    town.work()
    assert len(out(town, request_id)) == 1


def test_others_are_asked_beside_her_when_her_time_is_over(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    for _ in range(20):
        (due,) = town.due(request_id, "offer_round")
        clock.step(due - clock.now() + timedelta(seconds=1))
        town.work()
        if len(town.offers(request_id)) > 1:
            break
    assert {offer.source for offer in town.offers(request_id)} - {"chance"} == {"pair", "policy"}


def test_after_her_no_others_are_asked_at_once(town: Town, crowd: list[Actor]) -> None:
    request_id = sent_out(town)
    (asked,) = out(town, request_id)
    town.decline(asked.id, crowd[-1])
    town.work()
    (other,) = out(town, request_id)
    assert other.source in ("policy", "chance")
    assert town.offer(asked.id).said_yes is False  # learnt from as every answer


def test_a_pair_of_two_fills_two_places_and_one_leaves_room_for_others(
    town: Town, crowd: list[Actor]
) -> None:
    both = sent_out(town, people=2)
    assert "pair" in {offer.source for offer in out(town, both)}
    assert len(out(town, both)) > 1
    town.run(lambda session: session.execute(sa.update(Volunteer).values(last_asked_at=None)))
    pair(town, crowd[-2])
    again = sent_out(town, people=2)
    assert sorted(offer.source for offer in out(town, again)) == ["pair", "pair"]


def rest(town: Town, who: Actor) -> None:
    until = clock.now() + timedelta(days=2)
    mine = sa.update(Volunteer).where(Volunteer.person_id == who.person_id)
    town.run(lambda session: session.execute(mine.values(rest_until=until)))


def kin(town: Town, who: Actor) -> None:
    town.kin(town.villager, who)


@pytest.mark.parametrize("keeps_out", [rest, kin])
def test_no_pair_gets_round_a_hard_rule(town: Town, crowd: list[Actor], keeps_out: Any) -> None:
    keeps_out(town, crowd[-1])
    (asked,) = out(town, sent_out(town))
    assert asked.person_id != crowd[-1].person_id
    assert asked.source in ("policy", "chance")


@pytest.mark.parametrize("facts", [{"hide_me": True}, {"category": "PUB-08"}])
def test_who_hides_herself_or_asks_for_other_help_is_given_away_by_no_pair(
    town: Town, crowd: list[Actor], facts: dict[str, Any]
) -> None:
    assert "pair" not in {offer.source for offer in out(town, sent_out(town, **facts))}


@pytest.mark.parametrize("state", ["proposed", "paused", "ended"])
def test_only_a_pair_that_stands_comes_first(town: Town, state: str) -> None:
    pair(town, town.helpers[0], status=state)
    assert {offer.source for offer in out(town, sent_out(town))} <= {"policy", "chance"}


def of_the_next_village(town: Town) -> Actor:
    town.neighbour("t-beishan")
    lends = {"village": "t-beishan", "next_village": True, "next_village_km": 4.0}
    helper = town.volunteer("邻村", **lends)
    pair(town, helper)
    return helper


def test_a_pair_of_the_next_village_is_asked_when_the_head_knows(town: Town) -> None:
    helper = of_the_next_village(town)
    request_id = sent_out(town)
    assert helper.person_id not in {offer.person_id for offer in out(town, request_id)}
    task_id = town.task(request_id).id
    town.run(lambda s: circles.widen(s, town.head, task_id, "neighbours"))
    town.work()
    (asked,) = [offer for offer in out(town, request_id) if offer.person_id == helper.person_id]
    assert asked.source == "pair"


def test_in_danger_a_pair_of_the_next_village_waits_for_no_word(town: Town) -> None:
    helper = of_the_next_village(town)
    asked = out(town, sent_out(town, priority="P1"))
    assert (helper.person_id, "pair") in {(offer.person_id, offer.source) for offer in asked}


def test_a_pair_of_the_next_village_goes_no_farther_than_the_heads_let_it(town: Town) -> None:
    of_the_next_village(town)
    town.add(DispatchSettings(village_code=VILLAGE, widest=1, set_at=clock.now()))
    assert "pair" not in {offer.source for offer in out(town, sent_out(town, priority="P1"))}


# ---------------------------------------------------------------- the line


def waits(town: Town, minutes: int, **facts: Any) -> UUID:
    """A task that is looked at together with the next: its first look is still to come."""
    request_id = town.bring("dispatching", people=1, **facts)
    clock.step(timedelta(minutes=minutes))
    return request_id


def only(town: Town, *who: Actor) -> None:
    """Everybody else rests."""
    for helper in town.helpers:
        if helper not in who:
            rest(town, helper)


def villagers(town: Town) -> tuple[Actor, Actor]:
    """Two who have a pair with the same helper."""
    other = town.person("另一位村民")
    for villager in (town.villager, other):
        pair(town, town.helpers[0], villager_id=villager.person_id)
    return other, town.villager


def test_the_pair_of_two_goes_to_the_more_urgent_though_it_was_sent_out_later(town: Town) -> None:
    other, villager = villagers(town)
    later = waits(town, 1, requester_id=other.person_id, priority="P3")
    urgent = waits(town, 1, requester_id=villager.person_id, priority="P1")
    town.round(later)
    assert [offer.person_id for offer in out(town, urgent)] == [town.helpers[0].person_id]
    assert town.helpers[0].person_id not in {offer.person_id for offer in out(town, later)}


@pytest.mark.parametrize(("others", "first"), [(0, "older"), (2, "both")])
def test_a_pair_takes_nobody_for_whom_an_older_equal_task_waits(
    town: Town, others: int, first: str
) -> None:
    """With others about, she comes to her villager and they to the older one."""
    pair(town, town.helpers[0])
    only(town, *town.helpers[: 1 + others])
    stranger = town.person("没有结对的村民")
    older = waits(town, 5, requester_id=stranger.person_id)
    younger = waits(town, 1)
    town.round(younger)
    asked = [offer.person_id for offer in out(town, older)]
    paired = [offer.source for offer in out(town, younger)]
    if first == "older":
        assert (asked, paired) == ([town.helpers[0].person_id], [])
    else:
        assert (len(asked), paired) == (1, ["pair"])
