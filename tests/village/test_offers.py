"""Invitations and places: what volunteers answer, and what becomes of the request."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from tests.village.town import LAMP, Town
from village import clock
from village.access import Actor
from village.db import transaction
from village.errors import GuardFailed, LostRace, NotFound, WrongState
from village.models import Notification, Offer
from village.relations import HEAD
from village.workflow.engine import attempt
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST


def lost(town: Town, offer_id: UUID, helper: Actor, **sent: object) -> str:
    with pytest.raises(LostRace) as caught:
        town.accept(offer_id, helper, **sent)
    return caught.value.code


def held(town: Town, request_id: UUID) -> list[str]:
    return [place.status for place in town.places(request_id)]


def step(town: Town, offer_id: UUID, action: str) -> None:
    town.run(lambda session: attempt(session, OFFER, offer_id, action))


# ------------------------------------------------------------------ yes


def test_a_yes_takes_a_place_and_the_last_one_fills_the_task(town: Town) -> None:
    request_id = town.bring("dispatching")
    town.take_place(request_id, town.helpers[0])
    assert (town.status(request_id), held(town, request_id)) == ("dispatching", ["taken", "open"])
    town.take_place(request_id, town.helpers[1])
    assert (town.status(request_id), held(town, request_id)) == ("assigned", ["taken", "taken"])
    assert town.task(request_id).status == "filled"


def test_a_second_tap_answers_like_the_first(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    assert [town.accept(offer_id, town.helpers[0]) for _ in range(2)] == ["accepted"] * 2
    assert held(town, request_id) == ["taken", "open"]
    assert town.offer(offer_id).version == 2


def test_an_arrival_is_kept(town: Town) -> None:
    request_id, soon = town.bring("dispatching"), clock.now() + timedelta(hours=1)
    town.accept(town.invite(request_id, town.helpers[0]), town.helpers[0], arrival=soon)
    assert town.places(request_id)[0].arrival == soon


def test_a_late_yes_counts_while_a_place_is_free(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    step(town, offer_id, "expire")
    assert town.accept(offer_id, town.helpers[0]) == "accepted"


def test_a_yes_that_waited_offline_for_more_than_an_hour_is_asked_again(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    tapped = clock.now()
    clock.step(timedelta(hours=1, minutes=1))
    assert lost(town, offer_id, town.helpers[0], offline_since=tapped) == "confirm_again"
    assert town.offer(offer_id).status == "offered"
    recent = clock.now() - timedelta(minutes=59)
    assert town.accept(offer_id, town.helpers[0], offline_since=recent) == "accepted"


def test_who_comes_too_late_is_told_that_all_places_are_taken(town: Town) -> None:
    request_id = town.bring("dispatching", people=1)
    first, second = (town.invite(request_id, helper) for helper in town.helpers[:2])
    town.accept(first, town.helpers[0])
    assert lost(town, second, town.helpers[1]) == "filled"
    town.work()
    assert town.offer(second).status == "withdrawn"
    assert lost(town, second, town.helpers[1]) == "filled"


@pytest.mark.parametrize("worked", [False, True])
def test_a_yes_to_what_was_withdrawn_is_told_so(town: Town, worked: bool) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    town.act(request_id, "withdraw", town.villager)
    if worked:
        town.work()
    code = lost(town, offer_id, town.helpers[0])
    assert code == ("withdrawn" if worked else "ended")


def test_a_no_is_final_and_a_second_one_answers_like_the_first(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    town.decline(offer_id, town.helpers[0])
    town.decline(offer_id, town.helpers[0])
    assert town.offer(offer_id).version == 2
    with pytest.raises(WrongState) as refused:
        town.accept(offer_id, town.helpers[0])
    assert refused.value.code == "said_no"


def test_a_late_no_is_still_a_no(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    step(town, offer_id, "expire")
    town.decline(offer_id, town.helpers[0])
    assert town.offer(offer_id).status == "declined"


def test_nobody_answers_for_another(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    for stranger in (town.helpers[1], town.head, town.villager):
        with pytest.raises(NotFound):
            town.accept(offer_id, stranger)
        with pytest.raises(NotFound):
            town.decline(offer_id, stranger)


def test_twenty_at_once_take_two_places(town: Town) -> None:
    request_id = town.bring("dispatching")
    helpers = [town.volunteer(f"群众{n}") for n in range(20)]
    invited = [(town.invite(request_id, helper), helper) for helper in helpers]
    said: list[str] = []

    def tap(offer_id: UUID, helper: Actor) -> None:
        try:
            said.append(town.accept(offer_id, helper))
        except LostRace as error:
            said.append(error.code)

    phones = [threading.Thread(target=tap, args=pair) for pair in invited]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join(60)
    assert sorted(said) == ["accepted"] * 2 + ["filled"] * 18
    assert len({place.person_id for place in town.places(request_id)}) == 2


def test_telling_people_and_their_answering_do_not_wait_for_each_other(town: Town) -> None:
    request_id = town.bring("dispatching")
    offer_id = town.invite(request_id, town.helpers[0])
    notice = {
        "event_id": town.events(request_id, "offer")[0].id, "request_id": request_id,
        "offer_id": offer_id, "person_id": town.helpers[0].person_id, "title": "", "text": "",
        "fields": {}, "created_at": clock.now(),
    }  # fmt: skip
    with transaction(town.engine) as telling:
        telling.add(Notification(**notice))
        telling.flush()
        assert town.accept(offer_id, town.helpers[0]) == "accepted"


# ------------------------------------------------------------------ the work


def test_work_begins_with_the_first_and_is_handed_in_by_the_last(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    first, second = town.helpers[:2]
    town.check_in(task_id, first)
    assert town.status(request_id) == "in_progress"
    town.complete(task_id, first)
    assert town.status(request_id) == "in_progress"
    clock.step(timedelta(minutes=1))
    town.check_in(task_id, second)
    town.complete(task_id, second)
    request = town.request(request_id)
    assert (request.status, request.done_by, request.result) == (
        "checking", second.person_id, "换了灯泡",
    )  # fmt: skip
    assert (held(town, request_id), town.task(request_id).status) == (["completed"] * 2, "done")


def test_work_that_began_before_the_last_place_was_filled_is_not_forgotten(town: Town) -> None:
    request_id = town.bring("dispatching")
    first, second = town.helpers[:2]
    task_id = town.take_place(request_id, first)
    town.check_in(task_id, first)
    assert town.status(request_id) == "dispatching"
    town.take_place(request_id, second)
    assert town.status(request_id) == "in_progress"


def test_nothing_is_completed_before_one_is_there(town: Town) -> None:
    request_id = town.bring("assigned")
    with pytest.raises(WrongState):
        town.complete(town.task(request_id).id, town.helpers[0])


def test_who_holds_no_place_does_not_know_of_the_task(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    for work in (town.check_in, town.complete, town.release):
        with pytest.raises(NotFound):
            work(task_id, town.helpers[2])


def test_a_released_place_alone_opens_again(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    town.release(task_id, town.helpers[0])
    assert (town.status(request_id), town.task(request_id).status) == ("dispatching", "open")
    assert sorted(held(town, request_id)) == ["open", "taken"]
    town.take_place(request_id, town.helpers[2])
    assert town.status(request_id) == "assigned"


def test_a_release_while_others_work_brings_them_back_to_work_when_filled(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    first, second, third = town.helpers
    town.check_in(task_id, first)
    town.complete(task_id, first)
    town.release(task_id, second)
    assert town.status(request_id) == "dispatching"
    town.take_place(request_id, third)
    assert town.status(request_id) == "in_progress"
    town.check_in(task_id, third)
    town.complete(task_id, third)
    assert town.status(request_id) == "checking"


def test_a_released_offer_is_over(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    town.release(task_id, town.helpers[0])
    for work in (town.check_in, town.complete, town.release):
        with pytest.raises((NotFound, WrongState)):
            work(task_id, town.helpers[0])


def test_a_place_left_on_a_task_that_is_done_brings_nothing_back(town: Town) -> None:
    request_id = town.bring("assigned")
    task_id = town.task(request_id).id
    town.act(request_id, "start")
    town.act(request_id, "submit_result", town.deputy, result="站里做完了")
    town.act(request_id, "send_back", reason="还差一点")
    town.release(task_id, town.helpers[0])
    assert town.status(request_id) == "in_progress"


def test_an_old_task_s_end_does_not_hand_in_the_new_one(town: Town) -> None:
    request_id = town.bring("assigned")
    old = town.task(request_id).id
    for helper in town.helpers[:2]:
        town.check_in(old, helper)
    town.act(request_id, "submit_result", town.deputy, result="站里做完了")
    town.act(request_id, "resolve")
    town.act(request_id, "reopen", town.villager, reason="又坏了")
    town.act(request_id, "dispatch", task={"people_needed": 1})
    town.check_in(town.take_place(request_id, town.helpers[2]), town.helpers[2])
    for helper in town.helpers[:2]:
        town.complete(old, helper)
    assert town.status(request_id) == "in_progress"


def test_work_that_is_sent_back_is_on_its_people_s_list_again(town: Town) -> None:
    request_id = town.bring("assigned", people=1)
    task_id = town.task(request_id).id
    town.check_in(task_id, town.helpers[0])
    town.complete(task_id, town.helpers[0])
    town.act(request_id, "send_back", reason="还差一点")
    town.work()
    assert held(town, request_id) == ["checked_in"]
    town.complete(task_id, town.helpers[0])
    assert town.status(request_id) == "checking"


def test_a_request_that_ends_frees_its_people(town: Town) -> None:
    request_id = town.bring("assigned")
    town.act(request_id, "withdraw", town.villager)
    town.work()
    assert held(town, request_id) == ["open", "open"]
    assert {offer.status for offer in town.offers(request_id)} == {"withdrawn"}
    assert town.task(request_id).status == "cancelled"


# ------------------------------------------------------------------ too few


def short(town: Town) -> UUID:
    request_id = town.bring("dispatching")
    town.take_place(request_id, town.helpers[0])
    town.system(request_id, "run_short")
    return request_id


def test_the_head_may_go_ahead_with_those_who_said_yes(town: Town) -> None:
    request_id = short(town)
    late = town.invite(request_id, town.helpers[1])
    town.act(request_id, "go_ahead")
    town.work()
    assert (held(town, request_id), town.task(request_id).people_needed) == (["taken"], 1)
    assert (town.offer(late).status, town.request(request_id).no_volunteer) == ("withdrawn", False)


def test_going_ahead_with_nobody_is_no_way(town: Town) -> None:
    request_id = short(town)
    town.release(town.task(request_id).id, town.helpers[0])
    with pytest.raises(GuardFailed):
        town.act(request_id, "go_ahead")


def test_a_task_that_is_filled_after_all_no_longer_lacks_people(town: Town) -> None:
    request_id = short(town)
    assert town.request(request_id).no_volunteer
    town.take_place(request_id, town.helpers[1])
    assert not town.request(request_id).no_volunteer


def test_what_the_station_does_itself_no_longer_lacks_people(town: Town) -> None:
    request_id = town.bring("dispatching")
    town.system(request_id, "give_up")
    assert town.request(request_id).no_volunteer
    town.act(request_id, "handle")
    assert not town.request(request_id).no_volunteer


def test_who_worked_on_it_among_others_does_not_check_it(town: Town) -> None:
    request_id = town.bring("dispatching")
    assert town.request(request_id).category == LAMP
    worker = Actor(town.helpers[0].person_id, grants=town.head.grants, volunteer=True)
    task_id = town.take_place(request_id, town.helpers[0])
    town.take_place(request_id, town.helpers[1])
    for helper in town.helpers[:2]:
        town.check_in(task_id, helper)
        town.complete(task_id, helper)
    with pytest.raises(GuardFailed) as caught:
        town.act(request_id, "resolve", worker)
    assert caught.value.code == "second_person_needed"


def test_an_answer_to_an_invitation_is_in_no_other_s_timeline(town: Town) -> None:
    request_id = town.bring("dispatching")
    town.decline(town.invite(request_id, town.helpers[0]), town.helpers[0])
    assert [event.action for event in town.events(request_id, "offer")] == ["invite", "decline"]
    assert "decline" not in [event.action for event in town.events(request_id)]
    found = town.all(Offer, Offer.request_id == request_id)[0]
    assert town.run(lambda s: OFFER.relations(s, town.head, found)) == frozenset()
    assert HEAD in town.run(
        lambda s: REQUEST.relations(s, town.head, town.request(request_id))
    )  # fmt: skip


def test_an_offer_that_is_not_there_is_not_found(town: Town) -> None:
    request_id = town.submit()
    with pytest.raises(NotFound):
        town.decline(request_id, town.head)
