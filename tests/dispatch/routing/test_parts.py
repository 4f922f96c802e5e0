"""Several matters in one message: parted where that is clear, and nothing is lost."""

from __future__ import annotations

import pytest

from dispatch.routing.parts import Part, parts, rest
from dispatch.routing.router import route
from village.catalog.files import read

TEXTS = read("request_texts")


def found(text: str) -> list[Part]:
    matters = parts(text, lambda piece: route(piece, None, ""))
    assert "".join(part.text for part in matters) in ("", text)
    return matters


@pytest.mark.parametrize(
    ("text", "stations"),
    [
        ("路灯坏了三盏，晚上很黑。还有村头垃圾堆了半个月没人收，臭得很。",
         ["public_works", "sanitation"]),
        ("路灯坏了，垃圾也没人收", ["public_works", "sanitation"]),
        ("有几件事想反映：1、桥栏杆断了。2、路灯不亮。3、垃圾没人清运。",
         ["public_works", "public_works", "sanitation"]),
        ("邻居把滴水打到我家墙上，调解一下。村口路灯不亮。", ["mediation", "public_works"]),
        ("垃圾没人清运，还有请问养老保险断交三年怎么补缴，社保局说要去外地开证明",
         ["sanitation", None]),
    ],
)  # fmt: skip
def test_matters_of_their_own_are_parted(text: str, stations: list[str | None]) -> None:
    assert [part.station for part in found(text)] == stations


def test_what_is_no_village_matter_is_marked_so() -> None:
    last = found("垃圾没人清运，还有请问养老保险断交三年怎么补缴，社保局说要去外地开证明")[-1]
    assert (last.none, last.station, last.category) == (True, None, None)


@pytest.mark.parametrize(
    ("text", "stations"),
    [
        ("路灯坏了，昨晚还有人偷了我家的鸡", ["public_works"]),
        ("我家的鸡被偷了，路灯坏了", ["public_works"]),
        ("垃圾没人收 我家电瓶车叫人偷了", ["sanitation"]),
        ("垃圾半个月没人收，还有人开赌场", ["sanitation"]),
        ("路灯坏了没人修，村主任贪污了修路款", ["public_works"]),
        ("桥栏杆断了；支书收了包工头红包", ["public_works"]),
        ("想借音响跳舞，还有人在小卖部后面开赌场", ["culture"]),
        ("1、路灯不亮。2、昨晚有人偷了我家的鸡。3、垃圾没人清运。", ["public_works", "sanitation"]),
        ("路灯坏了，我怀疑老李，昨晚他偷了我家鸡", []),
        ("昨晚来人了，路灯坏了，鸡被偷了", []),
        ("因为路灯坏了，贼才偷了我家的鸡", []),
        ("小偷翻墙进来，把我家门锁砸坏了，偷了两千块", []),
    ],
)
def test_beside_a_crime_the_stations_get_what_is_clearly_theirs(
    text: str, stations: list[str]
) -> None:
    assert route(text, None, "").decision == "not_ours"
    assert [part.station for part in rest(found(text))] == stations


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_a_demo_text_is_one_matter(row: dict[str, str]) -> None:
    assert found(row["text"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "路坏了",
        "路灯坏了三盏，还有一盏一闪一闪",
        "还有还有还有",
        "，。！？；\n",
        "1、2、3、4、5、6、7、8、9、",
        "😱" * 5000,
        "路灯坏了，垃圾没人收。" * 900,
        "垃圾堆了半个月，臭得很，去年修路的时候就这样",
    ],
)
def test_one_matter_or_none_is_left_as_it_is(text: str) -> None:
    assert found(text) == []
