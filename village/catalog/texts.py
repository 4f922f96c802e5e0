"""Sentences about configuration, for those who change it."""

from __future__ import annotations

from functools import cache
from typing import Any

from village.catalog.files import read


def said(code: str, **values: Any) -> str:
    """Return the words for a code of `config_texts.csv`."""
    return _texts()[code].format(**values)


@cache
def _texts() -> dict[str, str]:
    return {row["code"]: row["zh"] for row in read("config_texts")}
