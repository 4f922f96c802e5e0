"""What is locked names packages, versions and hashes, and no place to get them from."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = [
    ROOT / "miniprogram/package-lock.json",
    ROOT / "tests/browser/package-lock.json",
    *sorted((ROOT / "requirements").glob("*.txt")),
]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_names_no_address(path: Path) -> None:
    """`npm install` of a new package writes funding pages; they are taken out again."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines if "://" in line] == []
