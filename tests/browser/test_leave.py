"""The quick exit: who may be watched leaves the screen at once, and nothing is left on it."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import fits, keeps_to_itself

BEATEN = "男人又喝了酒在打我，孩子吓得躲床底下"
FIRE = "隔壁着火了，火很大"


def test_who_may_be_watched_leaves_at_once(login: Login, house: str) -> None:
    watched = login("u045")
    watched.fill("say-text", BEATEN)
    watched.tap("say")
    watched.sees("110", "emergency")
    fits(watched)
    watched.tap("leave-quickly")
    watched.sees("星期", "away")
    fits(watched)
    assert BEATEN not in str(watched.run("JSON.stringify(localStorage)"))
    watched.open(f"{house}/m/")
    watched.sees("说过一件事", "status")
    assert BEATEN not in watched.screen()
    assert "您现在安全吗" not in watched.screen()
    fits(watched)
    watched.tap("uncover")
    watched.sees(BEATEN, "request-text")
    keeps_to_itself([watched], house)


def test_a_fire_is_nothing_to_hide(login: Login) -> None:
    phone = login("u047")
    phone.fill("say-text", FIRE)
    phone.tap("say")
    phone.sees("119", "emergency")
    assert phone.shown("leave-quickly") == 0
