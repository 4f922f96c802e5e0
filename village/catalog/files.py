"""Readers of the data files that travel with the package."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib import resources

Row = dict[str, str]


@cache
def read(name: str) -> tuple[Row, ...]:
    """Return the rows of `data/<name>.csv`, a dict a row; do not change them."""
    path = resources.files("village.catalog") / "data" / f"{name}.csv"
    return tuple(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def parts(cell: str, separator: str = ";") -> tuple[str, ...]:
    """Split a cell that holds several values; an empty cell holds none."""
    return tuple(part for part in cell.split(separator) if part)
