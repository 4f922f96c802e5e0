"""One request through people's hands: real pages, real browser, the whole house behind them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from tests.browser.conftest import Login
from tests.browser.phone import SEE_SECONDS, Phone

VILLAGER, HEAD, CHAIR = "u041", "u006", "u001"
MEDIATOR, CLOSE = ("u012", "何正平"), "熊水香"
NEXT_SECONDS = 60  # in the demonstration the next is asked half a minute later
VOLUNTEERS = ("u016", "u017", "u035", "u036")
LAMP = "村口到小学那段路灯坏了三盏"
WIDTHS = (320, 390)
SMALLEST_TEXT_PX = 18
SMALLEST_BUTTON_PX = 48
# Text nodes that are shown, by size; and buttons, by height.
MEASURE = f"""(() => {{
  const shown = (e) => e.getClientRects().length > 0;
  const texts = [...document.querySelectorAll('uni-page-body *, uni-page-head *')].filter((e) =>
    shown(e) && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  const buttons = [...document.querySelectorAll('uni-button, a.button')].filter(shown);
  return {{
    wide: document.documentElement.scrollWidth - window.innerWidth,
    small: texts.filter((e) => parseFloat(getComputedStyle(e).fontSize) < {SMALLEST_TEXT_PX})
      .map((e) => e.innerText),
    low: buttons.filter((e) => e.getBoundingClientRect().height < {SMALLEST_BUTTON_PX})
      .map((e) => e.innerText),
  }};
}})()"""


def fits(phone: Phone) -> None:
    """The screen needs no sideways scrolling and no young eyes, on a small phone either."""
    for width in WIDTHS:
        phone.resize(width)
        assert phone.run(MEASURE) == {"wide": 0, "small": [], "low": []}, width


def keeps_to_itself(phones: Iterable[Phone], house: str) -> None:
    """No page asked anybody else for anything, and none threw an error."""
    for phone in phones:
        asked = {urlsplit(url).netloc for url in phone.requested() if url.startswith("http")}
        assert asked == {urlsplit(house).netloc}
        assert phone.complaints() == []


def by_name(phone: Phone, form: str, name: str) -> str:
    """The test id of the button with a person's name in a form."""
    button = f"all('{form}')[0]?.querySelector('[aria-label=\"{name}\"]')?.dataset.testid"
    return str(phone.wait(button, name))


def say(phone: Phone, text: str, category: str | None = None) -> str:
    """Say what is wrong; returns the number that it was given."""
    phone.fill("say-text", text)
    if category:
        phone.tap("pick-category")
        phone.tap("station-public_works")
        phone.tap(f"category-{category}")
    phone.tap("say")
    phone.sees("编号", "receipt")
    receipt = "document.querySelector('[data-testid=receipt]').innerText"
    return str(phone.run(receipt)).split()[-1]


def invited(login: Login, what: str, count: int) -> list[Phone]:
    """Phones of the first volunteers of the station who find an invitation to this."""
    phones = [login(code) for code in VOLUNTEERS]
    for phone in phones:
        phone.tap("tab-offers")
        phone.sees("我答应的事")
    end = time.monotonic() + SEE_SECONDS + (count - 1) * NEXT_SECONDS
    while len(asked := [phone for phone in phones if what in phone.screen()]) < count:
        assert time.monotonic() < end, f"fewer than {count} were asked"
        time.sleep(0.2)
    return asked[:count]


def test_three_screens_carry_one_request_to_volunteers_and_back(login: Login, house: str) -> None:
    villager, head = login(VILLAGER), login(HEAD)
    fits(villager)
    number = say(villager, LAMP, "PUB-03")
    fits(villager)

    head.tap("tab-queue")
    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("do-dispatch", number)
    head.sees("2", "people_needed")
    fits(head)
    head.tap("send-dispatch", number)
    head.sees("派单中", "status")

    volunteers = invited(login, "路灯故障", 2)
    for volunteer in volunteers:
        fits(volunteer)
        volunteer.tap("yes")
        volunteer.sees(LAMP, "task")
    for volunteer in volunteers:
        volunteer.tap("check_in")
        volunteer.tap("complete")
        volunteer.fill("field-result", "灯泡都换好了")
        fits(volunteer)
        volunteer.tap("minutes-90")
        volunteer.tap("send-complete")
        volunteer.sees("您办完了", "task-status")

    head.tap("view-checking")
    head.sees("灯泡都换好了")
    head.tap("do-resolve", number)

    villager.open(f"{house}/m/")
    villager.tap("do-confirm", number)
    villager.tap("solved-yes")
    villager.tap("rating-5")
    fits(villager)
    villager.tap("send-confirm", number)
    villager.sees("已归档", "status")
    villager.tap("show-timeline", number)
    villager.sees("提交", "timeline")
    villager.tap("show-inbox")
    villager.sees(number)
    keeps_to_itself([villager, head, *volunteers], house)


def test_words_of_danger_ask_before_anything_is_sent_and_without_a_network(
    login: Login, house: str
) -> None:
    villager = login("u042")
    villager.offline(True)
    villager.fill("say-text", "灶屋着火了，快来人")
    villager.tap("say")
    villager.sees("现在还有火", "emergency")
    calls = villager.run("[...document.querySelectorAll('a.call')].map((a) => a.href)")
    assert "tel:119" in calls
    villager.sees("没有网络", "problem")
    fits(villager)

    villager.offline(False)
    villager.open(f"{house}/m/")
    villager.wait(
        "all('say-text')[0]?.querySelector('textarea').value.includes('着火')", "the draft"
    )
    villager.tap("say")
    villager.tap("danger-no")
    villager.sees("收到了", "receipt")
    villager.sees("灶屋着火了", "request-text")
    keeps_to_itself([villager], house)


def test_danger_is_handed_over_and_the_numbers_stay_on_the_screen(login: Login) -> None:
    villager = login("u043")
    villager.fill("say-text", "我爹从梯子上摔下来，头上流血不止")
    villager.tap("say")
    villager.tap("danger-yes")
    villager.sees("请马上打电话", "emergency")
    villager.sees("120", "call")
    villager.sees("已移交", "status")
    fits(villager)


def test_what_no_word_decides_is_put_to_a_station_by_the_chair(login: Login) -> None:
    villager, chair = login("u044"), login(CHAIR)
    number = say(villager, "有件事想请你们来看看")
    villager.sees("有人会看看该由谁办", "receipt")
    chair.tap("tab-queue")
    chair.tap("do-route", number)
    chair.tap("station-culture", number)
    fits(chair)
    chair.tap("send-route", number)
    chair.tap("desk-culture")
    chair.sees(number)


# A yes that the service will refuse for good waits before the good one.
ANOTHER_WAITS = """(() => {
  const name = Object.keys(localStorage).find((key) => key.startsWith('waiting-yes'));
  const stored = JSON.parse(localStorage.getItem(name));
  const refused = '00000000-0000-0000-0000-000000000000';
  stored.data = { [refused]: Object.values(stored.data)[0], ...stored.data };
  localStorage.setItem(name, JSON.stringify(stored));
})()"""


def waiting(phone: Phone) -> list[str]:
    """The offers whose yes still waits on this phone."""
    stored = phone.run(
        "Object.entries(localStorage).find(([key]) => key.startsWith('waiting-yes'))"
    )
    return list(json.loads(stored[1])["data"])


def test_who_comes_too_late_reads_a_friendly_line(login: Login) -> None:
    villager, head = login("u045"), login(HEAD)
    number = say(villager, "晒谷场边上的路面破了一块", "PUB-01")
    head.tap("tab-queue")
    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("do-dispatch", number)
    head.tap("people_needed-less")
    head.tap("people_needed-less")
    head.sees("1", "people_needed")
    head.tap("send-dispatch", number)
    first, late = invited(login, "道路破损塌陷", 2)
    late.run("for (let timer = 1; timer < 10000; timer++) clearInterval(timer)")  # looks no more
    first.sees("为什么问您", "why")
    first.tap("no")
    fits(first)
    first.tap("cancel")
    first.tap("yes-later")
    fits(first)
    first.offline(True)
    first.tap("arrive-0")
    first.sees("已记下", "note")
    first.run(ANOTHER_WAITS)
    first.offline(False)
    first.sees("没有算上：没有找到", "note")
    first.sees("您说好", "arrival")
    assert waiting(first) == []
    late.tap("yes")
    late.sees("人手已经够了", "note")
    late.sees("现在没有邀请")
    late.sees("愿意替补吗", "reserve")
    fits(late)
    late.tap("stand-by")
    late.sees("您是替补", "reserve")
    fits(late)
    late.tap("stand-down")
    late.wait("!all('reserve').length", "nobody's reserve")
    first.tap("too-close")
    first.sees("都不再找您", "ties")
    fits(first)
    first.tap("tie-kin")
    first.wait("!all('task').some((e) => e.innerText.includes('道路破损塌陷'))", "another's to do")
    first.tap("to-wishes")
    first.sees("道路破损塌陷", "tie")
    fits(first)
    first.tap("undo-tie")
    first.wait("!all('tie').length", "taken back")


def test_lost_answer_is_asked_for_again_and_makes_no_second_request(login: Login) -> None:
    villager = login("u046")
    villager.fill("say-text", "水渠边的石头松了")
    villager.lose_answer("/requests", lambda: villager.tap("say"))
    villager.sees("没有网络", "problem")
    villager.tap("say")
    villager.sees("编号", "receipt")
    villager.sees("水渠边的石头松了", "request-text")
    same = "all('request-text').filter((e) => e.innerText.includes('石头松了')).length"
    assert villager.wait(same, "her request") == 1


def test_expired_login_is_renewed_without_a_question(login: Login, house: str) -> None:
    villager = login("u047")
    number = say(villager, "井盖松了")
    stored = json.loads(villager.run("localStorage.getItem('tokens')"))
    stored["data"]["access_token"] = "expired"
    written = json.dumps(json.dumps(stored))
    villager.run(f"localStorage.setItem('tokens', {written})")
    villager.open(f"{house}/m/")
    villager.sees(number)
    renewals = [url for url in villager.requested() if url.endswith("/auth/refresh")]
    assert len(renewals) == 1


def test_next_person_on_the_same_phone_finds_nothing_of_the_last_one(login: Login) -> None:
    villager = login("u049")
    villager.fill("say-text", "还没有想好怎么说")
    villager.tap("sign-out")
    villager.sees("请点一个名字")
    left = villager.run("Object.values(localStorage).join()")
    assert "还没有想好" not in left
    assert "access_token" not in left


def test_no_with_a_reason_is_one_more_tap_and_is_undone_by_one(login: Login) -> None:
    villager, head = login("u049"), login(HEAD)
    number = say(villager, "石桥的栏杆松了", "PUB-08")
    head.tap("tab-queue")
    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("do-dispatch", number)
    head.tap("send-dispatch", number)
    (asked,) = invited(login, "公共房屋凉亭维护", 1)
    asked.tap("no")
    fits(asked)
    asked.tap("no-not_this_kind")
    asked.sees("记下了", "note")
    asked.sees("现在没有邀请")
    asked.tap("to-wishes")
    asked.sees("公共房屋凉亭维护", "disliked")
    asked.tap("undo-kind")
    asked.wait("!all('disliked').length", "asked for it again")


def test_two_matters_are_hinted_at_and_split_by_a_tap(login: Login, house: str) -> None:
    villager = login("u050")
    villager.fill("say-text", "路灯坏了三盏，晚上很黑。还有村头垃圾堆了半个月没人收，臭得很。")
    villager.sees("2件事", "hint")
    fits(villager)
    villager.tap("say")
    villager.sees("可以分开办", "parts")
    fits(villager)
    villager.tap("do-split")
    villager.sees("已分开办", "status")
    villager.sees("村头垃圾", "request-text")
    keeps_to_itself([villager], house)


def test_a_category_that_the_words_contradict_is_asked_about(login: Login) -> None:
    villager = login("u051")
    villager.fill("say-text", "邻居把滴水打到我家墙上，吵了几次，想请人调解一下")
    villager.tap("pick-category")
    villager.tap("station-public_works")
    villager.tap("category-PUB-08")
    villager.sees("内容更像", "hint-asks")
    villager.tap("hint-keep")
    villager.tap("say")
    villager.sees("内容更像", "asks")
    fits(villager)
    villager.tap("do-recategorise")
    villager.sees("站里看不到您的名字", "told")
    villager.tap("show-exclusions")
    villager.tap(by_name(villager, "exclusions", MEDIATOR[1]))
    fits(villager)
    villager.tap("send-exclusion")
    villager.sees(f"不找{MEDIATOR[1]}", "excluded-note")
    mediator = login(MEDIATOR[0])
    mediator.tap("tab-queue")
    mediator.sees("滴水打到我家墙上", "request-text")
    mediator.tap("show-exclusions")
    mediator.fill("field-party", "邻居老田")
    mediator.tap("add-party")
    mediator.sees("村里名单上没有", "party")
    mediator.fill("field-party", CLOSE)
    mediator.tap("add-party")
    mediator.sees(CLOSE, "party")
    fits(mediator)
    mediator.tap("drop-party")  # the first
    mediator.wait("all('party').length === 1", "one party")
    mediator.tap("party-by-household")
    mediator.fill("field-party", "H-没有")
    mediator.tap("add-party")
    mediator.sees("没有这个户号", "party")
    mediator.tap(by_name(mediator, "exclusions", "周文娟"))
    mediator.tap("why-household")
    fits(mediator)
    mediator.tap("send-exclusion")
    mediator.sees("不找周文娟", "excluded-note")


def test_a_head_sees_how_the_search_stands_and_asks_somebody_by_name(
    login: Login, house: str
) -> None:
    villager, head = login("u052"), login(HEAD)
    number = say(villager, "学校门口的路灯不亮", "PUB-03")
    head.tap("tab-queue")
    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("do-dispatch", number)
    head.tap("people_needed-less")
    head.sees("1", "people_needed")
    head.tap("send-dispatch", number)
    head.tap("show-search", number)
    head.sees("还没有人答应", "search-text")
    head.sees("没有和邻村说好", "neighbours")
    head.sees("别的站", "village")
    fits(head)
    head.tap("show-suggestions", number)
    head.sees("本站的", "suggested")
    fits(head)
    head.tap("invite")
    head.sees("来不来由本人决定", "invited")
    fits(head)
    keeps_to_itself([villager, head], house)


def test_a_head_lets_a_tired_volunteer_rest_and_ends_it(login: Login, house: str) -> None:
    head = login(HEAD)
    head.tap("tab-queue")
    head.tap("show-crew")
    head.sees("本人看得到", "crew")
    head.tap("give-rest")
    head.tap("send-rest")
    head.sees("歇到", "resting")
    fits(head)
    head.tap("end-rest")
    head.sees("让他（她）歇几天", "give-rest")
    keeps_to_itself([head], house)
