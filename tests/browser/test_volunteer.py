"""A villager becomes a volunteer on her phone, pauses, and leaves."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import CHAIR, fits, keeps_to_itself

VILLAGER = "u054"


def test_she_applies_is_verified_pauses_and_leaves(login: Login, house: str) -> None:
    her, chair = login(VILLAGER), login(CHAIR)
    her.tap("to-volunteer")
    her.tap("write-apply")
    her.tap("join-culture")
    her.tap("times-weekends")
    her.fill("field-about", "会拉二胡")
    her.fill("field-birth_year", "1988")
    fits(her)
    her.tap("apply")
    her.sees("等会长核对", "volunteer-state")

    chair.tap("tab-queue")
    chair.tap("show-applicants")
    chair.sees("会拉二胡", "applicant")
    fits(chair)
    chair.tap("verify", "会拉二胡")
    chair.wait("!document.body.innerText.includes('会拉二胡')", "nothing waits any more")

    her.tap("back")
    her.tap("to-volunteer")
    her.sees("您是志愿者", "volunteer-state")
    fits(her)
    her.tap("pause")
    her.sees("不会有人问您", "volunteer-state")
    her.tap("resume")
    her.tap("leave")
    her.tap("leave-now")
    her.sees("退出了", "volunteer-state")
    her.sees("我想当志愿者", "write-apply")
    fits(her)
    keeps_to_itself([her, chair], house)


def test_a_wrong_code_of_a_child_is_said_in_words(login: Login) -> None:
    parent = login("u053")
    parent.tap("to-volunteer")
    parent.tap("as-guardian")
    parent.fill("field-code", "1" * 12)
    fits(parent)
    parent.tap("send-code")
    parent.sees("没有这个", "problem")
