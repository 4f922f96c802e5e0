"""One matter, several villagers: 我也是 instead of writing it again, and merging."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import fits, keeps_to_itself, say

HEAD = "u006"
ROOF = "碾子沟那座凉亭的顶漏雨，凳子也坏了两条"
AGAIN = "碾子沟凉亭顶上漏雨，凳子坏了两条"


def test_a_neighbour_joins_in_and_another_writes_all_the_same(login: Login, house: str) -> None:
    first, second, third, head = login("u041"), login("u045"), login("u047"), login(HEAD)
    number = say(first, ROOF, "PUB-08")

    second.fill("say-text", AGAIN)
    second.sees(number, "similar-one")
    second.sees("还是要提交", "say")
    assert "那座凉亭的顶" not in second.screen()
    fits(second)
    second.tap("me-too")
    second.sees("记下了", "receipt")
    second.sees(number, "followed")
    assert second.shown("similar") == 0
    fits(second)

    third.fill("say-text", AGAIN)
    third.tap("pick-category")
    third.tap("station-public_works")
    third.tap("category-PUB-08")
    third.sees("我也是", "similar-one")
    third.tap("say")
    third.sees("收到了", "receipt")

    head.tap("tab-queue")
    head.sees("有 1 人说", "followers")
    head.tap("show-same", AGAIN)
    head.sees("那座凉亭的顶", "same-one")
    fits(head)
    head.tap("merge", number)
    head.sees("有 2 人说", "followers")
    head.tap("view-merged")
    head.sees("已合并", "status")
    fits(head)

    third.open(f"{house}/m/")
    third.sees("已合并", "status")
    third.sees(number, "followed")
    fits(third)
    third.tap("do-unmerge")
    third.sees("已提交", "status")
    second.tap("stop-following")
    second.wait("!all('followed').length", "nothing is followed any more")
    keeps_to_itself([first, second, third, head], house)
