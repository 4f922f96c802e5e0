"""A slip makes it hers: once, not by guessing, and until then a person phones her."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from runtime import wiring
from tests.service.house import House
from tests.service.test_assisted import CHAIR, CLERK, HEAD, OTHER_HEAD, SERVED
from tests.service.test_problems import problem
from tests.service.test_walk import invited
from tests.service.world import VIOLENCE
from village import clock, outbox

DEPUTY, NEIGHBOUR, KIN = "u023", "u045", "u041"
MATTER = "祠堂门口的水沟堵了"


@pytest.fixture
def entered(house: House) -> Any:
    """A request that the head of another station took by phone."""
    return house.enter(OTHER_HEAD, MATTER, category="PUB-04")


def slip(house: House, made: dict[str, Any], by: str = OTHER_HEAD) -> str:
    return str(house.done(f"/requests/{made['id']}/slip", by)["code"])


def claim(house: House, code: str, caller: str = KIN) -> Any:
    return house.post("/requests/claim", caller, {"slip_code": code})


def resolve(house: House, made: dict[str, Any]) -> str:
    path = f"/requests/{made['id']}"
    for action, said in (("accept", {}), ("handle", {}), ("submit_result", {"result": "通了"})):
        house.done(f"{path}/{action}", HEAD, said)
    house.done(f"{path}/resolve", DEPUTY)
    house.work()
    return path


def calls(house: House, caller: str) -> list[tuple[str, str]]:
    return [(each["kind"], each["title"]) for each in house.seen("/calls", caller)["items"]]


# ---------------------------------------------------------------- claiming


def test_the_code_makes_it_hers_with_all_that_she_was_told(
    house: House, entered: dict[str, Any]
) -> None:
    house.done(f"/requests/{entered['id']}/accept", HEAD)
    house.work()
    claimed = claim(house, slip(house, entered))
    assert claimed.status_code == 200, claimed.text
    assert claimed.json["number"] == entered["number"]
    assert claimed.json["on_behalf_of"] == {"name": SERVED, "consent_how": "oral"}
    (mine,) = house.seen("/requests", KIN)["items"]
    assert mine["id"] == entered["id"]
    assert "withdraw" in mine["allowed_actions"]
    titles = [line["title"] for line in house.seen("/notifications", KIN)["items"]]
    assert sorted(titles) == ["已受理", "已提交"]
    said = house.seen(f"/requests/{entered['id']}/timeline", KIN)["items"][-1]["text"]
    assert said == "您认领了，以后由您自己来说。"
    assert not house.rows("select 1 from people where name = :name", name=SERVED)


def test_after_it_who_entered_it_has_no_part_in_it(house: House, entered: dict[str, Any]) -> None:
    path = f"/requests/{entered['id']}"
    house.done(f"{path}/accept", HEAD)
    house.work()
    assert calls(house, OTHER_HEAD) == [("tell", "已受理")]
    claim(house, slip(house, entered))
    assert house.get(path, OTHER_HEAD).status_code == 404
    assert house.seen("/requests?scope=entered", OTHER_HEAD)["items"] == []
    assert calls(house, OTHER_HEAD) == []
    house.done(f"{path}/handle", HEAD)
    house.work()
    assert calls(house, OTHER_HEAD) == []
    assert house.seen("/notifications", KIN)["items"][0]["title"] == "开始办理"


def test_a_code_is_good_once_and_twice_for_her_who_used_it(
    house: House, entered: dict[str, Any]
) -> None:
    code = slip(house, entered)
    assert claim(house, code.replace(" ", "")).status_code == 200
    again = claim(house, code)
    assert (again.status_code, again.json["id"]) == (200, entered["id"])
    problem(claim(house, code, NEIGHBOUR), 422, "slip_unknown")


def test_only_the_newest_slip_and_only_for_ninety_days(
    house: House, entered: dict[str, Any], movable_clock: None
) -> None:
    lost, found = slip(house, entered), slip(house, entered)
    problem(claim(house, lost), 422, "slip_unknown")
    clock.step(timedelta(days=91))
    problem(claim(house, found, NEIGHBOUR), 422, "slip_unknown")


@pytest.mark.parametrize("code", [OTHER_HEAD, HEAD, DEPUTY, CHAIR, CLERK, "u012"])
def test_officers_of_the_village_claim_nothing(
    house: House, entered: dict[str, Any], code: str
) -> None:
    paper = slip(house, entered)
    problem(claim(house, paper, code), 422, "officers_do_not_claim")
    assert claim(house, paper).status_code == 200


def test_who_helps_with_it_does_not_claim_it(house: House, entered: dict[str, Any]) -> None:
    path = f"/requests/{entered['id']}"
    for action in ("accept", "dispatch"):
        house.done(f"{path}/{action}", HEAD)
    house.work()
    helper = invited(house, entered["id"])[0]
    offer = house.seen("/offers?status=open", helper)["items"][0]["id"]
    house.done(f"/offers/{offer}/accept", helper)
    problem(claim(house, slip(house, entered), helper), 422, "officers_do_not_claim")


@pytest.mark.parametrize("code", ["", "12345678901", "1" * 21, "12345678901x", 7, None, "１" * 12])
def test_what_is_no_code_is_refused(shared_house: House, code: Any) -> None:
    problem(claim(shared_house, code), 422, "invalid")


def test_who_guesses_is_stopped_even_with_the_right_code(
    house: House, entered: dict[str, Any], movable_clock: None
) -> None:
    right = slip(house, entered)
    wrong = [f"{number:012}" for number in range(5)]
    with ThreadPoolExecutor(5) as pool:
        refused = list(pool.map(lambda code: claim(house, code).status_code, wrong))
    assert refused == [422] * 5
    stopped = claim(house, right)
    problem(stopped, 429, "too_many_requests")
    assert 86000 < int(stopped.headers["Retry-After"]) <= 86401
    assert house.get(f"/requests/{entered['id']}", KIN).status_code == 404
    clock.step(timedelta(days=1, minutes=1))
    assert claim(house, right).status_code == 200
    assert house.rows("select 1 from claim_tries") == []


def test_tries_at_the_same_moment_are_all_counted(house: House) -> None:
    house.login(KIN)
    wrong = [f"{number:012}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(lambda code: claim(house, code).status_code, wrong))
    assert answers == [422] * 5 + [429] * 7


def test_of_two_who_claim_at_once_one_has_it(house: House, entered: dict[str, Any]) -> None:
    paper = slip(house, entered)
    people = (KIN, NEIGHBOUR)
    for code in people:
        house.login(code)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda code: claim(house, paper, code).status_code, people))
    assert sorted(answers) == [200, 422]
    winner = people[answers.index(200)]
    (row,) = house.rows("select name from people join requests on requester_id = people.id")
    assert row.name == house.seen("/me", winner)["name"]
    assert len(house.rows("select 1 from events where action = 'claim'")) == 1


def test_the_parts_of_it_are_claimed_with_it(house: House) -> None:
    parts = [
        {"text": "路灯坏了三盏。", "category": "PUB-03"},
        {"text": MATTER, "category": "PUB-04"},
    ]
    made = house.enter(HEAD, "".join(part["text"] for part in parts), category="PUB-03")
    paper = slip(house, made, HEAD)
    house.done(f"/requests/{made['id']}/split", HEAD, {"parts": parts})
    assert claim(house, paper).status_code == 200
    assert len(house.seen("/requests", KIN)["items"]) == 3


def test_no_paper_leads_to_what_is_said_about_violence(house: House) -> None:
    made = house.enter(OTHER_HEAD, VIOLENCE, emergency_confirmed=False)
    answer = house.post(f"/requests/{made['id']}/slip", OTHER_HEAD)
    problem(answer, 422, "no_slip_on_safe_path")


def test_a_slip_about_a_drain_does_not_take_along_what_is_said_about_violence(
    house: House, entered: dict[str, Any]
) -> None:
    paper = slip(house, entered)
    (row,) = house.rows("select requester_id from requests where id = :id", id=entered["id"])
    for_her = {"for": {"person": str(row.requester_id)}}
    house.enter(OTHER_HEAD, VIOLENCE, emergency_confirmed=False, **for_her)
    problem(claim(house, paper), 422, "slip_unknown")
    assert house.seen("/requests", KIN)["items"] == []


def test_she_who_has_an_account_takes_it_into_her_own_hands(house: House) -> None:
    person = house.seen("/me", KIN)["id"]
    made = house.enter(OTHER_HEAD, MATTER, **{"for": {"person": person}})
    path = f"/requests/{made['id']}"
    assert "claim" in house.seen(path, KIN)["allowed_actions"]
    assert "claim" not in house.done(f"{path}/claim", KIN)["allowed_actions"]
    assert house.get(path, OTHER_HEAD).status_code == 404


# ---------------------------------------------------------------- please phone


def test_what_she_would_hear_is_told_by_who_entered_it(
    house: House, entered: dict[str, Any]
) -> None:
    house.work()
    assert calls(house, OTHER_HEAD) == []  # she was told when it was entered
    house.done(f"/requests/{entered['id']}/ask", HEAD, {"question": "哪一段？"})
    house.work()
    (item,) = house.seen("/calls", OTHER_HEAD)["items"]
    assert (item["kind"], item["number"], "name" in item) == ("tell", entered["number"], False)
    path = f"/calls/{item['id']}"
    assert house.seen(path, OTHER_HEAD)["name"] == SERVED
    assert house.seen("/notifications", OTHER_HEAD)["items"][0]["title"] == "请打个电话"
    for other in (HEAD, CHAIR, KIN, "u106"):
        assert house.get(path, other).status_code == 404
        assert house.post(f"{path}/done", other, {"reached": True}).status_code == 404
    assert house.done(f"{path}/done", OTHER_HEAD, {"reached": False})["tries"] == 1
    assert len(calls(house, OTHER_HEAD)) == 1
    house.done(f"{path}/done", OTHER_HEAD, {"reached": True})
    assert calls(house, OTHER_HEAD) == []


def test_what_is_told_late_is_told_once(house: House, entered: dict[str, Any]) -> None:
    for action in ("accept", "handle"):
        house.done(f"/requests/{entered['id']}/{action}", HEAD)
        house.work()
    assert calls(house, OTHER_HEAD) == [("tell", "开始办理")]


def test_what_is_told_in_the_wrong_order_ends_with_the_newest(
    house: House, entered: dict[str, Any]
) -> None:
    for action in ("accept", "handle"):
        house.done(f"/requests/{entered['id']}/{action}", HEAD)
    jobs = wiring.Context(house.context.engine, house.context.wechat)
    rows = house.rows("select id from outbox where job = 'notify.tell' order by created_at desc")
    for row in rows:
        outbox.run(jobs, row.id, wiring.HANDLERS)
    assert calls(house, OTHER_HEAD) == [("tell", "开始办理")]


def test_what_lies_for_a_day_the_chair_sees(
    house: House, entered: dict[str, Any], movable_clock: None
) -> None:
    house.done(f"/requests/{entered['id']}/accept", HEAD)
    house.work()
    assert calls(house, CHAIR) == []
    clock.step(timedelta(days=1, hours=1))
    assert calls(house, CHAIR) == [("tell", "已受理")]
    assert calls(house, "u101") == []


def test_for_who_is_out_of_office_the_chair_phones(house: House, entered: dict[str, Any]) -> None:
    person = house.seen("/me", OTHER_HEAD)["id"]
    house.rows("update role_grants set valid_to = now() where person_id = :id", id=person)
    house.done(f"/requests/{entered['id']}/accept", HEAD)
    house.work()
    assert calls(house, CHAIR) == [("tell", "已受理")]
    assert calls(house, OTHER_HEAD) == []


def test_about_a_dispute_a_mediator_phones_and_nothing_of_it_is_said(house: House) -> None:
    house.enter(OTHER_HEAD, "程家院墙边的旧事", category="MED-01")
    (made,) = house.seen("/stations/990101.mediation/queue", "u004")["items"]
    house.done(f"/requests/{made['id']}/accept", "u004")
    house.work()
    found = [each for code in ("u004", "u012") for each in house.seen("/calls", code)["items"]]
    (item,) = found
    assert item["careful"]
    assert "纠纷" not in item["title"] + item["text"]
    assert calls(house, OTHER_HEAD) == []


# ---------------------------------------------------------------- is it solved?


def test_somebody_outside_the_station_asks_her_whether_it_is_solved(
    house: House, entered: dict[str, Any]
) -> None:
    path = resolve(house, entered)
    assert calls(house, OTHER_HEAD) == []
    (item,) = house.seen("/calls", CHAIR)["items"]
    assert item["kind"] == "call_back"
    problem(house.post(f"/calls/{item['id']}/done", CHAIR, {"reached": True}), 422, "ask_her")
    for other in (OTHER_HEAD, HEAD):
        problem(house.post(f"{path}/call_back", other, {"solved": "yes"}), 403, "forbidden")
    closed = house.done(f"{path}/call_back", CHAIR, {"solved": "partly", "rating": 4})
    assert (closed["status"], closed["solved"], closed["rating"]) == ("closed", "partly", 4)
    assert calls(house, CHAIR) == []
    assert house.post(f"{path}/call_back", CHAIR, {"solved": "yes"}).status_code == 403


def test_the_clerk_asks_about_what_the_chair_entered(house: House) -> None:
    path = resolve(house, house.enter(CHAIR, MATTER, category="PUB-04"))
    assert calls(house, CHAIR) == []
    assert calls(house, CLERK) == [("call_back", "已办结")]
    answer = house.done(f"{path}/call_back", CLERK, {"solved": "yes", "rating": 5})
    assert (answer["status"], "text" in answer, "requester" in answer) == ("closed", False, False)


def test_not_solved_is_a_reopening(house: House, entered: dict[str, Any]) -> None:
    path = resolve(house, entered)
    said = {"solved": "no", "comment": "下雨又堵了"}
    assert house.done(f"{path}/call_back", CHAIR, said)["status"] == "in_progress"
    house.work()
    assert house.seen("/notifications", HEAD)["items"][0]["title"] == "回访说没有解决"
    last = house.seen(f"{path}/timeline", HEAD)["items"][-1]["text"]
    assert last == "回访时本人说没有解决。说明：下雨又堵了。"


def test_when_she_claims_it_she_says_it_herself(house: House, entered: dict[str, Any]) -> None:
    path = resolve(house, entered)
    before = house.seen(path, HEAD)
    claimed = claim(house, slip(house, entered)).json
    assert "confirm" in claimed["allowed_actions"]
    assert claimed["deadlines"] == before["deadlines"]
    assert house.rows("select 1 from due_times where kind = 'auto_close' and cancelled_at is null")
    assert calls(house, CHAIR) == []
    assert house.post(f"{path}/call_back", CHAIR, {"solved": "yes"}).status_code == 403
    assert house.done(f"{path}/confirm", KIN, {"solved": "yes"})["status"] == "closed"
