"""Break-glass: nothing for an administrator but one request, an hour, and two people's word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import LAMP, House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock

VILLAGER, ADMIN, COUNTY, HEAD = "u041", "u904", "u902", "u006"
WHY = "列表里这一件显示不出来"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def asked(house: House, made: Any) -> str:
    sent = {"number": made["number"], "reason": WHY}
    return str(house.done("/break-glass", ADMIN, sent)["id"])


def test_it_is_open_for_an_hour_after_a_second_person_agreed(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")
    path = f"/requests/{made['id']}"
    problem(house.get(path, ADMIN), 404, "not_found")
    glass = asked(house, made)
    problem(house.get(path, ADMIN), 404, "not_found")
    assert house.post(f"/break-glass/{glass}/agree", ADMIN).status_code == 403
    house.done(f"/break-glass/{glass}/agree", COUNTY)
    seen = house.seen(path, ADMIN)
    assert (seen["text"], seen["allowed_actions"]) == (LAMP, [])
    assert "requester" not in seen
    problem(house.get(path, COUNTY), 404, "not_found")
    for step in ("timeline", "similar", "answers"):
        assert house.get(f"{path}/{step}", ADMIN).status_code == 403
    problem(house.post(f"{path}/accept", ADMIN, {}), 404, "not_found")
    clock.step(timedelta(hours=1))
    problem(house.get(path, ADMIN), 404, "not_found")
    problem(house.post(f"/break-glass/{glass}/agree", COUNTY), 409, "glass_over")


def test_she_is_told_and_sees_every_look(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")
    glass = asked(house, made)
    house.done(f"/break-glass/{glass}/agree", COUNTY)
    titles = [line["title"] for line in house.seen("/notifications", VILLAGER)["items"]]
    assert "有人要看您说的事" in titles
    for _ in range(2):
        house.seen(f"/requests/{made['id']}", ADMIN)
    reads = house.rows("select role, fields from access_log")
    assert [(row.role, row.fields) for row in reads] == [("break_glass", ["break_glass"])] * 2


def test_a_dispute_stays_closed(house: House) -> None:
    made = house.submit(VILLAGER, category="MED-01", text="两家为一堵墙争")
    glass = asked(house, made)
    house.done(f"/break-glass/{glass}/agree", COUNTY)
    seen = house.seen(f"/requests/{made['id']}", ADMIN)
    assert "text" not in seen
    assert "墙" not in str(seen)


def test_only_an_administrator_asks_and_for_what_exists(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")
    sent = {"number": made["number"], "reason": WHY}
    for caller in (VILLAGER, HEAD, COUNTY):
        assert house.post("/break-glass", caller, sent).status_code == 403
    problem(house.post("/break-glass", ADMIN, {**sent, "number": "QT1"}), 422, "invalid")
    problem(house.post("/break-glass", ADMIN, {**sent, "reason": "看"}), 422, "invalid")


def test_both_find_it_in_the_list_by_its_number(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")
    glass = asked(house, made)
    for caller in (ADMIN, COUNTY):
        (item,) = house.seen("/break-glass", caller)["items"]
        assert (item["id"], item["number"], item["expires_at"]) == (glass, made["number"], None)
