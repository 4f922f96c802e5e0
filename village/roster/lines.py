"""From sheets to lines: where the header is, which column is what, which rows are people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from village.roster import words
from village.roster.faults import Fault, UnreadableError
from village.roster.sheets import Book, Cells, Sheet
from village.roster.words import plain

SEARCHED = 30  # rows in which the header must be found
HOMES = frozenset({"village", "admin_village", "unit"})


@dataclass(frozen=True)
class Line:
    """A row about one person: cells by field (blank ones left out), and headers as written."""

    sheet: str
    row: int
    cells: dict[str, Any]
    headers: dict[str, str]

    def fault(self, field: str, reason: str) -> Fault:
        """Return what is wrong with a field here, under the header of the file."""
        own = words.columns()[field]["header"] if field else ""
        return Fault(self.sheet, self.row, self.headers.get(field, own), reason)


@dataclass(frozen=True)
class Found:
    """The lines of a file, the sheets left out, and the headers of columns that were not read."""

    lines: list[Line]
    left_out: list[str]
    unread: list[str]


def find(book: Book) -> Found:
    """Return the lines of a book. Raises UnreadableError where no sheet has a header."""
    lines, left_out, unread = list[Line](), list(book.left_out), list[str]()
    for sheet in book.sheets:
        header = _header(sheet)
        if header is None:
            left_out.append(sheet.name)
            continue
        number, cells, fields = header
        unread += [
            str(cell).strip()
            for column, cell in enumerate(cells)
            if isinstance(cell, str) and column not in fields
        ]
        lines += _lines(sheet, number, fields, cells)
    if len(left_out) == len(book.sheets) + len(book.left_out):
        raise UnreadableError("no_header")
    if not lines:
        raise UnreadableError("no_people")
    return Found(lines, left_out, sorted(set(unread)))


def _header(sheet: Sheet) -> tuple[int, Cells, dict[int, str]] | None:
    """Return the header's row, its cells, and field by column: of headers in two rows the lower."""
    found = None
    for number, cells in sheet.rows[:SEARCHED]:
        fields = _fields(cells)
        if "name" in fields.values() and HOMES & set(fields.values()):
            _check_once(fields, cells)
            found = number, cells, fields
        elif found is not None:
            break
    return found


def _fields(cells: Cells) -> dict[int, str]:
    named = {
        column: words.field_of(cell) for column, cell in enumerate(cells) if isinstance(cell, str)
    }
    return {column: field for column, field in named.items() if field is not None}


def _check_once(fields: dict[int, str], cells: Cells) -> None:
    seen = set()
    for column, field in fields.items():
        if field in seen:
            raise UnreadableError("header_twice", header=plain(cells[column])[:20])
        seen.add(field)


def _lines(sheet: Sheet, header: int, fields: dict[int, str], titles: Cells) -> Iterator[Line]:
    headers = {field: str(titles[column]).strip() for column, field in fields.items()}
    for number, cells in sheet.rows:
        if number <= header or _fields(cells) == fields:  # a header that is printed on each page
            continue
        values = {
            field: cells[column]
            for column, field in fields.items()
            if column < len(cells) and cells[column] is not None
        }
        if values and not _is_no_person(cells, values):
            yield Line(sheet.name, number, values, headers)


def _is_no_person(cells: Cells, values: dict[str, Any]) -> bool:
    """Tell whether this is a sum or a note below the people."""
    first = next(cell for cell in cells if cell is not None)
    if HOMES & values.keys() or not isinstance(first, str):
        return False
    return plain(first).startswith(tuple(map(plain, words.listed("no_person", "row"))))
