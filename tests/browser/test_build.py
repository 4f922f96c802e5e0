"""What is built from the phone's sources: whole, typed, and without anybody else's address."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.browser.conftest import BUILDS, npm

TWO_MEGABYTES = 2 << 20
NAMES_ONLY = {"www.w3.org", "vuejs.org"}


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
    names = ("say", "offers", "wishes", "queue", "away", "assist", "rules", "asking", "mine",
             "opinion", "duties", "volunteer", "hours")  # fmt: skip
    assert pages == [f"pages/{name}/{name}" for name in names]
    assert all((weixin / f"{page}.wxml").exists() for page in pages)
    assert sum(path.stat().st_size for path in files(weixin)) < TWO_MEGABYTES


def test_mini_program_names_no_other_host(weixin: Path) -> None:
    assert hosts(weixin) <= NAMES_ONLY


def test_pages_name_no_collector_and_no_other_host(h5: Path) -> None:
    assert hosts(h5) <= NAMES_ONLY
