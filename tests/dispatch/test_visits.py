"""The rhythm of standing pairs: each visit is opened by itself, and the pair is asked first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import visits
from tests.village.town import LAMP, STATION, VILLAGE, Town
from village import clock, pairs
from village.access import Actor
from village.errors import GuardFailed, Invalid
from village.models import (
    DueTime,
    Request,
    RequestExclusion,
    RequestParty,
    StandingPair,
    WechatIdentity,
)

FRIDAY_AT_NINE = {"weekday": 4, "from_minute": 540, "minutes": 60, "every_weeks": 2}


def login(town: Town, who: Actor) -> None:
    """She has an account."""
    facts = {"openid": f"o-{who.person_id}", "person_id": who.person_id}
    town.add(WechatIdentity(**facts, created_at=clock.now()))


def propose(town: Town, *helpers: Actor, **when: Any) -> list[UUID]:
    request_id = town.submit()
    ids = [helper.person_id for helper in helpers]
    rhythm = {**FRIDAY_AT_NINE, **when}
    made = town.run(
        lambda s: pairs.propose(s, town.head, VILLAGE, STATION, request_id, ids, rhythm)
    )
    for view, helper in zip(made, helpers, strict=True):
        town.run(lambda s, v=view, h=helper: pairs.agree(s, h, v.pair.id))
    return [view.pair.id for view in made]


def stand(town: Town, *helpers: Actor, **when: Any) -> list[UUID]:
    """A pair to which both have agreed."""
    made = propose(town, *helpers, **when)
    for pair_id in made:
        town.run(lambda s, one=pair_id: pairs.agree(s, town.villager, one))
    return made


def next_at(town: Town, pair_id: UUID) -> datetime:
    (pair,) = town.all(StandingPair, StandingPair.id == pair_id)
    found: datetime = pair.next_at.astimezone(clock.SHANGHAI)
    return found


def opened(town: Town) -> list[Request]:
    return [one for one in town.all(Request) if one.text.startswith("说好了定期来帮忙")]


def until(town: Town, moment: datetime) -> None:
    clock.step(moment - clock.now())
    town.work()


def test_each_visit_is_opened_two_days_before_and_the_pair_is_asked_first(town: Town) -> None:
    helper = town.helpers[2]
    (pair_id,) = stand(town, helper)
    first = next_at(town, pair_id)
    assert (first.weekday(), first.hour, first.minute) == (4, 9, 0)
    assert first > clock.now() + timedelta(days=1)
    if first - pairs.LEAD > clock.now():
        until(town, first - pairs.LEAD - timedelta(minutes=1))
        assert opened(town) == []
    until(town, max(clock.now(), first - pairs.LEAD) + timedelta(hours=2))
    (visit,) = opened(town)
    assert (visit.status, visit.category, visit.station) == ("dispatching", LAMP, STATION)
    assert visit.requester_id == town.villager.person_id
    task = town.task(visit.id)
    assert (task.starts_at, task.ends_at) == (first, first + timedelta(hours=1))
    assert task.people_needed == 1
    (asked,) = town.offers(visit.id)
    assert (asked.person_id, asked.source, asked.status) == (helper.person_id, "pair", "offered")
    assert next_at(town, pair_id) == first + timedelta(weeks=2)
    until(town, first + timedelta(weeks=2) - pairs.LEAD + timedelta(minutes=1))
    assert len(opened(town)) == 2


def test_it_is_no_order_and_a_no_leads_to_others(town: Town) -> None:
    helper = town.helpers[2]
    (pair_id,) = stand(town, helper)
    until(town, max(clock.now(), next_at(town, pair_id) - pairs.LEAD) + timedelta(hours=2))
    (visit,) = opened(town)
    (offer,) = town.offers(visit.id)
    town.decline(offer.id, helper)
    town.later(minutes=1)
    (other,) = town.offers(visit.id, "offered")
    assert other.person_id != helper.person_id
    assert next_at(town, pair_id) > clock.now() + timedelta(weeks=1)


def test_two_who_come_together_are_asked_for_one_visit(town: Town) -> None:
    made = stand(town, *town.helpers[:2])
    assert next_at(town, made[0]) == next_at(town, made[1])
    until(town, max(clock.now(), next_at(town, made[0]) - pairs.LEAD) + timedelta(hours=2))
    (visit,) = opened(town)
    assert town.task(visit.id).people_needed == 2
    assert {one.person_id for one in town.offers(visit.id)} == {
        helper.person_id for helper in town.helpers[:2]
    }


def test_a_visit_is_opened_once_however_often_it_is_looked_at(town: Town) -> None:
    (pair_id,) = stand(town, town.helpers[0])
    until(town, max(clock.now(), next_at(town, pair_id) - pairs.LEAD) + timedelta(minutes=1))
    (pair,) = town.all(StandingPair)
    for _ in range(2):
        assert town.run(lambda s: visits.open_due(s, pair.request_id)) is None
    assert len(opened(town)) == 1
    waiting = [due for due in town.all(DueTime, DueTime.kind == "visit") if due.fired_at is None]
    assert len(waiting) == 1


def test_what_is_missed_is_left_and_the_next_one_comes(town: Town) -> None:
    """The house was away for a month: nobody is asked for what is over."""
    (pair_id,) = stand(town, town.helpers[0])
    first = next_at(town, pair_id)
    clock.step(first + timedelta(weeks=5) - clock.now())
    town.run(lambda s: visits.open_due(s, town.all(StandingPair)[0].request_id))
    assert opened(town) == []
    assert next_at(town, pair_id) == first + timedelta(weeks=6)


@pytest.mark.parametrize("how", ["its worker", "its API"])
def test_a_rhythm_that_the_version_before_has_lost_goes_on(town: Town, how: str) -> None:
    """During an upgrade it marks a due time done that it does not know, or plans none."""
    (pair_id,) = stand(town, town.helpers[0])
    first = next_at(town, pair_id)
    done = sa.update(DueTime).where(DueTime.kind == "visit").values(fired_at=clock.now())
    town.run(lambda s: s.execute(done))
    if how == "its API":
        town.run(lambda s: s.execute(sa.update(StandingPair).values(next_at=None)))
    clock.step(max(first - pairs.LEAD - clock.now(), timedelta(0)) + timedelta(hours=3))
    assert [town.run(visits.catch_up) for _ in range(2)] == [1, 0]
    town.work()
    if how == "its API":
        until(town, max(clock.now(), next_at(town, pair_id) - pairs.LEAD) + timedelta(minutes=1))
    assert len(opened(town)) == 1
    assert town.run(visits.catch_up) == 0


@pytest.mark.parametrize("how", ["ended", "without a day", "not agreed"])
def test_nothing_is_opened_for_what_has_no_rhythm(town: Town, how: str) -> None:
    when = {"weekday": None} if how == "without a day" else {}
    made = (propose if how == "not agreed" else stand)(town, town.helpers[0], **when)
    if how == "ended":
        town.run(lambda s: pairs.end(s, town.villager, made[0]))
    for _ in range(16):
        town.later(days=1)
    assert opened(town) == []


# ---------------------------------------------------------------- a villager without an account


def test_who_has_no_account_agrees_by_word_of_mouth(town: Town) -> None:
    """Head or chair write down how she has agreed; the volunteer's yes makes it stand."""
    (pair_id,) = propose(town, town.helpers[0], consent_how="oral")
    (pair,) = town.all(StandingPair)
    assert (pair.status, pair.consent_how) == ("active", "oral")
    assert next_at(town, pair_id) > clock.now()
    until(town, max(clock.now(), next_at(town, pair_id) - pairs.LEAD) + timedelta(hours=2))
    assert len(opened(town)) == 1


