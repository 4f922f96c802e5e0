from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.routing import calm, danger, emergency, model, texts
from dispatch.routing.classifier import danger_points
from dispatch.routing.labels import EMERGENCY
from village.catalog.files import Row, read

HERE = Path(__file__).parent
LEAST_RECALL = 0.98
MOST_FALSE_ALARMS = 0.03


def cases() -> list[Row]:
    rows = []
    for name in ("emergency_cases", "danger_cases"):
        with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def test_danger_of_every_kind_is_asked_about() -> None:
    real = [case for case in cases() if case["kind"]]
    found = [case for case in real if danger.ask(case["text"])]
    assert len(real) >= 300
    assert len(found) >= LEAST_RECALL * len(real)


def test_no_danger_of_the_demo_is_passed_over() -> None:
    real = [row for row in read("request_texts") if row["danger_now"] == "yes"]
    assert real
    assert [row["id"] for row in real if danger.ask(row["text"]) is None] == []


def test_what_only_sounds_like_danger_is_let_by() -> None:
    calm = [case["text"] for case in cases() if not case["kind"]]
    assert len(calm) >= 150
    assert len([text for text in calm if danger.ask(text)]) <= MOST_FALSE_ALARMS * len(calm)


def test_the_model_asks_where_no_word_does() -> None:
    text = "喝了假酒，眼睛看不见了"
    assert emergency.screen(text) is None
    found = danger.ask(text)
    assert found is not None
    assert found.question
    assert {"110", "120", "119"} <= {number for _, number in found.numbers}
    assert [reason.kind for reason in danger.reasons(text, found)] == ["danger"] * 3


LETTER = (
    "关于请求解决公交车监控问题的反映。领导您好，我们县的公交车破旧，监控有的没有插卡，"
    "前些时候一位乘客的钱包在车上被偷，什么也查不到，希望公交公司换一批新车，装好监控。"
)


def test_a_letter_about_something_else_is_not_asked_about_a_theft_long_past() -> None:
    assert emergency.screen(LETTER) is not None
    assert danger.ask(LETTER) is None


@pytest.mark.parametrize("also", ["我老公又在打我", "我不想活了"])
def test_home_and_despair_are_asked_about_in_any_letter(also: str) -> None:
    assert danger.ask(f"{LETTER}{also}。") is not None


@pytest.mark.parametrize("text", ["那家小孩天天被打", "隔壁男人天天打老婆", "我每天都想死"])
def test_what_goes_on_every_day_is_danger_too_where_home_a_child_or_suicide_is_meant(
    text: str,
) -> None:
    assert danger.ask(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "我男人打我，路灯坏了",
        "路灯坏了，我男人打我",
        "我家厨房着火了，路灯坏了",
        "垃圾没人收，有人落水了",
        "爷爷晕倒了叫不醒，水管漏水",
        "我不想活了，邻居占了我家地",
    ],
)
def test_an_ordinary_matter_in_the_same_message_hides_no_danger(text: str) -> None:
    assert danger.ask(text) is not None


@pytest.mark.parametrize("text", ["喝农药", "失火了", "著火了", "老人走失了", "老师打我娃"])
def test_a_short_cry_is_asked_about_whatever_the_model_makes_of_it(text: str) -> None:
    assert danger.ask(text) is not None


def test_who_fell_into_water_is_told_the_fire_brigade_too() -> None:
    found = danger.ask("有人掉塘里了快来")
    assert found is not None
    assert {"119", "120"} <= {number for _, number in found.numbers}


@pytest.mark.parametrize(
    ("calm_one", "danger_one"),
    [
        ("电杆斜了怕倒", "电杆倒了"),
        ("线低怕刮断", "线断在路上"),
        ("犁耙的楔子掉了", "楔子掉下来砸到头了"),
    ],
)
def test_a_fall_that_is_only_feared_is_no_fall(calm_one: str, danger_one: str) -> None:
    assert emergency.screen(calm_one) is None
    assert danger.ask(calm_one) is None
    assert danger.ask(danger_one) is not None


@pytest.mark.parametrize("text", ["路灯坏了，垃圾没人收", "火灭了，想修屋顶"])
def test_two_ordinary_matters_are_no_danger(text: str) -> None:
    assert danger.ask(text) is None


