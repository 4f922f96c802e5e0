"""Masking of personal data where an audience needs less than the whole."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """Return a name as lists show it: `张*华`, `李*`."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]
