"""One shape for everything that can be wrong with a call, and never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.service.house import API, LAMP, House, login_code

MEMBERS = {"type", "title", "status", "code", "detail", "request_id", "retryable"}
EXTRA = {"errors", "allowed_actions", "current_status", "version", "waits_for", "open"}
NO_TOKEN = "unauthenticated"
NOBODYS = "01900000-0000-7000-8000-000000000000"
GOOD = {"village": "990101", "text": LAMP}


@pytest.fixture
def house(shared_house: House) -> House:
    return shared_house


def problem(response: TestResponse, status: int, code: str, *, replay: bool = False) -> Any:
    """Check that an answer is a problem of our one shape, and return its body."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body = response.get_json(force=True)
    assert body.keys() >= MEMBERS
    assert body.keys() <= MEMBERS | EXTRA
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:wuzhan:problem:{code}"
    assert replay or body["request_id"] == response.headers["X-Request-Id"]
    assert body["retryable"] == (status in (429, 503) or code in ("in_progress", "lost_race"))
    assert ("Retry-After" in response.headers) == body["retryable"]
    assert body["title"]
    return body


def raw(house: House, data: bytes | str, **headers: str) -> TestResponse:
    """Send bytes as a new request of u041's."""
    sent = {"Content-Type": "application/json", **headers}
    return house.call("POST", "/requests", "u041", sent, data=data)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff\xfe",
        b'{"village": "990101", "text": NaN}',
        b'{"text": 1' + b"0" * 400 + b"}",
        b'{"text": "' + b"\\ud800" + b'"}',
        b'{"place": {"name": "a", "lat": 1e999}}',
        b"[" * 100_000,
        b'{"answers": ' + b'{"a": ' * 5_000 + b"1" + b"}" * 5_000 + b"}",
        b"nul",
    ],
    ids=[
        "open",
        "latin",
        "nan",
        "huge-number",
        "surrogate",
        "infinite",
        "deep",
        "deep-object",
        "word",
    ],
)
def test_what_cannot_be_read_is_malformed(house: House, data: bytes) -> None:
    problem(raw(house, data), 400, "malformed")


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"text"', b"1", b"{}"])
def test_json_of_another_shape_is_invalid(house: House, data: bytes) -> None:
    assert problem(raw(house, data), 422, "invalid")["errors"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "a\0b"),
        ("text", ""),
        ("text", "   "),
        ("text", "字" * 2001),
        ("text", 7),
        ("village", "nowhere"),
        ("village", "990101\n"),
        ("village", "990101'; drop table people"),
        ("category", "PUB-99"),
        ("place", {"name": "村口", "lat": 28.1}),
        ("place", {"name": "村口", "lat": True, "lng": 1.0, "coord": "gcj02"}),
        ("place", {"name": "村\0口"}),
        ("answers", {"a": "b\0"}),
        ("answers", {"a\0": "b"}),
        ("answers", {"a": {"b": {"c": 1}}}),
        ("answers", {"a": 10**30}),
        ("answers", [1]),
        ("hide_me", "yes"),
        ("emergency_confirmed", 1),
        ("files", ["01900000-0000-7000-8000-000000000000"]),
        ("on_behalf_of", {"name": "老李"}),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named(house: House, field: str, value: Any) -> None:
    sent = json.dumps({**GOOD, field: value})
    body = problem(raw(house, sent), 422, "invalid")
    assert {name.split(".")[0] for name in body["errors"]} == {field}


def test_an_unknown_fields_name_is_repeated_with_care(house: House) -> None:
    """Even under a key, with which the refusal is kept."""
    sent = json.dumps({**GOOD, "a\0b": 1, "x" * 5000: 2, "坏": 3})
    for key in ("with-odd-names", "with-odd-names"):
        body = problem(raw(house, sent, **{"Idempotency-Key": key}), 422, "invalid", replay=True)
        assert set(body["errors"]) == {"a\ufffdb", "x" * 80, "坏"}


