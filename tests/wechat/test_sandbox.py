"""The stand-in is as strict as WeChat."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wechat.stand_in import APPID, SECRET, SEND, STABLE_TOKEN, MovableClock, Sandbox, message
from wechat.sandbox import create_sandbox, running

PATHS = [
    "/sns/jscode2session",
    "/cgi-bin/token",
    STABLE_TOKEN,
    SEND,
    "/wxa/msg_sec_check",
    "/_sandbox/grants",
    "/_sandbox/faults",
    "/_sandbox/messages",
    "/_sandbox/code",
    "/nowhere",
]


def send(sandbox: Sandbox, **changes: object) -> int:
    """The errcode of a send."""
    return int(sandbox.post(SEND, message(**changes), access_token=sandbox.token())["errcode"])


def test_a_demo_code_logs_in_once(sandbox: Sandbox) -> None:
    first = sandbox.login("demo.demo-u007.abc")
    assert first["openid"] == "demo-u007"
    assert "errcode" not in first
    assert sandbox.login("demo.demo-u007.abc")["errcode"] == 40163


def test_an_issued_code_lives_five_minutes(sandbox: Sandbox, clock: MovableClock) -> None:
    early, late = (sandbox.get("/_sandbox/code", openid="u1")["code"] for _ in range(2))
    clock.now += 299
    assert sandbox.login(early)["openid"] == "u1"
    clock.now += 2
    assert sandbox.login(late)["errcode"] == 40029


@pytest.mark.parametrize("code", ["", "nonsense", "demo.u1", "demo..n", "demo.u 1.n"])
def test_other_codes_do_not_log_in(sandbox: Sandbox, code: str) -> None:
    assert sandbox.login(code)["errcode"] in (40029, 41008)


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": "wxother"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": "wrong"}, 40125),
        ({"secret": ""}, 41004),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_a_wrong_account_gets_no_token(
    sandbox: Sandbox, change: dict[str, str], errcode: int
) -> None:
    account = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET} | change
    assert sandbox.post(STABLE_TOKEN, account)["errcode"] == errcode
    assert sandbox.get("/cgi-bin/token", **account)["errcode"] == errcode


def test_the_stable_token_stays_until_its_last_five_minutes_and_then_overlaps(
    sandbox: Sandbox, clock: MovableClock
) -> None:
    first = sandbox.token()
    clock.now += 6899
    assert sandbox.token() == first
    clock.now += 2
    second = sandbox.token()
    assert second != first
    assert sandbox.post(SEND, {}, access_token=first)["errcode"] == 40003
    clock.now += 300
    assert sandbox.post(SEND, {}, access_token=first)["errcode"] == 42001
    assert sandbox.post(SEND, {}, access_token=second)["errcode"] == 40003


def test_forcing_kills_the_old_token_and_is_rationed(sandbox: Sandbox, clock: MovableClock) -> None:
    old = sandbox.token()
    account = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    force = account | {"force_refresh": True}
    assert "access_token" in sandbox.post(STABLE_TOKEN, force)
    assert sandbox.post(SEND, {}, access_token=old)["errcode"] == 40001
    assert sandbox.post(STABLE_TOKEN, force)["errcode"] == 45011
    for _ in range(19):
        clock.now += 31
        assert "access_token" in sandbox.post(STABLE_TOKEN, force)
    clock.now += 31
    assert sandbox.post(STABLE_TOKEN, force)["errcode"] == 45009


def test_the_older_endpoint_gives_a_new_token_each_time_and_is_isolated(
    sandbox: Sandbox, clock: MovableClock
) -> None:
    stable = sandbox.token()
    account = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    first, second = (sandbox.get("/cgi-bin/token", **account)["access_token"] for _ in range(2))
    assert len({stable, first, second}) == 3
    clock.now += 301
    assert sandbox.post(SEND, {}, access_token=first)["errcode"] == 42001
    assert sandbox.post(SEND, {}, access_token=second)["errcode"] == 40003
    assert sandbox.post(SEND, {}, access_token=stable)["errcode"] == 40003


def test_the_token_belongs_in_the_query(sandbox: Sandbox) -> None:
    token = sandbox.token()
    assert sandbox.post(SEND, message(access_token=token))["errcode"] == 47001
    assert sandbox.post(SEND, message(access_token=token), access_token=token)["errcode"] == 47001
    assert sandbox.post(SEND, message())["errcode"] == 41001
    assert sandbox.post(SEND, message(), access_token="short")["errcode"] == 40014
    assert sandbox.post(SEND, message(), access_token="x" * 136)["errcode"] == 40001


def test_the_wrong_method_is_refused(sandbox: Sandbox) -> None:
    for path in (STABLE_TOKEN, SEND, "/wxa/msg_sec_check"):
        assert sandbox.get(path)["errcode"] == 43002
    for path in ("/sns/jscode2session", "/cgi-bin/token"):
        assert sandbox.post(path, {})["errcode"] == 43001


def test_each_message_costs_one_grant(sandbox: Sandbox) -> None:
    sandbox.grant("u1", count=2)
    assert [send(sandbox) for _ in range(3)] == [0, 0, 43101]
    assert len(sandbox.messages("u1")) == 2


def test_a_grant_is_for_one_person_and_one_template(sandbox: Sandbox) -> None:
    sandbox.grant("u2")
    sandbox.grant("u1", "tmpl-done")
    assert send(sandbox) == 43101


def test_a_template_switched_off_has_no_grants_left(sandbox: Sandbox) -> None:
    sandbox.grant("u1", count=5)
    sandbox.grant("u1", count=0)
    assert send(sandbox) == 43101


def test_a_refused_message_costs_no_grant(sandbox: Sandbox) -> None:
    sandbox.grant("u1")
    assert send(sandbox, data={"thing1": {"value": ""}, "time2": {"value": "18:00"}}) == 47003
    assert send(sandbox) == 0


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": None}, 40003),
        ({"touser": "not an openid"}, 40003),
        ({"template_id": "tmpl-unknown"}, 40037),
        ({"template_id": ["tmpl-offer"]}, 40037),
        ({"page": "https://example.com/"}, 41030),
        ({"page": 7}, 41030),
        ({"miniprogram_state": "release"}, 47003),
        ({"lang": None}, 47003),
        ({"data": {}}, 47003),
        ({"data": '{"thing1":{"value":"x"}}'}, 47003),
    ],
)
def test_a_malformed_message_is_refused_by_its_code(
    sandbox: Sandbox, change: dict[str, object], errcode: int
) -> None:
    sandbox.grant("u1")
    assert send(sandbox, **change) == errcode


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"thing1": {"value": "灯" * 21}, "time2": {"value": "18:00"}}, "thing1"),
        ({"thing1": {"value": "路\n灯"}, "time2": {"value": "18:00"}}, "thing1"),
        ({"thing1": {"value": " "}, "time2": {"value": "18:00"}}, "thing1"),
        ({"thing1": {"value": 3}, "time2": {"value": "18:00"}}, "thing1"),
        ({"thing1": "路灯", "time2": {"value": "18:00"}}, "thing1"),
        ({"thing1": {"value": "路灯"}, "time2": {"value": "25:00"}}, "time2"),
        ({"thing1": {"value": "路灯"}}, "time2"),
        (
            {"thing1": {"value": "x"}, "time2": {"value": "18:00"}, "thing9": {"value": "y"}},
            "thing9",
        ),
    ],
)
def test_a_wrong_value_is_named_in_the_refusal(
    sandbox: Sandbox, data: dict[str, object], field: str
) -> None:
    answer = sandbox.post(SEND, message(data=data), access_token=sandbox.token())
    assert answer["errcode"] == 47003
    assert f"data.{field}.value invalid" in answer["errmsg"]


def test_sends_to_one_person_may_not_overlap(sandbox: Sandbox) -> None:
    sandbox.grant("u1", count=2)
    sandbox.grant("u2")
    sandbox.fault(SEND, delay_ms=1500)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(send, sandbox)
        while not sandbox.messages("u1") and not slow.done():
            time.sleep(0.01)
        assert send(sandbox) == 43108
        assert send(sandbox, touser="u2") == 0
        assert slow.result() == 0
    assert send(sandbox) == 0


def test_a_content_check_needs_a_login_within_two_hours(
    sandbox: Sandbox, clock: MovableClock
) -> None:
    def check(content: str, **changes: object) -> dict[str, object]:
        body = {"version": 2, "openid": "u1", "scene": 2, "content": content} | changes
        return dict(sandbox.post("/wxa/msg_sec_check", body, access_token=sandbox.token()))

    assert check("路灯坏了")["errcode"] == 61010
    sandbox.login("demo.u1.n1")
    assert check("路灯坏了")["result"] == {"suggest": "pass", "label": 100}
    risky = check("特3456书yuuo莞6543李zxcz蒜7782法fgnv级")
    assert risky["result"] == {"suggest": "risky", "label": 20001}
    assert check("x", scene=9)["errcode"] == 40129
    assert check("x" * 2501)["errcode"] == 45002
    clock.now += 7201
    assert check("路灯坏了")["errcode"] == 61010


def test_answers_are_text_plain_and_errors_carry_a_rid(sandbox: Sandbox) -> None:
    answer = sandbox.call("GET", SEND)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert " rid: " in answer.json()["errmsg"]


def test_faults_play_as_often_as_asked_and_can_be_cleared(sandbox: Sandbox) -> None:
    sandbox.fault(STABLE_TOKEN, errcode=-1, times=2)
    sandbox.fault(STABLE_TOKEN, status=503)
    statuses = [sandbox.call("POST", STABLE_TOKEN, json={}) for _ in range(4)]
    assert [(s.status_code, b'"errcode": -1,' in s.content) for s in statuses] == [
        (200, True),
        (200, True),
        (503, False),
        (200, False),
    ]
    sandbox.fault(SEND, errcode=-1, times=9)
    sandbox.fault(SEND, times=0)
    assert send(sandbox) == 43101


def test_demo_people_have_grants_without_a_tap() -> None:
    with running(create_sandbox(APPID, SECRET, auto_grant=1)) as url:
        sandbox = Sandbox(url)
        assert [send(sandbox), send(sandbox)] == [0, 43101]
        sandbox.http.close()


def test_grants_and_messages_survive_a_restart_and_a_torn_line(tmp_path: Path) -> None:
    state_file = tmp_path / "sandbox.jsonl"
    with running(create_sandbox(APPID, SECRET, state_file=state_file)) as url:
        sandbox = Sandbox(url)
        sandbox.grant("u1", count=2)
        assert send(sandbox) == 0
        before = sandbox.messages("u1")
        sandbox.http.close()
    with state_file.open("a") as file:
        file.write('{"grants": ["u1", "tmpl-off')
    with running(create_sandbox(APPID, SECRET, state_file=state_file)) as url:
        sandbox = Sandbox(url)
        assert sandbox.messages("u1") == before
        assert [send(sandbox), send(sandbox)] == [0, 43101]
        assert len({m["msgid"] for m in sandbox.messages("u1")}) == 2
        sandbox.http.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *("touser", "template_id", "page", "data", "lang", "miniprogram_state", "openid", "count"),
        *("path", "errcode", "status", "drop", "delay_ms", "times", "version", "scene", "content"),
        *("appid", "secret", "grant_type", "js_code", "force_refresh"),
    ]
)
BODIES = st.binary(max_size=60) | st.dictionaries(FIELDS, JSON).map(
    lambda b: json.dumps(b).encode()
)
QUERIES = st.dictionaries(FIELDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=9))
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]


@given(
    call=st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS)),
    query=QUERIES,
    body=BODIES,
    with_token=st.booleans(),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_input_makes_it_fail(
    sandbox: Sandbox, call: tuple[str, str], query: dict[str, str], body: bytes, with_token: bool
) -> None:
    if with_token:
        query = query | {"access_token": sandbox.token()}
    answer = sandbox.call(*call, params=query, data=body)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"touser": "\\ud800"}',
        b"9" * 5000,
        b"\xff",
        b'{"template_id": {"a": 1}, "touser": "u1"}',
        b"x" * 2_000_000,
    ],
)
def test_hostile_bodies_get_a_code(sandbox: Sandbox, body: bytes) -> None:
    answer = sandbox.call("POST", SEND, params={"access_token": sandbox.token()}, data=body)
    assert answer.status_code == 200
    assert answer.json()["errcode"] in (47001, 45002, 40037)
