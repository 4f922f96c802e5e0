"""Figures as text: tables, bars, and how evenly something is spread."""

from __future__ import annotations

from collections.abc import Sequence

BAR = 40


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells with their columns aligned; the first is the heading."""
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def bar(label: str, share: float) -> str:
    """Return a share in [0, 1] as a bar."""
    full = round(BAR * share)
    return f"{label:36}{'█' * full}{'░' * (BAR - full)} {share:.0%}"


def gini(counts: Sequence[int]) -> float:
    """How unevenly: 0 all the same, towards 1 all with one."""
    ordered, total = sorted(counts), sum(counts)
    size = len(ordered)
    weighted = sum((2 * place - size + 1) * value for place, value in enumerate(ordered))
    return weighted / (size * total) if total else 0.0


def busiest(counts: Sequence[int], size: int) -> float:
    """The 95th percentile of `size` figures, of which all but these are nothing."""
    values = sorted([*counts, *[0] * max(size - len(counts), 0)])
    return float(values[int(0.95 * (len(values) - 1))]) if values else 0.0
