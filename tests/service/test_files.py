"""Pictures with a request: seen by who reads its words, by nobody else, and gone with them."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from service.auth import FILE_SECONDS
from tests.pictures import CANARY, form, of_a_camera, picture
from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE
from village import files, keyed, keys
from village.db import transaction

VILLAGER, OTHER = "u041", "u045"
HEAD, CHAIR, VOLUNTEER = "u006", "u001", "u017"


def send(house: House, data: bytes, caller: str | None = VILLAGER, **options: Any) -> TestResponse:
    return house.call("POST", "/files", caller, **form(data), **options)


def sent(house: House, data: bytes = b"", caller: str = VILLAGER) -> Any:
    answer = send(house, data or of_a_camera(), caller)
    assert answer.status_code == 201, answer.text
    return answer.json


def look(house: House, url: str, **options: Any) -> TestResponse:
    return house.get(url.removeprefix("/api/v1"), **options)


def held(house: House) -> int:
    ((number,),) = house.rows("select count(*) from files")
    return int(number)


def with_picture(house: House, caller: str = VILLAGER, **facts: Any) -> Any:
    return house.submit(caller, files=[sent(house, caller=caller)["id"]], **facts)


def test_a_picture_goes_with_a_request_to_its_head(house: House) -> None:
    file = sent(house)
    assert (file["kind"], file["media_type"], file["seconds"]) == ("picture", "image/jpeg", None)
    made = house.submit(VILLAGER, files=[file["id"]])
    (shown,) = house.seen(f"/requests/{made['id']}", HEAD)["files"]
    assert (shown["id"], shown["part"]) == (file["id"], "asked")
    answer = look(house, shown["url"])
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")
    assert Image.open(io.BytesIO(answer.data)).size == (300, 400)
    assert CANARY not in answer.data
    queue = house.seen("/requests?scope=station", HEAD)["items"]
    assert [item["file_count"] for item in queue if item["id"] == made["id"]] == [1]
    assert all("files" not in item for item in queue)


def test_who_does_not_read_the_words_sees_no_picture(house: House) -> None:
    made = with_picture(house, category="MED-01", text="邻居把墙砌到我家地里了")
    assert house.get(f"/requests/{made['id']}", OTHER).status_code == 404
    seen = house.seen(f"/requests/{made['id']}", CHAIR)
    assert {"text", "files", "file_count"}.isdisjoint(seen)


def test_a_picture_is_opened_by_its_key_alone_and_not_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_picture(house)
    url = made["files"][0]["url"]
    path, _, key = url.partition("?key=")
    other = with_picture(house)["files"][0]
    for wrong in ("", "?key=", "?key=1.x", f"?key={key[:-2]}", f"?key=9{key}", f"?key={uuid4()}"):
        assert look(house, path + wrong, caller=VILLAGER).status_code in (404, 422), wrong
    assert look(house, f"/files/{other['id']}?key={key}").status_code == 404
    assert house.seen(f"/requests/{made['id']}", VILLAGER)["files"][0]["url"] == url
    soon = time.time() + 2 * FILE_SECONDS
    monkeypatch.setattr("service.auth.time.time", lambda: soon)
    assert look(house, url).status_code == 404


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"", "picture_unreadable", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "picture_unreadable", 422),
        (picture()[:900], "picture_unreadable", 422),
        (picture("GIF"), "picture_unreadable", 422),
        (b"\xff\xd8" + b"\0" * (files.MOST_BYTES + 5000), "too_large", 413),
    ],
    ids=["nothing", "svg", "half", "gif", "10 MB"],
)
def test_what_is_no_picture_is_refused_and_nothing_kept(
    house: House, data: bytes, code: str, status: int
) -> None:
    problem(send(house, data), status, code)
    assert held(house) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"data": {}},
        {"data": {"file": "words"}},
        {"data": {"other": (io.BytesIO(b"x"), "a")}},
        {"data": b"--x", "content_type": "multipart/form-data"},
        {"data": b"--x\r\nContent", "content_type": "multipart/form-data; boundary=x"},
        {"json": {"file": "x"}},
        {"data": b"", "content_type": "text/plain"},
    ],
    ids=["empty", "words", "another", "no bound", "torn", "json", "text"],
)
def test_a_form_without_a_file_is_refused(house: House, options: dict[str, Any]) -> None:
    assert house.call("POST", "/files", VILLAGER, **options).status_code in (413, 415, 422)


def test_without_a_login_nothing_is_taken(house: House) -> None:
    assert send(house, picture(), caller=None).status_code == 401


def test_the_same_key_sends_once(house: House) -> None:
    key, data = {"Idempotency-Key": "the-picture"}, picture()
    first, again = send(house, data, headers=key), send(house, data, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.json or {})["id"] == (again.json or {})["id"]
    assert held(house) == 1


def test_only_ones_own_pictures_go_with_a_request(house: House) -> None:
    theirs = sent(house, caller=OTHER)["id"]
    body = {"village": "990101", "text": "路灯坏了"}
    for wrong in ([theirs], [str(uuid4())], [sent(house)["id"], theirs]):
        refused = house.post("/requests", VILLAGER, {**body, "files": wrong})
        assert "files" in problem(refused, 422, "invalid")["errors"]
    too_many = {**body, "files": [str(uuid4()) for _ in range(files.MOST_AT_ONCE + 1)]}
    assert house.post("/requests", VILLAGER, too_many).status_code == 422
    assert house.seen("/requests", VILLAGER)["items"] == []


def test_an_answer_and_a_result_may_show_something(house: House) -> None:
    made = house.submit(VILLAGER)
    path = f"/requests/{made['id']}"
    house.done(f"{path}/ask", HEAD, {"question": "哪一盏？"})
    house.done(f"{path}/answer", VILLAGER, {"text": "这一盏", "files": [sent(house)["id"]]})
    house.done(f"{path}/accept", HEAD)
    house.done(f"{path}/handle", HEAD)
    result = {"result": "换好了", "files": [sent(house, caller=HEAD)["id"]]}
    house.done(f"{path}/submit_result", HEAD, result)
    shown = house.seen(path, VILLAGER)
    assert [file["part"] for file in shown["files"]] == ["asked", "done"]
    assert shown["file_count"] == 2


def test_a_request_holds_no_album(house: House) -> None:
    path = f"/requests/{house.submit(VILLAGER)['id']}"
    for _ in range(files.MOST_OF_A_REQUEST // files.MOST_AT_ONCE):
        house.done(f"{path}/ask", HEAD, {"question": "还有吗？"})
        more = [sent(house, picture(size=(8, 8)))["id"] for _ in range(files.MOST_AT_ONCE)]
        house.done(f"{path}/answer", VILLAGER, {"text": "有", "files": more})
    house.done(f"{path}/ask", HEAD, {"question": "还有吗？"})
    more = {"text": "有", "files": [sent(house)["id"]]}
    problem(house.post(f"{path}/answer", VILLAGER, more), 422, "too_many_files")
    assert len(house.seen(path, VILLAGER)["files"]) == files.MOST_OF_A_REQUEST


def test_a_part_for_other_eyes_takes_the_picture_alone(house: House) -> None:
    made = with_picture(house, text="路灯坏了。邻居把墙砌到我家地里了，天天吵架。")
    parts = {"parts": [{"text": "路灯坏了。"}, {"text": "邻居把墙砌到我家地里了，天天吵架。"}]}
    whole = house.done(f"/requests/{made['id']}/split", VILLAGER, parts)
    shown = {
        part["station"]: len(house.seen(f"/requests/{part['id']}", VILLAGER)["files"])
        for part in whole["split_into"]
    }
    assert shown == {"public_works": 0, "mediation": 1}


def test_parts_for_the_same_eyes_share_it(house: House) -> None:
    made = with_picture(house, text="路灯坏了。水沟堵了，垃圾一堆。")
    parts = {"parts": [{"text": "路灯坏了。"}, {"text": "水沟堵了，垃圾一堆。"}]}
    whole = house.done(f"/requests/{made['id']}/split", VILLAGER, parts)
    each = [house.seen(f"/requests/{part['id']}", VILLAGER) for part in whole["split_into"]]
    assert [part["files"][0]["id"] for part in each] == [made["files"][0]["id"]] * 2


@pytest.mark.parametrize("text", ["昨晚有人偷了我家的鸡", "路灯坏了，昨晚还有人偷了我家的鸡"])
def test_of_a_crime_no_picture_is_kept_or_handed_to_a_station(house: House, text: str) -> None:
    whole = with_picture(house, text=text)
    assert (whole["status"], whole["files"], held(house)) == ("not_ours", [], 0)
    for part in whole["split_into"]:
        seen = house.seen(f"/requests/{part['id']}", HEAD)
        assert (seen["station"], seen["files"]) == ("public_works", [])


def test_after_a_no_to_danger_no_picture_of_a_crime_is_kept(house: House) -> None:
    made = with_picture(house, text="有人正在撬我家的门偷东西，还有村口路灯也不亮")
    assert (made["status"], held(house)) == ("draft", 1)
    path = f"/requests/{made['id']}/emergency"
    answered = house.done(path, VILLAGER, {"danger_now": False})
    assert (answered["status"], answered["files"], held(house)) == ("not_ours", [], 0)


def test_pictures_rest_sealed_and_move_to_a_new_key(house: House) -> None:
    made = with_picture(house)
    ((data,),) = house.rows("select sealed from files")
    assert b"JFIF" not in bytes(data)
    assert bytes(data).startswith(keys.ring().current.prefix)
    assert any(store.model.__tablename__ == "files" for store in keyed.STORES)
    assert look(house, made["files"][0]["url"]).data.startswith(b"\xff\xd8")


def test_she_takes_them_along_and_they_go_with_her(house: House) -> None:
    made = with_picture(house)
    house.submit(OTHER, files=[sent(house, caller=OTHER)["id"]])
    waiting = sent(house)
    archive = zipfile.ZipFile(io.BytesIO(house.get("/me/data/file", VILLAGER).data))
    pictures = [name for name in archive.namelist() if name.startswith("files/")]
    assert len(pictures) == 2
    assert archive.read(pictures[0]).startswith(b"\xff\xd8")
    house.done("/me/deletion", VILLAGER, {"anyway": True})
    left = {str(row[0]) for row in house.rows("select id from files")}
    assert left.isdisjoint({made["files"][0]["id"], waiting["id"]})
    assert len(left) == 1


def test_what_goes_with_nothing_is_not_kept(house: House) -> None:
    used = with_picture(house)["files"][0]["id"]
    first = sent(house)["id"]
    for _ in range(files.UNUSED_AT_MOST):
        sent(house, picture(size=(8, 8)))
    kept = {str(row[0]) for row in house.rows("select id from files")}
    assert len(kept) == files.UNUSED_AT_MOST + 1
    assert (used in kept, first in kept) == (True, False)
    house.rows("update files set created_at = created_at - interval '25 hours'")
    with transaction(house.context.engine) as session:
        assert files.purge(session) == files.UNUSED_AT_MOST
    assert house.seen("/requests", VILLAGER)["items"][0]["file_count"] == 1


def test_the_safe_path_shows_them_to_the_chair_alone(house: House) -> None:
    made = with_picture(house, text=VIOLENCE, emergency_confirmed=False)
    assert len(house.seen(f"/requests/{made['id']}", CHAIR)["files"]) == 1
    for code in (HEAD, OTHER, VOLUNTEER):
        answer = house.get(f"/requests/{made['id']}", code)
        assert answer.status_code == 404 or "files" not in (answer.json or {})
