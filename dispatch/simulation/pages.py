"""The figures of a simulation in a page of the handbook, between marks, so that none is copied."""

from __future__ import annotations

import re
from collections.abc import Sequence

CHART, TABLE = "chart", "table"


class PageError(ValueError):
    """A page has no place for the figures; the text says which."""


def put(page: str, scenario: str, kind: str, lines: Sequence[str]) -> str:
    """Return the page with new lines between `<!-- kind scenario -->` and `<!-- end -->`.

    Raises PageError where the page has no such marks.
    """
    first, last = f"<!-- {kind} {scenario} -->", "<!-- end -->"
    between = re.compile(f"{re.escape(first)}\n.*?{re.escape(last)}", re.DOTALL)
    fresh = "\n".join([first, *lines, last])
    found, times = between.subn(lambda _: fresh, page, count=1)
    if not times:
        raise PageError(f"no {first} … {last}")
    return found


def chart(bars: Sequence[str]) -> list[str]:
    """Return bars as they stand in a page."""
    return ["```", *bars, "```"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
