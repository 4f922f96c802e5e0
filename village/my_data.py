"""All that is kept of a person, for herself to read and take along (PIPL 45)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, files, phones, sealing
from village.access import Actor
from village.catalog.files import read
from village.catalog.forms import titles
from village.models import Person, Request
from village.privacy import mask_name

Row = dict[str, Any]
Data = dict[str, list[Row]]
MOST = 10_000  # rows of a section


def collect(session: Session, actor: Actor) -> Data:
    """Return all that is kept of the caller by section of my_data.sql, sealed fields opened."""
    found: Data = {}
    for name, statement in _statements().items():
        rows = session.execute(sa.text(statement), {"me": actor.person_id, "most": MOST})
        found[name] = [dict(row) for row in rows.mappings()]
    _open(session, actor, found)
    return found


def _open(session: Session, actor: Actor, found: Data) -> None:
    person = session.get_one(Person, actor.person_id)
    found["person"][0]["phone"] = phones.of(person)
    sealed = sa.select(Request).where(
        Request.requester_id == actor.person_id, Request.sealed_answers.is_not(None)
    )
    level3 = {each.number: sealing.opened(each) for each in session.scalars(sealed)}
    for row in found["requests"]:
        row["answers"] = {**(row["answers"] or {}), **level3.get(row["number"], {})}
    for row in found["reads"]:
        row["reader"] = mask_name(row["reader"] or "")


@cache
def _statements() -> dict[str, str]:
    """The sections: in my_data.sql each begins with `-- name`."""
    text = resources.files("village").joinpath("my_data.sql").read_text(encoding="utf-8")
    parts = text.split("-- ")[1:]
    return {name.strip(): body for name, _, body in (part.partition("\n") for part in parts)}


def sections(found: Data) -> list[dict[str, Any]]:
    """Return the data as a list of `{name, title, labels, rows}`; times in ISO 8601."""
    return [
        {
            "name": name,
            "title": _labels()[name, ""],
            "labels": {
                column: zh for (key, column), zh in _labels().items() if key == name and column
            },
            "rows": [_plain(row) for row in rows],
        }
        for name, rows in found.items()
    ]


def _plain(row: Row) -> Row:
    return {
        name: value.astimezone(clock.SHANGHAI).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def packed(session: Session, actor: Actor, found: Data) -> bytes:
    """Return a ZIP of the data: for programs (data.json), for people (index.html), her files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", orjson.dumps(found, option=orjson.OPT_INDENT_2))
        archive.writestr("index.html", page(found, actor.name))
        for path, data in files.of_person(session, actor):
            archive.writestr(path, data, zipfile.ZIP_STORED)
    return file.getvalue()


def page(found: Data, name: str) -> str:
    """Return the data as a page for people; every value is text, whatever it looks like."""
    template = resources.files("village").joinpath("my_data.html").read_text(encoding="utf-8")
    sections = "\n".join(_section(key, rows) for key, rows in found.items())
    facts = {"name": escape(name), "day": _shown(clock.now()), "sections": sections}
    return Template(template).substitute(facts)


def _section(key: str, rows: list[Row]) -> str:
    body = "".join(f"<dl>{''.join(_lines(key, row))}</dl>" for row in rows) or "<p>没有。</p>"
    return f"<h2>{escape(_labels()[key, ''])}</h2>{body}"


def _lines(section: str, row: Row) -> Iterator[str]:
    for column, value in row.items():
        if value not in (None, "", [], {}):
            label = _labels()[section, column]
            yield f"<dt>{escape(label)}</dt><dd>{escape(_shown(value))}</dd>"


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_shown(each) for each in value)
    if isinstance(value, dict):
        return "；".join(f"{titles().get(key, key)}：{_shown(each)}" for key, each in value.items())
    return str(value)


@cache
def _labels() -> dict[tuple[str, str], str]:
    return {(row["section"], row["column"]): row["zh"] for row in read("my_data")}
