"""Somebody phones, a head writes it down, and later she finds it on her own phone."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.phone import Phone
from tests.browser.test_walk import HEAD, VILLAGER, fits, keeps_to_itself

ENTERER, CHAIR = "u005", "u001"
MATTER = "祠堂门口的水沟堵了，下雨就漫到路上"
SERVED = "程秋菊"


def text_of(phone: Phone, testid: str) -> str:
    return str(phone.run(f"document.querySelector('[data-testid={testid}]').innerText"))


def enter(phone: Phone) -> str:
    """Write down what somebody said by phone; returns the number that it was given."""
    phone.tap("tab-assist")
    phone.fill("assist-text", MATTER)
    phone.tap("pick-category")
    phone.tap("station-public_works")
    phone.tap("category-PUB-04")
    phone.sees("请先填好上面的", "assist-send")
    phone.tap("source-phone")
    phone.fill("field-name", SERVED)
    phone.tap("consent_how-oral")
    phone.tap("notice-read")
    fits(phone)
    phone.tap("assist-send")
    phone.sees("编号", "assist-receipt")
    return text_of(phone, "assist-receipt").split()[-1]


def test_what_was_entered_for_her_she_claims_by_her_slip(login: Login, house: str) -> None:
    enterer, head, villager = login(ENTERER), login(HEAD), login(VILLAGER)
    number = enter(enterer)
    enterer.tap("first-slip")
    enterer.sees("回执码", "slip-card")
    code = text_of(enterer, "slip-code")
    fits(enterer)

    head.tap("tab-queue")
    head.tap("do-ask", number)
    head.fill("field-question", "堵的是哪一段？")
    head.tap("send-ask")
    enterer.open(f"{house}/m/#/pages/assist/assist")
    enterer.sees("请补充说明", "phone-call")
    enterer.tap("open-call")
    enterer.sees(SERVED, "call-name")
    fits(enterer)
    enterer.tap("call-reached")
    enterer.wait("!all('phone-call').length", "no call is left")
    enterer.tap("do-answer", number)
    enterer.fill("field-text", "祠堂到晒谷坪")
    enterer.tap("send-answer")
    enterer.sees("已提交", "status")

    assert villager.shown("tab-assist") == 0
    villager.tap("have-slip")
    villager.fill("claim-code", code.replace(" ", ""))
    fits(villager)
    villager.tap("send-claim")
    villager.sees(number, "claimed")
    villager.sees(MATTER, "request-text")
    fits(villager)
    enterer.open(f"{house}/m/#/pages/assist/assist")
    enterer.sees("还没有。本人认领以后")
    keeps_to_itself([enterer, head, villager], house)


def test_danger_is_asked_about_before_anything_is_sent(login: Login) -> None:
    enterer = login(ENTERER)
    enterer.tap("tab-assist")
    enterer.fill("assist-text", "她说有人掉进水库了")
    for choice in ("source-phone", "consent_how-urgent", "notice-read"):
        enterer.tap(choice)
    enterer.tap("assist-send")
    enterer.sees("危险", "emergency")
    enterer.tap("danger-yes")
    enterer.sees("请马上打电话", "emergency")
    enterer.sees("编号", "assist-receipt")
    fits(enterer)
