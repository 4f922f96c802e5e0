"""A head proposes a routing rule; the chair tries it, takes it or says why not (4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_rules import CHAIR, CLERK, HEAD, LAMPS, RULES
from village.rule_proposals import MOST_OPEN

PROPOSALS = "/villages/990101/routing-proposals"
PROPOSAL = {**LAMPS, "reason": "舞台边的灯是文体站装的"}
TITLE = LAMPS["title"]


def proposed(house: House, **facts: Any) -> Any:
    return house.done(PROPOSALS, HEAD, {**PROPOSAL, **facts})


def told(house: House, caller: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", caller)["items"]]


def listed(house: House, query: str, caller: str = CHAIR) -> list[str]:
    return [rule["title"] for rule in house.seen(f"{RULES}?{query}", caller)["items"]]


def test_what_is_proposed_moves_nothing_until_the_chair_takes_it(house: House) -> None:
    rule = proposed(house)
    assert (rule["active"], rule["proposal"], rule["reason"]) == (False, "open", PROPOSAL["reason"])
    assert rule["proposed_by"] == house.seen("/me", HEAD)["name"]
    assert house.submit()["station"] == "public_works"
    assert told(house, CHAIR) == ["有一条规矩请您定"]
    tried = {"rule_id": rule["id"], "rule": {"active": True}}
    assert house.done("/routing/dry_run", CHAIR, tried)["holds_for"] == 1
    taken = house.done(f"/routing-rules/{rule['id']}/accept", CHAIR)
    assert (taken["active"], taken["proposal"], taken["version"]) == (True, "accepted", 2)
    assert house.submit()["station"] == "culture"
    assert told(house, HEAD) == ["您提的规矩用上了"]
    history = house.seen(f"/routing-rules/{rule['id']}/versions", HEAD)["items"]
    names = [house.seen("/me", who)["name"] for who in (CHAIR, HEAD)]
    assert [each["changed_by"] for each in history] == names


def test_it_is_refused_with_a_reason_that_the_head_reads(house: House) -> None:
    rule = proposed(house)
    path = f"/routing-rules/{rule['id']}"
    house.done(f"{path}/refuse", CHAIR, {"answer": "路灯一直是公益站修"})
    seen = house.seen(path, HEAD)
    assert (seen["active"], seen["proposal"], seen["answer"]) == (
        False, "refused", "路灯一直是公益站修",
    )  # fmt: skip
    assert told(house, HEAD) == ["您提的规矩没有用"]
    for step in ("accept", "refuse"):
        answer = house.post(
            f"{path}/{step}", CHAIR, {"answer": "再想想"} if step == "refuse" else None
        )
        problem(answer, 409, "proposal_over")


def test_the_chair_may_change_it_first_and_the_clerk_may_decide(house: House) -> None:
    rule = proposed(house)
    path = f"/routing-rules/{rule['id']}"
    changed = house.call("PUT", path, CHAIR, json={"words": ["舞台灯"]}).json
    assert (changed["proposal"], changed["active"]) == ("open", False)
    stale = house.post(f"{path}/accept", CLERK, headers={"If-Match": '"1"'})
    problem(stale, 412, "stale_version")
    assert house.done(f"{path}/accept", CLERK)["words"] == ["舞台灯"]


def test_lists_tell_what_waits_from_what_is_and_was_in_force(house: House) -> None:
    house.done(RULES, CHAIR, {**LAMPS, "title": "在用", "words": ["水闸"]})
    proposed(house)
    refused = proposed(house, title="不用的", words=["井盖"])
    house.done(f"/routing-rules/{refused['id']}/refuse", CHAIR, {"answer": "不用"})
    assert (listed(house, "active=true"), listed(house, "active=false")) == (["在用"], [])
    assert listed(house, "proposal=open", HEAD) == [TITLE]
    assert listed(house, "proposal=refused", HEAD) == ["不用的"]


@pytest.mark.parametrize("caller", [CHAIR, CLERK, "u041", "u106", "u012"])
def test_only_heads_of_the_village_propose(house: House, caller: str) -> None:
    problem(house.post(PROPOSALS, caller, PROPOSAL), 403, "forbidden")


@pytest.mark.parametrize("step", ["accept", "refuse"])
def test_a_head_decides_nothing(house: House, step: str) -> None:
    path = f"/routing-rules/{proposed(house)['id']}/{step}"
    problem(
        house.post(path, HEAD, {"answer": "好"} if step == "refuse" else None), 403, "forbidden"
    )


def test_a_proposal_is_checked_like_a_rule_and_they_are_few(house: House) -> None:
    wrong = house.post(PROPOSALS, HEAD, {**PROPOSAL, "words": ["灯"]})
    assert "words" in problem(wrong, 422, "invalid")["errors"]
    assert "reason" in problem(house.post(PROPOSALS, HEAD, LAMPS), 422, "invalid")["errors"]
    for number in range(MOST_OPEN):
        proposed(house, words=[f"水闸{number}"])
    answer = house.post(PROPOSALS, HEAD, {**PROPOSAL, "words": ["井盖"]})
    assert "20" in problem(answer, 422, "invalid")["errors"]["title"][0]
