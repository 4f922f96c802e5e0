"""A form that asks for sensitive answers is closed until its impact assessment is entered."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from village import launch
from village.db import transaction
from village.errors import Invalid

VILLAGER, CHAIR, HEAD = "u041", "u001", "u002"
ELDER = {"village": "990101", "category": "AID-01", "text": "想请人给我娘做顿饭"}


@pytest.fixture
def closed(house: House) -> House:
    """The demo county before anybody has entered an assessment."""
    house.rows("update impact_assessments set revoked_at = now()")
    house.context.catalog.forget()
    return house


def category(house: House, code: str) -> Any:
    found: list[Any] = house.seen("/bootstrap", VILLAGER)["categories"]
    return next(each for each in found if each["code"] == code)


def test_in_the_demo_county_all_is_open(house: House) -> None:
    assert all(each["open"] for each in house.seen("/bootstrap", VILLAGER)["categories"])
    assert house.post("/requests", VILLAGER, ELDER).status_code == 201


def test_a_closed_category_says_so_and_the_phone_is_told(closed: House) -> None:
    answer = closed.post("/requests", VILLAGER, ELDER)
    problem(answer, 422, "category_closed")
    assert "还没有开通" in answer.json["title"]
    assert not category(closed, "AID-01")["open"]
    assert category(closed, "PUB-03")["open"]
    assert closed.post("/requests", VILLAGER, {**ELDER, "category": "PUB-03"}).status_code == 201
    items = closed.seen("/categories", VILLAGER)["items"]
    assert {each["open"] for each in items} == {True, False}


def test_words_alone_are_never_lost(closed: House) -> None:
    made = closed.submit(VILLAGER, "我和隔壁为宅基地吵了好几年，想找人调解")
    assert (made["status"], made["category"], made["station"]) == ("triage", None, None)
    seen = closed.seen(f"/requests/{made['id']}", CHAIR)
    assert "还没有开通" in str(seen["grounds"])
    to_closed = {"station": "mutual_aid", "category": "AID-01", "reason": "归他们"}
    problem(closed.post(f"/requests/{made['id']}/route", CHAIR, to_closed), 422, "category_closed")


def test_danger_is_asked_about_whatever_is_closed(closed: House) -> None:
    made = closed.submit(VILLAGER, "我娘晕倒了，叫不醒", category="AID-01")
    assert made["status"] == "draft"
    assert made["emergency"]["numbers"]


def test_an_assessment_opens_its_form_as_long_as_it_covers_it(closed: House) -> None:
    facts = {"handler": "村委会", "contact": "村办", "by": "甲", "summary": "见柜"}
    with transaction(closed.context.engine) as session:
        launch.enter(session, "F-CARE", on=date(2026, 1, 2), **facts)
    closed.context.catalog.forget()
    assert category(closed, "AID-01")["open"]
    closed.rows("update impact_assessments set fields = '{mobility}' where revoked_at is null")
    closed.context.catalog.forget()
    assert not category(closed, "AID-01")["open"]


@pytest.mark.parametrize(
    ("form", "on"), [("F-WORK", date(2026, 1, 2)), ("F-CARE", date(2999, 1, 1))]
)
def test_what_assesses_nothing_is_refused(house: House, form: str, on: date) -> None:
    facts = {"handler": "村委会", "contact": "村办", "by": "甲", "summary": "见柜"}
    with transaction(house.context.engine) as session, pytest.raises(Invalid):
        launch.enter(session, form, on=on, **facts)
