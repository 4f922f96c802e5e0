"""Crimes and words about persons in office: a number at once, at no desk, whatever was chosen."""

from __future__ import annotations

from collections.abc import Callable
from csv import DictReader
from datetime import date
from pathlib import Path

import pytest

from dispatch.routing import directory
from dispatch.routing.labels import NONE, STATIONS
from dispatch.routing.router import route
from dispatch.routing.rules import OWN, village_rule
from village.catalog.entries import packaged_categories
from village.catalog.files import Row, read

TODAY = date(2026, 11, 23)
NUMBERS = {"crime": "110", "fraud": "96110", "cadre": "12388", "belief": "12345"}
CHOSEN = (None, "MED-01", "AID-03")


def _rows(name: str = "never_queued") -> list[Row]:
    path = Path(__file__).with_name(f"{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(DictReader(file))


REAL = [row for row in _rows() if row["kind"]]
ALIKE = [row["text"] for row in _rows() if not row["kind"]]
ORDINARY = [row["text"] for row in _rows("ordinary_matters")]


@pytest.mark.parametrize("code", CHOSEN)
@pytest.mark.parametrize("row", REAL, ids=lambda row: row["text"])
def test_it_is_told_a_number_and_lies_at_no_desk(row: Row, code: str | None) -> None:
    chosen = packaged_categories()[code] if code else None
    found = route(row["text"], chosen, "990101")
    assert (found.decision, found.station, found.by) == ("not_ours", None, "rule")
    advice = directory.refer(row["text"], TODAY).as_advice()
    assert (advice["phone"], advice["may_keep"]) == (NUMBERS[row["kind"]], False)
    assert directory.is_tip_off(row["text"])


@pytest.mark.parametrize("text", ALIKE)
def test_an_ordinary_dispute_or_talk_is_heard(text: str) -> None:
    chosen = packaged_categories()["MED-01"]
    rule = village_rule(text, "990101")
    assert rule is None or rule.directory is None
    assert route(text, chosen, "990101").station == "mediation"


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_matter_that_looks_alike_meets_no_rule(text: str) -> None:
    assert village_rule(text, "990101") is None


@pytest.mark.parametrize("row", _rows("answered"), ids=lambda row: row["text"])
def test_what_a_rule_answers_or_leaves_to_the_chair_lies_at_no_station(row: Row) -> None:
    found = route(row["text"], None, "990101")
    assert (found.decision, found.station, found.by) == (row["to"], None, "rule")
    advice = directory.refer(row["text"], TODAY).as_advice()
    assert not row["kind"] or (advice["kind"], advice["may_keep"]) == (row["kind"], True)


def test_an_office_that_may_be_kept_gives_way_to_what_she_chose() -> None:
    chosen = packaged_categories()["MED-03"]
    found = route("我想离婚 不晓得要带啥材料", chosen, "990101")
    assert (found.decision, found.station, found.by) == ("routed", "mediation", "category")


def test_violence_at_home_keeps_its_path_beside_a_crime() -> None:
    found = route("我男人吸毒 天天打我", None, "990101", kinds=["dv"])
    assert (found.decision, found.waits_for) == ("triage", "safe_path")


def test_no_village_s_rule_stands_before_it(rules_file: Callable[..., None]) -> None:
    county = {"village": "", "phrase": "贩毒", "unless": "", "to": "none", "category": "",
              "why": "打110", "directory": "crime"}  # fmt: skip
    mine = {**county, "village": "990101", "phrase": "对门", "to": "culture", "directory": ""}
    rules_file(mine, county)
    rule = village_rule("对门贩毒", "990101")
    assert rule is not None
    assert (rule.to, rule.directory) == ("none", "crime")


def test_every_answer_of_a_rule_is_in_the_directory() -> None:
    kinds = {row["kind"] for row in read("directory")}
    goals = {NONE, OWN, "chair", *STATIONS}
    for rule in read("routing_rules"):
        assert rule["to"] in goals
        assert bool(rule["directory"]) == (rule["to"] == NONE)
        assert not rule["directory"] or rule["directory"] in kinds
