"""Consents: each answer kept, an optional one stops at once, and what that means is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_level3 import CARE, HEAD, VILLAGER, agree
from tests.service.test_problems import problem


def said(house: House, document: str) -> Any:
    items = house.seen("/me/consents", VILLAGER)["items"]
    return next(each for each in items if each["document"] == document)


def test_each_document_says_what_it_is_for_and_what_a_no_means(house: House) -> None:
    items = house.seen("/me/consents", VILLAGER)["items"]
    assert [each["document"] for each in items if each["needed"]] == ["privacy"]
    assert said(house, "privacy")["accepted"] is True
    assert said(house, "sensitive")["accepted"] is None
    for each in items:
        assert len(each["text"]) > 10
        assert each["if_withdrawn"].startswith("收回以后")


def test_a_yes_to_another_version_is_not_kept(house: House) -> None:
    old = {"document": "sensitive", "version": "2020-01", "accepted": True}
    problem(house.post("/me/consents", VILLAGER, old), 422, "consent_outdated")
    assert said(house, "sensitive")["accepted"] is None
    problem(house.post("/me/consents", VILLAGER, {**old, "document": "x"}), 422, "invalid")


def test_a_new_version_is_asked_about_again(house: House) -> None:
    agree(house, VILLAGER)
    house.rows("update consents set version = '2020-01' where document = 'sensitive'")
    assert said(house, "sensitive")["accepted"] is None


def test_sensitive_answers_need_a_consent_of_their_own(house: House) -> None:
    sent = {"village": "990101", "text": "想请人搭把手", **CARE}
    problem(house.post("/requests", VILLAGER, sent), 422, "sensitive_consent_needed")
    assert house.seen("/requests", VILLAGER)["items"] == []
    without = {**sent, "answers": {"needs": ["做饭"]}}
    assert house.post("/requests", VILLAGER, without).status_code == 201
    assert house.enter("u005", **CARE)["answers"] == CARE["answers"]  # she said so: consent_how


def test_taking_it_back_removes_them_at_once(house: House) -> None:
    agree(house, VILLAGER)
    made = house.submit(VILLAGER, **CARE)
    agree(house, VILLAGER, accepted=False)
    for caller in (VILLAGER, HEAD):
        seen = house.seen(f"/requests/{made['id']}", caller)
        assert seen["answers"] == {"needs": ["做饭"]}
    assert house.rows("select 1 from requests where sealed_answers is not null") == []
    assert said(house, "sensitive")["accepted"] is False
    sent = {"village": "990101", "text": "想请人搭把手", **CARE}
    problem(house.post("/requests", VILLAGER, sent), 422, "sensitive_consent_needed")


def test_without_the_privacy_notice_nothing_new_is_asked_and_the_old_goes_on(house: House) -> None:
    made = house.submit(VILLAGER)
    notice = {"document": "privacy", "version": "2026-11", "accepted": False}
    assert house.post("/me/consents", VILLAGER, notice).status_code == 201
    again = house.post("/requests", VILLAGER, {"village": "990101", "text": "路灯又坏了"})
    problem(again, 422, "consent_needed")
    assert house.seen(f"/requests/{made['id']}", VILLAGER)["status"] == made["status"]


def test_no_message_goes_to_wechat_any_more(house: House) -> None:
    no = {"document": "wechat_push", "version": "2026-11", "accepted": False}
    assert house.post("/me/consents", VILLAGER, no).status_code == 201
    made = house.submit(VILLAGER, category="PUB-08")
    house.done(f"/requests/{made['id']}/accept", "u006")
    house.work()
    states = house.rows(
        "select d.status, d.error from deliveries d"
        " join notifications n on n.id = d.notification_id"
        " join people p on p.id = n.person_id where p.code = :code", code=VILLAGER,
    )  # fmt: skip
    assert set(states) == {("unavailable", "consent_withdrawn")}
    assert house.seen("/notifications", VILLAGER)["items"]


# ------------------------------------------------------------------ what WeChat asked her


def test_the_newest_answer_to_wechat_s_question_is_kept(house: House) -> None:
    ids = {row.code: row.wechat_template_id for row in house.rows(TEMPLATES)}
    for answer in ("reject", "accept", "accept"):
        sent = {"moment": "on_accept", "results": {ids["N10"]: answer}, "client_id": "a-tap"}
        assert house.post("/me/subscriptions", VOLUNTEER, sent).status_code == 204
    assert [tuple(row) for row in house.rows(GRANTS)] == [("N10", True)]
    woken = house.rows("select 1 from outbox where job = 'dispatch.freed'")
    assert len(woken) >= 2  # once for each yes


TEMPLATES = "select code, wechat_template_id from notification_templates"
GRANTS = "select template, given from push_grants"
VOLUNTEER = "u016"


@pytest.mark.parametrize(
    "sent",
    [
        {"moment": "on_monday"}, {"results": {"not-ours": "accept"}}, {"results": ["accept"]},
        {"results": {"not-ours": "perhaps"}}, {"client_id": ""}, {"moment": None},
    ],
)  # fmt: skip
def test_what_is_no_answer_to_wechat_is_refused_in_words(
    house: House, sent: dict[str, Any]
) -> None:
    plain: dict[str, Any] = {"moment": "on_accept", "results": {}, "client_id": "a-tap"}
    problem(house.post("/me/subscriptions", VOLUNTEER, {**plain, **sent}), 422, "invalid")
    assert house.rows(GRANTS) == []
