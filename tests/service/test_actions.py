"""State changes: the order of checks, versions, and what a refusal tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.service.house import LAMP, House
from tests.service.test_answers import PEOPLE, invite
from tests.service.test_problems import problem
from tests.service.test_walk import invited
from village import clock
from village.workflow.request import REQUEST

REASONED = ("ask_review", "ask_unresolved", "try_again", "send_back", "reopen", "ask_chair",
            "escalate")  # fmt: skip
STALE = {"If-Match": '"7"'}


@pytest.fixture
def path(house: House) -> str:
    """A request of u041's that lies at public works, whose head is u006."""
    return f"/requests/{house.submit(category='PUB-03')['id']}"


def test_checks_come_in_order(house: House, path: str) -> None:
    """Unknown, then not hers, then another version, then the state, then the conditions."""
    confirm = {"solved": "yes"}

    def call(caller: str, action: str, body: Any, **headers: str) -> TestResponse:
        return house.post(f"{path}/{action}", caller, body, headers=headers)

    problem(call("u141", "confirm", confirm, **STALE), 404, "not_found")
    problem(call("u006", "confirm", confirm, **STALE), 403, "forbidden")
    problem(call("u041", "confirm", confirm, **STALE), 412, "stale_version")
    problem(call("u041", "confirm", confirm), 409, "transition_not_allowed")
    same = {"station": "public_works", "reason": "因为"}
    problem(call("u006", "route", same), 422, "same_station")


def test_a_wrong_state_says_what_it_is_and_what_can_be_done(house: House, path: str) -> None:
    body = problem(house.post(f"{path}/handle", "u006"), 409, "transition_not_allowed")
    seen = house.seen(path, "u006")
    assert body["allowed_actions"] == seen["allowed_actions"]
    assert (body["current_status"], body["version"]) == (seen["status"], seen["version"])


def test_what_is_allowed_is_what_can_be_done(house: House, path: str) -> None:
    """Nobody is promised an action that the door then shuts, nor the other way round."""
    bodies = {
        "ask": {"question": "哪一盏？"},
        "route": {"station": "culture", "reason": "a"},
        "reject": {"reason": "spam", "advice": "a"},
        "hand_over": {"receiver": "a", "contact": "b", "basis": "consent"},
        "answer": {"text": "a"},
        "confirm": {"solved": "yes"},
        "helped": {"helped": "yes"},
        "hide_me": {"hide": True},
        "merge": {"into": house.submit("u045", category="PUB-03")["id"]},
        "split": {"parts": [{"text": LAMP[:10]}, {"text": LAMP[10:]}]},
        "submit_result": {"result": "a"},
        "suspend": {"reason": "weather", "until": str(clock.today() + timedelta(days=3))},
        "heard": {"text": "a"},
        "answer_escalation": {"text": "a"},
        "uphold": {"advice": "a"},
        "countersign": {"reason": "a", "advice": "a"},
    }
    for caller in ("u041", "u006", "u001"):
        promised = set(house.seen(path, caller)["allowed_actions"])
        for action in set(REQUEST.actions()) - {"submit", "hold", "danger", "no_danger"}:
            body = bodies.get(action, {"reason": "a"} if action in REASONED else {})
            house.rows("create table before as select * from requests")
            status = house.post(f"{path}/{action}", caller, body).status_code
            assert (status == 200) == (action in promised), (caller, action, status)
            _put_back(house)


def _put_back(house: House) -> None:
    house.rows(
        """update requests set status = b.status, version = b.version, station = b.station,
               category = b.category, transfers = b.transfers, paused_at = null,
               hide_me = b.hide_me, escalated_to = b.escalated_to, merged_into = b.merged_into
           from before b where b.id = requests.id"""
    )
    house.rows("drop table before")


@pytest.mark.parametrize("sent", ['"1"', "1", 'W/"1"'])
def test_a_version_that_is_still_true_lets_the_change_through(
    house: House, path: str, sent: str
) -> None:
    answer = house.post(f"{path}/accept", "u006", headers={"If-Match": sent})
    assert answer.status_code == 200
    assert answer.json["version"] == 2  # type: ignore[index]


@pytest.mark.parametrize("sent", ["*", '"a"', '""', '"-1"', "1.0", '"9999999999"', "٣", '"1", "2"'])
def test_a_version_that_is_no_version_is_malformed(house: House, path: str, sent: str) -> None:
    answer = house.post(f"{path}/accept", "u006", headers={"If-Match": sent})
    problem(answer, 400, "malformed")


def test_a_stale_version_changes_nothing(house: House, path: str) -> None:
    body = problem(house.post(f"{path}/accept", "u006", headers=STALE), 412, "stale_version")
    assert body["version"] == 1
    assert house.seen(path, "u006")["status"] == "submitted"


