"""How long what people write is kept, by the fields of `form_fields.csv` (PIPL 19)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from village.catalog.files import read

BASE = "F-BASE"
DAYS = {"d": 1, "y": 365}
_KEEP = re.compile(r"(\d+)([dy])")


def keep(text: str) -> timedelta | None:
    """Return how long after closing, as in `90d` or `2y`; None where another rule says so."""
    found = _KEEP.fullmatch(text)
    return timedelta(days=int(found[1]) * DAYS[found[2]]) if found else None


@cache
def times(form: str) -> Mapping[str, timedelta | None]:
    """Return how long each answer of a form is kept, those of the base form among them."""
    rows = [row for row in read("form_fields") if row["form"] in (form, BASE)]
    return {row["field"]: keep(row["keep"]) for row in rows}


@cache
def longest(form: str) -> timedelta | None:
    """Return how long the words are kept; None for ever."""
    found = [keep(row["keep"]) for row in read("form_fields") if row["form"] == form]
    known = [each for each in found if each is not None]
    return max(known) if known and len(known) == len(found) else None
