"""What lasts on the phone: two villages that lend each other people, and who comes regularly."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import CHAIR, HEAD, by_name, fits, keeps_to_itself, say
from village import clock

VILLAGER, VOLUNTEER, NAME, KIN = "u053", "u036", "罗长青", "万春花"
# Four days ahead: nobody is asked for the visit while the test runs (two days before).
LATER = (clock.today().isoweekday() + 3) % 7 + 1
LATER_NAME = f"星期{'一二三四五六日'[LATER - 1]}"
OTHER_VILLAGE, OTHER_HEAD = "990103", "u306"


def test_heads_of_two_villages_agree_and_either_ends_it(login: Login, house: str) -> None:
    head, other = login(HEAD), login(OTHER_HEAD)
    head.tap("tab-queue")
    head.tap("to-asking")
    head.tap("show-agreements")
    head.tap("propose")
    head.tap(f"other-{OTHER_VILLAGE}")
    head.tap("km-3")
    fits(head)
    head.tap("send-propose")
    head.sees("两村相距3公里", "agreement")
    head.sees("等那边回话", "agreement-state")
    fits(head)
    other.tap("tab-queue")
    other.tap("to-asking")
    other.tap("show-agreements")
    other.sees("那边提的", "agreement-state")
    fits(other)
    other.tap("agree")
    other.sees("两边都同意了", "agreement-state")
    head.tap("end-agreement", "塘背")
    head.tap("send-end")
    head.wait("!all('agreement').some((e) => e.innerText.includes('塘背'))", "ended")
    keeps_to_itself([head, other], house)


def test_people_are_named_who_must_not_come_and_who_comes_regularly(
    login: Login, house: str
) -> None:
    villager, head, volunteer = login(VILLAGER), login(HEAD), login(VOLUNTEER)
    number = say(villager, "院墙的石头又松了，常要人来看看", "PUB-08")
    head.tap("tab-queue")
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
    head.tap("show-exclusions", number)
    head.sees(f"不找{KIN}", "said")
    head.tap("undo-exclusion", number)
    head.sees(f"又可以找{KIN}", "excluded-note")
    head.tap("cancel-exclusion", number)

    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("show-pair", number)
    head.tap(by_name(head, "pair-form", NAME), number)
    head.tap(f"weekday-{LATER}", number)
    head.tap("every_weeks-2", number)
    fits(head)
    head.tap("send-pair", number)
    head.sees("都同意才算", "pair-proposed")

    for one in (volunteer, villager):
        one.open(f"{house}/m/")
        one.sees(f"每2周{LATER_NAME}", "pair")
        fits(one)
        one.tap("agree-pair")
    villager.sees("说定了", "pair-state")
    villager.sees(LATER_NAME, "pair-next")
    head.tap("show-pairs")
    head.sees("说定了", "pair-state")
    fits(head)
    villager.tap("end-pair")
    villager.tap("send-end-pair")
    villager.wait("!all('pair').length", "nobody comes any more")
    keeps_to_itself([villager, head, volunteer], house)


def test_head_and_chair_say_how_people_are_asked(login: Login, house: str) -> None:
    head, chair = login(HEAD), login(CHAIR)
    head.tap("tab-queue")
    head.tap("to-asking")
    head.sees("（跟着村里）", "asking-widest")
    head.tap("edit-asking")
    assert head.shown("day_cap-2") == 0  # the chair's to say
    head.tap("widest-station")
    fits(head)
    head.tap("save-asking")
    head.sees("只问本站的人", "asking-widest")
    head.tap("edit-asking")
    head.tap("widest-")
    head.tap("save-asking")
    head.tap("asking-versions")
    head.sees("第2版，黄贵生", "asking-version")
    head.sees("不另定了", "asking-version")
    fits(head)

    chair.tap("tab-queue")
    chair.tap("desk-culture")
    chair.tap("to-asking")
    chair.tap("edit-asking")
    chair.tap("day_cap-2")
    chair.tap("asks-09:00-18:00")
    fits(chair)
    chair.tap("save-asking")
    chair.sees("9点到18点", "asking-asks")
    fits(chair)
    chair.tap("desk-village")
    chair.sees("照平常", "asking-day_cap")
    chair.tap("show-agreements")
    chair.tap("propose")
    chair.tap("other-990102")
    chair.tap("send-propose")
    chair.sees("等那边回话", "agreement-state")
    fits(chair)
    chair.tap("desk-culture")
    chair.tap("show-agreements")
    chair.sees("管村里所有的站", "agreement")
    chair.tap("end-agreement")
    chair.tap("send-end")
    chair.wait("!all('agreement-state').length", "withdrawn")
    keeps_to_itself([head, chair], house)
