"""The empty roster: a sheet with the headers, and one that shows how it is filled in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from village.catalog.files import read
from village.roster import words
from village.roster.texts import said

WIDTH = 16
AS_TEXT = "@"  # keeps leading zeros and long numbers as they are typed


def workbook() -> bytes:
    """Return an .xlsx file: the sheet of the headers is read by an import, the other is not."""
    from openpyxl import Workbook

    book = Workbook()
    roster = book.active
    roster.title = said("sheet_roster")
    columns = list(words.columns().values())
    roster.append([row["header"] + ("*" if row["needed"] else "") for row in columns])
    roster.freeze_panes = "A2"
    _dress(roster, len(columns))
    example = book.create_sheet(said("sheet_example"))
    for line in _guide():
        example.append(line)
    _dress(example, 4)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _guide() -> Iterator[list[str]]:
    columns = list(words.columns().values())
    yield [row["header"] for row in columns]
    yield [row["example"] for row in columns]
    yield []
    yield [said("guide_column"), said("guide_needed"), said("guide_meaning")]
    for row in columns:
        needed = said("guide_needed") if row["needed"] else ""
        yield [row["header"], needed, row["meaning"]]
    yield []
    yield [said("guide_roles"), "", words.usual("role")]
    yield [said("guide_stations"), "", words.usual("station")]
    yield [
        said("guide_hours"),
        "",
        "、".join(dict.fromkeys(r["phrase"] for r in read("availability"))),
    ]


def _dress(sheet: Any, columns: int) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number in range(1, columns + 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width, column.number_format = WIDTH, AS_TEXT
