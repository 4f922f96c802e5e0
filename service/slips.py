"""The slip as a page that can be printed (A5): number, code, whom to call, and nothing else."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from html import escape
from importlib import resources
from string import Template

from village.assisted import Slip
from village.catalog.files import parts, read
from village.clock import SHANGHAI

GROUP = 4


def page(slip: Slip, printed_at: datetime) -> str:
    """Return the page; it names neither the person nor what it is about."""
    values = {
        "number": slip.number,
        "village": slip.village,
        "code": spaced(slip.code),
        "day": _day(printed_at),
        "until": _day(slip.expires_at),
        "numbers": "　".join(part.replace("=", " ") for part in _rescue()),
    }
    return _template().substitute({name: escape(value) for name, value in values.items()})


def spaced(code: str) -> str:
    """Return a code as people read it aloud: `1234 5678 9012`."""
    return " ".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def _day(at: datetime) -> str:
    day = at.astimezone(SHANGHAI)
    return f"{day.year}年{day.month}月{day.day}日"


def _rescue() -> tuple[str, ...]:
    return parts(read("emergency_general")[0]["numbers"])


@cache
def _template() -> Template:
    return Template(resources.files("service").joinpath("slip.html").read_text(encoding="utf-8"))
