from __future__ import annotations

from datetime import date

import pytest

from dispatch.routing.directory import expired, refer
from village.catalog.files import parts, read

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("征地补偿款什么时候发", "land"),
        ("停电也不通知，电费还涨了", "power"),
        ("身份证丢了在哪补", "household"),
        ("医保能不能异地报销", "health_insurance"),
        ("举报有人搞传销", "crime"),
        ("村支书贪污修路款", "cadre"),
        ("幼儿园收费太高，老师态度差", "school"),
        ("厂里拖欠工资三个月", "wages"),
        ("不知道该找哪个", "general"),
    ],
)
def test_each_matter_is_sent_to_its_office(text: str, kind: str) -> None:
    found = refer(text, TODAY)
    assert found.kind == kind
    assert found.numbers
    assert found.answer


def test_a_referral_can_be_copied_as_text() -> None:
    text = refer("停电了", TODAY).as_text()
    assert "95598" in text
    assert "供电公司" in text


def test_an_answer_that_is_out_of_date_is_not_shown() -> None:
    assert refer("停电了", date(2030, 1, 1)).kind == "general"
    assert refer("停电了", date(2025, 1, 1)).kind == "general"
    assert expired(TODAY) == []
    assert "power" in expired(date(2030, 1, 1))


def test_every_kind_has_words_an_answer_and_public_numbers_only() -> None:
    rows = {row["kind"]: row for row in read("directory")}
    assert {row["kind"] for row in read("directory_words")} == set(rows) - {"general"}
    for row in rows.values():
        numbers = [pair.split("=")[1] for pair in parts(row["numbers"])]
        assert all(number.isdigit() and len(number) <= 5 for number in numbers)
        assert row["valid_from"] < row["valid_until"]
