"""我也是: counted, told of the main steps, and never shown more than a neighbour may know."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_similar import AGAIN, CANARY, CONFIDENTIAL, look

HEAD = "u006"
FACE = {
    "id", "number", "status", "status_text", "station", "category", "place", "followers",
    "created_at", "since",
}  # fmt: skip


def lamp(house: House, caller: str = "u041", **facts: Any) -> str:
    """Write of the lamp; returns the path."""
    made = house.submit(caller, category="PUB-03", place={"name": "村口"}, **facts)
    return f"/requests/{made['id']}"


def followed(house: House, caller: str = "u045") -> Any:
    return house.seen("/me/follows", caller)["items"]


def told(house: House, caller: str = "u045") -> list[tuple[str, str]]:
    house.work()
    lines = house.seen("/notifications", caller)["items"]
    return [(line["title"], line["text"]) for line in lines]


def test_a_neighbour_follows_and_sees_the_public_face_alone(house: House) -> None:
    path = lamp(house, text=CANARY)
    seen = house.done(f"{path}/follow", "u045")
    assert seen.keys() == FACE
    assert (seen["status_text"], seen["place"], seen["followers"]) == ("已提交", "村口", 1)
    assert followed(house) == [seen]
    answer = house.get("/me/follows", "u045").text
    assert "金丝雀" not in answer
    assert house.seen("/me", "u041")["name"] not in answer
    problem(house.get(path, "u045"), 404, "not_found")


def test_twice_is_once_and_taking_it_back_too(house: House) -> None:
    path = lamp(house)
    first = house.done(f"{path}/follow", "u045")
    assert house.done(f"{path}/follow", "u045") == first
    house.done(f"{path}/follow", "u047")
    assert house.seen(path, HEAD)["followers"] == 2
    for _ in range(2):
        assert house.call("DELETE", f"{path}/follow", "u045").status_code == 204
    assert house.seen(path, HEAD)["followers"] == 1
    assert followed(house) == []


def test_many_at_once_are_counted_each(house: House) -> None:
    path = lamp(house)
    people = ["u042", "u043", "u044", "u045", "u046"]
    for code in people:
        house.login(code)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda code: house.post(f"{path}/follow", code), people * 2))
    assert {answer.status_code for answer in answers} == {200}
    assert house.seen(path, HEAD)["followers"] == len(people)


def test_not_ones_own_and_not_from_another_village(house: House) -> None:
    path = lamp(house)
    problem(house.post(f"{path}/follow", "u041"), 403, "forbidden")
    for method in ("POST", "DELETE"):
        answer = house.call(method, f"{path}/follow", "u141", json=None)
        problem(answer, 404, "not_found")


@pytest.mark.parametrize("change", CONFIDENTIAL)
def test_what_is_confidential_cannot_be_followed_and_is_hidden_from_who_did(
    house: House, change: str
) -> None:
    path = lamp(house)
    house.done(f"{path}/follow", "u045")
    house.rows(f"update requests set {change}")
    problem(house.post(f"{path}/follow", "u047"), 404, "not_found")
    if "withdrawn" not in change:
        assert followed(house) == []
    assert house.call("DELETE", f"{path}/follow", "u045").status_code == 204


def test_what_has_ended_is_said_anew(house: House) -> None:
    path = lamp(house)
    house.rows("update requests set status = 'closed', ended_at = now()")
    problem(house.post(f"{path}/follow", "u045"), 409, "already_over")


def test_followers_hear_of_the_main_steps_in_their_inboxes_alone(house: House) -> None:
    path = lamp(house)
    house.done(f"{path}/follow", "u045")
    house.done(f"{path}/accept", HEAD)
    house.done(f"{path}/handle", HEAD)
    house.done(f"{path}/submit_result", HEAD, {"result": "换了三个灯泡"})
    house.done(f"{path}/resolve", "u001")
    lines = told(house)
    assert sorted(title for title, _ in lines) == ["已办结", "已受理"]
    assert all("您也说过的" in text and "灯泡" not in text for _, text in lines)
    pushed = house.rows(
        """select 1 from deliveries join notifications n on n.id = notification_id
           join people on people.id = n.person_id where people.code = 'u045'"""
    )
    assert pushed == []


def test_they_hear_no_more_of_what_has_become_confidential(house: House) -> None:
    path = lamp(house)
    house.done(f"{path}/follow", "u045")
    house.rows("update requests set neutral = true")
    house.done(f"{path}/accept", HEAD)
    assert told(house) == []


def test_they_are_told_that_they_hear_no_more_and_not_why(house: House) -> None:
    path = lamp(house, text=CANARY)
    house.done(f"{path}/follow", "u045")
    house.done(f"{path}/hide_me", "u041", {"hide": True})
    ((title, text),) = told(house)
    assert title == "不再跟进了"
    number = house.seen(path, "u041")["number"]
    assert not any(word in text for word in (number, "路灯", "村口", "金丝雀"))
    house.done(f"{path}/hide_me", "u041", {"hide": False})
    assert followed(house) == []


def test_they_are_told_when_nobody_will_do_it_for_them(house: House) -> None:
    path = lamp(house)
    house.done(f"{path}/follow", "u045")
    house.done(f"{path}/withdraw", "u041", {"reason": "自己修好了"})
    ((title, text),) = told(house)
    assert title == "已撤回"
    assert "自己修好了" not in text
    assert [each["status"] for each in followed(house)] == ["withdrawn"]


def test_the_search_says_what_one_follows(house: House) -> None:
    path = lamp(house)
    (before,) = look(house)
    assert (before["open"], before["following"], before["followers"]) == (True, False, 0)
    house.done(f"{path}/follow", "u045")
    (after,) = look(house, text=AGAIN)
    assert (after["following"], after["followers"]) == (True, 1)
    assert [one["following"] for one in look(house, "u047")] == [False]


def test_what_more_wait_for_is_seen_first_and_no_priority_changes(house: House) -> None:
    paths = [lamp(house) for _ in range(3)]
    house.done(f"{paths[2]}/follow", "u045")
    house.done(f"{paths[2]}/follow", "u047")
    house.done(f"{paths[1]}/follow", "u045")
    queue = "/stations/990101.public_works/queue?limit=1"
    found, cursor = [], ""
    while True:
        page = house.seen(queue + cursor, HEAD)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [f"/requests/{one['id']}" for one in found] == paths[::-1]
    assert len({one["priority"] for one in found}) == 1


def test_an_account_that_goes_takes_its_follows_along(house: House) -> None:
    path = lamp(house)
    house.done(f"{path}/follow", "u045")
    (rule,) = house.rows(
        "select confdeltype::text from pg_constraint where conname = 'fk_follows_person_id'"
    )
    assert rule[0] == "c"  # cascade
    house.rows("delete from follows")
    assert house.seen(path, HEAD)["followers"] == 0
