"""Merging (R28): one matter that several wrote is seen to once, and can be parted again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_follows import followed, lamp, told
from tests.service.test_problems import problem
from tests.service.test_similar import CANARY, CONFIDENTIAL

HEAD, CHAIR, ONE, TWO = "u006", "u001", "u041", "u045"


def two(house: House) -> tuple[str, str]:
    """The lamp as two neighbours wrote of it: the paths of the first and of the second."""
    return lamp(house, ONE), lamp(house, TWO, text=CANARY)


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def merge(house: House, path: str, into: str, caller: str = HEAD) -> Any:
    return house.done(f"{path}/merge", caller, {"into": id_of(into)})


def lines(house: House, path: str, caller: str) -> list[str]:
    return [item["text"] for item in house.seen(f"{path}/timeline", caller)["items"]]


def due(house: House, path: str) -> set[tuple[str, datetime]]:
    """The limits of a request that are still to come, without the warnings before them."""
    rows = house.rows(
        """select kind, due_at from due_times
           where request_id = :id and cancelled_at is null and fired_at is null
             and kind !~ '_(half|late)$'""",
        id=id_of(path),
    )
    return {(row.kind, row.due_at) for row in rows}


def a_day_older(house: House, path: str) -> None:
    """Let a request have waited a day longer."""
    for change in (
        """update requests set first_response_due = first_response_due - interval '1 day',
           resolve_due = resolve_due - interval '1 day' where id = :id""",
        "update due_times set due_at = due_at - interval '1 day' where request_id = :id",
    ):
        house.rows(change, id=id_of(path))


def test_the_second_is_seen_to_with_the_first(house: House) -> None:
    first, second = two(house)
    house.done(f"{second}/follow", "u047")
    merged = merge(house, second, first)
    assert (merged["status"], merged["merged_into"]) == ("merged", id_of(first))
    assert due(house, second) == set()
    assert house.seen(first, HEAD)["followers"] == 2
    assert [each["id"] for each in followed(house, TWO)] == [id_of(first)]
    assert id_of(first) in {each["id"] for each in followed(house, "u047")}
    mine = house.seen(second, TWO)
    assert (mine["status_text"], mine["allowed_actions"]) == ("已合并", ["unmerge"])


def test_both_timelines_say_so_and_neither_villager_learns_of_the_other(house: House) -> None:
    first, second = two(house)
    numbers = [house.seen(path, HEAD)["number"] for path in (first, second)]
    merge(house, second, first)
    assert numbers[0] in lines(house, second, TWO)[-1]
    assert numbers[1] in lines(house, first, ONE)[-1]
    assert "和邻居的一起办" in [title for title, _ in told(house, TWO)]
    for path, caller, other in ((first, ONE, TWO), (second, TWO, ONE)):
        name = house.seen("/me", other)["name"]
        for page in (path, f"{path}/timeline", "/notifications", "/me/follows"):
            answer = house.get(page, caller).text
            assert name not in answer
            assert ("金丝雀" in answer) == (caller == TWO and page == path)
    problem(house.get(first, TWO), 404, "not_found")
    problem(house.get(second, ONE), 404, "not_found")


def test_who_was_merged_hears_what_becomes_of_it(house: House) -> None:
    first, second = two(house)
    merge(house, second, first)
    house.done(f"{first}/accept", HEAD)
    assert "已受理" in [title for title, _ in told(house, TWO)]


@pytest.mark.parametrize("caller", [HEAD, CHAIR, TWO])
def test_parted_again_it_is_what_it_was(house: House, caller: str) -> None:
    first, second = two(house)
    house.done(f"{second}/follow", "u047")
    house.done(f"{first}/follow", "u043")
    before = {path: (due(house, path), house.seen(path, HEAD)) for path in (first, second)}
    merge(house, second, first)
    back = house.done(f"{second}/unmerge", caller)
    assert (back["status"], back["merged_into"]) == ("submitted", None)
    for path, (limits, seen) in before.items():
        now = house.seen(path, HEAD)
        assert due(house, path) == limits
        assert {**now, "version": 0} == {**seen, "version": 0}
    assert followed(house, TWO) == []
    assert [each["id"] for each in followed(house, "u047")] == [id_of(second)]
    assert "分开" in lines(house, first, ONE)[-1]


def test_an_accepted_one_is_accepted_again(house: House) -> None:
    first, second = two(house)
    house.rows("update categories set task_card = task_card - 'at_once'")
    house.done(f"{second}/accept", HEAD)
    merge(house, second, first)
    assert house.done(f"{second}/unmerge", HEAD)["status"] == "accepted"
    assert {kind for kind, _ in due(house, second)} == {"resolve"}


def test_the_limit_of_who_waited_longer_holds_and_is_given_back(house: House) -> None:
    first, second = two(house)
    a_day_older(house, second)
    limits, waited = due(house, first), due(house, second)
    assert limits != waited
    merge(house, second, first)
    assert due(house, first) == waited
    house.done(f"{second}/unmerge", TWO)
    assert due(house, first) == limits
    assert due(house, second) == waited


def test_a_limit_that_was_moved_since_is_left_alone(house: House) -> None:
    first, second = two(house)
    a_day_older(house, second)
    merge(house, second, first)
    house.done(f"{first}/accept", HEAD, {"priority": "P1"})
    limits = due(house, first)
    house.done(f"{second}/unmerge", HEAD)
    assert due(house, first) == limits


@pytest.mark.parametrize("change", CONFIDENTIAL)
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_confidential_is_merged_with_nothing(house: House, change: str, side: int) -> None:
    paths = two(house)
    house.rows(f"update requests set {change} where id = '{id_of(paths[side])}'")
    answer = house.post(f"{paths[1]}/merge", CHAIR, {"into": id_of(paths[0])})
    assert answer.status_code in (404, 409, 422)
    if side == 0:
        problem(answer, 422, "cannot_merge")
    assert house.rows("select 1 from requests where status = 'merged'") == []


def test_only_one_station_only_one_village_and_never_itself(house: House) -> None:
    first, second = two(house)
    away = house.submit("u141", village="990105", category="PUB-03")["id"]
    bins = house.submit(ONE, text="垃圾桶满了", category="ENV-01")["id"]
    nobodys = "01900000-0000-7000-8000-000000000000"
    for other in (away, bins, nobodys, id_of(second)):
        problem(house.post(f"{second}/merge", CHAIR, {"into": other}), 422, "cannot_merge")
    problem(house.post(f"{second}/merge", TWO, {"into": id_of(first)}), 403, "forbidden")
    problem(house.post(f"{second}/merge", "u106", {"into": id_of(first)}), 404, "not_found")
    problem(house.post(f"{second}/merge", HEAD, {"into": "一"}), 422, "invalid")


def test_nobody_merges_into_what_waits_for_a_villagers_answer(house: House) -> None:
    first, second = two(house)
    house.done(f"{first}/ask", HEAD, {"question": "哪一盏？"})
    answer = house.post(f"{second}/merge", HEAD, {"into": id_of(first)})
    problem(answer, 422, "cannot_merge")


def test_what_the_villager_parted_is_not_merged_again(house: House) -> None:
    first, second = two(house)
    merge(house, second, first)
    house.done(f"{second}/unmerge", TWO)
    assert "村民说是另一件事" in [title for title, _ in told(house, HEAD)]
    answer = house.post(f"{second}/merge", HEAD, {"into": id_of(first)})
    problem(answer, 422, "said_apart")


@pytest.mark.parametrize(
    ("action", "caller", "sent"),
    [
        ("withdraw", ONE, {}),
        ("reject", HEAD, {"reason": "spam", "advice": "请打12345"}),
        ("hand_over", HEAD, {"receiver": "供电所", "basis": "consent"}),
        ("hide_me", ONE, {"hide": True}),
    ],
)
def test_who_was_merged_is_not_lost_with_the_other(
    house: House, action: str, caller: str, sent: dict[str, Any]
) -> None:
    first, second = two(house)
    limits = due(house, second)
    merge(house, second, first)
    house.done(f"{first}/{action}", caller, sent)
    house.work()
    assert house.seen(second, TWO)["status"] == "submitted"
    assert due(house, second) == limits
    assert followed(house, TWO) == []
    assert "单独办" in [title for title, _ in told(house, TWO)]
    assert "合并的事项要单独办" in [title for title, _ in told(house, HEAD)]


def test_it_can_be_parted_for_fifteen_days_after_the_other_was_resolved(house: House) -> None:
    first, second = two(house)
    merge(house, second, first)
    house.rows(
        f"""update requests set status = 'resolved', resolved_at = now() - interval '16 days'
            where id = '{id_of(first)}'"""
    )
    problem(house.post(f"{second}/unmerge", TWO), 422, "too_late")
    house.rows("update requests set resolved_at = now() where resolved_at is not null")
    assert house.done(f"{second}/unmerge", TWO)["status"] == "submitted"


def test_ones_own_second_request_needs_no_follower(house: House) -> None:
    first, second = lamp(house, ONE), lamp(house, ONE)
    merge(house, second, first)
    assert house.seen(first, HEAD)["followers"] == 0


def test_crosswise_merges_do_not_block_each_other(house: House) -> None:
    first, second = two(house)
    house.login(HEAD), house.login(CHAIR)
    calls = [(first, second, HEAD), (second, first, CHAIR)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda c: house.post(f"{c[0]}/merge", c[2], {"into": id_of(c[1])}), calls)
        )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(house.rows("select 1 from requests where status = 'merged'")) == 1


# ---------------------------------------------------------------- in triage

UNSORTED = "村口到小学那段路灯坏了三盏，晚上很黑，站长也不来看"  # of a head: the chair's


def test_the_chair_merges_in_triage_what_a_station_has_already(house: House) -> None:
    first = lamp(house, ONE)
    second = f"/requests/{house.submit(TWO, UNSORTED)['id']}"
    seen = house.seen(second, CHAIR)
    assert (seen["status"], "merge" in seen["allowed_actions"]) == ("triage", True)
    (found,) = house.seen(f"{second}/similar", CHAIR)["items"]
    assert (found["id"], found["station"]) == (id_of(first), "public_works")
    assert merge(house, second, first, CHAIR)["status"] == "merged"
    assert house.seen("/villages/990101/triage", CHAIR)["items"] == []
    assert due(house, second) == set()
    house.done(f"{second}/unmerge", TWO)
    assert house.seen(second, CHAIR)["status"] == "triage"
    assert "村民说是另一件事" in [title for title, _ in told(house, CHAIR)]
    assert {kind for kind, _ in due(house, second)} >= {"triage", "first_response", "resolve"}
    problem(house.post(f"{second}/merge", CHAIR, {"into": id_of(first)}), 422, "said_apart")


def test_what_was_lost_comes_back_to_triage(house: House) -> None:
    first, second = lamp(house, ONE), f"/requests/{house.submit(TWO, UNSORTED)['id']}"
    merge(house, second, first, CHAIR)
    house.done(f"{first}/withdraw", ONE)
    house.work()
    assert house.seen(second, CHAIR)["status"] == "triage"


def test_two_in_triage_are_merged_once_the_first_has_a_station(house: House) -> None:
    first, second = (f"/requests/{house.submit(who, UNSORTED)['id']}" for who in (ONE, TWO))
    body = {"into": id_of(first)}
    problem(house.post(f"{second}/merge", CHAIR, body), 422, "cannot_merge")
    house.done(f"{first}/route", CHAIR, {"station": "public_works", "reason": "路灯"})
    (found,) = house.seen(f"{second}/similar", CHAIR)["items"]
    assert found["id"] == id_of(first)
    house.done(f"{second}/merge", CHAIR, body)


@pytest.mark.parametrize("facts", [{"hide_me": True}, {"category": "AID-03"}], ids=str)
def test_what_is_confidential_is_not_merged_from_triage_either(
    house: House, facts: dict[str, Any]
) -> None:
    first = lamp(house, ONE)
    made = house.submit(TWO, UNSORTED, **facts)
    path = f"/requests/{made['id']}"
    if made["status"] != "triage":
        house.done(f"{path}/ask_chair", "u002", {"reason": "不归我们"})
    assert house.seen(f"{path}/similar", CHAIR)["items"] == []
    problem(house.post(f"{path}/merge", CHAIR, {"into": id_of(first)}), 422, "cannot_merge")
