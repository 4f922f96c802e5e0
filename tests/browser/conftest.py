"""The whole house as `make run` starts it, and a browser full of phones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from runtime.places import remove_tree
from runtime.up import free_port
from tests.browser.chromium import HERE, Chromium, launch, node_environment
from tests.browser.phone import Phone

ROOT = HERE.parent.parent
PHONE = ROOT / "miniprogram"
BUILDS = PHONE / "dist" / "build"
START_SECONDS = 120
STOP_SECONDS = 30
HOME = "990101"
Login = Callable[[str], Phone]


@pytest.fixture(scope="session")
def house() -> Iterator[str]:
    """Address of a running house with its own servers, data and demo county."""
    data = Path(tempfile.mkdtemp(prefix="wuzhan-browser-"))
    data.chmod(0o711)
    port = free_port()
    command = [sys.executable, "-m", "runtime.cli", "up", "--port", str(port), "--data", str(data)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WUZHAN_")}
    with (data / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_ready(process, f"http://127.0.0.1:{port}", data / "output.txt")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        remove_tree(data)


def _wait_ready(process: subprocess.Popen[bytes], url: str, output: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=5).json()["status"] == "ok":
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
    raise AssertionError(f"the house did not start:\n{output.read_text(encoding='utf-8')[-4000:]}")


def npm(*command: str) -> None:
    """Run a script of the phone's package."""
    whole = ["npm", "run", "--silent", *command]
    subprocess.run(whole, cwd=PHONE, env=node_environment(), check=True, timeout=300)


@pytest.fixture(scope="session")
def h5() -> Path:
    """The pages for a browser; `make setup` has built them."""
    if not (BUILDS / "h5" / "index.html").exists():
        npm("build:h5")
    return BUILDS / "h5"


@pytest.fixture
def browser() -> Iterator[Chromium]:
    """A browser with a fresh profile."""
    with launch() as chromium:
        yield chromium


@pytest.fixture
def login(house: str, browser: Chromium, h5: Path) -> Login:
    """Give a person of the demo, by code, a phone on which she has logged in."""

    def enter(code: str) -> Phone:
        phone = Phone(browser)
        phone.open(f"{house}/m/")
        phone.tap(f"kind-{_kind(house, code)}")
        phone.tap(f"person-{code}")
        phone.wait("all('agree').length || all('say').length", "the first screen")
        if phone.shown("agree"):
            phone.tap("agree")
        phone.wait(f"all('say').length || all('village-{HOME}').length", "what she says it for")
        if phone.shown(f"village-{HOME}"):  # who works for the county has none yet
            phone.tap(f"village-{HOME}")
        phone.sees("我说过的事")
        return phone

    return enter


def _kind(house: str, code: str) -> str:
    people = requests.get(f"{house}/api/v1/bootstrap", timeout=10).json()["demo_people"]
    label = next(person["role_label"] for person in people if person["code"] == code)
    return next((word for word in ("村民", "志愿者", "站长") if word in label), "其他人")
