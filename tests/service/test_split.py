"""Several matters in one message: shown as several, split by a tap, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE

LIGHT, DIRT = "路灯坏了三盏，晚上很黑。", "还有村头垃圾堆了半个月没人收，臭得很。"
QUARREL = "邻居把滴水打到我家墙上，想请人调解一下。"
TWO = LIGHT + DIRT
HALVES = {"parts": [{"text": LIGHT}, {"text": DIRT}]}


def split(house: House, text: str = TWO, by: str = "u041", sent: Any = None, **facts: Any) -> Any:
    """Split a request and return it as its writer sees it."""
    made = house.submit("u041", text, **facts)
    house.done(f"/requests/{made['id']}/split", by, sent or {})
    return house.seen(f"/requests/{made['id']}", "u041")


def test_the_matters_are_shown_and_split_by_a_tap(house: House) -> None:
    made = house.submit("u041", TWO)
    assert [part["text"] for part in made["parts"]] == [LIGHT, DIRT]
    assert "split" in made["allowed_actions"]
    whole = split(house)
    assert (whole["status"], whole["text"], whole["allowed_actions"]) == ("split", TWO, [])
    light, dirt = (house.seen(f"/requests/{p['id']}", "u041") for p in whole["split_into"])
    assert (light["station"], dirt["station"]) == ("public_works", "sanitation")
    assert (light["text"], dirt["text"]) == (LIGHT, DIRT)
    assert len({whole["number"], light["number"], dirt["number"]}) == 3
    assert light["split_from"] == dirt["split_from"] == whole["number"]
    assert whole["split_from"] is None


def test_whom_the_whole_kept_away_its_parts_keep_away_too(house: House) -> None:
    made = house.submit("u041", TWO)
    party = {"parties": [{"name": "李四"}]}
    written = house.call("PUT", f"/requests/{made['id']}/parties", "u001", json=party)
    assert written.status_code == 200
    helper = {"person": house.seen("/me", "u016")["id"], "kind": "word"}
    house.done(f"/requests/{made['id']}/exclusions", "u041", helper)
    parts = house.done(f"/requests/{made['id']}/split", "u041", {})["split_into"]
    kept = house.rows(
        """select r.id::text from requests r join request_parties p on p.request_id = r.id
           join request_exclusions e on e.request_id = r.id
           where r.parent_id is not null and p.name = '李四' and p.added_by is not null"""
    )
    assert {row.id for row in kept} == {part["id"] for part in parts}


def test_the_timeline_tells_it_on_both_sides(house: House) -> None:
    whole = split(house)
    lines = house.seen(f"/requests/{whole['id']}/timeline", "u041")["items"]
    assert lines[-1]["text"] == "您说的几件事分开办了。件数：2。"
    part = whole["split_into"][0]["id"]
    (line,) = house.seen(f"/requests/{part}/timeline", "u006")["items"]
    assert whole["number"] in line["text"]


def test_each_station_reads_its_own_part_alone(house: House) -> None:
    whole = split(house, QUARREL + LIGHT)
    assert [p["station"] for p in whole["split_into"]] == ["mediation", "public_works"]
    dispute, light = (f"/requests/{p['id']}" for p in whole["split_into"])
    for stranger in ("u006", "u001", "u004", "u012"):
        problem(house.get(f"/requests/{whole['id']}", stranger), 404, "not_found")
    problem(house.get(dispute, "u006"), 404, "not_found")
    assert "text" not in house.seen(dispute, "u001")
    assert house.seen(dispute, "u012")["text"] == QUARREL
    for reader in ("u006", "u001"):
        said = house.get(light, reader).text + house.get(f"{light}/timeline", reader).text
        assert "滴水" not in said
        assert "split_into" not in house.seen(light, reader)


def test_a_sealed_whole_is_opened_by_no_cut(house: House) -> None:
    parts = [{"text": QUARREL}, {"text": "他家的树枝也伸到我家院子里来了。"}, {"text": LIGHT}]
    text = "".join(part["text"] for part in parts)
    made = house.submit("u041", text, category="MED-01")
    path = f"/requests/{made['id']}/split"
    for staff in ("u004", "u001"):
        problem(house.post(path, staff, {"parts": parts}), 409, "transition_not_allowed")
    house.done(path, "u041", {"parts": parts})
    whole = house.seen(f"/requests/{made['id']}", "u041")
    assert [p["station"] for p in whole["split_into"]] == ["mediation", "mediation", "public_works"]
    for part in whole["split_into"][:2]:
        assert "text" not in house.seen(f"/requests/{part['id']}", "u001")
        assert house.seen(f"/requests/{part['id']}", "u012")["text"]


def test_the_safe_path_is_cut_by_nobody(house: House) -> None:
    made = house.submit("u047", VIOLENCE + "。" + TWO, emergency_confirmed=False)
    assert (made["parts"], made["waits_for"]) == ([], "safe_path")
    parts = {"parts": [{"text": VIOLENCE + "。"}, {"text": LIGHT}, {"text": DIRT}]}
    for caller in ("u047", "u001"):
        answer = house.post(f"/requests/{made['id']}/split", caller, parts)
        problem(answer, 409, "transition_not_allowed")
    problem(house.post(f"/requests/{made['id']}/split", "u006", parts), 404, "not_found")


def test_a_part_that_takes_the_safe_path_goes_to_the_chair(house: House) -> None:
    """Its words alone were not asked about; a sealed whole would send it to the mediators."""
    made = house.submit("u047", QUARREL + LIGHT, category="MED-01")
    house.rows("update requests set text = :text", text=VIOLENCE + "。" + LIGHT)
    parts = {"parts": [{"text": VIOLENCE + "。"}, {"text": LIGHT}]}
    house.done(f"/requests/{made['id']}/split", "u047", parts)
    part = house.seen(f"/requests/{made['id']}", "u047")["split_into"][0]
    assert (part["status"], part["station"]) == ("triage", None)
    assert house.seen(f"/requests/{part['id']}", "u001")["waits_for"] == "safe_path"


def test_no_clock_is_reset_and_her_name_stays_hidden(house: House) -> None:
    made = house.submit("u041", TWO, hide_me=True)
    house.rows("update requests set submitted_at = submitted_at - interval '20 hours'")
    house.done(f"/requests/{made['id']}/split", "u041")
    rows = house.rows(
        "select submitted_at, hide_me, first_response_due from requests where parent_id is not null"
    )
    began = house.rows("select submitted_at from requests where parent_id is null")[0][0]
    assert [(row.submitted_at, row.hide_me) for row in rows] == [(began, True)] * 2
    due = house.rows("select status, first_response_due from requests order by id")
    assert due[1].first_response_due < due[0].first_response_due
    live = "select distinct r.status from due_times d join requests r on r.id = d.request_id where d.cancelled_at is null"  # noqa: E501
    assert {row[0] for row in house.rows(live)} == {"submitted"}


@pytest.mark.parametrize(
    "parts",
    [
        [{"text": LIGHT}, {"text": "垃圾"}],
        [{"text": DIRT}, {"text": LIGHT}],
        [{"text": LIGHT}, {"text": DIRT}, {"text": LIGHT}],
        [{"text": LIGHT}, {"text": DIRT, "category": "XXX-01"}],
        [{"text": TWO}, {"text": ""}],
        [{"text": "路"}] * 7,
    ],
)
def test_parts_that_are_not_the_whole_change_nothing(house: House, parts: Any) -> None:
    made = house.submit("u041", TWO)
    path = f"/requests/{made['id']}"
    problem(house.post(f"{path}/split", "u041", {"parts": parts}), 422, "invalid")
    assert house.seen(path, "u041")["status"] == made["status"]
    assert len(house.rows("select 1 from requests")) == 1


def test_one_matter_is_not_split_without_saying_where(house: House) -> None:
    made = house.submit("u041", LIGHT)
    for sent in ({}, {"parts": [{"text": LIGHT}]}):
        refused = house.post(f"/requests/{made['id']}/split", "u041", sent)
        problem(refused, 422, "nothing_to_split")
    cut = {"parts": [{"text": "路灯坏了三盏，"}, {"text": "晚上很黑。", "category": "PUB-08"}]}
    house.done(f"/requests/{made['id']}/split", "u041", cut)
    assert (
        house.seen(f"/requests/{made['id']}", "u041")["split_into"][1]["station"] == "public_works"
    )


def test_twice_is_once(house: House) -> None:
    made = house.submit("u041", TWO)
    path, key = f"/requests/{made['id']}/split", {"Idempotency-Key": "once"}
    first = house.post(path, "u041", {}, headers=key)
    again = house.post(path, "u041", {}, headers=key)
    assert (first.status_code, first.json) == (200, again.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert house.done(path, "u041")["status"] == "split"
    assert len(house.rows("select 1 from requests")) == 3


def test_head_and_chair_split_what_she_did_not(house: House) -> None:
    for code in ("u006", "u001"):
        made = house.submit("u041", TWO, category="PUB-03")
        answer = house.done(f"/requests/{made['id']}/split", code)
        assert (answer["status"], "text" in answer) == ("split", False)
        problem(house.get(f"/requests/{made['id']}", code), 404, "not_found")
    house.work()
    titles = [line["title"] for line in house.seen("/notifications", "u041")["items"]]
    assert titles.count("分开办理") == 2
    assert house.seen("/notifications", "u006")["items"][0]["title"] == "新事项待受理"


def test_after_it_was_accepted_only_staff_may(house: House) -> None:
    path = f"/requests/{house.submit('u041', TWO, category='PUB-03')['id']}"
    house.done(f"{path}/accept", "u006")
    problem(house.post(f"{path}/split", "u041"), 409, "transition_not_allowed")
    problem(house.post(f"{path}/split", "u045"), 404, "not_found")
    assert house.done(f"{path}/split", "u006")["status"] == "split"


def test_what_is_no_village_matter_is_answered_and_the_rest_goes_on(house: House) -> None:
    text = "垃圾没人清运，还有请问养老保险断交三年怎么补缴，社保局说要去外地开证明"
    dirt, pension = split(house, text)["split_into"]
    assert (dirt["status"], pension["status"]) == ("submitted", "not_ours")
    seen = house.seen(f"/requests/{pension['id']}", "u041")
    assert seen["advice"][0]["phone"] == "12333"


def test_neighbours_who_follow_go_along(house: House) -> None:
    made = house.submit("u041", TWO, category="PUB-03")
    house.done(f"/requests/{made['id']}/follow", "u045")
    house.done(f"/requests/{made['id']}/split", "u041")
    counted = house.rows("select followers from requests where parent_id is not null")
    assert [row[0] for row in counted] == [1, 1]


STOLEN = "昨晚还有人偷了我家的鸡"


@pytest.mark.parametrize("category", [None, "MED-01"])
def test_a_crime_is_told_its_number_and_the_lamp_beside_it_is_seen_to(
    house: House, category: str | None
) -> None:
    whole = house.submit("u041", f"路灯坏了，{STOLEN}", category=category, place={"name": "村口"})
    assert (whole["status"], whole["advice"][0]["phone"]) == ("not_ours", "110")
    assert any("分开" in line for line in whole["told"])
    (part,) = whole["split_into"]
    lamp = house.seen(f"/requests/{part['id']}", "u041")
    assert (lamp["status"], lamp["station"], lamp["text"]) == (
        "submitted", "public_works", "路灯坏了，",
    )  # fmt: skip
    assert (lamp["place"]["name"], lamp["split_from"]) == ("村口", whole["number"])
    seen = house.seen(f"/requests/{part['id']}", "u006")
    assert "偷" not in str(seen)
    problem(house.get(f"/requests/{whole['id']}", "u006"), 404, "not_found")


def test_of_the_crime_no_word_is_kept_anywhere(house: House) -> None:
    house.submit("u041", f"路灯坏了，{STOLEN}")
    stored = house.rows("select text, routing::text, place::text from requests")
    assert len(stored) == 2
    assert not any("鸡" in str(row) for row in stored)


def test_what_may_belong_to_the_crime_goes_to_no_station(house: House) -> None:
    whole = house.submit("u041", "路灯坏了，我怀疑老李，昨晚他偷了我家鸡")
    assert (whole["status"], whole["split_into"]) == ("not_ours", [])


def test_after_a_no_to_danger_the_matter_beside_goes_on_too(house: House) -> None:
    text = "有人正在撬我家的门偷东西，还有村口路灯也不亮"
    made = house.submit("u041", text)
    assert made["status"] == "draft"
    answered = house.done(f"/requests/{made['id']}/emergency", "u041", {"danger_now": False})
    assert (answered["status"], answered["advice"][0]["phone"]) == ("not_ours", "110")
    (part,) = answered["split_into"]
    assert house.seen(f"/requests/{part['id']}", "u041")["station"] == "public_works"
    again = house.done(f"/requests/{made['id']}/emergency", "u041", {"danger_now": False})
    assert len(again["split_into"]) == 1
