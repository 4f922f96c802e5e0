"""A volunteer's minutes on the phone: confirmed by the head, seen by her."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import HEAD, fits, keeps_to_itself

VOLUNTEER, CLERK = "u016", "u067"


def test_hours_are_found_by_volunteer_head_and_clerk(login: Login, house: str) -> None:
    her, head, clerk = login(VOLUNTEER), login(HEAD), login(CLERK)
    her.tap("to-hours")
    her.sees("我的服务时长")
    her.sees("村委会开，不收钱")
    fits(her)
    head.tap("to-hours")
    head.sees("等我确认的时长")
    fits(head)
    clerk.tap("to-hours")
    clerk.sees("请村委会开的证明")
    fits(clerk)
    keeps_to_itself([her, head, clerk], house)
