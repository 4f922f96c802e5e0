from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatch.routing import model, rules
from village.catalog.files import Row, read


@pytest.fixture
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put another text (empty: no file) in the place of the packaged model."""
    place = tmp_path / "routing.tsv"

    def put(text: str) -> None:
        if text:
            place.write_text(text, encoding="utf-8")
        model.load.cache_clear()

    monkeypatch.setattr(model, "packaged", lambda: place)
    yield put
    monkeypatch.undo()
    model.load.cache_clear()


@pytest.fixture
def rules_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put other rows in the place of the packaged routing rules."""

    def put(*rows: Row) -> None:
        monkeypatch.setattr(
            rules, "read", lambda name: rows if name == "routing_rules" else read(name)
        )
        forget()

    def forget() -> None:
        rules.village_rule.cache_clear()
        rules._rules.cache_clear()

    yield put
    monkeypatch.undo()
    forget()
