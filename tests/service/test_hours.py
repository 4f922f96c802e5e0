"""Service hours over HTTP, and the deadlines that run by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock

PATH = "/villages/990101/hours"
CHAIR = "u001"
MORNINGS = {"from": "08:00", "to": "12:00", "days": "working_days"}


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def set_hours(house: House, **hours: str) -> Any:
    return house.call("PUT", PATH, CHAIR, json={**MORNINGS, **hours})


def seen(house: House, request_id: str) -> Any:
    return house.seen(f"/requests/{request_id}", "u041")["deadlines"]


def test_a_village_serves_from_8_to_20_every_day_until_its_chair_says_otherwise(
    house: House,
) -> None:
    usual = {"from": "08:00", "to": "20:00", "days": "every_day"}
    assert house.get(PATH).json == usual
    assert set_hours(house).json == MORNINGS
    assert house.get(PATH).json == MORNINGS
    assert house.get("/villages/990102/hours").json == usual
    assert house.get("/villages/nowhere/hours").status_code == 404


def test_deadlines_run_by_the_village_s_hours_and_promised_ones_stay(house: House) -> None:
    first = house.submit()["id"]
    before = seen(house, first)
    set_hours(house)
    after = seen(house, house.submit(text="村口到小学那段路灯又坏了一盏")["id"])
    assert before["first_response_due"] is not None
    assert seen(house, first)["first_response_due"] == before["first_response_due"]
    due = datetime.fromisoformat(after["first_response_due"])
    # 24 service hours from Wednesday 10:00: two of that day, then four on each working day.
    assert due == datetime(2026, 12, 3, 10, tzinfo=clock.SHANGHAI)
    assert datetime.fromisoformat(after["resolve_due"]).hour == 12


@pytest.mark.parametrize(
    "hours",
    [
        {"from": "20:00", "to": "08:00"}, {"from": "08:00", "to": "11:59"}, {"from": "8"},
        {"to": "24:01"}, {"days": "sundays"}, {"from": None}, {"more": "1"},
    ],
)  # fmt: skip
def test_hours_that_are_none_are_refused_in_words(house: House, hours: dict[str, Any]) -> None:
    problem(set_hours(house, **hours), 422, "invalid")
    assert house.get(PATH).json["days"] == "every_day"


def test_an_urgent_request_knows_no_hours(house: House) -> None:
    set_hours(house)
    house.rows("update categories set priority = 'P1' where code = 'PUB-03'")
    house.context.catalog.forget()
    clock.set_time(datetime(2026, 11, 28, 23, tzinfo=clock.SHANGHAI), speed=0.0)  # Saturday
    made = seen(house, house.submit(category="PUB-03")["id"])
    due = datetime.fromisoformat(made["resolve_due"])
    assert due == datetime(2026, 12, 3, 23, tzinfo=clock.SHANGHAI)
