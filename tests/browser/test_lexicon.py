"""The phone asks the same questions as the service, from the same words."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dispatch.routing.emergency import Screen, phone_lexicon, screen
from tests.browser.chromium import HERE, node_environment
from village.catalog.files import read

ROOT = HERE.parent.parent
BUNDLED = ROOT / "miniprogram" / "src" / "data" / "lexicon.json"
CASES = ROOT / "tests" / "dispatch" / "routing" / "emergency_cases.csv"
ODD = ["", "着火", "😱着😱火了", "着\u3000火\n了！", "火灭了。又着火了", "a" * 2000, "打" * 999]


def texts() -> list[str]:
    """Every text that the project judges, and some that are odd."""
    with CASES.open(encoding="utf-8", newline="") as file:
        cases = [row["text"] for row in csv.DictReader(file)]
    return [*cases, *(row["text"] for row in read("request_texts")), *ODD]


def on_the_phone(said: list[str]) -> list[dict[str, Any] | None]:
    """What the phone's own screen asks for each text."""
    done = subprocess.run(
        ["node", "screen.mjs"],
        cwd=HERE,
        env=node_environment(),
        input=json.dumps(said).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    return list(json.loads(done.stdout))


def as_json(found: Screen | None) -> dict[str, Any] | None:
    if found is None:
        return None
    numbers = [{"label": label, "number": number} for label, number in found.numbers]
    plain = {"kind": found.kind, "question": found.question, "advice": found.advice}
    return {**plain, "numbers": numbers, "safe_path": found.safe}


def test_phone_and_service_ask_the_same_question_about_every_known_text() -> None:
    said = texts()
    answers = on_the_phone(said)
    assert sum(answer is not None for answer in answers) > 50
    for text, answer in zip(said, answers, strict=True):
        assert answer == as_json(screen(text)), text


def test_bundled_lexicon_is_the_one_that_the_service_has() -> None:
    bundled = json.loads(BUNDLED.read_text(encoding="utf-8"))
    assert bundled == phone_lexicon(), "run: python miniprogram/export_lexicon.py"


@pytest.mark.parametrize("name", ["package-lock.json"])
@pytest.mark.parametrize("folder", [ROOT / "miniprogram", HERE])
def test_lock_files_name_no_host_to_fetch_from(folder: Path, name: str) -> None:
    packages = json.loads((folder / name).read_text())["packages"]
    assert not [key for key, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for key, package in packages.items() if key)
