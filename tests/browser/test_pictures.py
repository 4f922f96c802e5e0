"""Pictures: chosen, sent over a bad network, looked at by the head, and shown of what was done."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Login
from tests.browser.phone import Phone
from tests.browser.test_walk import fits, keeps_to_itself
from tests.pictures import of_a_camera, picture

LAMP = "祠堂门口的路灯歪了，照不到路"
# Whether an image of this name has been read whole.
SEEN = "all('{name}').some((e) => e.querySelector('img')?.naturalWidth > 0)"


def chosen(phone: Phone, file: Path) -> None:
    phone.choose_file(file, lambda: phone.tap("add-picture"))


def test_a_picture_goes_from_the_villager_to_the_head_and_one_comes_back(
    login: Login, house: str, tmp_path: Path
) -> None:
    lamp, words = tmp_path / "lamp.jpg", tmp_path / "words.jpg"
    lamp.write_bytes(of_a_camera(size=(1200, 900)))
    words.write_bytes(b"no picture at all")
    villager = login("u047")
    villager.fill("say-text", LAMP)
    chosen(villager, words)
    villager.sees("这张照片打不开", "picture-refused")
    villager.offline(True)
    chosen(villager, lamp)
    villager.sees("没传上，再传一次", "send-picture")
    villager.offline(False)
    villager.tap("send-picture")
    villager.wait("all('drop-picture').length && !all('send-picture').length", "it is sent")
    fits(villager)
    villager.tap("say")
    villager.sees("编号", "receipt")
    villager.wait("!all('picture').length", "nothing is left to be sent")
    number = str(villager.run("document.body.innerText.match(/QT[0-9]{8}-[0-9]{4,}/)[0]"))
    villager.tap("show-pictures", number)
    villager.wait(SEEN.format(name="shown-picture"), "her own picture")

    head = login("u006")
    head.tap("tab-queue")
    head.tap("show-pictures", number)
    head.wait(SEEN.format(name="shown-picture"), "the picture at the head's")
    fits(head)
    head.tap("do-accept", number)
    head.tap("view-open")
    head.tap("do-handle", number)
    head.tap("do-submit_result", number)
    head.fill("field-result", "扶正了")
    done = tmp_path / "done.png"
    done.write_bytes(picture("PNG"))
    chosen(head, done)
    head.wait("all('drop-picture').length", "it is sent")
    fits(head)
    head.tap("send-submit_result")
    head.wait("!all('send-submit_result').length", "the result is in")

    villager.sees("看照片、听录音（2）", "show-pictures")
    villager.tap("show-pictures", number)
    villager.sees("办完后拍的", "pictures")
    keeps_to_itself([villager, head], house)