def test_who_has_an_account_agrees_herself(town: Town) -> None:
    login(town, town.villager)
    with pytest.raises(Invalid) as refused:
        propose(town, town.helpers[0], consent_how="oral")
    assert "consent_how" in refused.value.extra["errors"]
    assert town.run(lambda s: s.scalar(sa.select(sa.func.count(StandingPair.id)))) == 0


def test_whom_she_did_not_want_is_not_asked_for_a_visit_either(town: Town) -> None:
    helper, unwanted = town.helpers[2], town.helpers[0]
    (pair_id,) = stand(town, helper)
    (began,) = town.all(Request)
    row = {"person_id": unwanted.person_id, "kind": "word", "at": clock.now()}
    town.add(RequestExclusion(request_id=began.id, **row))
    town.add(RequestParty(request_id=began.id, name="李四", at=clock.now()))
    until(town, max(clock.now(), next_at(town, pair_id) - pairs.LEAD) + timedelta(hours=2))
    (visit,) = opened(town)
    of_visit = sa.select(RequestExclusion.person_id).where(RequestExclusion.request_id == visit.id)
    assert town.run(lambda s: s.scalars(of_visit).all()) == [unwanted.person_id]
    (party,) = town.all(RequestParty, RequestParty.request_id == visit.id)
    assert party.name == "李四"


def test_what_is_not_for_volunteers_has_no_pair(town: Town) -> None:
    request_id = town.submit(category="PUB-06")
    rhythm, ids = dict(FRIDAY_AT_NINE), [town.helpers[2].person_id]
    with pytest.raises(GuardFailed):
        town.run(lambda s: pairs.propose(s, town.head, VILLAGE, STATION, request_id, ids, rhythm))
