"""What a villager's own words bring about: flags, her name, and what staff and she are told."""

from __future__ import annotations

import pytest

from tests.service.house import House
from village.catalog.files import read

HIDDEN = "村口那个猪场夜里往河里放黑水，不要讲是我说的"
DAM = "坝脚漏水，越来越大，下面住着几户人家"
COUNCIL = "路灯坏了三盏，大家愿意出工修，走一事一议"


def test_words_raise_the_priority_and_staff_read_why(house: House) -> None:
    made = house.submit("u041", DAM, category="PUB-08", emergency_confirmed=False)
    assert made["priority"] == "P1"
    seen = house.seen(f"/requests/{made['id']}", "u006")["grounds"]
    flag = next(flag for flag in seen["flags"] if flag["kind"] == "dam_water")
    assert (flag["priority"], flag["matched"] in DAM) == ("P1", True)
    assert flag["text"].startswith("水利安全：")
    stored = house.rows("select routing from requests")[0][0]["flags"]
    assert {"kind", "reason", "matched", "priority"} == set(stored[0])


def test_words_never_lower_a_priority(house: House) -> None:
    categories = house.get("/categories").json or {}
    most_urgent = min(categories["items"], key=lambda each: each["priority"])
    made = house.submit("u041", "一个人住，身边没有人", category=most_urgent["code"])
    assert made["priority"] <= most_urgent["priority"]


def test_a_raised_priority_takes_the_earlier_limit(house: House) -> None:
    calm = {"category": "PUB-08", "emergency_confirmed": False}
    plain, raised = (house.submit("u041", text, **calm) for text in ("路坏了", DAM))
    assert raised["deadlines"]["resolve_due"] < plain["deadlines"]["resolve_due"]


def test_she_who_must_not_be_named_is_hidden_and_told_so_and_may_change_it(house: House) -> None:
    made = house.submit("u041", HIDDEN, category="ENV-03", hide_me=False)
    path = f"/requests/{made['id']}"
    head = next(
        c for c in ("u003", "u004", "u005", "u006") if house.get(path, c).status_code == 200
    )
    assert made["hide_me"] is True
    assert "看不到您的名字" in made["told"][0]
    assert "requester" not in house.seen(path, head)
    shown = house.done(f"{path}/hide_me", "u041", {"hide": False})
    assert (shown["hide_me"], shown["told"]) == (False, [])
    assert "requester" in house.seen(path, head)
    lines = house.seen(f"{path}/timeline", head)["items"]
    assert lines[-1]["text"] == "村民改了要不要让站里知道姓名。"
    assert house.post(f"{path}/hide_me", head, {"hide": True}).status_code == 403


def test_council_and_authority_are_marked_for_staff_alone(house: House) -> None:
    made = house.submit("u041", COUNCIL, category="PUB-03")
    assert "grounds" not in made
    seen = house.seen(f"/requests/{made['id']}", "u006")
    assert "council" in {flag["kind"] for flag in seen["grounds"]["flags"]}
    assert "told" not in seen


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in read("routing_flags")}))
def test_every_flag_has_its_words(kind: str) -> None:
    assert f"flag_{kind}" in {row["kind"] for row in read("grounds")}
