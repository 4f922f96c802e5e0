"""A short letter of several matters: danger or a crime in one clause of it is not overlooked.

And a lamp in the same letter as a crime that is long over makes it neither.
"""

from __future__ import annotations

from csv import DictReader
from pathlib import Path

import pytest

from dispatch.routing import danger
from dispatch.routing.classifier import policy
from dispatch.routing.rules import LETTER, LONG_LETTER, is_never_queued

LETTERS = Path(__file__).with_name("letters.csv")
LAMP = "我们组的路灯坏了两个月一直没有人来修，晚上出门很不方便，"
FIREWORKS = "有户人家偷偷在猪圈里做炮仗卖"


def _rows(kind: str) -> list[str]:
    with LETTERS.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in DictReader(file) if row["kind"] == kind]


@pytest.mark.parametrize("text", _rows("danger"))
def test_danger_in_one_clause_is_asked_about(text: str) -> None:
    assert len(text) >= policy("letter")
    assert danger.ask(text) is not None


@pytest.mark.parametrize("text", _rows("crime"))
def test_a_crime_in_one_clause_lies_at_no_desk(text: str) -> None:
    assert is_never_queued(text)


@pytest.mark.parametrize("text", _rows(""))
def test_an_ordinary_letter_is_neither(text: str) -> None:
    assert danger.ask(text) is None
    assert not is_never_queued(text)


def test_what_excuses_one_matter_of_a_letter_does_not_excuse_another() -> None:
    far = f"结婚证丢了在哪里补办，{LAMP}{LAMP}{FIREWORKS}"
    near = f"{LAMP}{LAMP}结婚那天{FIREWORKS}"
    assert LETTER <= len(near) <= len(far) <= LONG_LETTER
    assert is_never_queued(far)
    assert not is_never_queued(near)


def test_a_long_letter_and_one_of_a_court_are_read_as_a_whole() -> None:
    said = "我家两岁的小孙子刚才把墙角的老鼠药吃了几粒，现在在吐"
    short = f"{LAMP}{said}，书屋几点开门，音响也想借"
    assert danger.ask(short) is not None
    assert danger.ask(f"{LAMP}那家说要起诉，{said}，法院判决书几时到") is None
    assert danger.ask(f"{LAMP * 4}{said}，{LAMP}") is None
