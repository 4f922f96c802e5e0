"""Who writes parties down leaves a trace, tells who stands in, and leaves somebody to act."""

from __future__ import annotations

from typing import Any

from tests.service.house import House
from tests.service.test_emergency import told
from tests.service.test_problems import problem
from tests.service.test_safe_path import CHAIR, akin, written
from tests.service.world import CLERK, TOWNSHIP

HEAD, DEPUTY, VILLAGER = "u002", "u019", "u047"
WROTE = "写下了还牵涉到谁"


def put(house: House, path: str, caller: str, *names: str) -> Any:
    sent = [{"name": house.seen("/me", one)["name"]} for one in names]
    return house.call("PUT", f"{path}/parties", caller, json={"parties": sent})


def wrote(house: House, path: str, caller: str) -> list[str]:
    lines = house.seen(f"{path}/timeline", caller)["items"]
    return [line["text"] for line in lines if WROTE in line["text"]]


def at_station(house: House) -> str:
    return f"/requests/{house.submit('u041', category='AID-09')['id']}"


def safe_at_station(house: House) -> str:
    path = f"/requests/{written(house, 'answered no on her phone')['id']}"
    house.done(f"{path}/route", CHAIR, {"station": "mutual_aid", "reason": "先送些吃的"})
    return path


def test_who_wrote_stands_in_the_history_for_those_who_may_see_parties(house: House) -> None:
    path = at_station(house)
    (one,) = put(house, path, HEAD, "u045").json["items"]
    assert one["by"] == house.seen("/me", HEAD)["name"]
    for reader in (HEAD, DEPUTY, CHAIR):
        assert wrote(house, path, reader) == [f"站长{WROTE}（现在1位）。"]
    assert wrote(house, path, "u041") == []
    put(house, path, HEAD, CHAIR)
    assert wrote(house, path, CHAIR) == []
    assert len(wrote(house, path, DEPUTY)) == 2


def test_of_the_safe_path_a_station_sees_what_it_has_written_itself(house: House) -> None:
    path = safe_at_station(house)
    put(house, path, CHAIR, "u045")
    put(house, path, HEAD, "u044")
    assert len(wrote(house, path, CHAIR)) == 2
    assert len(wrote(house, path, HEAD)) == 1
    assert wrote(house, path, VILLAGER) == []


def test_a_head_who_ties_the_chair_on_the_safe_path_has_the_clerk_told(house: House) -> None:
    path = safe_at_station(house)
    assert told(house, CLERK) == []
    assert put(house, path, HEAD, CHAIR).status_code == 200
    assert told(house, CLERK) == ["请您代会长来办"]
    (line,) = house.seen("/notifications", CLERK)["items"]
    assert "会长要回避" in line["text"]
    assert "hand_over" in house.seen(path, CLERK)["allowed_actions"]
    put(house, path, HEAD, CHAIR, "u045")
    assert len(told(house, CLERK)) == 1  # she has it already
    assert told(house, TOWNSHIP) == []


def test_who_lies_at_a_station_is_not_left_without_anybody(house: House) -> None:
    path = at_station(house)
    refused = put(house, path, HEAD, HEAD, DEPUTY, CHAIR)
    problem(refused, 422, "nobody_left")
    assert "回避" in refused.json["title"]
    assert house.seen(f"{path}/parties", HEAD)["items"] == []
    assert wrote(house, path, HEAD) == []
    assert put(house, path, HEAD, DEPUTY, CHAIR).status_code == 200
    assert told(house, CLERK) == []  # the head has it, and nobody stands in at a station


def test_a_common_name_that_ties_all_is_refused_too(house: House) -> None:
    path = at_station(house)
    for one in (HEAD, DEPUTY, CHAIR):
        akin(house, one, "u045")
    problem(put(house, path, HEAD, "u045"), 422, "nobody_left")
    house.done(f"{path}/ask_chair", HEAD, {"reason": "说不清"})
    assert put(house, path, CHAIR, "u045").status_code == 200
    assert "route" in house.seen(path, CLERK)["allowed_actions"]


def test_nobody_is_left_above_either(house: House) -> None:
    path = safe_at_station(house)
    house.work()
    assert put(house, path, CHAIR, CHAIR, CLERK).status_code == 200
    assert told(house, TOWNSHIP) == ["请您代会长来办"]
    all_three = [{"person": house.seen("/me", one)["id"]} for one in (CHAIR, CLERK, TOWNSHIP)]
    refused = house.call("PUT", f"{path}/parties", TOWNSHIP, json={"parties": all_three})
    problem(refused, 422, "nobody_left")
