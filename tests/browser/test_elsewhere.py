"""What is no village matter: who is responsible stands on the card, to call and to copy."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import fits, keeps_to_itself, say

# A browser under test has no printer, and its clipboard is nobody else's to read.
LISTEN = """(() => {
  document.addEventListener('copy', () => {
    window.copied = String(document.getSelection()) || document.activeElement.value;
  });
  const document_ = { write: (page) => { window.printed = page; }, close() {} };
  window.open = () => ({ document: document_, print() {} });
})()"""
LAND = "征地补偿款什么时候发，去问都推来推去"


def test_she_is_told_where_to_go_and_keeps_it_for_the_village(login: Login, house: str) -> None:
    villager = login("u047")
    number = say(villager, LAND)
    villager.sees("不归五站", "receipt")
    villager.sees("找谁", "advice")
    assert "还没有定站" not in villager.screen()
    villager.sees("12345", "call")
    fits(villager)
    villager.run(LISTEN)
    villager.tap("copy-advice", number)
    villager.sees("抄好了", "copied")
    villager.tap("print-advice", number)
    for way in ("copied", "printed"):
        said = str(villager.run(f"window.{way}"))
        assert "12345" in said
        assert LAND in said
        assert number in said
    villager.tap("do-helped", number)
    villager.tap("helped-no")
    villager.tap("send-helped", number)
    villager.wait("!all('send-helped').length", "her answer is kept")
    villager.tap("do-keep", number)
    villager.wait("!all('advice').length", "it is the village's")
    fits(villager)
    keeps_to_itself([villager], house)
