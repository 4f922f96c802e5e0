"""Names and other texts of one line hold no line break and nothing that turns what is read."""

from __future__ import annotations

import pytest

from tests.service.house import House
from tests.service.test_problems import problem

BROKEN = ["张三\r\n会长", "张三\n李四", "张\u202e三", "张\u2066三", "张\u2028三", "张\x7f三"]


@pytest.mark.parametrize("name", BROKEN, ids=ascii)
def test_a_name_of_two_lines_or_of_two_directions_is_refused(house: House, name: str) -> None:
    answer = house.call("PUT", "/me/profile", "u041", json={"name": name})
    assert "name" in problem(answer, 422, "invalid")["errors"]
    assert house.seen("/me", "u041")["name"] != name


def test_a_name_with_a_dot_or_a_blank_is_kept(house: House) -> None:
    for name in ("阿依古丽·买买提", "Li Ming", "𠮷田"):
        answer = house.call("PUT", "/me/profile", "u041", json={"name": name})
        assert (answer.status_code, answer.json["name"]) == (200, name)


def test_what_is_told_may_have_lines(house: House) -> None:
    assert house.submit(text="路灯坏了\n在村口")["text"] == "路灯坏了\n在村口"
