"""The triage desk: what nobody has yet, what speaks for which station, and a tap that decides."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import CHAIR, HEAD, fits, keeps_to_itself, say

CLERK, VILLAGER = "u067", "u053"
UNCLEAR = "活动室门口的垃圾没人扫，站长也不来看"  # what is said of a head is the chair's


def test_a_tap_puts_it_to_a_suggested_station_and_its_head_reads_why(
    login: Login, house: str
) -> None:
    villager, chair = login(VILLAGER), login(CHAIR)
    number = say(villager, UNCLEAR)
    villager.sees("有人会看看该由谁办", "receipt")
    chair.tap("tab-queue")
    chair.sees("要回避：站长", "triage")
    chair.tap("show-grounds", number)
    chair.sees("词语“垃圾”，分量", "grounds")
    chair.sees("也可能归卫生环境监督站", "other-station")
    fits(chair)
    chair.tap("send-to-sanitation", number)
    chair.wait("!all('request-text').some((e) => e.innerText.includes('活动室'))", "it has gone")
    chair.tap("desk-sanitation")
    chair.sees(number)
    keeps_to_itself([villager, chair], house)


def test_what_heads_pass_to_and_fro_comes_to_the_chair_with_the_reason(
    login: Login, house: str
) -> None:
    villager, head, chair = login("u054"), login(HEAD), login(CHAIR)
    number = say(villager, "桥头那盏路灯的线挂着衣服", "PUB-03")
    head.tap("tab-queue")
    head.tap("do-ask_chair", number)
    head.fill("field-reason", "线是广播站的", number)
    head.tap("send-ask_chair", number)
    chair.tap("tab-queue")
    chair.sees("请会长定：线是广播站的", "triage")
    fits(chair)
    keeps_to_itself([head, chair], house)


def test_the_clerk_decides_where_the_chair_must_keep_out_of_it(login: Login, house: str) -> None:
    chair, clerk = login(CHAIR), login(CLERK)
    number = say(chair, "我自己也有件事，想请大家评一评")
    clerk.tap("tab-queue")
    clerk.sees("代会长定站")
    clerk.tap("do-route", number)
    clerk.tap("station-culture", number)
    fits(clerk)
    clerk.tap("send-route", number)
    clerk.wait(f"!document.body.innerText.includes('{number}')", "it is out of her hands")
    keeps_to_itself([clerk], house)


def test_the_chair_asks_back_and_says_what_is_another_office_s(login: Login, house: str) -> None:
    villager, chair = login("u052"), login(CHAIR)
    number = say(villager, "有件事想打听打听")
    chair.tap("tab-queue")
    chair.tap("do-ask", number)
    chair.fill("field-question", "是什么事呢", number)
    chair.tap("send-ask", number)
    villager.open(f"{house}/m/")
    villager.tap("do-answer", number)
    villager.fill("field-text", "医保的事", number)
    villager.tap("send-answer", number)
    villager.sees("待研判", "status")
    chair.open(f"{house}/m/")
    chair.tap("tab-queue")
    chair.tap("do-refer", number)
    chair.tap("referral-health_insurance", number)
    fits(chair)
    chair.tap("send-refer", number)
    villager.open(f"{house}/m/")
    villager.sees("12393", "advice")
    fits(villager)
    villager.tap("do-keep", number)
    villager.sees("您说还是村里的事", "told")
    keeps_to_itself([villager, chair], house)