def test_what_is_clearly_another_matter_counts_for_less_as_danger() -> None:
    text = "村口路灯坏了三盏，晚上看不见路"
    found, points = model.current(), danger_points(text)
    assert found is not None
    assert points is not None
    assert points < found.scores(text)[EMERGENCY]


def test_without_a_model_the_words_ask_alone(model_file: Callable[[str], None]) -> None:
    model_file("")
    assert danger.ask(LETTER) is not None
    assert danger.ask("喝了假酒，眼睛看不见了") is None


@pytest.mark.parametrize(
    ("calm_one", "danger_one"),
    [
        ("犁耙的楔子掉了", "犁耙掉下来砸到他头了"),
        ("家里两只山羊掉进废窖里爬不上来", "放羊的二叔掉进废窖里爬不上来"),
        ("戏台上的唢呐不见了", "戏台塌了压到唢呐队的人"),
        ("担心她以后走丢，哪里有定位手环", "她不见了，担心她掉河里"),
        ("要是有人触电，应该先做哪一步", "有人触电了，先做哪一步"),
        ("明天演习要抬担架，少两个人", "演习的时候真有人摔下来不动了"),
        ("感谢救援队把我爹从水里救上来", "快派人，我爹在水里，谢谢"),
    ],
)
def test_what_speaks_against_danger_is_weighed_with_what_speaks_for_it(
    calm_one: str, danger_one: str
) -> None:
    assert calm.points(calm_one) > 0
    assert danger.ask(calm_one) is None
    assert danger.ask(danger_one) is not None


def pairs() -> list[Row]:
    with (HERE / "clause_pairs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_last_year_or_a_drill_in_one_clause_hides_no_danger_in_the_next() -> None:
    found = [danger.ask(pair["danger"]) is not None for pair in pairs()]
    assert len(found) == 70
    assert sum(found) >= 0.94 * len(found)


def test_what_is_over_in_both_clauses_is_let_by() -> None:
    found = [danger.ask(pair["calm"]) is not None for pair in pairs()]
    assert sum(found) <= MOST_FALSE_ALARMS * len(found)


@pytest.mark.parametrize(
    ("calm_one", "danger_one"),
    [
        ("去年灶房也冒烟，修了烟囱就好了", "去年也这样，现在又冒烟了"),
        ("咨询一下火灾保险怎么买", "本来想咨询火灾保险，结果我家厨房烧起来了"),
        ("小时候掉过井 到现在看见井还腿软", "小时候我掉过井，今天我娃也掉进那口井了"),
    ],
)
def test_what_is_so_now_is_looked_at_by_itself(calm_one: str, danger_one: str) -> None:
    assert danger.ask(calm_one) is None
    assert danger.ask(danger_one) is not None


def test_hardly_a_written_emergency_has_a_sign_against_it() -> None:
    written = [line.text for line in texts.lines() if line.label == EMERGENCY][::5]
    assert len(written) > 2000
    assert len([text for text in written if calm.points(text)]) <= 0.02 * len(written)


def test_no_sign_silences_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = danger.ask(f"{LETTER}我老公又在打我。")
    monkeypatch.setattr(calm, "points", lambda _: 9.0)
    assert danger.ask(f"{LETTER}我老公又在打我。") == asked


@pytest.mark.parametrize(
    "text", ["电杆斜了，线断在路上", "路灯线断了 掉在路边", "电杆倒在路上 线也断了 路灯不亮"]
)
def test_a_line_that_is_down_is_asked_about_whatever_the_model_says(text: str) -> None:
    found = danger.ask(text)
    assert found is not None
    assert found.kind == "power"


@pytest.mark.parametrize("text", ["网线断了", "去年电线断在路上 修好了", "怕电线断了掉下来"])
def test_no_line_that_hurts_nobody_or_is_long_up_again_is(text: str) -> None:
    assert danger.ask(text) is None


def test_what_is_told_calmly_is_asked_about_and_what_looks_alike_is_not() -> None:
    with (HERE / "calmly_told.csv").open(encoding="utf-8", newline="") as file:
        found = [
            (row["emergency"], danger.ask(row["text"]) is not None) for row in csv.DictReader(file)
        ]
    assert found.count(("1", True)) >= 0.96 * 100
    assert found.count(("0", True)) <= 0.03 * 103
