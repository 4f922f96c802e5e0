"""A village's routing rules on the phone: read, tried before they are in force, changed, ended."""

from __future__ import annotations

from tests.browser.conftest import Login
from tests.browser.test_walk import CHAIR, HEAD, fits, keeps_to_itself, say

CLERK, VILLAGER = "u067", "u049"
BENCH = "晒谷场的石凳翻倒了两张"


def test_the_chair_sees_what_a_rule_would_move_before_it_is_in_force(
    login: Login, house: str
) -> None:
    villager, chair, head = login(VILLAGER), login(CHAIR), login(HEAD)
    number = say(villager, BENCH, "PUB-08")
    chair.tap("tab-queue")
    chair.tap("to-rules")
    chair.tap("new-rule")
    chair.fill("field-title", "石凳归文体站")
    chair.fill("field-words", "石凳，石桌")
    chair.tap("station-culture")
    chair.tap("try-rule")
    chair.sees("管得到1件", "dry-run")
    chair.sees("桥头公益事业服务站 → 桥头文体活动联络站", "move")
    chair.sees(number, "moved")
    fits(chair)
    chair.fill("field-unless", "石桥")
    chair.sees("先看看会挪动哪些", "try-rule")  # what was seen is of another rule now
    chair.tap("try-rule")
    chair.tap("save-rule")
    chair.sees("话里有“石凳”或“石桌”，没有“石桥”", "rule")
    fits(chair)

    again = say(villager, "水井边的石凳也翻倒了")
    chair.tap("tab-queue")
    chair.tap("desk-culture")
    chair.tap("show-grounds", again)
    chair.sees("村规则《石凳归文体站》", "grounds")
    fits(chair)

    head.tap("tab-queue")
    head.tap("to-rules")
    head.sees("送到桥头文体活动联络站", "rule-goal")
    assert head.shown("edit-rule") == head.shown("new-rule") == 0
    fits(head)

    chair.tap("to-rules")
    chair.tap("edit-rule")
    chair.tap("to-authority")
    chair.tap("referral-forestry")
    fits(chair)
    chair.tap("try-rule")
    chair.tap("save-rule")
    chair.sees("请找：县林业部门", "rule-goal")
    chair.tap("rule-versions")
    chair.sees("第1版", "rule-version")
    chair.tap("turn-rule")
    chair.sees("看了最近", "dry-run")
    fits(chair)
    chair.tap("take-turn")
    chair.sees("还没有", "no-rules")
    chair.tap("other-rules")
    chair.sees("石凳归文体站", "rule")
    keeps_to_itself([villager, chair, head], house)


def test_what_is_wrong_with_a_rule_is_said_and_nothing_is_written(login: Login, house: str) -> None:
    clerk = login(CLERK)
    clerk.tap("tab-queue")
    clerk.tap("to-rules")
    clerk.tap("village-990101")
    clerk.tap("new-rule")
    clerk.fill("field-title", "都归文体站")
    clerk.fill("field-words", "的")
    clerk.tap("station-culture")
    clerk.tap("try-rule")
    clerk.sees("至少写两个字", "problem")
    seen = "all('problem')[0].getBoundingClientRect().bottom > 0"
    clerk.wait(seen, "what is wrong, at the end of the form too")
    clerk.fill("field-words", "灯会")
    clerk.tap("try-rule")
    clerk.sees("您能看的0件", "dry-run")  # hers are those that she entered
    fits(clerk)
    clerk.tap("cancel-rule")
    clerk.sees("还没有", "no-rules")
    keeps_to_itself([clerk], house)


def test_a_head_proposes_and_the_chair_tries_takes_or_refuses_it(login: Login, house: str) -> None:
    villager, chair, head = login(VILLAGER), login(CHAIR), login(HEAD)
    say(villager, "戏台边的彩灯不亮了", "PUB-03")
    head.tap("tab-queue")
    head.tap("to-rules")
    for title, words in (("戏台归文体站", "戏台"), ("石磨归文体站", "石磨")):
        head.tap("propose-rule")
        head.fill("field-title", title)
        head.fill("field-words", words)
        head.tap("station-culture")
        head.fill("field-reason", "戏台是文体站在管")
        fits(head)
        head.tap("save-rule")
        head.sees(title, "rule")
    assert head.shown("turn-rule") == 0
    chair.tap("tab-queue")
    chair.tap("to-rules")
    chair.sees("提的：戏台是文体站在管", "rule-reason")
    chair.tap("turn-rule", "戏台归文体站")
    chair.sees("管得到1件", "dry-run")
    fits(chair)
    chair.tap("take-turn")
    chair.sees("停用", "turn-rule")
    chair.tap("turn-rule", "石磨归文体站")
    chair.fill("field-answer", "没有石磨了")
    chair.tap("refuse-rule")
    chair.wait("!all('rule').some((e) => e.innerText.includes('石磨'))", "it is decided")
    head.tap("tab-queue")
    head.tap("to-rules")
    head.sees("戏台归文体站", "rule")  # what is still to come would move the button away
    head.tap("other-rules")
    head.sees("没有用：没有石磨了", "rule-answer")
    fits(head)
    keeps_to_itself([villager, chair, head], house)
