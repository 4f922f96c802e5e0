"""Logins: a code counts once for ten minutes, a refresh token once, and a logout at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from tests.service.house import Headers, House, bearer, login_code
from tests.service.test_problems import problem
from village import clock, keys, people
from wechat.client import WechatClient


def refresh(house: House, tokens: Any) -> Any:
    return house.post("/auth/refresh", body={"refresh_token": tokens["refresh_token"]})


def test_a_lost_answer_can_be_asked_for_again_within_ten_minutes(
    movable_clock: None, house: House
) -> None:
    code = login_code("u041")
    first = house.tokens(code)
    clock.step(timedelta(minutes=9, seconds=55))
    second = house.tokens(code)
    assert first["person"] == second["person"]
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token"] != second["refresh_token"]
    clock.step(timedelta(seconds=10))
    problem(house.post("/auth/wechat", body={"code": code}), 401, "wechat_code_invalid")


def test_an_unknown_code_is_no_login(house: House) -> None:
    for code in ("nobody", "demo.demo-u041", "0" * 256):
        problem(house.post("/auth/wechat", body={"code": code}), 401, "wechat_code_invalid")


def test_a_code_has_the_shape_of_a_code(house: House) -> None:
    for code in ("", "a b", "字", "0" * 257, None, 7):
        problem(house.post("/auth/wechat", body={"code": code}), 422, "invalid")


def test_two_taps_at_once_are_two_logins(house: House) -> None:
    code = login_code("u041")
    with ThreadPoolExecutor(4) as phones:
        answers = list(phones.map(lambda _: house.tokens(code), range(4)))
    assert len({answer["refresh_token"] for answer in answers}) == 4


def test_somebody_new_is_a_villager_of_whom_much_is_needed(house: House) -> None:
    tokens = house.tokens("demo.nobody-yet.1")
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["needs"] == ["privacy", "profile", "village"]
    headers = bearer(tokens)
    steps = [("/me/profile", {"name": "新来的"}), ("/me/village", {"village": "990101"})]
    for path, body in steps:
        assert house.call("PUT", path, headers=headers, json=body).status_code == 200
    consent = {"document": "privacy", "version": "2026-11", "accepted": True}
    assert house.post("/me/consents", body=consent, headers=headers).status_code == 201
    me = house.get("/me", headers=headers).json
    assert me is not None
    assert (me["needs"], me["roles"], me["is_volunteer"]) == ([], [], False)
    again = house.tokens("demo.nobody-yet.2")
    assert again["person"]["id"] == tokens["person"]["id"]


def test_two_first_logins_of_one_phone_at_once_make_one_person(house: House) -> None:
    with ThreadPoolExecutor(6) as phones:
        answers = list(phones.map(lambda number: first_login(house, number), range(6)))
    assert any(answer.status_code == 200 for answer in answers)
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 409, "lost_race")
    found = house.rows(
        "select count(*) from wechat_identities where openid_hash = :hash and openid is null",
        hash=keys.ring().find("openid", "newcomer"),
    )
    assert found[0][0] == 1


def first_login(house: House, number: int) -> TestResponse:
    return house.post("/auth/wechat", body={"code": f"demo.newcomer.{number}"})


def test_each_refresh_spends_its_token(house: House) -> None:
    first = house.tokens(login_code("u041"))
    second = refresh(house, first).json
    third = refresh(house, second).json
    assert house.get("/me", headers=bearer(third)).status_code == 200
    assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3


def test_a_spent_token_ends_the_login_for_everybody_who_holds_it(house: House) -> None:
    stolen = house.tokens(login_code("u041"))
    other = house.tokens(login_code("u041"))
    mine = refresh(house, stolen).json
    problem(refresh(house, stolen), 401, "login_ended")
    problem(refresh(house, mine), 401, "login_ended")
    problem(house.get("/me", headers=bearer(mine)), 401, "login_ended")
    assert house.get("/me", headers=bearer(other)).status_code == 200


def test_of_refreshes_at_once_one_wins_at_most(house: House) -> None:
    tokens = house.tokens(login_code("u041"))
    with ThreadPoolExecutor(4) as phones:
        answers = list(phones.map(lambda _: refresh(house, tokens).status_code, range(4)))
    assert sorted(answers) == [200, 401, 401, 401]


def test_a_logout_ends_all_tokens_of_this_login(house: House) -> None:
    tokens, other = (house.tokens(login_code("u041")) for _ in "ab")
    assert house.post("/auth/logout", headers=bearer(tokens)).status_code == 204
    problem(house.get("/me", headers=bearer(tokens)), 401, "login_ended")
    problem(refresh(house, tokens), 401, "login_ended")
    assert house.get("/me", headers=bearer(other)).status_code == 200


def test_a_login_that_nobody_used_for_ninety_days_is_over(
    movable_clock: None, house: House
) -> None:
    tokens = house.tokens(login_code("u041"))
    clock.step(people.FAMILY_LIFE)
    problem(refresh(house, tokens), 401, "login_ended")


def test_offices_count_only_in_their_term(house: House) -> None:
    def roles(headers: Headers) -> list[str]:
        return [role["label"] for role in house.get("/me", headers=headers).json["roles"]]  # type: ignore[index]

    head = house.login("u006")
    assert roles(head) == ["桥头公益事业服务站站长"]
    house.rows("update role_grants set valid_to = now() where role = 'head'")
    assert roles(head) == []
    problem(house.get("/stations/990101.public_works/queue", "u006"), 403, "forbidden")


def test_without_wechat_a_login_is_unavailable_and_the_rest_goes_on(house: House) -> None:
    house.login("u041")
    away = WechatClient("http://127.0.0.1:9", "wx", "secret", None, timeout=(0.2, 0.2))
    house.app.extensions["wuzhan"] = replace(house.context, wechat=away)
    problem(house.post("/auth/wechat", body={"code": login_code("u041")}), 503, "unavailable")
    assert house.submit()["status"] == "submitted"
    away.close()
