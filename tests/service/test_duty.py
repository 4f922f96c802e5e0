"""The duty rota, absences with a cover, and the clerk's phone tasks, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import LAMP, House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock, outbox
from village.db import transaction

DUTY, ABSENCE = "/villages/990101/duty", "/villages/990101/absence"
CHAIR, HEAD, DEPUTY, OTHER_HEAD, VILLAGER, CLERK = "u001", "u006", "u023", "u005", "u041", "u067"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def who(house: House, code: str) -> str:
    return str(house.seen("/me", code)["id"])


def at(**later: float) -> str:
    return (clock.now() + timedelta(**later)).isoformat()


def put(house: House, path: str, caller: str, **body: Any) -> Any:
    return house.call("PUT", path, caller, json=body)


def roles(house: House, code: str) -> set[str]:
    return {f"{role['role']} {role['station']}" for role in house.seen("/me", code)["roles"]}


def test_the_chair_sets_a_rota_and_officers_read_it(house: House) -> None:
    turn = {"person": who(house, HEAD), "from": at(hours=10), "to": at(hours=22)}
    kept = put(house, DUTY, CHAIR, shifts=[turn, {**turn, "station": "culture"}]).json
    assert [shift["station"] for shift in kept["shifts"]] == [None, "culture"]
    assert house.seen(DUTY, HEAD) == kept
    assert house.get(DUTY, VILLAGER).status_code == 403
    assert put(house, DUTY, HEAD, shifts=[]).status_code == 403
    assert put(house, DUTY, CHAIR, shifts=[]).json["shifts"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "2026-11-25T09:00:00+08:00"}, "invalid"),
        ({"to": "2199-01-01T00:00:00+08:00"}, "invalid"),
        ({"station": "army"}, "invalid"),
        ({"person": "01900000-0000-7000-8000-000000000000"}, "invalid"),
        ({"from": None}, "invalid"),
        ({"why": "sleeps"}, "invalid"),
    ],
)
def test_turns_that_are_none_are_refused_whole(
    house: House, change: dict[str, Any], code: str
) -> None:
    turn = {"person": who(house, HEAD), "from": at(hours=1), "to": at(hours=9)}
    put(house, DUTY, CHAIR, shifts=[turn])
    problem(put(house, DUTY, CHAIR, shifts=[turn, {**turn, **change}]), 422, code)
    assert len(house.seen(DUTY, CHAIR)["shifts"]) == 1


def test_who_covers_holds_the_office_for_that_time_and_no_longer(house: House) -> None:
    made = house.submit(category="PUB-03")
    path = f"/requests/{made['id']}"
    assert house.get(path, OTHER_HEAD).status_code == 404
    cover = who(house, OTHER_HEAD)
    kept = put(house, ABSENCE, HEAD, **{"from": at(hours=1), "to": at(days=3), "cover": cover})
    assert kept.json["absences"][0]["cover"] == cover
    assert house.get(path, OTHER_HEAD).status_code == 404
    clock.step(timedelta(hours=2))
    assert "deputy public_works" in roles(house, OTHER_HEAD)
    assert house.done(f"{path}/accept", OTHER_HEAD)["status"] == "accepted"
    told = [line["title"] for line in house.seen("/notifications", OTHER_HEAD)["items"]]
    assert "请您代个班" in told
    clock.step(timedelta(days=3))
    assert house.get(path, OTHER_HEAD).status_code == 404
    assert house.seen(DUTY, HEAD)["absences"] == []


def test_who_is_back_early_takes_it_back_at_once(house: House) -> None:
    away = {"from": at(hours=-1), "to": at(days=3), "cover": who(house, OTHER_HEAD)}
    assert put(house, ABSENCE, HEAD, **away).status_code == 200
    assert "deputy public_works" in roles(house, OTHER_HEAD)
    assert put(house, ABSENCE, HEAD, **{"from": None}).json["absences"] == []
    assert "deputy public_works" not in roles(house, OTHER_HEAD)
    assert "head public_works" in roles(house, HEAD)


def test_an_absence_that_is_set_again_replaces_the_first(house: House) -> None:
    first, second = who(house, OTHER_HEAD), who(house, DEPUTY)
    for cover in (first, second):
        away = {"from": at(hours=1), "to": at(days=2), "cover": cover}
        kept = put(house, ABSENCE, HEAD, **away).json["absences"]
        assert [absence["cover"] for absence in kept] == [cover]
    clock.step(timedelta(hours=2))
    assert "deputy public_works" not in roles(house, OTHER_HEAD)


def test_a_cover_lends_nothing_on(house: House) -> None:
    """Who only stands in for somebody cannot give that office to a third."""
    away = {"from": at(hours=-1), "to": at(days=3), "cover": who(house, OTHER_HEAD)}
    put(house, ABSENCE, HEAD, **away)
    further = {"from": at(hours=-1), "to": at(days=3), "cover": who(house, DEPUTY)}
    assert put(house, ABSENCE, OTHER_HEAD, **further).status_code == 200
    stations = {role.split()[1] for role in roles(house, DEPUTY) if role.startswith("deputy")}
    before = {"public_works"}
    assert stations == before | {
        role.split()[1] for role in roles(house, OTHER_HEAD) if role.startswith("head")
    }


def test_nobody_covers_an_office_that_she_may_not_hold_beside_her_own(house: House) -> None:
    """Who records hours does not confirm them (4.1): no head for the chair, no chair for a head."""
    away = {"from": at(hours=1), "to": at(days=2)}
    chair_s = put(house, ABSENCE, CHAIR, **away, cover=who(house, HEAD))
    assert "村委会经办" in problem(chair_s, 422, "invalid")["errors"]["cover"][0]
    head_s = put(house, ABSENCE, HEAD, **away, cover=who(house, CHAIR))
    assert "别的站长或副站长" in problem(head_s, 422, "invalid")["errors"]["cover"][0]
    clock.step(timedelta(hours=2))
    assert not {role for role in roles(house, HEAD) if role.startswith("chair")}
    assert not {role for role in roles(house, CHAIR) if role.startswith(("head", "deputy"))}
    assert house.seen(DUTY, CHAIR)["absences"] == []


def test_the_clerk_covers_for_the_chair_and_for_no_head(house: House) -> None:
    away = {"from": at(hours=1), "to": at(days=2), "cover": who(house, CLERK)}
    problem(put(house, ABSENCE, HEAD, **away), 422, "invalid")
    assert put(house, ABSENCE, CHAIR, **away).status_code == 200
    clock.step(timedelta(hours=2))
    assert "chair None" in roles(house, CLERK)
    assert house.get("/villages/990101/triage", CLERK).status_code == 200


def test_the_chair_may_say_it_of_a_head_and_a_head_of_herself_alone(house: House) -> None:
    away = {"from": at(hours=1), "to": at(days=2)}
    assert put(house, ABSENCE, CHAIR, person=who(house, HEAD), **away).status_code == 200
    assert put(house, ABSENCE, OTHER_HEAD, person=who(house, HEAD), **away).status_code == 403
    assert put(house, ABSENCE, VILLAGER, **away).status_code == 403
    someone = {"person": who(house, VILLAGER), **away}
    problem(put(house, ABSENCE, CHAIR, **someone), 422, "invalid")
    for cover in (VILLAGER, HEAD):
        wrong = {**away, "cover": who(house, cover)}
        problem(put(house, ABSENCE, HEAD, **wrong), 422, "invalid")


def called_at_night(house: House, **facts: Any) -> str:
    """A dangerous lamp, another station's head on the rota, and the first rung called."""
    turn = {"person": who(house, OTHER_STATION), "station": None}
    put(house, DUTY, CHAIR, shifts=[{**turn, "from": at(minutes=-1), "to": at(hours=9)}])
    made = house.submit(category="PUB-03", text=LAMP)
    urgent = {"priority": "P1", **facts}
    for name, value in urgent.items():
        house.rows(f"update requests set {name} = :v where id = :id", id=made["id"], v=value)
    due = """insert into due_times (id, request_id, kind, due_at)
             values (gen_random_uuid(), :id, 'duty', :at)"""
    house.rows(due, id=made["id"], at=clock.now() + timedelta(minutes=15))
    assert house.get(f"/requests/{made['id']}", OTHER_STATION).status_code == 404
    clock.step(timedelta(minutes=16))
    with transaction(house.context.engine) as session:
        outbox.sweep_deadlines(session)
    house.work()
    return f"/requests/{made['id']}"


