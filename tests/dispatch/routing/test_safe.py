"""Who is beaten, a child that is abused, a wish to die: the safe path, in whatever words.

On the twelve sets; `safe_path.csv` says which of their rows about children, strangers' violence and
missing persons belong to it (`yes`), and which may or may not (`open`: those are not counted).
"""

from __future__ import annotations

from csv import DictReader
from functools import cache
from pathlib import Path

import pytest

from dispatch.routing import danger, emergency, model, safe
from dispatch.routing.labels import SAFE_LABELS
from tests.dispatch.routing.test_apart import HERE, SETS, emergencies
from village.catalog.files import read

HOME = ("domestic", "domestic_violence")
STRANGERS = ("violence", "assault_weapon")
# What is shipped reaches more; what is wanted is 0.93, and at most 0.03 of the others.
LEAST = {"home": 0.97, "child": 0.93, "suicide": 0.98}
MOST_OTHERS, MOST_STRANGERS = 0.03, 0.26


@cache
def asked_about() -> dict[str, list[bool]]:
    """Whether each emergency that is asked about takes the safe path, by what it should be."""
    found: dict[str, list[bool]] = {}
    marks = {(row["set"], row["id"]): row["safe"] for row in _rows()}
    for name in SETS:
        for row in emergencies(name):
            screen = danger.ask(row["text"]) if row["emergency"] == "1" else None
            if screen is not None:
                group = _group(row["kind"], marks.get((name, row["id"]), ""))
                found.setdefault(group, []).append(screen.safe)
    return found


def _rows() -> list[dict[str, str]]:
    with (HERE / "safe_path.csv").open(encoding="utf-8", newline="") as file:
        return list(DictReader(file))


def _group(kind: str, mark: str) -> str:
    if mark == "open":
        return "open"
    if kind in HOME:
        return "home"
    if kind == "suicide":
        return "suicide"
    if mark == "yes":
        return "child" if kind == "child" else "open"
    return "strangers" if kind in STRANGERS else "others"


@pytest.mark.parametrize("group", LEAST)
def test_the_safe_path_is_taken(group: str) -> None:
    found = asked_about()[group]
    assert len(found) >= 45
    assert sum(found) >= LEAST[group] * len(found)


def test_heads_hear_of_other_emergencies() -> None:
    found = asked_about()
    assert len(found["others"]) >= 2000
    assert sum(found["others"]) <= MOST_OTHERS * len(found["others"])
    assert sum(found["strangers"]) <= MOST_STRANGERS * len(found["strangers"])


@pytest.mark.parametrize("text", ["我娘喝农药了，跟儿子吵架", "他把我推下楼梯，腿摔断了"])
def test_the_numbers_of_both_kinds_are_shown(text: str) -> None:
    found = danger.ask(text)
    assert found is not None
    assert found.safe
    assert {"120", "110"} <= {number for _, number in found.numbers}
    assert {"12356", "12338"} & {number for _, number in found.numbers}


@pytest.mark.parametrize(
    "text",
    ["娃掉塘里了快来", "宝宝吞了纽扣电池", "孩子被摩托撞了", "我家五岁的娃在集上走丢了",
     "村口两家人为争水打起来了，锄头都挖到头上了"],
)  # fmt: skip
def test_an_accident_a_lost_child_and_a_brawl_are_everybody_s(text: str) -> None:
    found = danger.ask(text)
    assert found is not None
    assert not found.safe


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("还有隔壁，他妈又打他了", "child"),
        ("娃在幼儿园被阿姨掐", "child"),
        ("被老师拿针扎了", "child"),
        ("表叔半夜钻我被子", "child"),
        ("后妈不给他饭吃", "child"),
        ("同学逼我弟喝尿", "child"),
        ("大伯子敲我的房门", "dv"),
        ("我身上全是伤", "dv"),
        ("别打我了，求你", "dv"),
        ("我那口子把我踢倒在地上", "dv"),
        ("带着两个娃一起走", "suicide"),
        ("想睡过去不用醒", "suicide"),
        ("在桥上了，以后帮我照顾我娘", "suicide"),
        ("拿了根麻绳上阁楼了", "suicide"),
        ("走到国道中间站着", "suicide"),
    ],
)
def test_the_phone_s_words_know_the_commonest(text: str, kind: str) -> None:
    found = emergency.screen(text)
    assert found is not None
    assert kind in found.kinds


@pytest.mark.parametrize(
    "text",
    ["我在河边，帮我照顾妈", "他强迫我女儿", "他强迫我家妮子 她才上初二",
     "姑父给她买糖 她回来走路疼", "绳子是新买的 挺结实 就是想跟人说一声",
     "娃就交给你们了，我先走一步", "谢谢大家这些年，水好凉"],
)  # fmt: skip
def test_what_is_told_in_few_calm_words_takes_the_safe_path(text: str) -> None:
    found = danger.ask(text)
    assert found is not None
    assert found.safe


@pytest.mark.parametrize(
    "text",
    ["我在河边洗衣，桥上的灯坏了", "他强迫我女儿练琴", "我出差几天，帮我照顾妈，周日回",
     "绳子结实不 吊秋千用", "姑父给她买糖 牙坏了",
     "你好", "谢谢", "测试", "在吗", "收到", "😀", "？？", "1"],
)  # fmt: skip
def test_what_only_sounds_so_and_what_says_nothing_passes(text: str) -> None:
    assert danger.ask(text) is None


def test_its_reasons_say_so() -> None:
    found = danger.ask("我男人打断我肋骨")
    assert found is not None
    assert danger.reasons("我男人打断我肋骨", found)[0].kind == "safe_path"


def test_without_its_file_the_words_decide_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = model.State("missing", None, "safe.tsv is not there")
    monkeypatch.setattr(model, "safe_head", lambda: (None, gone))
    assert safe.kind("我男人打断我肋骨") is None
    found = danger.ask("我老公又在打我")
    assert found is not None
    assert found.safe
    assert model.state() == gone


@pytest.mark.parametrize("fault", ["missing", "empty", "truncated", "another format", "bytes"])
def test_a_broken_head_is_said_to_be_broken_and_the_words_decide_alone(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model.packaged(model.SAFE_FILE).read_text(encoding="utf-8")
    broken = {
        "empty": b"",
        "truncated": whole[: len(whole) // 2].encode(),
        "another format": whole.replace('"format": 1', '"format": 2', 1).encode(),
        "bytes": b"\xff\xfe\x00",
    }
    place = tmp_path / model.SAFE_FILE
    if fault != "missing":
        place.write_bytes(broken[fault])
    packaged = model.packaged
    monkeypatch.setattr(
        model, "packaged", lambda name=model.FILE: place if name == place.name else packaged(name)
    )
    model.safe_head.cache_clear()
    try:
        assert model.state().state == ("missing" if fault == "missing" else "broken")
        assert safe.kind("我男人打断我肋骨") is None
        found = danger.ask("我老公又在打我")
        assert found is not None
        assert found.safe
    finally:
        monkeypatch.undo()
        model.safe_head.cache_clear()
    assert model.state().state == "ok"


def test_robbers_are_everybody_s_and_a_husband_is_not() -> None:
    for text in ("讨债的拿钢管把我哥堵在村口", "收账的往店里泼汽油，不让我们出门"):
        found = danger.ask(text)
        assert found is not None
        assert not found.safe
    found = danger.ask("我老公从工地回来又拿钢管打断我肋骨")
    assert found is not None
    assert found.safe


def test_every_kind_of_the_head_has_a_question() -> None:
    kinds = {row["kind"] for row in read("emergency_kinds")}
    assert set(SAFE_LABELS[1:]) <= kinds
