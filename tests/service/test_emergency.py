"""A word of danger asks its question before anything else; no answer is an answer too (R1, R30)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.service.house import FLOOD, LAMP, House
from tests.service.test_problems import problem
from village import clock, outbox
from village.db import transaction

UNROUTED = "我娘晕倒了，叫不醒"


def answer(house: House, request: Any, *, danger_now: bool, caller: str = "u041") -> Any:
    path = f"/requests/{request['id']}/emergency"
    return house.post(path, caller, {"danger_now": danger_now})


def let_two_minutes_pass(house: House) -> None:
    clock.step(timedelta(minutes=2, seconds=1))
    house.logged_in.clear()
    with transaction(house.context.engine) as session:
        outbox.sweep_deadlines(session)
    house.work()


def dispatched(house: House) -> int:
    return int(house.rows("select count(*) from tasks")[0][0])


def told(house: House, caller: str) -> list[str]:
    house.work()
    return [line["title"] for line in house.seen("/notifications", caller)["items"]]


def test_the_question_comes_with_the_numbers_to_call(house: House) -> None:
    request = house.submit(text=FLOOD)
    assert (request["status"], request["routing"]["decision"]) == ("draft", "emergency")
    asked = request["emergency"]
    assert {number["number"] for number in asked["numbers"]} >= {"120"}
    assert asked["question"].endswith("？")
    by = datetime.fromisoformat(asked["answer_by"])
    assert timedelta(0) < by - clock.now() <= timedelta(minutes=2)
    assert request["deadlines"] == {"first_response_due": None, "resolve_due": None}
    assert told(house, "u001") == told(house, "u006") == []


def test_danger_is_handed_over_and_never_sent_out(house: House) -> None:
    body = answer(house, house.submit(text=FLOOD), danger_now=True).json
    assert (body["status"], body["priority"]) == ("handed_over", "P0")
    assert body["emergency"]["danger_now"] is True
    assert body["allowed_actions"] == []
    assert told(house, "u041") == ["请马上打电话求助"]
    assert told(house, "u001") == ["有村民说现在有危险"]
    assert dispatched(house) == 0


@pytest.mark.parametrize(("text", "status"), [(LAMP + FLOOD, "submitted"), (UNROUTED, "triage")])
def test_no_danger_goes_its_way(house: House, text: str, status: str) -> None:
    body = answer(house, house.submit(text=text), danger_now=False).json
    assert body["status"] == status
    assert body["emergency"]["danger_now"] is False
    assert body["deadlines"]["first_response_due"] is not None


@pytest.mark.parametrize("text", [LAMP, "社保卡丢了怎么补办"])
def test_she_may_say_that_there_is_danger_though_nobody_here_asked(house: House, text: str) -> None:
    request = house.submit(text=text)
    assert request["emergency"] is None
    body = answer(house, request, danger_now=True).json
    assert (body["status"], body["priority"]) == ("handed_over", "P0")
    assert body["emergency"]["numbers"]
    assert told(house, "u001") == ["有村民说现在有危险"]
    assert dispatched(house) == 0


def test_an_answer_that_comes_with_the_request_asks_nothing(house: House) -> None:
    sure = house.submit(text=FLOOD, emergency_confirmed=True)
    assert (sure["status"], sure["priority"]) == ("handed_over", "P0")
    calm = house.submit(text=LAMP + FLOOD, emergency_confirmed=False)
    assert (calm["status"], calm["emergency"]) == ("submitted", None)
    unseen = house.submit(text=LAMP, emergency_confirmed=True)
    assert (unseen["status"], bool(unseen["emergency"]["numbers"])) == ("handed_over", True)
    assert dispatched(house) == 0


def test_silence_is_unconfirmed_danger_for_people_to_look_at(
    movable_clock: None, house: House
) -> None:
    request = house.submit(text=UNROUTED)
    path = f"/requests/{request['id']}"
    clock.step(timedelta(minutes=1, seconds=55))
    with transaction(house.context.engine) as session:
        assert outbox.sweep_deadlines(session) == 0
    let_two_minutes_pass(house)
    seen = house.seen(path, "u001")
    assert (seen["status"], seen["priority"]) == ("submitted", "P1")
    assert seen["waits_for"] == "unconfirmed_danger"
    for head in ("u006", "u005", "u004"):
        assert "急事请马上查看" in told(house, head)
        queue = house.seen("/stations/990101.culture/queue", "u005")["items"]
        assert [item["id"] for item in queue] == [request["id"]]
    assert "急事请马上查看" in told(house, "u001")
    assert dispatched(house) == 0


@pytest.mark.parametrize(("danger", "status"), [(True, "handed_over"), (False, "submitted")])
def test_a_late_answer_still_counts(
    movable_clock: None, house: House, danger: bool, status: str
) -> None:
    request = house.submit(text=LAMP + FLOOD)
    let_two_minutes_pass(house)
    body = answer(house, request, danger_now=danger).json
    assert (body["status"], body["waits_for"]) == (status, None)


def test_danger_can_still_be_said_after_somebody_took_over(
    movable_clock: None, house: House
) -> None:
    request = house.submit(text=LAMP + FLOOD)
    let_two_minutes_pass(house)
    house.done(f"/requests/{request['id']}/accept", "u006")
    late = answer(house, request, danger_now=False)
    assert "allowed_actions" in problem(late, 409, "transition_not_allowed")
    assert answer(house, request, danger_now=True).json["status"] == "handed_over"


def test_the_question_is_the_writers_alone(house: House) -> None:
    request = house.submit(text=FLOOD)
    for stranger in ("u006", "u001", "u045", "u904"):
        refused = answer(house, request, danger_now=False, caller=stranger)
        problem(refused, 404, "not_found")


def test_a_question_is_answered_once(house: House) -> None:
    request = house.submit(text=FLOOD)
    first, second = (answer(house, request, danger_now=True) for _ in "ab")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    problem(answer(house, request, danger_now=False), 409, "transition_not_allowed")
    plain = house.submit()
    problem(answer(house, plain, danger_now=False), 409, "transition_not_allowed")


def test_a_withdrawn_draft_is_told_to_nobody(movable_clock: None, house: House) -> None:
    request = house.submit(text=FLOOD)
    house.done(f"/requests/{request['id']}/withdraw", "u041")
    let_two_minutes_pass(house)
    assert told(house, "u001") == told(house, "u006") == []
    assert house.rows("select kind from due_times where fired_at is not null") == []


def test_without_consent_not_even_a_draft_is_kept(house: House) -> None:
    headers = house.new_login("u045")
    body = {"village": "990101", "text": FLOOD}
    problem(house.post("/requests", body=body, headers=headers), 422, "consent_needed")
    with_consent = {**body, "consent_version": "2026-11"}
    assert house.post("/requests", body=with_consent, headers=headers).status_code == 201
    old = {**body, "consent_version": "2020-01"}
    problem(house.post("/requests", body=old, headers=headers), 422, "consent_outdated")
