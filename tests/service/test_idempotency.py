"""Keyed calls: done once, answered alike; what is in flight, reused or old is told apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.service.house import LAMP, House, login_code
from tests.service.test_problems import problem
from village import idempotency
from village.db import transaction

BODY = {"village": "990101", "text": LAMP}


def keyed(house: House, key: str, body: Any = None, caller: str = "u041") -> TestResponse:
    headers = {"Idempotency-Key": key}
    return house.post("/requests", caller, BODY if body is None else body, headers=headers)


def count(house: House) -> int:
    return int(house.rows("select count(*) from requests")[0][0])


def replayed(response: TestResponse) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


def test_the_same_call_again_is_answered_alike_and_done_once(house: House) -> None:
    first, second = keyed(house, "a"), keyed(house, "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert (replayed(first), replayed(second)) == (False, True)
    assert count(house) == 1


def test_a_refusal_is_answered_alike(house: House) -> None:
    wrong = {**BODY, "village": "nowhere"}
    first, second = keyed(house, "a", wrong), keyed(house, "a", wrong)
    assert (first.status_code, second.status_code) == (422, 422)
    assert first.json == second.json
    assert second.mimetype == "application/problem+json"
    assert replayed(second)


def test_a_refusal_that_may_pass_is_tried_again(house: House) -> None:
    path = f"/requests/{house.submit()['id']}"
    headers = {"Idempotency-Key": "a"}
    problem(house.post(f"{path}/handle", "u006", headers=headers), 409, "transition_not_allowed")
    house.done(f"{path}/accept", "u006")
    answer = house.post(f"{path}/handle", "u006", headers=headers)
    assert (answer.status_code, replayed(answer)) == (200, False)


def test_an_empty_answer_is_replayed_too(house: House) -> None:
    headers = {**house.new_login("u041"), "Idempotency-Key": "a"}
    statuses = [house.post("/auth/logout", headers=headers).status_code for _ in "ab"]
    assert statuses == [204, 401]  # who has logged out is nobody, whatever her key


def test_another_body_or_path_under_the_same_key_is_refused(house: House) -> None:
    request = keyed(house, "a").json
    assert request is not None
    problem(keyed(house, "a", {**BODY, "hide_me": True}), 422, "idempotency_key_reused")
    headers = {"Idempotency-Key": "a"}
    answer = house.post(f"/requests/{request['id']}/withdraw", "u041", headers=headers)
    problem(answer, 422, "idempotency_key_reused")
    assert replayed(keyed(house, "a"))
    assert count(house) == 1


def test_callers_keys_are_their_own(house: House) -> None:
    first, second = keyed(house, "a"), keyed(house, "a", caller="u045")
    assert not replayed(second)
    assert first.json["id"] != second.json["id"]  # type: ignore[index]


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "a" * 256, "a\x7f"])
def test_a_key_is_visible_ascii(house: House, key: str) -> None:
    problem(keyed(house, key), 422, "invalid_idempotency_key")


def test_a_key_may_be_long(house: House) -> None:
    assert replayed(keyed(house, "!" * 255)) is replayed(keyed(house, "~")) is False
    assert replayed(keyed(house, "!" * 255))


def test_no_key_means_no_memory(house: House) -> None:
    assert house.submit()["id"] != house.submit()["id"]


def test_while_the_first_is_answered_the_second_waits(house: House) -> None:
    keyed(house, "warm")
    person = house.rows("select id from people where code = 'u041'")[0].id
    mark = idempotency.fingerprint("POST", "/", b"")
    with transaction(house.context.engine) as session:
        assert idempotency.claim(session, idempotency.Call(str(person), "a", mark)) is None
        problem(keyed(house, "a"), 409, "in_progress")
    assert keyed(house, "a").status_code == 201


def test_eight_calls_at_once_do_it_once(house: House) -> None:
    house.login("u041")
    with ThreadPoolExecutor(8) as phones:
        answers = list(phones.map(lambda _: keyed(house, "a"), range(8)))
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(waiting) == 8
    assert len({answer.json["id"] for answer in made}) == 1  # type: ignore[index]
    assert all(answer.json["code"] == "in_progress" for answer in waiting)  # type: ignore[index]
    assert sum(not replayed(answer) for answer in made) == 1
    assert count(house) == 1


def test_a_writer_that_came_between_wins(house: House) -> None:
    """The key was free when the call began, and taken when it wanted to commit."""
    house.login("u041")
    first = keyed(house, "other").json
    person = house.rows("select id from people where code = 'u041'")[0].id

    between: list[bool] = []

    def slip_in(*call: Any) -> None:
        if "into events" in str(call[2]).lower() and not between:
            between.append(True)
            house.rows(
                """insert into idempotency_keys select caller, 'a', fingerprint, status, body,
                   created_at from idempotency_keys where caller = :caller""",
                caller=str(person),
            )

    engine = house.context.engine
    sa.event.listen(engine, "before_cursor_execute", slip_in)
    answer = keyed(house, "a")
    sa.event.remove(engine, "before_cursor_execute", slip_in)
    assert between
    assert (answer.json, replayed(answer)) == (first, True)
    assert count(house) == 1


def test_the_key_commits_with_the_change(house: House) -> None:
    """When the key cannot be kept, nothing has happened; without the change, no key is kept."""
    house.login("u041")
    house.rows("alter table idempotency_keys add constraint full_up check (status <> 201)")
    assert keyed(house, "a").status_code == 500
    assert count(house) == 0
    house.rows("alter table idempotency_keys drop constraint full_up")
    house.rows("alter table requests add constraint full_up check (text = '')")
    assert keyed(house, "b").status_code == 500
    assert house.rows("select * from idempotency_keys") == []


def test_after_a_day_the_key_is_free_again(house: House) -> None:
    first = keyed(house, "a").json
    house.rows("update idempotency_keys set created_at = created_at - interval '24 hours 1 second'")
    again = keyed(house, "a", {**BODY, "hide_me": True})
    assert (again.status_code, replayed(again)) == (201, False)
    assert again.json["id"] != first["id"]  # type: ignore[index]
    assert replayed(keyed(house, "a", {**BODY, "hide_me": True}))


def test_a_refusal_after_a_day_is_kept_anew(house: House) -> None:
    keyed(house, "a")
    house.rows("update idempotency_keys set created_at = created_at - interval '25 hours'")
    wrong = {**BODY, "village": "nowhere"}
    assert [replayed(keyed(house, "a", wrong)) for _ in range(2)] == [False, True]


def test_answers_with_tokens_are_never_stored(house: House) -> None:
    headers = {"Idempotency-Key": "a"}
    code = {"code": login_code("u041")}
    first = house.post("/auth/wechat", body=code, headers=headers).json
    second = house.post("/auth/wechat", body=code, headers=headers).json
    assert first is not None
    assert second is not None
    assert first["refresh_token"] != second["refresh_token"]
    spent = {"refresh_token": first["refresh_token"]}
    house.post("/auth/refresh", body=spent, headers=headers)
    assert house.rows("select * from idempotency_keys") == []


def test_other_writes_take_keys_too(house: House) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = house.call("PUT", "/me/profile", "u041", headers, json={"name": "程家明"})
        assert answer.status_code == 200
    assert replayed(answer)
