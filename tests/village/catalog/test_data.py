from __future__ import annotations

import re

import pytest

from village.catalog.entries import (
    notification_templates,
    packaged_categories,
    subscription_moments,
)
from village.catalog.files import parts, read
from village.catalog.forms import form_schema

FORMS = sorted({row["form"] for row in read("categories")})
PEOPLE = {row["person"]: row for row in read("people")}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_a_schema_that_asks_and_requires_nothing(form: str) -> None:
    schema = form_schema(form)
    assert schema["properties"]
    assert "required" not in schema
    assert not {"place", "photo"} & set(schema["properties"])


def test_choices_and_bounds_come_from_the_field_table() -> None:
    work = form_schema("F-WORK")["properties"]
    assert work["danger"]["enum"] == ["否", "有隐患", "很危险"]
    assert form_schema("F-IDEA")["properties"]["title"]["maxLength"] == 30
    assert form_schema("F-TASK")["properties"]["people"]["maximum"] == 10
    assert form_schema("F-DISPUTE")["properties"]["facts"]["x-sensitivity"] == 3


def test_risky_categories_have_risky_cards_and_no_vol_ones_have_none() -> None:
    for category in packaged_categories().values():
        card = category.task_card
        if "no_vol" in category.flags or category.station == "mediation" != category.next_step:
            assert not card or category.code == "MED-12"
        if card:
            assert ("risk2" in category.flags) == (card["risk"] == 2)
        if category.next_step == "volunteer":
            assert card


def test_only_harmless_cards_go_out_at_once() -> None:
    for category in packaged_categories().values():
        if category.task_card.get("at_once"):
            assert category.task_card["risk"] < 2


def test_template_keys_are_wechat_keys_of_their_kind() -> None:
    templates = {template["code"]: template for template in notification_templates()}
    assert len(templates) == 24
    for template in templates.values():
        keys = [field["key"] for field in template["fields"]]
        assert len(keys) == len(set(keys))
        assert all(re.fullmatch(f["kind"] + "[0-9]+", f["key"]) for f in template["fields"])
    known = {template["wechat_template_id"] for template in templates.values()}
    for ids in subscription_moments().values():
        assert 1 <= len(ids) <= 3
        assert set(ids) <= known


def test_people_have_known_availability_stations_and_households() -> None:
    phrases = {row["phrase"] for row in read("availability")}
    homes = {row["household"]: row["village"] for row in read("households")}
    for row in PEOPLE.values():
        assert row["availability"] in phrases | {""}
        assert homes.get(row["household"], row["village"]) == row["village"]
        if {"SH", "DSH", "VOL"} & set(parts(row["roles"], "|")):
            assert row["station"]


def test_requesters_live_where_their_text_comes_from() -> None:
    for row in read("request_texts"):
        assert PEOPLE[row["requester"]]["village"] == row["village"]
        assert row["category"] in packaged_categories()


def test_reporters_who_must_be_hidden_are() -> None:
    hidden = {row["id"] for row in read("request_texts") if row["hide_me"]}
    assert hidden >= {"E08", "P09"}
    for row in read("request_texts"):
        if row["hide_me"]:
            assert "confid" in packaged_categories()[row["category"]].flags


def test_no_number_of_a_person_is_in_the_data() -> None:
    for name in ("people", "households", "conflicts", "request_texts"):
        for row in read(name):
            assert not re.search("1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]", " ".join(row.values()))
