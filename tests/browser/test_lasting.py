"""What lasts on the phone: two villages that lend each other people, and who comes regularly."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import HEAD, by_name, fits, keeps_to_itself, say

VILLAGER, VOLUNTEER, NAME, KIN = "u053", "u036", "罗长青", "万春花"
OTHER_VILLAGE = "990103"


def test_heads_agree_and_people_are_asked_to_come_regularly(login: Login, house: str) -> None:
    villager, head, volunteer = login(VILLAGER), login(HEAD), login(VOLUNTEER)
    number = say(villager, "院墙的石头又松了，常要人来看看", "PUB-08")
    head.tap("tab-queue")
    head.tap("show-agreements")
    head.tap("propose")
    head.tap(f"other-{OTHER_VILLAGE}")
    fits(head)
    head.tap("send-propose")
    head.sees("等那边回话", "agreement-state")
    fits(head)
    head.tap("end-agreement", "塘背")
    head.tap("send-end")
    head.wait("!all('agreement-state').some((e) => e.innerText.includes('等那边'))", "withdrawn")

    villager.tap("show-exclusions", number)
    villager.sees("现在还没有人来过", "nobody")
    fits(villager)
    head.tap("show-exclusions", number)
    head.tap("more-people", number)
    head.tap(by_name(head, "exclusions", KIN), number)
    head.tap("why-kin", number)
    fits(head)
    head.tap("send-exclusion", number)
    head.sees(f"不找{KIN}", "excluded-note")

    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("show-pair", number)
    head.tap(by_name(head, "pair-form", NAME), number)
    head.tap("every_weeks-2", number)
    fits(head)
    head.tap("send-pair", number)
    head.sees("都同意才算", "pair-proposed")

    for one in (volunteer, villager):
        one.open(f"{house}/m/")
        one.sees("每2周一次", "pair")
        fits(one)
        one.tap("agree-pair")
    villager.sees("说定了", "pair-state")
    head.tap("show-pairs")
    head.sees("说定了", "pair-state")
    fits(head)
    villager.tap("end-pair")
    villager.tap("send-end-pair")
    villager.wait("!all('pair').length", "nobody comes any more")
    keeps_to_itself([villager, head, volunteer], house)
