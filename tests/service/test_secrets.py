"""What each reader sees of a request, and that nothing else of it comes out anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.service.access_table import agreed
from tests.service.conftest import County
from tests.service.house import House
from tests.service.test_walk import invited
from tests.service.world import (
    CALLERS,
    ELDER,
    HOME,
    SECRET,
    STATION,
    VIOLENCE,
    Case,
    World,
    to_case,
)
from village import clock, outbox
from village.db import transaction

AGREED = agreed()
FIELDS = {
    "content": {"text", "place", "answers", "emergency", "question", "result"},
    "identity": {"requester", "on_behalf_of"},
    "evidence": {"routing"},
    "grounds": {"grounds"},
    "own": {"told", "asks"},
}
NAMES = {"u041": "程家明", "u045": "邓春兰", "u047": "彭细妹", "u141": "叶桂英"}
MASKED = {
    "": "程*菊",
    "u041": "程*明",
    "u045": "邓*兰",
    "u047": "彭*妹",
    "u063": "程*江",
    "u141": "叶*英",
}
LISTS = (
    "/requests?limit=100",
    "/requests?scope=station&limit=100",
    "/requests?scope=village&limit=100",
    f"/stations/{STATION}/queue?limit=100",
    f"/stations/{HOME}.mediation/queue?limit=100",
    f"/villages/{HOME}/triage?limit=100",
)


def sees(code: str, case: Case, tag: str) -> bool:
    """Whether the table lets a person see fields with a tag of a request."""
    facts = {"sealed": case.sealed, "on the safe path": case.safe, "hidden": case.hidden}
    when = " and ".join(fact for fact, holds in facts.items() if holds)
    kind = f"sees when {when}" if when else "sees"
    return bool(to_case(code, case) & AGREED[f"{kind}: {tag}"])


def reads(code: str, case: Case) -> bool:
    return bool(to_case(code, case) & AGREED["request.read"])


def wrong_fields(body: dict[str, Any], code: str, case: Case) -> list[str]:
    """The fields that are shown and should not be, or the other way round."""
    return [
        f"{case.name}: {field} for {code} ({CALLERS[code]})"
        for tag, fields in FIELDS.items()
        for field in fields
        if (field in body) != sees(code, case, tag)
    ]


@pytest.mark.parametrize("code", CALLERS)
def test_readers_see_the_fields_of_their_relations(county: County, code: str) -> None:
    wrong = []
    for case in county.world.cases.values():
        if reads(code, case):
            wrong += wrong_fields(county.house.seen(f"/requests/{case.id}", code), code, case)
    assert wrong == []


@pytest.mark.parametrize("code", CALLERS)
def test_lists_hold_what_their_reader_may_read_with_names_masked(county: County, code: str) -> None:
    cases = {case.id: case for case in county.world.cases.values()}
    for path in LISTS:
        for item in _items(county.house, path, code):
            case = cases[item["id"]]
            assert reads(code, case), (path, case.name)
            assert wrong_fields(item, code, case) == []
            if "requester" in item:
                assert item["requester"]["name"] == MASKED[case.requester]


def _items(house: House, path: str, code: str) -> list[dict[str, Any]]:
    answer = house.get(path, code)
    assert answer.status_code in (200, 403)
    return answer.json["items"] if answer.status_code == 200 else []  # type: ignore[index]


def everything(house: House, world: World, code: str, case: Case) -> str:
    """All that the API says to a person, as text."""
    paths = [*LISTS, "/notifications?limit=100", "/offers?limit=100", "/tasks?limit=100"]
    paths += ["/tasks?scope=station&limit=100", f"/tasks/{world.task}", f"/requests/{case.id}"]
    paths += [f"/requests/{case.id}/timeline"]
    return "\n".join(house.get(path, code).text for path in paths)


@pytest.mark.parametrize("code", ["u001", "u021", "u006", "u101", "u032", "u904"])
def test_a_dispute_is_sealed_from_all_but_its_mediators(county: County, code: str) -> None:
    said = everything(county.house, county.world, code, county.world.cases["sealed"])
    for secret in (SECRET, SECRET[:4], NAMES["u045"], MASKED["u045"]):
        assert secret not in said


@pytest.mark.parametrize("name", ["safe", "safe dispute"])
@pytest.mark.parametrize("code", ["u006", "u023", "u004", "u012", "u021", "u016"])
def test_violence_at_home_is_read_by_the_chair_alone(county: County, name: str, code: str) -> None:
    case = county.world.cases[name]
    said = everything(county.house, county.world, code, case)
    for secret in (VIOLENCE, VIOLENCE[:6], NAMES["u047"], MASKED["u047"]):
        assert secret not in said
    seen = county.house.seen(f"/requests/{case.id}", "u001")
    assert (seen["text"], seen["requester"]["name"]) == (VIOLENCE, NAMES["u047"])


@pytest.mark.parametrize("code", ["u045", "u012", "u004"])
def test_the_requester_and_the_mediators_read_a_dispute(county: County, code: str) -> None:
    seen = county.house.seen(f"/requests/{county.world.cases['sealed'].id}", code)
    assert (seen["text"], seen["requester"]["name"]) == (SECRET, NAMES["u045"])


def test_the_head_of_mediation_sees_that_there_is_a_dispute(county: County) -> None:
    sealed = county.world.cases["sealed"].id
    queue = _items(county.house, f"/stations/{HOME}.mediation/queue", "u021")
    item = next(item for item in queue if item["id"] == sealed)
    assert (item["category"], item["status"], item["waits_for"]) == (
        "MED-01",
        "submitted",
        "mediation",
    )
    lines = county.house.seen(f"/requests/{sealed}/timeline", "u021")["items"]
    assert [line["action"] for line in lines] == ["submit"]


def test_a_draft_is_in_no_list_but_its_writers(county: County) -> None:
    case = county.world.cases["draft"]
    for code in CALLERS:
        found = case.id in everything(county.house, county.world, code, case)
        assert found == (code == "u041"), code


def hidden_at_work(house: House) -> tuple[str, str, str]:
    """A request of a hidden villager that two volunteers work on: its path, task, volunteer."""
    made = house.submit(category="PUB-08", hide_me=True, on_behalf_of=ELDER)
    path = f"/requests/{made['id']}"
    house.done(f"{path}/accept", "u006", {})
    house.done(f"{path}/dispatch", "u006")
    house.work()
    for helper in invited(house, made["id"])[:2]:
        offer = house.seen("/offers?status=open", helper)["items"][0]["id"]
        task = house.done(f"/offers/{offer}/accept", helper)["id"]
        house.work()
    return path, task, helper


def test_who_hid_herself_is_hidden_from_the_station_not_from_the_chair(house: House) -> None:
    path, task, helper = hidden_at_work(house)
    house.done(f"/tasks/{task}/check_in", helper)
    house.work()
    pages = [path, f"{path}/timeline", f"/tasks/{task}", "/tasks?scope=station", "/tasks"]
    pages += ["/requests?scope=station", f"/stations/{STATION}/queue", "/notifications", "/offers"]
    for code in ("u006", "u023", helper):
        said = "\n".join(house.get(page, code).text for page in pages)
        for secret in (NAMES["u041"], MASKED["u041"], ELDER["name"]):
            assert secret not in said, (code, secret)
    assert house.seen(path, "u001")["requester"]["name"] == NAMES["u041"]
    assert house.seen(f"/tasks/{task}", "u001")["contact"] == {"name": NAMES["u041"]}


def test_messages_name_neither_people_nor_words(house: House) -> None:
    path, task, helper = hidden_at_work(house)
    house.done(f"/tasks/{task}/check_in", helper)
    house.done(f"{path}/hand_over", "u006", HAND_OVER)
    house.work()
    lines = house.rows("select title || text || fields::text as said from notifications")
    assert len(lines) > 8
    words = [*NAMES.values(), ELDER["name"], "路灯坏了三盏", HAND_OVER["contact"]]
    assert [line.said for line in lines if any(word in line.said for word in words)] == []


HAND_OVER = {"receiver": "镇政府", "contact": "农业办", "basis": "consent"}


def test_details_and_contact_only_from_yes_until_a_day_after_the_work(
    movable_clock: None, house: House
) -> None:
    made = house.submit(category="PUB-08", place={"name": "祠堂后门"})
    path = f"/requests/{made['id']}"
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006", {"task": {"people_needed": 1}})
    house.work()
    helper = invited(house, made["id"])[0]
    offer = house.seen("/offers?status=open", helper)["items"][0]
    assert offer["place"] == "桥头"
    assert house.get(f"/tasks/{offer['task']}", helper).status_code == 404
    card = house.done(f"/offers/{offer['id']}/accept", helper)
    assert (card["contact"], card["place"]) == ({"name": NAMES["u041"]}, {"name": "祠堂后门"})
    house.done(f"/tasks/{card['id']}/check_in", helper)
    house.done(f"/tasks/{card['id']}/complete", helper, {"result": "好了", "minutes": 5})
    clock.step(timedelta(hours=23))
    house.logged_in.clear()
    assert house.seen(f"/tasks/{card['id']}", helper)["contact"] is not None
    clock.step(timedelta(hours=2))
    late = house.seen(f"/tasks/{card['id']}", helper)
    assert (late["contact"], late["place"], late["details"]) == (None, None, None)


def test_nobody_sees_who_declined(house: House) -> None:
    made = house.submit(category="PUB-03")
    path = f"/requests/{made['id']}"
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006")
    house.work()
    shy = invited(house, made["id"])[0]
    offer = house.seen("/offers", shy)["items"][0]["id"]
    declined = house.done(f"/offers/{offer}/decline", shy, {"reason": "not_this_kind"})
    assert declined["status"] == "declined"
    house.work()
    name = house.rows("select name from people where code = :code", code=shy)[0].name
    pages = [path, f"{path}/timeline", "/tasks?scope=station", "/notifications"]
    for code in ("u006", "u001", "u041"):
        said = "\n".join(house.get(page, code).text for page in pages)
        assert name not in said
        assert "not_this_kind" not in said


def test_a_call_for_all_heads_ends_when_danger_is_ruled_out(house: House) -> None:
    """Every head sees danger that nobody has ruled out; what is only unrouted is the chair's."""
    made = house.submit(text="我娘晕倒了，叫不醒")
    path = f"/requests/{made['id']}"
    let_two_minutes_pass(house)
    assert house.get(path, "u005").status_code == 200
    house.done(f"{path}/emergency", "u041", {"danger_now": False})
    assert [house.get(path, code).status_code for code in ("u005", "u001")] == [404, 200]


def let_two_minutes_pass(house: House) -> None:
    """Let the two minutes for the emergency's answer pass."""
    house.rows("update due_times set due_at = now() - interval '1 second'")
    with transaction(house.context.engine) as session:
        assert outbox.sweep_deadlines(session) == 1
    house.work()
