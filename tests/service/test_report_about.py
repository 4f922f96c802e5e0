"""A report that names whom it is about is decided by nobody who is close to them."""

from __future__ import annotations

import pytest

from tests.service.house import House
from tests.service.test_duty_reports import (
    CHAIR,
    CHILD,
    CLERK,
    HEAD,
    HELPER,
    POLICE,
    TOWNSHIP,
    VILLAGER,
    inbox,
    raised,
    swept,
    wednesday_at_ten,
)
from tests.service.test_problems import problem
from tests.service.test_safe_path import akin

assert wednesday_at_ten
RUNG = "有一件事要依法报告"


def name(house: House, code: str) -> str:
    return str(house.seen("/me", code)["name"])


def gone(house: House, path: str, reader: str) -> bool:
    listed = house.seen("/duty-reports", reader)["items"]
    return house.get(path, reader).status_code == 404 and listed == []


def test_whom_it_is_about_does_not_learn_of_it(house: House) -> None:
    path = raised(house, about=[name(house, CHAIR)])
    assert gone(house, path, CHAIR)
    assert inbox(house, CHAIR) == []
    house.done(f"{path}/dismiss", CLERK, {"reason": "没有的事"})
    problem(house.post(f"{path}/confirm_dismissal", CHAIR), 404, "not_found")
    assert swept(house, hours=1) == 1
    assert inbox(house, CHAIR) == []
    assert house.done(f"{path}/report", CLERK, POLICE)["status"] == "reported"


@pytest.mark.parametrize("tie", ["kin", "household"])
def test_who_is_close_to_her_decides_nothing_and_the_township_has_the_clerks_part(
    house: House, tie: str
) -> None:
    if tie == "kin":
        akin(house, CLERK, VILLAGER)
    else:
        house.rows(
            "update people set household = v.household, village_code = v.village_code "
            "from people v where v.code = :v and people.code = :clerk returning people.id",
            v=VILLAGER, clerk=CLERK,
        )  # fmt: skip
    path = raised(house, about=[name(house, VILLAGER)])
    assert gone(house, path, CLERK)
    assert RUNG not in inbox(house, CLERK)
    assert inbox(house, TOWNSHIP) == [RUNG]
    assert len(house.seen("/duty-reports", TOWNSHIP)["items"]) == 1
    assert house.done(f"{path}/report", TOWNSHIP, POLICE)["status"] == "reported"
    assert house.seen(path, CHAIR)["status"] == "reported"


def test_a_name_is_added_to_what_was_raised_of_the_same_request(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    path = raised(house, HEAD, request=made)
    assert house.get(path, CHAIR).status_code == 200
    raised(house, HEAD, request=made, about=[name(house, CHAIR)])
    assert gone(house, path, CHAIR)


def test_a_name_that_nobody_bears_keeps_nobody_out(house: House) -> None:
    path = raised(house, HELPER, about=["外村的人"])
    assert house.get(path, CHAIR).status_code == house.get(path, CLERK).status_code == 200
    assert gone(house, path, TOWNSHIP)


def test_six_names_and_an_empty_one_are_refused(house: House) -> None:
    for names in (["甲"] * 6, [""], [None], "甲"):
        problem(house.post("/duty-reports", HELPER, {**CHILD, "about": names}), 422, "invalid")
