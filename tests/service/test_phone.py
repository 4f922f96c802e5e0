"""Phone numbers: sealed, masked, and proof only where WeChat says whose they are."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.service.house import House
from tests.service.test_assisted import CHAIR, HEAD, OTHER_HEAD
from tests.service.test_level3 import everywhere
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE
from village.claiming_phone import MOST_NAMES

KIN, NEIGHBOUR = "u041", "u045"
NUMBER = "1999" + "0" * 6 + "7"  # nobody's
FOR = {"for": {"phone": NUMBER}}


def prove(house: House, caller: str = KIN, number: str = NUMBER) -> Any:
    code = f"phone.{number}.{uuid4().hex}"
    return house.post("/me/phone", caller, {"code": code})


def claim(house: House, caller: str = KIN) -> Any:
    return house.post("/requests/claim_by_phone", caller)


def name(house: House, caller: str = KIN) -> str:
    return str(house.seen("/me", caller)["name"])


def test_a_number_is_kept_sealed_and_shown_masked(house: House) -> None:
    written = house.call("PUT", "/me/phone", KIN, json={"number": f"+86 {NUMBER[:3]}-{NUMBER[3:]}"})
    assert written.json == {"number": "199****0007", "verified": False}
    assert everywhere(house, NUMBER) == []
    assert house.seen("/me/phone", KIN) == written.json
    assert prove(house).json == {"number": "199****0007", "verified": True}
    assert house.call("PUT", "/me/phone", KIN, json={"number": NUMBER}).json["verified"]
    assert not house.call("PUT", "/me/phone", KIN, json={"number": "0" + NUMBER}).json["verified"]
    assert house.call("DELETE", "/me/phone", KIN).status_code == 204
    assert house.seen("/me/phone", KIN) == {"number": None, "verified": False}


@pytest.mark.parametrize("number", ["", "110", "abc", NUMBER + "1", "٣" * 11, "1" * 5000])
def test_what_is_no_number_is_refused(shared_house: House, number: str) -> None:
    problem(shared_house.call("PUT", "/me/phone", KIN, json={"number": number}), 422, "invalid")


def test_a_code_works_once_and_must_be_wechats(house: House) -> None:
    problem(house.post("/me/phone", KIN, {"code": "nonsense"}), 422, "phone_code_invalid")
    code = {"code": f"phone.{NUMBER}.once"}
    assert house.post("/me/phone", KIN, code).status_code == 200
    problem(house.post("/me/phone", NEIGHBOUR, code), 422, "phone_code_invalid")


def test_her_confirmed_number_and_name_make_it_hers(house: House) -> None:
    made = house.enter(OTHER_HEAD, **{"for": {"phone": NUMBER, "name": name(house)}})
    other = house.enter(OTHER_HEAD, "水沟也堵了", **FOR)
    problem(claim(house), 422, "phone_unproven")
    house.call("PUT", "/me/phone", KIN, json={"number": NUMBER})
    problem(claim(house), 422, "phone_unproven")
    prove(house)
    claimed = claim(house)
    assert claimed.status_code == 200, claimed.text
    assert {each["id"] for each in claimed.json["items"]} == {made["id"], other["id"]}
    assert {each["id"] for each in house.seen("/requests", KIN)["items"]} >= {made["id"]}
    problem(claim(house), 422, "nothing_for_phone")


@pytest.mark.parametrize(
    "facts",
    [
        {"for": {"phone": NUMBER, "name": "程秋菊"}},
        {**FOR, "category": "MED-01", "text": "和邻居的旧事"},
        {**FOR, "text": VIOLENCE, "emergency_confirmed": False},
        {"for": {"phone": NUMBER[:-1] + "8"}},
    ],
    ids=["another name", "a dispute", "the safe path", "another number"],
)
def test_a_number_alone_is_no_proof(house: House, facts: dict[str, Any]) -> None:
    house.enter(
        OTHER_HEAD, facts.get("text", "路灯坏了"), **{k: v for k, v in facts.items() if k != "text"}
    )
    prove(house)
    problem(claim(house), 422, "nothing_for_phone")


def call_oneself(house: House, name: str) -> None:
    assert house.call("PUT", "/me/profile", KIN, json={"name": name}).status_code == 200


def test_who_guesses_the_name_by_changing_her_own_is_stopped(house: House) -> None:
    made = house.enter(OTHER_HEAD, **{"for": {"phone": NUMBER, "name": "程秋菊"}})
    prove(house)
    for number in range(MOST_NAMES):
        call_oneself(house, f"程秋{'兰梅竹英月'[number]}")
        for _ in range(2):  # the same one again is no other guess
            problem(claim(house), 422, "nothing_for_phone")
    call_oneself(house, "程秋菊")
    problem(claim(house), 422, "nothing_for_phone")
    slip = house.post(f"/requests/{made['id']}/slip", OTHER_HEAD).json
    assert house.done("/requests/claim", KIN, {"slip_code": slip["code"]})["id"] == made["id"]


def test_a_name_that_was_mistyped_may_be_put_right(house: House) -> None:
    made = house.enter(OTHER_HEAD, **{"for": {"phone": NUMBER, "name": "程秋菊"}})
    prove(house)
    for wrong in ("程秋局", "程秋举"):
        call_oneself(house, wrong)
        problem(claim(house), 422, "nothing_for_phone")
    call_oneself(house, "程秋菊")
    assert [each["id"] for each in claim(house).json["items"]] == [made["id"]]


def test_officers_do_not_claim_by_phone(house: House) -> None:
    house.enter(OTHER_HEAD, **FOR)
    prove(house, HEAD)
    problem(claim(house, HEAD), 422, "officers_do_not_claim")


def test_who_is_asked_to_phone_sees_the_number_and_she_can_see_that(house: House) -> None:
    made = house.enter(OTHER_HEAD, category="PUB-04", **FOR)
    house.done(f"/requests/{made['id']}/ask", HEAD, {"question": "哪一段？"})
    house.work()
    (item,) = house.seen("/calls", OTHER_HEAD)["items"]
    assert "phone" not in item
    assert house.seen(f"/calls/{item['id']}", OTHER_HEAD)["phone"] == NUMBER
    assert house.rows("select role, fields from access_log") == [("caller", ["phone"])]
    assert NUMBER not in house.get(f"/requests/{made['id']}", CHAIR).text


def test_a_number_that_was_passed_on_proves_nothing_for_who_had_it_before(house: House) -> None:
    prove(house)
    house.enter(OTHER_HEAD, **FOR)
    prove(house, NEIGHBOUR)
    assert house.seen("/me/phone", KIN) == {"number": "199****0007", "verified": False}
    problem(claim(house), 422, "phone_unproven")
    assert claim(house, NEIGHBOUR).status_code == 200


def test_what_wechat_said_long_ago_is_no_proof(house: House) -> None:
    prove(house)
    house.enter(OTHER_HEAD, **FOR)
    house.rows("update people set phone_verified_at = phone_verified_at - interval '31 days'")
    problem(claim(house), 422, "phone_unproven")


def test_an_officer_claims_nothing_by_a_second_account_with_her_number(house: House) -> None:
    """The chair enters a matter for her own number, and would confirm it as somebody else."""
    house.call("PUT", "/me/phone", CHAIR, json={"number": NUMBER})
    house.enter(CHAIR, **FOR)
    prove(house)
    problem(claim(house), 422, "officers_do_not_claim")
