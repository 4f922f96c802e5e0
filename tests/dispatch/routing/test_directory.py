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
        ("补偿什么时候给", "land"),
        ("社保断了三年 老板不补偿 工资也没结", "wages"),
        ("厂里辞退我 工龄补偿不给 工资没结", "wages"),
        ("停电也不通知，电费还涨了", "power"),
        ("身份证丢了在哪补", "household"),
        ("医保能不能异地报销", "health_insurance"),
        ("举报有人搞传销", "crime"),
        ("村支书贪污修路款", "cadre"),
        ("幼儿园收费太高，老师态度差", "school"),
        ("厂里拖欠工资三个月", "wages"),
        ("网上买的手机是翻新的", "consumer"),
        ("买到假种子不出苗", "consumer"),
        ("超市的牛奶过期", "consumer"),
        ("粮补没到账", "farming"),
        ("承包地确权证一直没发", "farming"),
        ("退耕还林的钱少了", "farming"),
        ("砍自家树要不要批", "forestry"),
        ("后山的杉树砍了卖要采伐证吗", "forestry"),
        ("考公务员报名", "exam"),
        ("教师资格证在哪报名", "exam"),
        ("孩子上学报名要什么", "school"),
        ("考驾照去哪报名", "traffic"),
        ("高龄补贴怎么领", "civil_affairs"),
        ("残疾人补贴没到账", "civil_affairs"),
        ("发票怎么开", "tax_business"),
        ("身份证过期了", "household"),
        ("补贴什么时候发", "township"),
        ("不知道该找哪个", "general"),
    ],
)
def test_each_matter_is_sent_to_its_office(text: str, kind: str) -> None:
    found = refer(text, TODAY)
    assert found.kind == kind
    assert found.numbers
    assert found.answer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("网上买的手机是翻新的", "12315"),
        ("粮补没到账", "12316"),
        ("考公务员报名", "12333"),
        ("自来水收费太高", "12314"),
        ("残疾证怎么办", "12385"),
    ],
)
def test_its_office_has_a_number_of_its_own_where_the_country_has_one(
    text: str, number: str
) -> None:
    assert number in {number for _, number in refer(text, TODAY).numbers}


def test_whoever_cuts_a_tree_learns_when_she_needs_a_permit() -> None:
    assert "采伐许可证" in refer("砍自家树要不要批", TODAY).answer


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
