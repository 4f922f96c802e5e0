"""What goes beyond one row of workflows 3.0 and 3.1: clocks, transfers, who is too close."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.village.town import LAMP, VILLAGE, Town
from village import clock
from village.access import Actor, Grant
from village.errors import Forbidden, GuardFailed, Invalid, Recused, StaleVersion, WrongState
from village.models import Handover, Person
from village.workflow.engine import apply
from village.workflow.request import REQUEST


def refusal(town: Town, request_id: UUID, action: str, actor: Actor, **sent: Any) -> str:
    with pytest.raises(GuardFailed) as caught:
        town.act(request_id, action, actor, **sent)
    return caught.value.code


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=clock.SHANGHAI)


# ------------------------------------------------------------------ who is too close


def test_a_head_does_not_decide_on_her_own_request(town: Town) -> None:
    request_id = town.submit(town.head)
    with pytest.raises(Recused):
        town.act(request_id, "accept", town.head)
    assert town.act(request_id, "accept", town.deputy) == "accepted"


def test_a_head_does_not_decide_on_her_household_s_request(town: Town) -> None:
    head = town.person("站长乙", ("head", "public_works"), household="H1")
    request_id = town.submit(town.person("妻子", household="H1"))
    with pytest.raises(Recused):
        town.act(request_id, "accept", head)
    assert town.act(request_id, "accept", town.head) == "accepted"


def test_the_same_household_number_of_another_village_is_another_household(town: Town) -> None:
    head = town.person("站长乙", ("head", "public_works"), household="H1")
    stranger = town.person("外村人", household="H1")
    moved = sa.update(Person).where(Person.id == stranger.person_id)
    town.run(lambda session: session.execute(moved.values(village_code="990101")))
    assert town.act(town.submit(stranger), "accept", head) == "accepted"


def test_people_without_a_household_are_no_household(town: Town) -> None:
    assert town.act(town.submit(town.person("某人")), "accept") == "accepted"


@pytest.mark.parametrize("turned", [False, True])
def test_a_declared_relative_does_not_decide_whoever_declared_it(town: Town, turned: bool) -> None:
    pair = (town.villager, town.head) if turned else (town.head, town.villager)
    town.kin(*pair)
    request_id = town.submit()
    for action, sent in (("accept", {}), ("ask", {"question": "?"}), ("reject", {})):
        with pytest.raises(Recused):
            town.act(request_id, action, town.head, **sent)
    assert town.act(request_id, "accept", town.chair) == "accepted"


def test_too_close_is_asked_again_at_every_step(town: Town) -> None:
    request_id = town.bring("checking")
    town.kin(town.head, town.villager)
    with pytest.raises(Recused):
        town.act(request_id, "resolve", town.head)


def test_a_head_may_ask_for_help_and_take_it_back_like_everybody(town: Town) -> None:
    request_id = town.submit(town.head)
    assert town.act(request_id, "withdraw", town.head) == "withdrawn"


# ------------------------------------------------------------------ transfers


def test_heads_pass_a_request_on_twice_and_then_the_chair_decides(town: Town) -> None:
    cleaner = town.person("卫生站长", ("head", "sanitation"))
    request_id = town.submit()
    town.act(request_id, "route", town.head, station="sanitation", reason="归卫生")
    town.act(request_id, "route", cleaner, station="public_works", reason="归公益")
    with pytest.raises(WrongState) as caught:
        town.act(request_id, "route", town.head, station="sanitation", reason="归卫生")
    assert "route" not in caught.value.extra["allowed_actions"]
    moved = {"station": "sanitation", "reason": "会长定"}
    assert town.act(request_id, "route", town.chair, **moved) == "submitted"
    assert (town.request(request_id).transfers, town.request(request_id).station) == (
        2, "sanitation",
    )  # fmt: skip


def test_who_passed_it_on_has_it_no_more(town: Town) -> None:
    request_id = town.submit()
    town.act(request_id, "route", station="sanitation", reason="归卫生")
    seen = town.run(lambda s: REQUEST.relations(s, town.head, town.request(request_id)))
    assert seen == frozenset()


def test_a_transfer_does_not_set_the_clocks_back(town: Town) -> None:
    request_id = town.submit()
    before = town.request(request_id)
    clock.step(timedelta(hours=5))
    town.act(request_id, "route", station="sanitation", reason="归卫生")
    after = town.request(request_id)
    assert (after.first_response_due, after.resolve_due) == (
        before.first_response_due, before.resolve_due,
    )  # fmt: skip
    assert town.due(request_id, "resolve") == [before.resolve_due]


def test_a_category_stays_until_another_one_is_named(town: Town) -> None:
    request_id = town.submit()
    town.act(request_id, "route", station="sanitation", reason="归卫生")
    assert town.request(request_id).category == LAMP
    request_id = town.bring("triage")
    sent = {"station": "public_works", "category": LAMP, "reason": "路灯"}
    town.act(request_id, "route", town.chair, **sent)
    assert town.request(request_id).category == LAMP


@pytest.mark.parametrize(
    "sent",
    [
        {"station": "public_works", "category": "MED-01"},
        {"station": "public_works", "category": "X-99"},
        {"station": "moon_base"},
    ],
)
def test_a_station_or_category_that_does_not_fit_is_refused(
    town: Town, sent: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        town.act(town.bring("triage"), "route", town.chair, **sent, reason="?")


def test_what_becomes_a_dispute_is_sealed_and_stays_sealed(town: Town) -> None:
    request_id = town.bring("triage")
    dispute = {"station": "mediation", "category": "MED-01", "reason": "纠纷"}
    town.act(request_id, "route", town.chair, **dispute)
    request = town.request(request_id)
    assert (request.sealed, request.neutral, request.waits_for) == (True, True, "mediation")
    moved = {"station": "public_works", "reason": "不是纠纷"}
    assert refusal(town, request_id, "route", town.chair, **moved) == "sealed_stays"
    assert town.request(request_id).sealed


# ------------------------------------------------------------------ clocks


def test_only_a_human_act_stops_the_first_clock(town: Town) -> None:
    request_id = town.submit()
    assert town.request(request_id).first_response_at is None
    assert len(town.due(request_id, "first_response")) == 1
    town.act(request_id, "accept")
    first = town.request(request_id).first_response_at
    assert first is not None
    assert town.due(request_id, "first_response") == []
    clock.step(timedelta(hours=1))
    town.act(request_id, "ask", question="?")
    assert town.request(request_id).first_response_at == first


@pytest.mark.parametrize("action", ["presume_danger", "route"])
def test_what_no_person_answers_does_not_count_as_an_answer(town: Town, action: str) -> None:
    request_id = town.hold() if action == "presume_danger" else town.submit()
    if action == "presume_danger":
        town.system(request_id, action)
    else:
        town.act(request_id, "route", station="sanitation", reason="归卫生")
    assert town.request(request_id).first_response_at is None
    assert len(town.due(request_id, "first_response")) == 1


def test_a_question_rests_the_clock_and_the_answer_moves_it_by_that_time(town: Town) -> None:
    request_id = town.submit()
    before = town.request(request_id).resolve_due
    assert before is not None
    town.act(request_id, "ask", question="哪一盏？")
    assert town.due(request_id, "resolve") == []
    assert town.due(request_id, "requester_answer") == [at("11-30T20:00")]
    clock.step(timedelta(days=3))
    town.act(request_id, "answer", town.villager, text="第三盏")
    after = town.request(request_id)
    assert after.resolve_due is not None
    rested = after.resolve_due - before
    assert timedelta(days=3) <= rested < timedelta(days=3, minutes=1)
    assert town.due(request_id, "resolve") == [after.resolve_due]
    assert (after.paused_at, town.due(request_id, "requester_answer")) == (None, [])


def test_the_clock_can_rest_more_than_once(town: Town) -> None:
    request_id = town.submit()
    before = town.request(request_id).resolve_due
    assert before is not None
    for _ in range(2):
        town.act(request_id, "ask", question="?")
        clock.step(timedelta(days=1))
        town.act(request_id, "answer", town.villager, text="!")
    (due,) = town.due(request_id, "resolve")
    assert timedelta(days=2) <= due - before < timedelta(days=2, minutes=1)


def test_a_raised_priority_brings_the_limit_forward_and_a_lowered_one_moves_nothing(
    town: Town,
) -> None:
    lowered, raised = town.submit(), town.submit()
    before = town.request(lowered).resolve_due
    town.act(lowered, "accept", priority="P4")
    town.act(raised, "accept", priority="P2")
    assert town.request(lowered).resolve_due == before
    assert town.request(raised).resolve_due == at("11-28T20:00")
    assert town.due(raised, "resolve") == [at("11-28T20:00")]


@pytest.mark.parametrize("state", ["closed", "rejected", "withdrawn", "handed_over"])
def test_what_has_ended_has_no_clock_left(town: Town, state: str) -> None:
    request_id = town.bring(state)
    kinds = ("first_response", "resolve", "auto_close", "requester_answer", "offer_round")
    assert [kind for kind in kinds if town.due(request_id, kind)] == []
    assert town.request(request_id).ended_at is not None


def test_silence_closes_after_seven_days_and_is_no_praise(town: Town) -> None:
    request_id = town.bring("resolved")
    town.later(days=6, hours=23)
    assert town.status(request_id) == "resolved"
    town.later(hours=1, minutes=1)
    request = town.request(request_id)
    assert (request.status, request.rating, request.solved) == ("closed", None, None)


# ------------------------------------------------------------------ emergency


def test_danger_is_handed_over_as_an_emergency_with_its_numbers(town: Town) -> None:
    request_id = town.hold()
    town.act(request_id, "danger", town.villager)
    request = town.request(request_id)
    (handover,) = town.all(Handover, Handover.request_id == request_id)
    assert (request.priority, request.emergency["danger_now"]) == ("P0", True)
    assert (handover.receiver, handover.basis) == ("火警 119", "emergency")


def test_no_answer_in_two_minutes_is_danger_that_is_not_confirmed(town: Town) -> None:
    request_id = town.hold(category=None)
    town.later(minutes=1, seconds=50)
    assert town.status(request_id) == "draft"
    town.later(seconds=11)
    request = town.request(request_id)
    assert (request.status, request.priority, request.waits_for) == (
        "submitted", "P1", "unconfirmed_danger",
    )  # fmt: skip
    assert request.first_response_due is not None
    assert request.submitted_at is not None
    assert request.first_response_due - request.submitted_at == timedelta(hours=2)


def test_any_head_of_the_village_may_take_over_danger_that_no_station_has(town: Town) -> None:
    request_id = town.hold(category=None)
    town.later(minutes=3)
    cleaner = town.person("卫生站长", ("head", "sanitation"))
    assert refusal(town, request_id, "accept", town.chair) == "route_first"
    town.act(request_id, "accept", cleaner)
    request = town.request(request_id)
    assert (request.station, request.waits_for) == ("sanitation", None)


def test_a_late_no_lets_it_go_its_ordinary_way(town: Town) -> None:
    request_id = town.hold(category=None)
    town.later(minutes=3)
    town.act(request_id, "no_danger", town.villager)
    request = town.request(request_id)
    assert (request.status, request.waits_for) == ("submitted", None)
    with pytest.raises(WrongState):
        town.act(request_id, "no_danger", town.villager)
    assert town.act(request_id, "route", town.chair, station="sanitation", reason="?")


def test_a_late_yes_is_still_handed_over(town: Town) -> None:
    request_id = town.hold()
    town.later(minutes=3)
    assert town.act(request_id, "danger", town.villager) == "handed_over"


def test_an_answer_in_time_stops_the_two_minutes(town: Town) -> None:
    request_id = town.hold()
    town.act(request_id, "no_danger", town.villager)
    town.later(minutes=3)
    assert town.request(request_id).priority == "P3"


# ------------------------------------------------------------------ the villager's word


def do_it_again(town: Town, request_id: UUID) -> None:
    town.act(request_id, "submit_result", town.deputy, result="换了")
    town.act(request_id, "resolve")


def test_the_first_reopening_goes_to_the_station_and_every_further_one_to_the_chair(
    town: Town,
) -> None:
    request_id = town.bring("resolved")
    assert town.act(request_id, "reopen", town.villager, reason="又坏了") == "in_progress"
    for _ in range(2):
        do_it_again(town, request_id)
        assert town.act(request_id, "reopen", town.villager, reason="又坏了") == "triage"
        town.act(request_id, "route", town.chair, station="public_works", reason="再去看看")
        town.act(request_id, "accept")
        town.act(request_id, "handle")


def test_the_chair_reopens_once_by_herself(town: Town) -> None:
    request_id = town.bring("resolved")
    with pytest.raises(WrongState):
        town.act(request_id, "reopen", town.chair, reason="又坏了")
    town.act(request_id, "reopen", town.villager, reason="又坏了")
    do_it_again(town, request_id)
    assert town.act(request_id, "reopen", town.chair, reason="又坏了") == "in_progress"
    do_it_again(town, request_id)
    with pytest.raises(WrongState):
        town.act(request_id, "reopen", town.chair, reason="又坏了")


def test_a_reopened_request_is_to_be_seen_to_within_a_day(town: Town) -> None:
    request_id = town.bring("closed")
    town.later(days=14)
    town.act(request_id, "reopen", town.villager, reason="又坏了")
    request = town.request(request_id)
    assert request.resolve_due == clock.end_of_service_day(clock.now(), 1)
    assert town.due(request_id, "resolve") == [request.resolve_due]
    assert (request.ended_at, request.resolved_at, request.solved) == (None, None, None)
    assert town.due(request_id, "auto_close") == []


def test_fifteen_days_count_from_the_day_it_was_resolved(town: Town) -> None:
    request_id = town.bring("resolved")
    town.later(days=15, minutes=1)
    assert town.status(request_id) == "closed"
    assert refusal(town, request_id, "reopen", town.villager, reason="?") == "too_late"


def test_what_the_villager_says_is_kept_as_she_said_it(town: Town) -> None:
    request_id = town.bring("resolved")
    town.act(request_id, "confirm", town.villager, solved="partly", rating=2, comment="慢")
    request = town.request(request_id)
    assert (request.solved, request.rating) == ("partly", 2)
    assert town.events(request_id)[-1].data["comment"] == "慢"


# ------------------------------------------------------------------ who checks, and versions


def test_with_little_risk_and_no_money_the_head_may_check_her_own_work(town: Town) -> None:
    request_id = town.submit(category="PUB-09")
    for action in ("accept", "handle", "submit_result", "resolve"):
        town.act(request_id, action, town.head, result="扫了")
    assert town.status(request_id) == "resolved"


def test_with_money_another_person_checks_it(town: Town) -> None:
    giver = town.person("互助站长", ("head", "mutual_aid"))
    request_id = town.submit(category="AID-08")
    for action in ("accept", "handle", "submit_result"):
        town.act(request_id, action, giver, result="收了")
    assert refusal(town, request_id, "resolve", giver) == "second_person_needed"
    assert town.act(request_id, "resolve", town.chair) == "resolved"


def test_a_step_on_an_old_version_is_refused_before_its_state_is_looked_at(town: Town) -> None:
    request_id = town.bring("accepted")

    def take(action: str) -> None:
        town.run(
            lambda s: apply(s, REQUEST, request_id, action, actor=town.head, if_match=1)
        )  # fmt: skip

    for action in ("handle", "resolve"):
        with pytest.raises(StaleVersion) as caught:
            take(action)
        assert caught.value.extra["version"] == 2
    with pytest.raises(Forbidden):
        take("confirm")


def test_an_office_elsewhere_opens_nothing_here(town: Town) -> None:
    elsewhere = Actor(town.chair.person_id, grants=(Grant("chair", "990101"),))
    request = town.request(town.submit())
    assert town.run(lambda s: REQUEST.relations(s, elsewhere, request)) == frozenset()
    assert request.village_code == VILLAGE
