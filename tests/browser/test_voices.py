"""Voices: said into the phone, kept through a lost network, and heard by the chair and the head."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium, launch
from tests.browser.conftest import Login
from tests.browser.phone import Phone
from tests.browser.test_walk import fits, keeps_to_itself

VILLAGER, HEAD, CHAIR = "u062", "u006", "u001"
# Of what is played: how far it is, whether it has a length, and what went wrong.
HEARD = """(() => {
  window.heard = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (!window.heard.includes(this)) window.heard.push(this);
    return play.apply(this, arguments);
  };
})()"""
PLAYED = "window.heard.some((e) => e.currentTime > 0.2 && !e.error && e.duration > {0})"


@pytest.fixture
def browser() -> Iterator[Chromium]:
    """A browser whose microphone beeps once a second, and asks nobody."""
    with launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ) as chromium:
        yield chromium


def recorded(phone: Phone, seconds: int) -> None:
    phone.tap("voice-start")
    phone.sees(f"正在录音 {seconds} 秒", "voice-recording")
    fits(phone)
    phone.tap("voice-stop")


def number_of(phone: Phone) -> str:
    phone.sees("编号", "receipt")
    receipt = "document.querySelector('[data-testid=receipt]').innerText"
    return str(phone.run(receipt)).split()[-1]


def played(phone: Phone, testid: str, within: str = "") -> None:
    phone.run(HEARD)
    phone.tap(testid, within)
    phone.wait(PLAYED.format(1), "it is heard")
    phone.sees("停下", testid)
    phone.wait(f"all('{testid}').some((e) => e.innerText.includes('听录音'))", "it has ended")


def test_a_voice_alone_goes_to_the_chair_and_to_the_head(login: Login, house: str) -> None:
    villager = login(VILLAGER)
    recorded(villager, 1)
    villager.wait("all('voice-sent').length", "it is sent")
    villager.tap("voice-drop")
    villager.wait("all('voice-start').length", "she may say it again")

    villager.offline(True)
    recorded(villager, 2)
    villager.sees("录音没传上，还在手机里", "voice-lost")
    villager.sees("录音还没传好", "say")
    played(villager, "voice-play")
    fits(villager)
    villager.tap("voice-retry")
    villager.sees("录音没传上，还在手机里", "voice-lost")
    villager.offline(False)
    villager.tap("voice-retry")
    villager.sees("录音带上了", "voice-sent")
    fits(villager)

    villager.tap("say")
    villager.sees("现在有人有危险吗？", "emergency")
    number = number_of(villager)
    villager.sees("会长", "told")
    villager.tap("danger-no")
    villager.wait("!all('danger-no').length && all('voice-start').length", "nothing waits")

    chair = login(CHAIR)
    chair.tap("tab-queue")
    chair.sees("没有写字，说的话在录音里")
    chair.tap("show-pictures", number)
    played(chair, "play-voice", number)
    fits(chair)
    keeps_to_itself([villager, chair], house)


def test_another_matter_is_sent_though_the_question_was_left_open(login: Login) -> None:
    villager = login("u046")
    recorded(villager, 1)
    villager.wait("all('voice-sent').length", "it is sent")
    villager.tap("say")
    villager.sees("现在有人有危险吗？", "emergency")
    first = number_of(villager)
    villager.fill("say-text", "村西头水渠边的路灯也不亮")
    villager.tap("say")
    villager.wait(f"all('receipt').some((e) => !e.innerText.includes('{first}'))", "its own number")
    assert number_of(villager) != first
    villager.sees("村西头水渠边", "request-text")


def test_an_answer_may_be_spoken_and_the_head_hears_it(login: Login, house: str) -> None:
    villager = login("u043")
    villager.fill("say-text", "村东头路灯不亮，天一黑就看不清")
    villager.tap("say")
    number = number_of(villager)
    head = login(HEAD)
    head.tap("tab-queue")
    head.tap("do-ask", number)
    head.fill("field-question", "哪一盏？")
    head.tap("send-ask")
    villager.open(villager.run("location.href"))
    villager.tap("do-answer", number)
    villager.run("document.querySelector('[data-testid=send-answer]').scrollIntoView()")
    inside = "[data-testid='request-" + number + "'] [data-testid=voice-start]"
    villager.tap_part(inside)
    villager.sees("正在录音 1 秒", "voice-recording")
    villager.tap("voice-stop")
    villager.sees("录音带上了", "voice-sent")
    villager.tap("send-answer")
    villager.wait("!all('send-answer').length", "it is answered")
    head.tap("show-pictures", number)
    played(head, "play-voice", number)
    keeps_to_itself([villager, head], house)


def test_who_enters_it_for_her_lets_her_speak(login: Login, house: str) -> None:
    enterer = login("u005")
    enterer.tap("tab-assist")
    enterer.tap("source-door")
    enterer.tap("consent_how-oral")
    enterer.tap("notice-read")
    enterer.sees("请先填好上面的", "assist-send")
    recorded(enterer, 1)
    enterer.sees("录音带上了", "voice-sent")
    fits(enterer)
    enterer.tap("assist-send")
    enterer.sees("现在有人有危险吗？", "emergency")
    enterer.sees("编号", "assist-receipt")
    enterer.tap("danger-no")
    enterer.wait("!all('danger-no').length && all('voice-start').length", "nothing waits")
    keeps_to_itself([enterer], house)


def test_without_a_microphone_she_is_told_and_may_write(login: Login) -> None:
    villager = login("u044")
    villager.run(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('NotAllowed'))"
    )
    villager.tap("voice-start")
    villager.sees("请在手机设置里允许使用麦克风", "voice-refused")
    villager.wait("all('voice-start').length", "she may try again")