def test_what_people_write_is_kept_as_it_is(house: House) -> None:
    text = "路灯 💡 坏了\n第二行\t\u200d𠮷\u2028。"
    request = house.submit(text=text, answers={"a": [1, 2.5, None, True], "b": {"name": "甲"}})
    assert house.seen(f"/requests/{request['id']}", "u041")["text"] == text


@pytest.mark.parametrize("path", ["/nothing", "/requests/7", f"/requests/{NOBODYS}/shred", "/me/x"])
def test_an_unknown_path_is_not_found(house: House, path: str) -> None:
    problem(house.get(path, "u041"), 404, "not_found")
    problem(house.post(path, "u041"), 404, "not_found")


def test_the_root_knows_unknown_paths_too(house: House) -> None:
    for path in ("/nothing", "/m/nothing.js", "/m/../conftest.py", "/static/swagger/nothing"):
        problem(house.client.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_not_allowed(house: House, method: str) -> None:
    answer = house.call(method, f"/requests/{NOBODYS}/accept", "u041")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_something_other_than_json_is_refused(house: House) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = house.call("POST", "/requests", "u041", {"Content-Type": kind}, data="a=b")
        problem(answer, 415, "unsupported_media_type")


def test_five_megabytes_are_too_large(house: House) -> None:
    big = b'{"text": "' + b"a" * 5_000_000 + b'"}'
    problem(raw(house, big), 413, "too_large")
    problem(house.post("/auth/wechat", body={"code": "a" * 5_000_000}), 413, "too_large")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Token abc"])
def test_without_a_token_one_is_nobody(house: House, header: str) -> None:
    answer = house.get("/me", headers={"Authorization": header})
    problem(answer, 401, NO_TOKEN)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["not.a.token", "\xff\xfe", "Bearer x", "." * 5000, "ImEi.aa.bb"])
def test_with_a_bad_token_one_must_log_in_again(house: House, token: str) -> None:
    answer = house.get("/me", headers={"Authorization": f"Bearer {token}"})
    problem(answer, 401, "login_ended")


def test_a_refresh_token_is_no_access_token(house: House) -> None:
    tokens = house.tokens(login_code("u041"))
    header = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    problem(house.get("/me", headers=header), 401, "login_ended")
    spent = {"refresh_token": tokens["access_token"]}
    problem(house.post("/auth/refresh", body=spent), 401, "login_ended")


def test_actor_comes_before_state(house: House) -> None:
    request = house.submit()
    path = f"/requests/{request['id']}"
    problem(house.post(f"{path}/accept", "u041"), 403, "forbidden")
    problem(house.post(f"{path}/accept", "u141"), 404, "not_found")


def test_titles_are_in_the_callers_language(house: House) -> None:
    told = {
        language: problem(house.get("/me", headers={"Accept-Language": language}), 401, NO_TOKEN)[
            "title"
        ]
        for language in ("zh-CN", "en", "en-GB,en;q=0.9", "fr", "", "x" * 999)
    }
    english = {language for language, title in told.items() if title.isascii()}
    assert english == {"en", "en-GB,en;q=0.9"}


def test_every_answer_can_be_traced_and_is_kept_private(house: House) -> None:
    for answer in (house.get("/me", "u041"), house.get("/villages"), house.get("/nothing")):
        assert len(answer.headers["X-Request-Id"]) == 32
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_base_path_is_versioned(house: House) -> None:
    assert API == "/api/v1"
    problem(house.client.get("/api/v2/me"), 404, "not_found")


def test_a_wrong_field_is_explained_in_the_readers_language(house: House) -> None:
    body = {"text": LAMP, "emergency_confirmed": "yes"}
    for language, words in (("zh-CN", "这一项要填"), ("en", "Missing data for required field.")):
        answer = house.post("/requests", "u041", body, headers={"Accept-Language": language})
        assert answer.get_json()["errors"]["village"] == [words]