def test_times_have_versions_too(house: House) -> None:
    times = house.seen("/me/availability", "u016")
    body = {"max_open_tasks": 5}
    stale = {"If-Match": f'"{times["version"] + 1}"'}
    answer = house.call("PUT", "/me/availability", "u016", stale, json=body)
    problem(answer, 412, "stale_version")
    fresh = {"If-Match": f'"{times["version"]}"'}
    changed = house.call("PUT", "/me/availability", "u016", fresh, json=body).json
    assert changed == {**times, **body, "version": times["version"] + 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"windows": [{"weekday": 8, "from": "08:00", "to": "09:00"}]}, "windows.0.weekday"),
        ({"windows": [{"weekday": 1, "from": "09:00", "to": "08:00"}]}, "windows.0.to"),
        ({"windows": [{"weekday": 1, "from": "24:00", "to": "24:00"}]}, "windows.0.to"),
        ({"windows": [{"weekday": 1, "from": "8:00", "to": "09:00"}]}, "windows.0.from"),
        ({"windows": [{"weekday": 1, "from": "08:00", "to": "09:00"}] * 2}, "windows"),
        ({"max_open_tasks": 21}, "max_open_tasks"),
        ({"max_open_tasks": "2"}, "max_open_tasks"),
        ({"time_off": [{"from": "2026-12-01T00:00:00", "to": "2026-12-02T00:00:00Z"}]},
         "time_off.0.from"),
        ({"time_off": [{"from": "0001-01-01T00:00:00+23:59", "to": "2026-12-02T00:00:00Z"}]},
         "time_off.0.from"),
        ({"quiet_hours": {"from": "22:00"}}, "quiet_hours.to"),
    ],
)  # fmt: skip
def test_wrong_times_are_named(shared_house: House, body: Any, field: str) -> None:
    answer = shared_house.call("PUT", "/me/availability", "u017", json=body)
    assert field in problem(answer, 422, "invalid")["errors"]


def test_who_is_no_volunteer_has_no_times(shared_house: House) -> None:
    problem(shared_house.get("/me/availability", "u041"), 404, "not_a_volunteer")


def test_an_unknown_action_is_not_found(house: House, path: str) -> None:
    for action in ("fly", "submit", "hold", "danger", "fill", "auto_close", "presume_danger"):
        problem(house.post(f"{path}/{action}", "u041"), 404, "not_found")


def test_a_transfer_answers_the_head_who_lets_it_go(house: House, path: str) -> None:
    """She sees its state and its new station, and from then on nothing."""
    body = house.done(f"{path}/route", "u006", {"station": "culture", "reason": "归他们"})
    assert (body["station"], body["status"]) == ("culture", "submitted")
    assert (body["allowed_actions"], "text" in body) == ([], False)
    problem(house.get(path, "u006"), 404, "not_found")
    assert "accept" in house.seen(path, "u005")["allowed_actions"]


def test_the_villagers_no_opens_it_again(house: House, path: str) -> None:
    for action in ("accept", "handle"):
        house.done(f"{path}/{action}", "u006")
    house.done(f"{path}/submit_result", "u006", {"result": "换了"})
    house.done(f"{path}/resolve", "u023")
    body = house.done(f"{path}/confirm", "u041", {"solved": "no", "comment": "又黑了"})
    assert body["status"] == "in_progress"


@pytest.fixture
def offers(house: House, path: str) -> dict[str, str]:
    """Offers of a task for one, by who was invited."""
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006", {"task": {"people_needed": 1}})
    house.work()
    people = invited(house, path.rpartition("/")[2])
    return {code: house.seen("/offers", code)["items"][0]["id"] for code in people}


def test_who_is_too_late_is_told_kindly(house: House, path: str, offers: dict[str, str]) -> None:
    ((first, offer),) = offers.items()
    second = next(code for code in PEOPLE if code != first)
    invite(house, path.rpartition("/")[2], second)
    other = house.seen("/offers", second)["items"][0]["id"]
    house.done(f"/offers/{offer}/accept", first)
    problem(house.post(f"/offers/{other}/accept", second), 409, "filled")
    house.work()
    problem(house.post(f"/offers/{other}/accept", second), 409, "filled")


def test_a_yes_to_what_has_ended_is_told_so(
    house: House, path: str, offers: dict[str, str]
) -> None:
    code, offer = next(iter(offers.items()))
    house.done(f"{path}/withdraw", "u041")
    problem(house.post(f"/offers/{offer}/accept", code), 409, "ended")
    house.work()
    problem(house.post(f"/offers/{offer}/accept", code), 409, "withdrawn")


def test_a_yes_that_waited_offline_is_asked_again(house: House, offers: dict[str, str]) -> None:
    code, offer = next(iter(offers.items()))
    old = {"offline_since": "2020-01-01T00:00:00Z"}
    problem(house.post(f"/offers/{offer}/accept", code, old), 409, "confirm_again")
    assert house.done(f"/offers/{offer}/accept", code)["people_accepted"] == 1


def test_an_answer_to_an_offer_that_has_changed_is_stale(
    house: House, offers: dict[str, str]
) -> None:
    code, offer = next(iter(offers.items()))
    for step in ("accept", "decline"):
        stale = house.post(f"/offers/{offer}/{step}", code, headers=STALE)
        problem(stale, 412, "stale_version")
    fresh = house.post(f"/offers/{offer}/accept", code, headers={"If-Match": '"1"'})
    assert fresh.status_code == 200


def test_a_second_tap_is_answered_like_the_first(house: House, offers: dict[str, str]) -> None:
    code, offer = next(iter(offers.items()))
    first, second = (house.done(f"/offers/{offer}/accept", code) for _ in "ab")
    assert first == second


def test_a_late_yes_counts_while_a_place_is_free(house: House, offers: dict[str, str]) -> None:
    code, offer = next(iter(offers.items()))
    house.rows("update offers set status = 'expired', expires_at = now() where id = :id", id=offer)
    assert house.seen("/offers?status=open", code)["items"][0]["status"] == "expired"
    assert house.done(f"/offers/{offer}/accept", code)["status"] == "accepted"


def test_a_head_may_read_a_task_but_not_work_on_it(house: House, offers: dict[str, str]) -> None:
    code, offer = next(iter(offers.items()))
    task = house.done(f"/offers/{offer}/accept", code)["id"]
    for step in ("check_in", "release", "complete"):
        body = {"result": "a", "minutes": 1} if step == "complete" else {}
        problem(house.post(f"/tasks/{task}/{step}", "u006", body), 403, "forbidden")
        problem(house.post(f"/tasks/{task}/{step}", "u041", body), 404, "not_found")
