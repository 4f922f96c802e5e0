"""Template values, held against the stand-in's own rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechat.errors import ContentError
from wechat.sandbox.rules import is_valid
from wechat.values import Value, format_value, kind_of

# Lone surrogates included: a text cut in the middle of an emoji elsewhere may bring one.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize("kind", ["thing", "phrase", "name"])
@given(text=ANY_TEXT)
def test_any_text_becomes_a_value_wechat_takes(kind: str, text: str) -> None:
    value = format_value(kind, text)
    assert is_valid(f"{kind}1", value)
    assert value.encode()
    assert format_value(kind, value) == value


@given(moment=st.datetimes(timezones=st.timezones()))
def test_any_moment_becomes_a_time_and_a_date_wechat_takes(moment: datetime) -> None:
    # Ends of the calendar fall off it when moved to another zone.
    if not 1900 < moment.year < 2900:
        moment = moment.replace(year=2026, month=3, day=1)
    assert is_valid("time1", format_value("time", moment))
    assert is_valid("date1", format_value("date", moment))


@given(number=st.integers(0, 10**32 - 1) | st.decimals(0, 10**9, places=3) | st.floats(0, 1e12))
def test_numbers_come_out_without_exponents_or_are_refused(number: int | Decimal | float) -> None:
    try:
        value = format_value("number", number)
    except ContentError:
        assert len(format(Decimal(str(number)), "f")) > 32
    else:
        assert is_valid("number1", value)


@given(text=ANY_TEXT)
def test_a_character_string_is_kept_whole_or_refused(text: str) -> None:
    try:
        value = format_value("character_string", text)
    except ContentError:
        assert not is_valid("character_string1", text)
    else:
        assert value == text
        assert is_valid("character_string1", value)


@pytest.mark.parametrize(
    ("kind", "given_value", "expected"),
    [
        ("thing", "村口到小学那段路灯坏了三盏", "村口到小学那段路灯坏了三盏"),
        ("thing", "灯" * 20, "灯" * 20),
        ("thing", "灯" * 21, "灯" * 19 + "…"),
        ("thing", " 路灯\n坏了\x07 ", "路灯 坏了"),
        ("thing", "\u200b\n", "无"),
        ("phrase", "已派给志愿者", "已派给志愿"),
        ("phrase", "OK", "无"),
        ("name", "阿依古丽·买买提江·努尔麦麦提", "阿依古丽·买买提江·"),
        ("name", "Volunteer Association Head", "Volunteer Associatio"),
        ("character_string", "QT20261122-0001", "QT20261122-0001"),
        ("time", datetime(2026, 11, 27, 10, 0, tzinfo=UTC), "2026年11月27日 18:00"),
        ("date", datetime(2026, 11, 27, 16, 0, tzinfo=UTC), "2026年11月28日"),
        ("date", date(2026, 3, 5), "2026年3月5日"),
        ("number", Decimal("1E+3"), "1000"),
    ],
)
def test_values_read_as_people_expect(kind: str, given_value: Value, expected: str) -> None:
    assert format_value(kind, given_value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("character_string", "编号1"),
        ("character_string", "x" * 33),
        ("character_string", ""),
        ("time", datetime(2026, 11, 27, 18, 0)),  # noqa: DTZ001 - the point of the test
        ("time", "18:00"),
        ("date", "tomorrow"),
        ("number", -1),
        ("number", True),
        ("number", float("nan")),
        ("number", "3"),
        ("poem", "路灯"),
    ],
)
def test_what_would_be_wrong_when_bent_is_refused(kind: str, value: Value) -> None:
    with pytest.raises(ContentError):
        format_value(kind, value)


def test_a_time_from_another_zone_is_told_in_shanghai() -> None:
    urumqi = timezone(timedelta(hours=6))
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=urumqi)
    assert format_value("time", moment) == "2027年1月1日 01:30"


def test_the_kind_is_the_key_without_its_number() -> None:
    assert kind_of("character_string12") == "character_string"
