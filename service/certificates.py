"""A paper on a volunteer's hours as a page that can be printed (A4), as 办法 art. 15 has it."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import resources
from string import Template

from service.slips import spaced
from village.clock import SHANGHAI
from village.hour_certificates import View, day


def page(view: View) -> str | None:
    """Return the page; None for what is not issued, or was revoked."""
    paper = view.paper
    if paper.status != "issued" or paper.issued_at is None:
        return None
    values = {
        "number": paper.number or "",
        "code": spaced(paper.code or ""),
        "name": paper.name or "",
        "from": day(paper.from_day),
        "to": day(paper.to_day),
        "hours": hours(view.minutes),
        "unit": view.unit,
        "day": day(paper.issued_at.astimezone(SHANGHAI).date()),
    }
    safe = {name: escape(value) for name, value in values.items()}
    return _template().substitute(safe, rows="\n".join(map(_row, paper.parts)))


def hours(minutes: int) -> str:
    """Return hours with one decimal, as rules 2.3 has them."""
    return f"{minutes / 60:.1f}"


def _row(part: dict[str, str | int]) -> str:
    cells = (part["what"], part["times"], hours(int(part["minutes"])))
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


@cache
def _template() -> Template:
    text = resources.files("service").joinpath("certificate.html").read_text(encoding="utf-8")
    return Template(text)
