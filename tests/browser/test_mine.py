"""我的信息: her number, what she agreed to, who has looked, and having it all erased."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import fits, keeps_to_itself

VILLAGER, LEAVER = "u049", "u048"
NUMBER = "0" * 10


def test_she_sees_what_is_kept_and_takes_a_consent_back(login: Login, house: str) -> None:
    phone = login(VILLAGER)
    phone.tap("mine")
    phone.sees("还没有人看过")
    phone.sees("同意了", "consent-privacy")
    fits(phone)
    phone.fill("phone-number", NUMBER)
    phone.tap("save-phone")
    phone.sees("000****0000", "my-phone")
    phone.tap("accept", "用微信提醒您")
    phone.sees("同意了", "consent-wechat_push")
    phone.tap("withdraw", "用微信提醒您")
    phone.sees("不再发微信提醒", "if-withdrawn")
    fits(phone)
    phone.tap("sure-withdraw")
    phone.sees("不同意", "consent-wechat_push")
    phone.tap("see-data")
    phone.tap("data-person")
    phone.sees("村：桥头")
    keeps_to_itself([phone], house)


def test_she_is_told_what_goes_and_then_it_is_gone(login: Login, house: str) -> None:
    phone = login(LEAVER)
    phone.fill("say-text", "路灯坏了")
    phone.tap("say")
    phone.sees("已提交", "status")
    phone.tap("mine")
    phone.tap("ask-erase")
    phone.sees("还没有办完的", "deletion")
    fits(phone)
    phone.tap("sure-erase")
    phone.wait("all('kind-村民').length", "nobody is logged in")
    keeps_to_itself([phone], house)
