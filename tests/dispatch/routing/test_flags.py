from __future__ import annotations

import re

import pytest

from dispatch.routing.flags import HIDE_ME, flags, most_urgent
from village.catalog.entries import packaged_categories
from village.catalog.files import Row, read
from village.workflow.priorities import TABLE

TEXTS = read("request_texts")
KINDS = ("child", "elder_alone", "dam_water", HIDE_ME, "nopub", "supervision", "council",
         "authority")  # fmt: skip


def kinds(text: str) -> set[str]:
    return {flag.kind for flag in flags(text)}


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_flags_raise_a_demo_text_to_its_priority_and_no_further(row: Row) -> None:
    base = packaged_categories()[row["category"]].priority
    if row["prio"] != "P0":  # made by the villager's answer
        assert most_urgent(flags(row["text"]), base) == row["prio"]


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_who_must_be_asked_first_is_seen_in_the_text(row: Row) -> None:
    asked = {"council", "supervision", "authority"}
    expected = {row["first_step"], *row["flags"].split(";")} & asked
    if row["id"] == "P05":  # the bridge's owner is known from the place and not from the words
        expected = set()
    found = kinds(row["text"]) & asked
    assert found >= expected
    assert found - expected <= ({"council"} if "recusal" in row["flags"] else set())


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_the_reporter_is_hidden_where_she_must_be(row: Row) -> None:
    confidential = "confid" in packaged_categories()[row["category"]].flags
    hidden = HIDE_ME in kinds(row["text"])
    assert hidden or confidential or not row["hide_me"]
    assert row["hide_me"] or not hidden


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("那个厂夜里放黑水，莫讲是我报的", HIDE_ME),
        ("别让他晓得是我讲的", HIDE_ME),
        ("希望替我保密，垃圾是村头那家倒的", HIDE_ME),
        ("我怕他报复，名字不要写出来", HIDE_ME),
        ("爷爷住院了，两个小孩没人煮饭", "child"),
        ("孤寡老人没人管", "elder_alone"),
        ("三婆无儿无女，八十多了", "elder_alone"),
        ("镇上的公路全是坑", "authority"),
        ("省道边的护栏坏了半年", "authority"),
        ("坝脚冒水了，水还浑", "dam_water"),
        ("水快漫过坝了", "dam_water"),
        ("自来水放出来一股农药味", "authority"),
        ("全组愿意出工修路，走一事一议", "council"),
        ("修桥的账目不公开", "supervision"),
        ("别把我名字说出去", HIDE_ME),
        ("不要透漏我是谁", HIDE_ME),
        ("勿公开本人信息", HIDE_ME),
        ("俺不想露名", HIDE_ME),
        ("叫别人晓得了我会挨打", HIDE_ME),
        ("坝脚冒泡翻沙", "dam_water"),
        ("家里只有奶奶一个人八十六了", "elder_alone"),
        ("老爹八十二一个人在屋", "elder_alone"),
        ("小孩在没盖的井边耍", "child"),
        ("要村民小组开会同意才能修的路", "council"),
        ("村集体的山能不能包给我", "council"),
    ],
)
def test_other_words_raise_the_same_flags(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    ["村口的路灯坏了", "孩子们都在外打工", "去年坝漏水修过了", "公开账目", "", "😱" * 5000],
)
def test_nothing_is_flagged_without_a_ground(text: str) -> None:
    assert kinds(text) <= {"supervision"}
    assert not {HIDE_ME, "child", "dam_water"} & kinds(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("别把我说得那么坏", HIDE_ME),
        ("别把我的树砍了", HIDE_ME),
        ("不想报名参加比赛", HIDE_ME),
        ("孩子怕被他爸知道考砸了挨打", HIDE_ME),
        ("去年大坝漏水，修好了", "dam_water"),
        ("水库里的鱼冒泡", "dam_water"),
        ("家里只有奶奶一个人不同意", "elder_alone"),
        ("学生想看耍龙灯", "child"),
        ("村民小组开会没通知我", "council"),
        ("村里的路包工头跑了", "council"),
        ("我想开个证明，顺便问下广场舞几点", "council"),
        ("想开个会 广场舞队要去公园", "council"),
    ],
)
def test_what_only_sounds_like_it_is_not_flagged(text: str, kind: str) -> None:
    assert kind not in kinds(text)


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("大坝漏水", "P2"),
        ("坝脚冒泡翻沙", "P1"),
        ("老汉一个人在屋里，腿摔伤了走不得路", "P2"),
        ("奶奶脚崴了下不了地，儿女都不在，身边没人", "P2"),
        ("老汉腿摔伤了，儿子在边上照看", "P3"),
        ("去年老汉一个人在家摔了一跤，现在好了", "P3"),
        ("我一个人在家，脚崴了", "P3"),
    ],
)
def test_who_is_old_and_hurt_and_has_nobody_does_not_wait_for_days(
    text: str, priority: str
) -> None:
    assert most_urgent(flags(text), "P3") == priority


def test_the_road_into_the_village_is_the_village_s_own() -> None:
    assert "authority" not in kinds("从县道进村的那条路烂了") | kinds("村口的公路坏了")


def test_a_flag_tells_its_reason_and_the_words() -> None:
    (flag,) = [flag for flag in flags("猪场偷排，不要讲是我说的") if flag.kind == HIDE_ME]
    assert (flag.matched, flag.priority) == ("不要讲是我", None)
    assert "不愿意" in flag.reason


def test_the_more_urgent_row_gives_the_reason() -> None:
    flag = next(flag for flag in flags("坝脚漏水，越来越大") if flag.kind == "dam_water")
    assert flag.priority == "P1"
    assert most_urgent([flag], "P3") == "P1"
    assert most_urgent([flag], "P0") == "P0"


def test_rows_are_whole_and_those_that_raise_come_first() -> None:
    rows = read("routing_flags")
    assert {row["kind"] for row in rows} == set(KINDS)
    for row in rows:
        assert row["reason"]
        assert re.compile(row["pattern"])
        assert re.compile(row["unless"])
        assert row["priority"] in {"", *TABLE}
    for kind in KINDS:
        mine = [row["priority"] or "P9" for row in rows if row["kind"] == kind]
        assert mine == sorted(mine)