OTHER_STATION = "u003"
CALLED = "急事还没有人看"


def titles(house: House, code: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", code)["items"]]


def test_who_is_on_the_rota_and_called_reads_and_takes_it_as_its_head_would(house: House) -> None:
    path = called_at_night(house)
    assert CALLED in titles(house, OTHER_STATION)
    assert CALLED in titles(house, HEAD)  # the station's own head is called on the same rung
    seen = house.seen(path, OTHER_STATION)
    assert seen["text"] == LAMP
    assert set(seen["allowed_actions"]) == {"acknowledge", "accept"}
    assert house.get(f"{path}/timeline", OTHER_STATION).status_code == 200
    (item,) = on_duty(house, OTHER_STATION)
    assert (f"/requests/{item['id']}", item["allowed_actions"]) == (path, seen["allowed_actions"])
    for code in (HEAD, "u004", CHAIR):  # it is in their own queue, or nobody called them
        assert on_duty(house, code) == []
    problem(house.post(f"{path}/reject", OTHER_STATION, REFUSED), 403, "forbidden")
    house.done(f"{path}/acknowledge", OTHER_STATION)
    assert house.done(f"{path}/accept", OTHER_STATION)["status"] == "accepted"
    assert house.get(path, OTHER_STATION).status_code == 404  # it is the station's now
    assert on_duty(house, OTHER_STATION) == []
    house.work()
    assert "值班的人接了急事" in titles(house, HEAD)


REFUSED = {"reason": "spam", "advice": "请另找"}


def on_duty(house: House, code: str) -> list[dict[str, Any]]:
    return list(house.seen("/requests?scope=on_duty", code)["items"])


def test_what_she_may_not_read_is_not_in_the_list_either(house: House) -> None:
    path = called_at_night(house)
    assert len(on_duty(house, OTHER_STATION)) == 1
    house.rows("update requests set waits_for = 'safe_path' where id = :id", id=path[10:])
    assert on_duty(house, OTHER_STATION) == []
    house.rows("update requests set waits_for = null where id = :id", id=path[10:])
    put(house, DUTY, CHAIR, shifts=[])
    assert on_duty(house, OTHER_STATION) == []
    problem(house.get("/requests?scope=on_duty", VILLAGER), 403, "forbidden")


def test_a_turn_that_is_over_an_office_that_ended_or_a_call_before_it_opens_nothing(
    house: House,
) -> None:
    path = called_at_night(house)
    assert house.get(path, "u004").status_code == 404  # a head who is not on the rota
    later = {"person": who(house, "u004"), "from": at(minutes=1), "to": at(hours=9)}
    put(house, DUTY, CHAIR, shifts=[later])
    clock.step(timedelta(minutes=2))
    assert house.get(path, "u004").status_code == 404  # came on duty after the call
    put(house, DUTY, CHAIR, shifts=[{**later, "person": who(house, OTHER_STATION)}])
    assert house.get(path, OTHER_STATION).status_code == 404
    put(house, DUTY, CHAIR, shifts=[])
    assert house.get(path, OTHER_STATION).status_code == 404


def test_the_rota_ends_with_the_turn_and_with_the_office(house: House) -> None:
    path = called_at_night(house)
    house.rows(
        """update role_grants set valid_to = :now where person_id = :id """,
        now=clock.now(), id=who(house, OTHER_STATION),
    )  # fmt: skip
    assert house.get(path, OTHER_STATION).status_code == 404
    house.rows(
        "update role_grants set valid_to = null where person_id = :id",
        id=who(house, OTHER_STATION),
    )
    assert house.get(path, OTHER_STATION).status_code == 200
    clock.step(timedelta(hours=9))
    assert house.get(path, OTHER_STATION).status_code == 404


def test_of_a_dispute_who_is_on_duty_sees_no_more_than_a_head(house: House) -> None:
    path = called_at_night(house, sealed=True)
    assert "text" not in house.seen(path, OTHER_STATION)


def test_the_safe_path_and_what_lies_nowhere_call_nobody_of_the_rota(house: House) -> None:
    for facts in ({"waits_for": "safe_path"}, {"status": "triage", "station": None}):
        path = called_at_night(house, **facts)
        assert CALLED not in titles(house, OTHER_STATION)
        assert house.get(path, OTHER_STATION).status_code == 404


def test_an_urgent_request_that_nobody_sees_becomes_a_phone_task(house: House) -> None:
    made = house.submit(category="PUB-03", text=LAMP)
    house.rows("update requests set priority = 'P1' where id = :id", id=made["id"])
    house.rows(
        """insert into due_times (id, request_id, kind, due_at)
           values (gen_random_uuid(), :id, 'duty', :at)""",
        id=made["id"], at=clock.now() + timedelta(minutes=15),
    )  # fmt: skip
    for _ in range(5):
        clock.step(timedelta(minutes=15))
        with transaction(house.context.engine) as session:
            outbox.sweep_deadlines(session)
        house.work()
    (task,) = house.seen("/phone-tasks", CLERK)["items"]
    assert task["number"] == house.seen(f"/requests/{made['id']}", HEAD)["number"]
    assert task["call"]
    assert LAMP[:4] not in str(task)
    assert house.seen("/phone-tasks", HEAD)["items"] == []
    done = f"/phone-tasks/{task['id']}/phoned"
    assert house.post(done, HEAD, {"reached": True}).status_code == 404
    for _ in range(2):  # a second tap
        assert house.post(done, CLERK, {"reached": True}).status_code == 204
    assert house.seen("/phone-tasks", CLERK)["items"] == []
    texts = [item["text"] for item in house.seen(f"/requests/{made['id']}/timeline", HEAD)["items"]]
    assert sum("叫了下一位" in text for text in texts) == 4
    assert "请打电话给村里" in [
        line["title"] for line in house.seen("/notifications", CLERK)["items"]
    ]
