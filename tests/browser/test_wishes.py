"""A volunteer's own wishes on the phone: each said by a tap, kept, and undone."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import HEAD, fits, keeps_to_itself

VOLUNTEER, NAME = "u035", "胡水牛"


def test_a_volunteer_says_and_undoes_what_she_wishes(login: Login, house: str) -> None:
    head, volunteer = login(HEAD), login(VOLUNTEER)
    head.tap("tab-queue")
    head.tap("show-crew")
    head.tap("give-rest", NAME)
    head.tap("send-rest")
    head.sees("歇到", "resting")

    volunteer.tap("to-wishes")
    volunteer.sees("请您歇的", "wish-rest")
    fits(volunteer)
    volunteer.tap("end-own-rest")
    volunteer.sees("累了就歇几天", "wish-rest")

    volunteer.tap("change-week")
    for part in ("6-morning", "6-afternoon", "3-evening"):  # as fast as she taps
        volunteer.tap(f"free-{part}")
    volunteer.sees("周三：6点到18点", "free-hours")
    volunteer.sees("周六：18点到21点", "free-hours")
    fits(volunteer)
    volunteer.tap("free-6-evening")
    volunteer.tap("free-3-evening")
    volunteer.sees("周三：6点到21点半", "free-hours")
    volunteer.tap("week-done")

    volunteer.tap("pick-category")
    volunteer.tap("station-public_works")
    volunteer.tap("category-PUB-08")
    volunteer.sees("公共房屋凉亭维护", "disliked")
    volunteer.tap("next-village-yes")
    volunteer.tap("km-8")
    volunteer.tap("quiet-20:00-08:00")
    volunteer.tap("most-2")
    volunteer.tap("later-days")
    volunteer.tap("first-10")
    volunteer.tap("count-3")
    volunteer.tap("go-away")
    volunteer.sees("到", "day-off")
    volunteer.tap("personal-no")
    fits(volunteer)

    volunteer.open(f"{house}/m/#/pages/wishes/wishes")
    volunteer.wait("all('day-off').length", "what was kept")
    for chosen in ("km-8", "quiet-20:00-08:00", "most-2", "personal-no"):
        volunteer.wait(f"all('{chosen}')[0].classList.contains('chosen')", chosen)
    volunteer.sees("公共房屋凉亭维护", "disliked")
    volunteer.tap("undo-kind")
    volunteer.tap("be-back")
    volunteer.wait("!all('day-off').length", "no day off")
    keeps_to_itself([head, volunteer], house)
