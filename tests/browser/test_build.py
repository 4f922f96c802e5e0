"""What is built from the phone's sources: whole, typed, and without anybody else's address."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.browser.chromium import HERE, node_environment

PHONE = HERE.parent.parent / "miniprogram"
BUILDS = PHONE / "dist" / "build"
TWO_MEGABYTES = 2 << 20
# Dormant in uni-app's own runtime for H5: pictures of a shadow style and an advertisement loader
# that no page of ours uses; the walk through the screens shows that nobody asks for them.
DORMANT = {"cdn.dcloud.net.cn", "hac1.dcloud.net.cn", "has1.dcloud.net.cn"}
NAMES_ONLY = {"www.w3.org", "vuejs.org", "uniapp.dcloud.net.cn"}


def npm(*command: str) -> None:
    env = node_environment()
    subprocess.run(
        ["npm", "run", "--silent", *command], cwd=PHONE, env=env, check=True, timeout=300
    )


@pytest.fixture(scope="session")
def h5() -> Path:
    """The pages for a browser; `make setup` has built them."""
    if not (BUILDS / "h5" / "index.html").exists():
        npm("build:h5")
    return BUILDS / "h5"


@pytest.fixture(scope="session")
def weixin() -> Path:
    """The mini-program, built now."""
    npm("build:mp-weixin")
    return BUILDS / "mp-weixin"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def hosts(folder: Path) -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in files(folder))
    return {host for text in texts for host in re.findall(r"https?://([\w.-]+)", text)}


def test_types_of_the_phone_hold() -> None:
    npm("typecheck")


def test_mini_program_has_the_pages_that_it_promises(weixin: Path) -> None:
    pages = json.loads((weixin / "app.json").read_text())["pages"]
    assert pages == ["pages/say/say", "pages/offers/offers", "pages/queue/queue"]
    assert all((weixin / f"{page}.wxml").exists() for page in pages)
    assert sum(path.stat().st_size for path in files(weixin)) < TWO_MEGABYTES


def test_mini_program_names_no_other_host(weixin: Path) -> None:
    assert hosts(weixin) <= NAMES_ONLY


def test_pages_name_no_collector_and_no_other_host(h5: Path) -> None:
    assert hosts(h5) <= NAMES_ONLY | DORMANT
