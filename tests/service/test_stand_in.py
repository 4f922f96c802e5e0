"""A request of the chair's nephew that no rule could place: the clerk meets it over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_statements import counted
from tests.service.world import CLERK, KIN, TOWNSHIP

UNROUTED = "有件事想请大家评一评"
TRIAGE = "/villages/990101/triage"
ROUTE = {"station": "public_works", "reason": "归公益站"}


def test_the_clerk_is_told_finds_it_and_puts_it_to_a_station(house: House) -> None:
    path = f"/requests/{house.submit(KIN, text=UNROUTED)['id']}"
    house.work()
    line = house.seen("/notifications", CLERK)["items"][0]
    assert line["title"] == "请您代会长定站"
    assert house.seen("/notifications", "u001")["items"] == []
    problem(house.post(f"{path}/route", "u001", ROUTE), 403, "recused")
    assert house.seen(path, "u001")["allowed_actions"] == []
    (seen,) = house.seen(TRIAGE, CLERK)["items"]
    assert {"route", "hand_over"} <= set(seen["allowed_actions"])
    assert house.done(f"{path}/route", CLERK, ROUTE)["station"] == "public_works"
    problem(house.get(path, CLERK), 404, "not_found")
    assert house.seen(TRIAGE, CLERK)["items"] == []


def test_what_the_chair_decides_herself_is_not_shown_above_her(house: House) -> None:
    made = house.submit("u041", text=UNROUTED)
    house.work()
    for caller in (CLERK, TOWNSHIP):
        assert house.seen(TRIAGE, caller)["items"] == []
        assert house.seen("/notifications", caller)["items"] == []
        problem(house.get(f"/requests/{made['id']}", caller), 404, "not_found")


def test_the_list_takes_as_many_statements_for_many_rows_as_for_one(
    house: House, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    house.submit(KIN, text=UNROUTED)
    one = counted(statements, house, TRIAGE, CLERK)
    assert one <= 7
    for _ in range(3):
        house.submit(KIN, text=UNROUTED)
    assert len(house.seen(TRIAGE, CLERK)["items"]) == 4
    assert counted(statements, house, TRIAGE, CLERK) == one


def test_a_recused_head_is_offered_nothing_in_her_queue(house: House) -> None:
    """u051 is of the household of the mutual aid station's head."""
    house.submit("u051", category="AID-09")
    (seen,) = house.seen("/stations/990101.mutual_aid/queue", "u002")["items"]
    assert seen["allowed_actions"] == []
    (seen,) = house.seen("/stations/990101.mutual_aid/queue", "u019")["items"]
    assert "accept" in seen["allowed_actions"]


def test_who_stands_in_finds_all_of_it_in_one_list(
    house: House, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    made = house.submit(KIN, text=UNROUTED)
    house.submit("u041", text=UNROUTED)
    mine = "/requests?scope=stand_in"
    (seen,) = house.seen(mine, CLERK)["items"]
    assert (seen["id"], "route" in seen["allowed_actions"]) == (made["id"], True)
    assert house.seen(mine, TOWNSHIP)["items"] == []
    for caller in ("u001", "u002", "u041"):
        problem(house.get(mine, caller), 403, "forbidden")
    assert counted(statements, house, mine, CLERK) <= 6
