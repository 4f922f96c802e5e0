"""One's own data: all of it, for nobody else; and gone when she says so, with open things named."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from tests.service.house import House
from tests.service.test_level3 import CARE, HEAD, VILLAGER, agree, everywhere
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE
from village import lines
from village.db import transaction

CANARY = "金丝雀飞过<b>水田</b>"
OTHER = "u045"


def written(house: House, **facts: Any) -> Any:
    agree(house, VILLAGER)
    return house.submit(VILLAGER, CANARY, **{**CARE, "place": {"name": "金丝雀桥"}, **facts})


def end(house: House, made: Any) -> None:
    house.done(f"/requests/{made['id']}/withdraw", VILLAGER)
    house.work()


def erase(house: House, caller: str = VILLAGER, **said: Any) -> Any:
    return house.post("/me/deletion", caller, said)


def sections(house: House, caller: str = VILLAGER) -> dict[str, Any]:
    return {each["name"]: each["rows"] for each in house.seen("/me/data", caller)["sections"]}


def test_all_that_is_hers_is_told_and_nothing_of_others(house: House) -> None:
    made = written(house)
    house.submit(OTHER, "别人的事")
    house.seen(f"/requests/{made['id']}", HEAD)
    found = sections(house)
    (request,) = found["requests"]
    assert (request["text"], request["answers"]) == (CANARY, CARE["answers"])
    assert found["person"][0]["village"] == "桥头"
    assert {each["document"] for each in found["consents"]} == {"privacy", "sensitive"}
    (read,) = found["reads"]
    assert (read["fields"], "*" in read["reader"]) == (["mobility"], True)
    assert "别人的事" not in json.dumps(found, ensure_ascii=False)
    assert f"demo-{VILLAGER}" not in json.dumps(found)
    assert {each["text"] for each in sections(house, OTHER)["requests"]} == {"别人的事"}


def test_the_file_is_for_programs_and_for_people(house: House) -> None:
    written(house)
    answer = house.get("/me/data/file", VILLAGER)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == (
        "application/zip", "private, no-store",
    )  # fmt: skip
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    page = archive.read("index.html").decode()
    assert "金丝雀飞过&lt;b&gt;水田" in page
    assert "<b>水田" not in page
    assert json.loads(archive.read("data.json"))["requests"][0]["text"] == CANARY
    assert house.get("/me/data/file").status_code == 401


def test_she_sees_who_has_looked(house: House) -> None:
    made = written(house)
    assert house.seen("/me/reads", VILLAGER)["items"] == []
    house.seen(f"/requests/{made['id']}", HEAD)
    (read,) = house.seen("/me/reads", VILLAGER)["items"]
    assert read["number"] == made["number"]
    assert read["reader"].startswith("站长 ")
    assert read["fields_read"] == ["行动情况"]
    assert house.seen("/me/reads", HEAD)["items"] == []


def test_a_look_at_who_hid_herself_is_noted_and_the_head_sees_nothing(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-08", hide_me=True)
    path = f"/requests/{made['id']}"
    assert "requester" not in house.seen(path, "u006")
    assert house.seen("/me/reads", VILLAGER)["items"] == []
    house.seen(path, "u001")
    (read,) = house.seen("/me/reads", VILLAGER)["items"]
    assert (read["reader"].split()[0], read["fields_read"]) == (
        "协会会长",
        ["您的姓名（您没有公开）"],
    )


def test_open_matters_are_named_first(house: House) -> None:
    made = written(house)
    seen = house.seen("/me/deletion", VILLAGER)
    assert [each["text"].split()[0] for each in seen["open"]] == [made["number"]]
    assert seen["erased"]
    assert seen["kept"]
    refused = erase(house)
    problem(refused, 422, "open_matters")
    assert refused.json["open"] == seen["open"]
    assert sections(house)["requests"]


def test_an_officer_gives_her_office_back_first(house: House) -> None:
    refused = erase(house, HEAD, anyway=True)
    problem(refused, 422, "still_in_office")
    assert refused.json["open"][0] == {"kind": "office", "text": "站长"}


def test_who_has_a_task_gives_it_back_first(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")
    house.done(f"/requests/{made['id']}/accept", "u006")
    house.done(f"/requests/{made['id']}/dispatch", "u006")
    house.work()
    (offer, code) = house.rows(
        "select o.id, p.code from offers o join people p on p.id = o.person_id order by p.code"
    )[0]
    house.done(f"/offers/{offer}/accept", code)
    problem(erase(house, code, anyway=True), 422, "still_in_office")


def test_what_she_said_is_nowhere_any_more_and_the_count_stays(house: House) -> None:
    made = written(house)
    house.seen(f"/requests/{made['id']}", HEAD)
    house.done(f"/requests/{made['id']}/ask", HEAD, {"question": "金丝雀是哪一只？"})
    house.done(f"/requests/{made['id']}/answer", VILLAGER, {"text": "金丝雀是黄的"})
    end(house, made)
    house.call("PUT", "/me/phone", VILLAGER, json={"number": "0" * 10})
    name = house.seen("/me", VILLAGER)["name"]
    assert "events" in everywhere(house, "金丝雀")
    done = erase(house)
    assert done.status_code == 200, done.text
    assert (done.json["requests"], done.json["kept"]) == (1, 0)
    assert everywhere(house, "金丝雀") == []
    assert everywhere(house, name) == []
    problem(house.get("/me", VILLAGER), 401, "login_ended")
    (row,) = house.rows(
        "select status, category, sealed_answers from requests where number = :no",
        no=made["number"],
    )
    assert tuple(row) == ("withdrawn", "AID-01", None)
    seen = house.seen(f"/requests/{made['id']}", HEAD)
    assert seen["requester"]["name"] == ""
    assert "已经删除" in seen["text"]
    assert house.seen(f"/requests/{made['id']}/timeline", HEAD)["items"]
    house.logged_in.pop(VILLAGER)
    assert house.seen("/requests", VILLAGER)["items"] == []  # whoever has this phone now is new


def test_anyway_withdraws_what_is_open(house: House) -> None:
    written(house)
    assert erase(house, anyway=True).json["requests"] == 1
    assert everywhere(house, "金丝雀") == []


def test_what_the_duty_to_report_asks_for_is_kept(house: House) -> None:
    made = house.submit(VILLAGER, VIOLENCE, category="PUB-08", emergency_confirmed=False)
    done = erase(house, anyway=True)
    assert done.status_code == 200, done.text
    assert done.json["kept"] == 1
    assert house.rows("select text from requests where number = :no", no=made["number"]) == [
        (VIOLENCE,)
    ]


def lines_of(house: House, person: Any) -> int:
    (found,) = house.rows("select count(*) from notifications where person_id = :id", id=person)
    return int(found[0])


def test_what_a_worker_writes_after_her_erasure_does_not_reach_her_row(house: House) -> None:
    """The head has accepted it, and the worker comes to tell her when she is gone."""
    made = written(house)
    me = house.seen("/me", VILLAGER)["id"]
    house.work()
    house.done(f"/requests/{made['id']}/accept", HEAD)
    assert lines_of(house, me)
    assert erase(house, anyway=True).status_code == 200
    house.work()
    assert lines_of(house, me) == 0


def test_who_erases_herself_while_a_worker_writes_to_her_has_nothing_left(house: House) -> None:
    me = house.seen("/me", VILLAGER)["id"]
    with ThreadPoolExecutor(1) as other, transaction(house.context.engine) as worker:
        lines.tell(worker, [UUID(me)], "please_phone", no="QT1")
        gone = other.submit(erase, house, anyway=True)
        with pytest.raises(TimeoutError):
            gone.result(0.5)
        worker.commit()
        assert gone.result(20).status_code == 200
    assert lines_of(house, me) == 0
    with transaction(house.context.engine) as worker:
        lines.tell(worker, [UUID(me)], "please_phone", no="QT1")
    assert lines_of(house, me) == 0
