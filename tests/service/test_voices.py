"""A voice with a request: heard by who reads its words, by nobody else, and gone with them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from service import limits
from tests.pictures import form, picture
from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE
from tests.sounds import CANARY, KINDS, mp3, mp4, recording, webm, with_a_false_length
from village import files, keys, retention
from village.catalog.privacy import PRIVACY_VERSION
from village.db import transaction
from village.similar_texts import grams

VILLAGER, OTHER = "u041", "u045"
HEAD, CHAIR, VOLUNTEER, MEDIATOR = "u006", "u001", "u017", "u004"
ALONE = "（没有写字，说的话在录音里）"


def sent(house: House, data: bytes = b"", caller: str = VILLAGER) -> Any:
    answer = house.call("POST", "/files", caller, **form(data or recording("lame.mp3")))
    assert answer.status_code == 201, answer.text
    return answer.json


def hear(house: House, url: str, **options: Any) -> Any:
    return house.get(url.removeprefix("/api/v1"), **options)


def taken_along(house: House, caller: str) -> list[str]:
    archive = zipfile.ZipFile(io.BytesIO(house.get("/me/data/file", caller).data))
    return [name for name in archive.namelist() if name.startswith("files/")]


def files_of(house: House, caller: str) -> Any:
    sections = house.seen("/me/data", caller)["sections"]
    return next(section["rows"] for section in sections if section["name"] == "files")


def spoken(house: House, caller: str = VILLAGER, **facts: Any) -> Any:
    body = {"village": "990101", "files": [sent(house, caller=caller)["id"]], **facts}
    answer = house.post("/requests", caller, body)
    assert answer.status_code == 201, answer.text
    return answer.json


@pytest.mark.parametrize(("name", "media_type"), KINDS.items())
def test_the_head_hears_a_voice_of_each_kind(house: House, name: str, media_type: str) -> None:
    file = sent(house, recording(name))
    assert (file["kind"], file["media_type"], file["seconds"]) == ("voice", media_type, 1)
    made = house.submit(VILLAGER, files=[file["id"]])
    (shown,) = house.seen(f"/requests/{made['id']}", HEAD)["files"]
    assert (shown["kind"], shown["seconds"], shown["part"]) == ("voice", 1, "asked")
    answer = hear(house, shown["url"])
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")
    assert CANARY not in answer.data


def test_a_player_may_ask_for_a_part_of_it(house: House) -> None:
    url = house.submit(VILLAGER, files=[sent(house)["id"]])["files"][0]["url"]
    whole = hear(house, url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = hear(house, url, headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.data) == (206, whole.data[:2])
    assert part.headers["Content-Range"] == f"bytes 0-1/{len(whole.data)}"
    last = hear(house, url, headers={"Range": "bytes=-100"})
    assert last.data == whole.data[-100:]
    for wrong in ("bytes=99999999-", "bytes=5-2", "bytes=0-0,2-2", "x", "bytes=" + "9" * 400):
        assert hear(house, url, headers={"Range": wrong}).status_code in (200, 206, 416), wrong


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (mp3(61), "sound_too_long"),
        (mp4(61), "sound_too_long"),
        (webm(61), "sound_too_long"),
        (with_a_false_length(mp3(61)), "sound_too_long"),
        (mp3(1) + bytes(files.sounds.MOST_BYTES), "sound_too_large"),
        (mp3(2) + b"<script>alert(1)</script>", "sound_unreadable"),
        (recording("whole.m4a")[:-500], "sound_unreadable"),
        (recording("opus.webm")[:-1], "sound_unreadable"),
        (mp4(2, size=900, chunks=[24] * 1000, count=1000), "sound_unreadable"),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f", "sound_unreadable"),
        (b"<html><script>alert(1)</script></html>", "picture_unreadable"),
        (b"PK\x03\x04" + bytes(100), "picture_unreadable"),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(100), "sound_unreadable"),
        (b"OggS" + bytes(100), "sound_unreadable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_voice_is_refused_in_plain_words(house: House, data: bytes, code: str) -> None:
    refused = house.call("POST", "/files", VILLAGER, **form(data))
    said = problem(refused, 422, code)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said["title"])
    assert house.rows("select 1 from files") == []


def test_a_minute_is_taken(house: House) -> None:
    for data in (mp3(60), mp4(60), webm(60)):
        assert sent(house, data)["seconds"] == 60


def test_one_voice_at_a_time(house: House) -> None:
    two = [sent(house)["id"], sent(house)["id"]]
    body = {"village": "990101", "text": "路灯坏了"}
    problem(house.post("/requests", VILLAGER, {**body, "files": two}), 422, "one_voice")
    mixed = [two[0], sent(house, picture())["id"]]
    made = house.submit(VILLAGER, files=mixed)
    assert [file["kind"] for file in made["files"]] == ["voice", "picture"]


def test_a_voice_alone_is_heard_by_the_chair_first(house: House) -> None:
    made = spoken(house)
    assert (made["status"], made["station"], made["text"]) == ("triage", None, ALONE)
    assert [reason["kind"] for reason in made["routing"]["reasons"]] == ["voice"]
    seen = house.seen(f"/requests/{made['id']}", CHAIR)
    assert seen["files"][0]["kind"] == "voice"
    assert "录音" in seen["grounds"]["decided"]
    assert "没有写字" in seen["grounds"]["inputs"][0]
    assert house.get(f"/requests/{made['id']}", HEAD).status_code == 404
    house.done(f"/requests/{made['id']}/route", CHAIR, {"station": "public_works", "reason": "灯"})
    assert house.seen(f"/requests/{made['id']}", HEAD)["files"][0]["seconds"] == 1


def test_a_chosen_category_decides_for_a_voice_alone(house: House) -> None:
    made = spoken(house, category="PUB-03")
    assert (made["status"], made["station"]) == ("submitted", "public_works")
    assert house.seen(f"/requests/{made['id']}", HEAD)["files"][0]["kind"] == "voice"


def test_words_or_a_voice_there_must_be(house: House) -> None:
    drawn = sent(house, picture())["id"]
    theirs = sent(house, caller=OTHER)["id"]
    for wrong in ({}, {"text": ""}, {"text": " \n"}, {"files": [drawn]}, {"files": [theirs]}):
        refused = house.post("/requests", VILLAGER, {"village": "990101", **wrong})
        assert "text" in problem(refused, 422, "invalid")["errors"]
    assert house.post("/requests", VILLAGER, {"village": "990101", "text": None}).status_code == 422


def test_danger_that_she_confirms_goes_to_the_rescue_though_nobody_has_heard(house: House) -> None:
    made = spoken(house, emergency_confirmed=True)
    assert (made["status"], made["priority"]) == ("handed_over", "P0")
    calm = spoken(house, emergency_confirmed=False)
    assert calm["status"] == "triage"
    told = house.done(f"/requests/{calm['id']}/emergency", VILLAGER, {"danger_now": True})
    assert told["status"] == "handed_over"


def test_voices_without_words_are_like_no_other_request(house: House) -> None:
    spoken(house, category="PUB-03")
    assert house.rows("select 1 from similar_texts") == []
    assert grams(ALONE)


def test_an_answer_may_be_spoken(house: House) -> None:
    made = house.submit(VILLAGER)
    path = f"/requests/{made['id']}"
    house.done(f"{path}/ask", HEAD, {"question": "哪一盏？"})
    assert "text" in problem(house.post(f"{path}/answer", VILLAGER, {}), 422, "invalid")["errors"]
    house.done(f"{path}/answer", VILLAGER, {"files": [sent(house)["id"]]})
    shown = house.seen(path, HEAD)
    assert [file["kind"] for file in shown["files"]] == ["voice"]
    told = [item["text"] for item in house.seen(f"{path}/timeline", HEAD)["items"]]
    assert any(ALONE in text for text in told)


def test_who_enters_for_somebody_may_let_her_speak(house: House) -> None:
    body = {
        "village": "990101", "source": "door", "consent_how": "oral", "for": {"name": "老人"},
        "consent_version": PRIVACY_VERSION,
        "files": [sent(house, caller=CHAIR)["id"]],
    }  # fmt: skip
    answer = house.post("/requests/assisted", CHAIR, body)
    assert answer.status_code == 201, answer.text
    made = answer.json or {}
    assert made["files"][0]["kind"] == "voice"
    assert taken_along(house, CHAIR) == []
    slip = house.done(f"/requests/{made['id']}/slip", CHAIR)
    house.done("/requests/claim", OTHER, {"slip_code": slip["code"]})
    assert len(taken_along(house, OTHER)) == 1
    rows = {code: files_of(house, code) for code in (CHAIR, OTHER)}
    assert {code: len(found) for code, found in rows.items()} == {CHAIR: 0, OTHER: 1}


def test_who_does_not_read_the_words_hears_nothing(house: House) -> None:
    dispute = spoken(house, category="MED-01")
    assert house.seen(f"/requests/{dispute['id']}", MEDIATOR)["files"][0]["kind"] == "voice"
    assert {"text", "files", "file_count"}.isdisjoint(
        house.seen(f"/requests/{dispute['id']}", CHAIR)
    )
    for code in (HEAD, OTHER, VOLUNTEER):
        assert house.get(f"/requests/{dispute['id']}", code).status_code == 404
    safe = spoken(house, text=VIOLENCE, emergency_confirmed=False)
    assert house.seen(f"/requests/{safe['id']}", CHAIR)["files"][0]["kind"] == "voice"
    for code in (HEAD, OTHER, VOLUNTEER, MEDIATOR):
        answer = house.get(f"/requests/{safe['id']}", code)
        assert answer.status_code == 404 or "files" not in (answer.json or {})


def test_no_list_leads_to_a_voice(house: House) -> None:
    made = spoken(house, category="PUB-03")
    for path, caller in (("/requests", VILLAGER), ("/requests?scope=station", HEAD)):
        (item,) = [one for one in house.seen(path, caller)["items"] if one["id"] == made["id"]]
        assert "files" not in item
        assert "key=" not in str(item)


def test_voices_rest_sealed_and_go_with_the_words(house: House) -> None:
    made = spoken(house, category="PUB-03")
    url = made["files"][0]["url"]
    ((data,),) = house.rows("select sealed from files")
    assert bytes(data).startswith(keys.ring().current.prefix)
    assert hear(house, url).data not in bytes(data)
    archive = zipfile.ZipFile(io.BytesIO(house.get("/me/data/file", VILLAGER).data))
    (name,) = [name for name in archive.namelist() if name.startswith("files/")]
    assert (name[-4:], archive.read(name)) == (".mp3", hear(house, url).data)
    house.done("/me/deletion", VILLAGER, {"anyway": True})
    assert house.rows("select 1 from files") == []
    assert hear(house, url).status_code == 404


def test_the_voice_is_forgotten_when_the_words_are(house: House) -> None:
    made = spoken(house, category="PUB-03")
    house.done(f"/requests/{made['id']}/withdraw", VILLAGER)
    house.work()
    with transaction(house.context.engine) as session:
        assert retention.run(session) == 0
    assert len(house.rows("select 1 from files")) == 1
    house.rows("update requests set ended_at = now() - interval '15 years'")
    with transaction(house.context.engine) as session:
        assert retention.run(session) == 1
    assert house.rows("select 1 from files") == []
    assert hear(house, made["files"][0]["url"]).status_code == 404


def test_of_a_crime_neither_words_nor_voice_are_kept(house: House) -> None:
    made = spoken(house, text="我家电动车昨晚被人偷了")
    assert (made["status"], made["files"]) == ("not_ours", [])
    assert house.rows("select 1 from files") == []


def test_who_has_passed_it_on_hears_it_no_more(house: House) -> None:
    made = spoken(house, category="PUB-03")
    house.done(
        f"/requests/{made['id']}/route", HEAD, {"station": "sanitation", "reason": "不归我们"}
    )
    answer = house.get(f"/requests/{made['id']}", HEAD)
    assert answer.status_code == 404 or "files" not in (answer.json or {})


def test_a_voice_that_was_never_used_is_gone_after_a_day(house: House) -> None:
    sent(house)
    house.rows("update files set created_at = created_at - interval '25 hours'")
    with transaction(house.context.engine) as session:
        assert files.purge(session) == 1


def test_voices_and_pictures_are_counted_together(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {**limits.table(), ("files", "person"): limits.Limit(2, 600)}
    monkeypatch.setattr(limits, "table", lambda: few)
    limiter = limits.Limiter(house.context.redis, "a key")
    house.app.extensions["wuzhan"] = replace(house.context, limits=limiter)
    sent(house), sent(house, picture())
    refused = house.call("POST", "/files", VILLAGER, **form(mp3(1)))
    problem(refused, 429, "too_many_requests")
    assert refused.headers["Retry-After"]
