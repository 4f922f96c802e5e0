"""Who is beaten and says that there is no danger now: the chair alone reads it, nobody mediates."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from dispatch.routing.emergency import screen
from tests.browser.conftest import Login
from tests.browser.phone import Phone
from tests.browser.test_walk import CHAIR, fits, keeps_to_itself
from tests.service.house import login_code

MEDIATOR = "u004"
# The phone asks about the blood, or nothing at all; the service knows what it is.
BLEEDING = "他又喝多了，我胳膊在流血，躲在菜地"
UNKNOWN = "我屋里头那个又动手了 我躲在厕所"
BEATEN = "他喝了酒就打我，头上流血不止，你们来劝劝他"
CLERK = "u067"
OFFICERS = {"chair": CHAIR, "clerk": CLERK}


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


class Caller:
    """A demo person at the API, beside the phones."""

    def __init__(self, house: str, code: str) -> None:
        self.at = f"{house}/api/v1"
        answer = requests.post(
            f"{self.at}/auth/wechat", json={"code": login_code(code)}, timeout=30
        )
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.at}{path}", headers=self.headers, timeout=10)

    def items(self, path: str) -> list[Any]:
        found = self.get(path)
        assert found.status_code == 200, found.text
        return list(found.json()["items"])


def say_it_is_about(phone: Phone, office: str) -> None:
    phone.fill("say-text", BEATEN)
    phone.tap("say")
    phone.sees("120", "emergency")
    phone.tap(f"about-{office}")
    phone.tap("danger-no")
    phone.sees("编号", "receipt")


@pytest.mark.parametrize("office", OFFICERS)
def test_what_she_taps_makes_the_officer_a_party_who_cannot_open_it(
    login: Login, house: str, office: str
) -> None:
    say_it_is_about(login("u047"), office)
    (made, *_) = Caller(house, "u047").items("/requests")
    path = f"/requests/{made['id']}"
    reader, other = Caller(house, CLERK if office == "chair" else CHAIR), OFFICERS[office]
    assert reader.get(path).json()["text"] == BEATEN
    parties = {party["person"] for party in reader.items(f"{path}/parties")}
    him = Caller(house, other)
    assert parties == {him.get("/me").json()["id"]}
    assert him.get(path).status_code == him.get(f"{path}/timeline").status_code == 404
    assert made["number"] not in him.get("/notifications").text


@pytest.mark.parametrize("text", [BLEEDING, UNKNOWN])
def test_the_card_is_quick_to_leave_once_the_service_knows(
    login: Login, house: str, text: str
) -> None:
    known = screen(text)
    assert known is None or not known.safe
    her = login("u046")
    her.fill("say-text", text)
    her.tap("say")
    her.sees("12338", "emergency")
    assert her.shown("leave-quickly") == 1
    her.sees("告诫书" if text == UNKNOWN else "先打120", "emergency")
    her.tap("danger-no")
    her.sees("编号", "receipt")
    her.open(f"{house}/m/")
    her.sees("说过一件事", "status")
    assert text not in her.screen()
