"""How a village and its stations ask: who sets it, what is refused, what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.service.house import House
from tests.service.test_problems import problem

VILLAGE, STATION = "/villages/990101/dispatch-settings", "/stations/990101.public_works"
STATION += "/dispatch-settings"
HEAD, CHAIR, OTHER_HEAD, VILLAGER = "u006", "u001", "u003", "u041"


def put(house: House, path: str, who: str, version: int | None = None, **sent: Any) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return house.call("PUT", path, who, json=sent, headers=headers)


def in_force(house: House) -> Any:
    return house.seen(STATION, HEAD)["in_force"]


def test_a_stations_word_comes_before_its_villages_and_that_before_what_is_usual(
    house: House,
) -> None:
    house.rows("delete from dispatch_settings")
    usual = {
        "policy": "paced_strict-1", "widest": "neighbours", "hold": False, "day_cap": 4,
        "week_cap": 14, "asks": {"from": "08:00", "to": "20:00"},
    }  # fmt: skip
    assert in_force(house) == usual
    hours = {"from": "09:00", "to": "18:00"}
    policy = {"policy": "robin_rested-1"}
    assert put(house, VILLAGE, CHAIR, **policy, day_cap=2, asks=hours).status_code == 200
    put(house, STATION, CHAIR, day_cap=3)
    put(house, STATION, HEAD, hold=True, widest="village")
    own = {"day_cap": 3, "hold": True, "widest": "village"}
    assert in_force(house) == {**usual, **policy, "asks": hours, **own}
    put(house, STATION, HEAD, widest=None)
    put(house, VILLAGE, CHAIR, asks=None)
    assert in_force(house) == {**usual, **policy, **own, "widest": "neighbours"}


def test_every_policy_that_may_be_in_force_is_said_in_words(house: House) -> None:
    seen = house.seen(STATION, HEAD)
    named = {*seen["policies"], seen["in_force"]["policy"], "robin_demo-1"}
    assert named <= seen["policy_texts"].keys()
    assert "按顺序问" not in seen["policy_texts"].values()  # the word for what has none


def test_every_change_is_a_version_with_its_author(house: House) -> None:
    house.rows("delete from dispatch_settings")
    first = put(house, STATION, HEAD, hold=True).json
    assert put(house, STATION, HEAD, hold=True).json == first  # nothing has changed
    second = put(house, STATION, CHAIR, 1, hold=False).json
    problem(put(house, STATION, HEAD, 1, hold=True), 412, "stale_version")
    said = [
        (one["version"], one["changed_by"], one["settings"]["hold"]) for one in second["history"]
    ]
    names = [house.seen("/me", who)["name"] for who in (CHAIR, HEAD)]
    assert said == [(2, names[0], False), (1, names[1], True)]
    for statement in ("update dispatch_settings_versions set version = 9",
                      "delete from dispatch_settings_versions"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            house.rows(statement)


@pytest.mark.parametrize(
    "sent",
    [
        {"policy": "robin_demo-1"}, {"policy": "ask_the_rich"}, {"day_cap": 5}, {"day_cap": 0},
        {"week_cap": 15}, {"week_cap": 1.5}, {"widest": "county"}, {"hold": "yes"},
        {"asks": {"from": "20:00", "to": "08:00"}}, {"asks": {"from": "08:00", "to": "08:30"}},
        {"asks": {"from": "05:00", "to": "20:00"}}, {"asks": {"from": "08:00", "to": "24:00"}},
        {"asks": {"from": "08:00"}}, {"points": 3},
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused_in_words(house: House, sent: dict[str, Any]) -> None:
    before = house.seen(VILLAGE, CHAIR)
    problem(put(house, VILLAGE, CHAIR, **sent), 422, "invalid")
    assert house.seen(VILLAGE, CHAIR) == before


def test_limits_and_policy_are_the_chairs_and_a_village_everybodys_but_others(house: House) -> None:
    for sent in ({"day_cap": 3}, {"policy": "nearest-1"}, {"hold": True, "asks": None}):
        problem(put(house, STATION, HEAD, **sent), 403, "forbidden")
    problem(put(house, VILLAGE, HEAD, hold=True), 403, "forbidden")
    problem(put(house, STATION, OTHER_HEAD, hold=True), 403, "forbidden")
    for path in (VILLAGE, STATION):
        problem(house.get(path, VILLAGER), 403, "forbidden")
    problem(put(house, VILLAGE.replace("990101", "nowhere"), CHAIR, hold=True), 404, "not_found")
    problem(put(house, STATION.replace("990101", "nowhere"), CHAIR, hold=True), 404, "not_found")
