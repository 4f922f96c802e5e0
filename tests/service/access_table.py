"""Reads the access table as it was agreed."""

from __future__ import annotations

import csv
from pathlib import Path


def agreed() -> dict[str, frozenset[str]]:
    """The rows of `access_table.csv`: name → relations with a cross."""
    with (Path(__file__).parent / "access_table.csv").open(encoding="utf-8") as file:
        return {
            row.pop("permission"): frozenset(name for name, cross in row.items() if cross)
            for row in csv.DictReader(file)
        }
