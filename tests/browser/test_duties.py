"""What is no request: a complaint, what the law wants told, papers, break-glass."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.phone import Phone
from tests.browser.test_walk import CHAIR, HEAD, fits, keeps_to_itself, say

VILLAGER, VOLUNTEER, CLERK = "u045", "u016", "u067"
ADMIN, COUNTY = "u904", "u902"
WHAT = "上门催了三次，说话很难听"


def duties(phone: Phone) -> None:
    phone.tap("tab-say")
    phone.tap("to-duties")


def test_a_complaint_goes_past_the_head_and_is_answered(login: Login, house: str) -> None:
    villager, head, chair = login(VILLAGER), login(HEAD), login(CHAIR)
    number = say(villager, "桥头的路灯坏了一盏", "PUB-03")
    villager.tap("complain-about", number)
    villager.sees(number, "complaint-about")
    villager.sees("被提意见的人看不到", "how-complaints-go")
    villager.tap("reason-rude")
    villager.fill("field-text", WHAT)
    villager.tap("hide-yes")
    fits(villager)
    villager.tap("send-complaint")
    villager.sees("等协会会长签收", "complaint-state")

    assert WHAT not in head.screen()
    duties(head)
    head.sees("依法必须上报的事")
    assert head.shown("complaint-to-handle") == 0

    duties(chair)
    chair.tap("open-complaint")
    chair.sees("本人不愿意让人知道", "complainant")
    chair.sees(WHAT)
    chair.tap("look-at-request")
    chair.sees(number, "glimpse")
    fits(chair)
    chair.tap("receive-complaint")
    chair.sees("协会会长在看", "complaint-state")
    chair.tap("write-answer")
    chair.fill("field-text", "已经和本人谈过，向您道歉")
    fits(chair)
    chair.tap("send-answer")
    chair.sees("答复了", "complaint-state")

    villager.tap("tab-say")
    villager.sees(number)
    villager.tap("mine")
    villager.tap("my-complaints")
    villager.tap("open-complaint")
    villager.sees("向您道歉", "complaint-steps")
    fits(villager)
    villager.tap("close-complaint")
    villager.sees("办结了", "complaint-state")
    keeps_to_itself([villager, head, chair], house)


def test_everybody_finds_the_entry_on_every_page(login: Login) -> None:
    phone = login(VOLUNTEER)
    for tab in ("tab-offers", "tab-say"):
        phone.tap(tab)
        phone.wait("all('complain').length", "the entry")
    phone.tap("complain")
    phone.sees("还没有", "no-complaints")
    phone.tap("write-complaint")
    phone.sees("请先填好上面的", "send-complaint")
    assert phone.shown("station-culture") == 0
    phone.tap("office-deputy")
    phone.tap("station-culture")
    phone.tap("office-chair")
    phone.wait("!all('station-culture').length", "a chair has no station")


def test_what_must_be_reported_is_told_to_an_authority(login: Login, house: str) -> None:
    volunteer, clerk, chair = login(VOLUNTEER), login(CLERK), login(CHAIR)
    duties(volunteer)
    volunteer.tap("write-report")
    volunteer.tap("kind-child")
    volunteer.fill("field-text", "孩子一个人在家好几天")
    fits(volunteer)
    volunteer.tap("send-report")
    volunteer.sees("报上去了", "report-sent")
    assert volunteer.shown("duty-report") == 0

    duties(clerk)
    clerk.tap("open-report")
    clerk.sees("孩子一个人在家好几天", "duty-report")
    clerk.tap("write-dismiss")
    clerk.fill("field-reason", "大人晚上都回来")
    clerk.tap("send-dismiss")
    clerk.sees("大人晚上都回来", "duty-report")
    clerk.wait("!all('write-dismiss').length", "it was asked for once")
    fits(clerk)
    duties(chair)
    chair.tap("open-report")
    chair.tap("confirm-dismissal")
    chair.sees("两个人看过", "report-state")
    keeps_to_itself([volunteer, clerk, chair], house)


def test_a_paper_counts_when_another_has_seen_it(login: Login, house: str) -> None:
    head, chair = login(HEAD), login(CHAIR)
    head.tap("tab-queue")
    head.tap("show-crew")
    head.tap("show-papers")
    head.tap("enter-paper")
    head.tap("kind-training")
    head.fill("field-issuer", "县红十字会")
    head.tap("field-valid_from")
    head.tap_part(".uni-picker-action-confirm")
    fits(head)
    head.tap("send-paper")
    head.sees("等另一个人核对", "paper")
    name = str(head.run("document.querySelector('[data-testid=member]').innerText")).split()[0]

    chair.tap("tab-queue")
    chair.tap("desk-public_works")
    chair.tap("show-crew")
    chair.tap("show-papers", name)
    chair.tap("confirm-paper")
    chair.sees("算数", "paper")
    fits(chair)
    keeps_to_itself([head, chair], house)


def test_break_glass_takes_two_people(login: Login, house: str) -> None:
    villager, admin, county = login(VILLAGER), login(ADMIN), login(COUNTY)
    number = say(villager, "祠堂门口的路灯坏了", "PUB-03")
    duties(admin)
    admin.tap("ask-glass")
    admin.fill("field-number", number)
    admin.fill("field-reason", "这一件打不开，要查故障")
    fits(admin)
    admin.tap("send-glass")
    admin.sees("等县里同意", "glass-state")
    assert admin.shown("look-at-request") == 0

    duties(county)
    county.tap("agree-glass", number)
    county.sees("打开了", "glass-state")
    assert county.shown("look-at-request") == 0
    fits(county)

    admin.tap("tab-say")
    duties(admin)
    admin.tap("look-at-request", number)
    admin.sees("祠堂门口的路灯坏了", "glimpse")
    keeps_to_itself([villager, admin, county], house)
