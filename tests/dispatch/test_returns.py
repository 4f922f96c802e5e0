"""People who did not come, and places that open again: no penalty, and the next are asked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from dispatch import invariants
from tests.village.town import Town
from village import clock
from village.access import Actor
from village.db import transaction
from village.errors import GuardFailed, LostRace
from village.models import Offer, Place

HOUR = timedelta(hours=1)


def sent_out(town: Town, people: int = 1) -> UUID:
    request_id = town.bring("dispatching", people=people)
    town.work()
    return request_id


def first(town: Town, request_id: UUID) -> tuple[Offer, Actor]:
    offer = town.offers(request_id, "offered")[0]
    return offer, Actor(offer.person_id, volunteer=True)


def expected(town: Town, in_hours: float = 1.0, people: int = 1) -> tuple[UUID, Offer, Actor]:
    """Somebody has said that she will be there in so many hours."""
    request_id = sent_out(town, people)
    offer, helper = first(town, request_id)
    town.accept(offer.id, helper, arrival=clock.now() + in_hours * HOUR)
    town.work()
    return request_id, offer, helper


def held(town: Town, request_id: UUID) -> list[tuple[str, UUID | None]]:
    return [(place.status, place.person_id) for place in town.places(request_id)]


def nothing_is_broken(town: Town) -> bool:
    with transaction(town.engine) as session:
        return invariants.broken(session) == {}


def test_who_is_half_an_hour_late_leaves_her_place_to_the_next(town: Town) -> None:
    request_id, offer, helper = expected(town)
    town.later(hours=1, minutes=29)
    assert held(town, request_id) == [("taken", helper.person_id)]
    town.later(minutes=1)
    assert town.offer(offer.id).status == "no_show"
    assert (town.status(request_id), held(town, request_id)) == ("dispatching", [("open", None)])
    (next_one,) = town.offers(request_id, "offered")
    assert next_one.person_id != helper.person_id
    # No penalty: she is asked for other things as before.
    assert "no_show" not in [event.action for event in town.events(request_id)]
    clock.step(timedelta(hours=24))
    assert helper.person_id in asked_for_another(town)
    assert nothing_is_broken(town)


def asked_for_another(town: Town) -> set[UUID]:
    """Everybody who is asked when three more tasks come."""
    more = [sent_out(town) for _ in range(3)]
    return {offer.person_id for one in more for offer in town.offers(one)}


def test_who_says_a_new_time_keeps_her_place(town: Town) -> None:
    request_id, offer, helper = expected(town)
    town.later(hours=1, minutes=20)
    later = clock.now() + HOUR
    town.accept(offer.id, helper, arrival=later)
    town.later(minutes=30)
    assert town.offer(offer.id).status == "accepted"
    (place,) = town.places(request_id)
    assert (place.person_id, place.arrival) == (helper.person_id, later)
    town.later(hours=1)
    assert town.offer(offer.id).status == "no_show"


def test_a_new_time_must_be_free(town: Town) -> None:
    request_id, offer, helper = expected(town)
    elsewhere = town.bring("dispatching", people=1)
    at_four = clock.now() + 4 * HOUR
    town.accept(town.invite(elsewhere, helper), helper, arrival=at_four)
    with pytest.raises(GuardFailed) as caught:
        town.accept(offer.id, helper, arrival=at_four + timedelta(minutes=15))
    assert caught.value.code == "overlaps"
    assert town.places(request_id)[0].arrival == offer.created_at + HOUR


def test_who_has_come_keeps_her_place(town: Town) -> None:
    request_id, offer, helper = expected(town)
    town.later(hours=1, minutes=10)
    town.check_in(town.task(request_id).id, helper)
    town.later(hours=1)
    assert town.offer(offer.id).status == "checked_in"
    assert town.status(request_id) == "in_progress"


def test_who_comes_in_the_end_takes_the_place_if_it_is_free(town: Town) -> None:
    request_id, offer, helper = expected(town)
    town.later(hours=2)
    assert town.offer(offer.id).status == "no_show"
    town.accept(offer.id, helper)
    town.check_in(town.task(request_id).id, helper)
    town.work()
    assert (town.status(request_id), held(town, request_id)) == (
        "in_progress",
        [("checked_in", helper.person_id)],
    )
    assert nothing_is_broken(town)


def test_who_comes_when_another_has_her_place_is_told_so(town: Town) -> None:
    request_id, offer, helper = expected(town)
    town.later(hours=2)
    other, fresh = first(town, request_id)
    town.accept(other.id, fresh)
    town.work()
    with pytest.raises(LostRace) as caught:
        town.accept(offer.id, helper)
    assert (caught.value.code, caught.value.extra["allowed_actions"]) == ("filled", [])


def test_one_of_two_who_does_not_come_opens_her_place_alone(town: Town) -> None:
    request_id = sent_out(town, people=2)
    (one, late), at = first(town, request_id), clock.now() + HOUR
    town.accept(one.id, late, arrival=at)
    town.work()
    other = next(helper for helper in town.helpers if helper.person_id != late.person_id)
    there = next(
        (o.id for o in town.offers(request_id) if o.person_id == other.person_id), None
    ) or town.invite(request_id, other)
    town.accept(there, other, arrival=at)
    town.check_in(town.task(request_id).id, other)
    town.later(hours=1, minutes=30)
    assert sorted(status for status, _ in held(town, request_id)) == ["checked_in", "open"]
    assert town.status(request_id) == "dispatching"
    assert town.offer(there).status == "checked_in"


def test_a_yes_in_the_middle_of_a_short_time_is_not_late_at_once(town: Town) -> None:
    request_id = town.submit(priority="P1")
    town.act(request_id, "accept")
    ends = clock.now() + timedelta(hours=1)
    town.act(request_id, "dispatch", task={"people_needed": 2, "minutes": 30, "ends_at": ends})
    early, late = (town.invite(request_id, helper) for helper in town.helpers[:2])
    town.accept(early, town.helpers[0])
    clock.step(timedelta(minutes=25))
    town.accept(late, town.helpers[1])
    town.later(minutes=5)
    assert (town.offer(early).status, town.offer(late).status) == ("no_show", "accepted")
    town.later(minutes=24)
    assert town.offer(late).status == "accepted"
    town.later(minutes=1)
    assert town.offer(late).status == "no_show"


def test_work_that_is_sent_back_binds_no_time_that_was_promised_since(town: Town) -> None:
    request_id, offer, helper = expected(town, in_hours=1)
    task_id = town.task(request_id).id
    town.check_in(task_id, helper)
    town.complete(task_id, helper)
    elsewhere = town.bring("dispatching", people=1)
    town.accept(town.invite(elsewhere, helper), helper, arrival=clock.now() + HOUR)
    town.act(request_id, "send_back", reason="还差一点")
    town.work()
    assert town.offer(offer.id).status == "checked_in"
    assert len(town.run(lambda s: s.query(Place).filter_by(person_id=helper.person_id).all())) == 2
    assert town.waiting("dispatch.redo") == 0


def test_a_release_asks_the_next_at_once_and_costs_nothing(town: Town) -> None:
    request_id = sent_out(town)
    offer, helper = first(town, request_id)
    town.accept(offer.id, helper)
    town.work()
    town.release(town.task(request_id).id, helper)
    town.work()
    (next_one,) = town.offers(request_id, "offered")
    assert next_one.person_id != helper.person_id
    assert next_one.created_at == clock.now()
    clock.step(timedelta(hours=24))
    assert helper.person_id in asked_for_another(town)
