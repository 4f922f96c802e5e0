from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dispatch.routing.emergency import advise, phone_lexicon, screen
from village.catalog.files import Row, read

with (Path(__file__).parent / "emergency_cases.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


def asks(row: Row) -> bool:
    return row["first_step"] in ("emergency", "safe_path") or row["danger_now"] != ""


def text_of(code: str) -> str:
    return next(row["text"] for row in read("request_texts") if row["id"] == code)


@pytest.mark.parametrize("row", read("request_texts"), ids=lambda row: row["id"])
def test_demo_texts_ask_only_where_somebody_may_be_in_danger(row: Row) -> None:
    assert (screen(row["text"]) is not None) == asks(row)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:16])
def test_danger_is_told_from_its_look_alikes(case: Row) -> None:
    found = screen(case["text"])
    assert (found.kind if found else "") == case["kind"]


def test_enough_cases_of_every_kind_that_stops() -> None:
    stopping = {row["kind"] for row in read("emergency_kinds") if row["stops"] == "yes"}
    assert {case["kind"] for case in CASES} == stopping | {""}
    assert len(CASES) >= 80


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("A02", "fire"),
        ("A12", "no_answer"),
        ("M05", "dv"),
        ("M12", "police"),
        ("P03", "water_disaster"),
        ("P06", "power"),
    ],
)
def test_traps_raise_the_right_question(code: str, kind: str) -> None:
    found = screen(text_of(code))
    assert found is not None
    assert found.kind == kind
    assert found.question
    assert found.matched


def test_the_numbers_of_every_kind_that_was_hit_are_shown() -> None:
    found = screen("后山起火了，我爹昏迷在里面")
    assert found is not None
    assert {number for _, number in found.numbers} >= {"119", "120"}


@pytest.mark.parametrize(
    ("code", "kind"), [("M07", "labour"), ("M06", "legal"), ("E08", "environment")]
)
def test_matters_of_other_offices_are_advised_and_not_stopped(code: str, kind: str) -> None:
    assert screen(text_of(code)) is None
    assert kind in {advice.kind for advice in advise(text_of(code))}


def test_spaces_line_breaks_and_emoji_hide_nothing() -> None:
    assert screen("后 山\u3000起\u200b火\ufe0f了😱") is not None


def test_a_line_break_ends_a_sentence() -> None:
    assert screen("去年的事不说了\n后山起火了") is not None


def test_the_longest_text_is_no_burden() -> None:
    assert screen("怕着火，" * 500) is None


def test_the_phone_gets_the_same_lexicon_as_json() -> None:
    lexicon = json.loads(json.dumps(phone_lexicon(), ensure_ascii=False).encode())
    assert len(lexicon["rules"]) == len(read("emergency_lexicon"))
    assert {kind["kind"] for kind in lexicon["kinds"]} >= {
        rule["kind"] for rule in lexicon["rules"]
    }
    assert lexicon["version"]


def test_patterns_mean_the_same_in_javascript() -> None:
    rows = [*read("emergency_lexicon"), *read("emergency_guards")]
    patterns = [row.get(name) or "" for row in rows for name in ("pattern", "unless", "except")]
    for unlike in (r"\d", r"\w", r"\s", r"\b", "(?<", "(?P", "(?i", ".*", ".+"):
        assert not [pattern for pattern in patterns if unlike in pattern]
