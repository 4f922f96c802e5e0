"""What is no village matter: who is responsible stands on the card, to call and to copy."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import fits, keeps_to_itself, say

LAND = "征地补偿款什么时候发，去问都推来推去"


def test_she_is_told_where_to_go_and_keeps_it_for_the_village(login: Login, house: str) -> None:
    villager = login("u047")
    number = say(villager, LAND)
    villager.sees("不归五站", "receipt")
    villager.sees("找谁", "advice")
    assert "还没有定站" not in villager.screen()
    villager.sees("12345", "call")
    fits(villager)
    villager.tap("copy-advice", number)
    villager.sees("抄好了", "copied")
    villager.tap("do-helped", number)
    villager.tap("helped-no")
    villager.tap("send-helped", number)
    villager.wait("!all('send-helped').length", "her answer is kept")
    villager.tap("do-keep", number)
    villager.wait("!all('advice').length", "it is the village's")
    fits(villager)
    keeps_to_itself([villager], house)
