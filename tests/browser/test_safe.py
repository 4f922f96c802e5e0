"""Who is beaten and says that there is no danger now: the chair alone reads it, nobody mediates."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import CHAIR, fits, keeps_to_itself

MEDIATOR = "u004"
BEATEN = "他喝了酒就打我，头上流血不止，你们来劝劝他"


def test_the_chair_reads_whom_to_name_and_no_station_is_offered(login: Login, house: str) -> None:
    her, chair, mediator = login("u046"), login(CHAIR), login(MEDIATOR)
    her.fill("say-text", BEATEN)
    her.tap("say")
    her.sees("120", "emergency")
    assert her.shown("leave-quickly") == 1
    her.tap("about-clerk")
    her.tap("about-head")
    her.tap("about-head")  # not him
    her.sees("不告诉村委会经办", "emergency")
    her.sees("说的是站长", "emergency")
    her.tap("danger-no")
    her.sees("编号", "receipt")
    her.open(f"{house}/m/")
    her.sees("说过一件事", "status")
    assert BEATEN not in her.screen()
    chair.tap("tab-queue")
    chair.sees("不送站，不调解", "safe-path")
    chair.sees("妇女维权热线12338", "safe-path")
    assert chair.shown("triage") == chair.shown("do-split") == 0
    chair.tap("do-route")
    assert chair.shown("station-mediation") == 0
    assert chair.shown("station-mutual_aid") == 1
    fits(chair)
    mediator.tap("tab-queue")
    mediator.sees("这里现在没有事")
    keeps_to_itself([her, chair, mediator], house)
