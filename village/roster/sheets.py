"""The sheets of an Excel or CSV file, row by row, within bounds, whatever the file holds."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from village.catalog.files import parts, read
from village.roster.faults import UnreadableError

MAX_ROWS = 50_000
MAX_COLUMNS = 60
LAST_ROW = 1_048_576  # of any Excel sheet
MAX_BYTES = 64 * 1024 * 1024  # of the file, and of what an .xlsx unpacks to
MAX_MEMBERS = 2_000
MAX_MERGES = 20_000
OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # .xls, or an .xlsx with a password
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",\t;"
_MERGE = re.compile(rb'mergeCell[^<>]{0,200}?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')


# Takes items, what is done with them (`read`, `check`, `write`) and how many there may be.
Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


class Formula:
    """A cell that holds a formula, whose value may be out of date."""


class Broken:
    """A cell that holds an error such as #REF!"""


Cells = list[Any]  # str, int, float, bool, date, datetime, time, Formula, Broken or None


@dataclass(frozen=True)
class Sheet:
    """A sheet with its rows as Excel counts them, from 1; blank ones may be left out."""

    name: str
    rows: list[tuple[int, Cells]]


@dataclass(frozen=True)
class Book:
    """What was read, and the names of the sheets that were not."""

    sheets: list[Sheet]
    left_out: list[str]


def read_file(path: Path, progress: Progress) -> Book:
    """Read a file into memory. Raises UnreadableError, whatever its bytes are."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise UnreadableError("not_found") from error
    if size > MAX_BYTES:
        raise UnreadableError("too_big", megabytes=MAX_BYTES // 2**20)
    if begin == OLD_OFFICE:
        raise UnreadableError("locked")
    if begin[:2] == b"PK":
        return _read_xlsx(path, progress)
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        raise UnreadableError("unreadable" if path.suffix.lower() == ".xlsx" else "kind")
    return Book([Sheet(path.name, _read_csv(path))], [])


def _read_xlsx(path: Path, progress: Progress) -> Book:
    import openpyxl

    # an open file: openpyxl would leave one of its own open where it fails
    with (
        _hostile(),
        path.open("rb") as file,
        zipfile.ZipFile(file) as archive,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        _check_archive(archive)
        book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        try:
            return _read_book(book, archive, progress)
        finally:
            book.close()


@contextmanager
def _hostile() -> Iterator[None]:
    """Turn every way in which a parser fails on a bad file into one sentence."""
    try:
        yield
    except UnreadableError:
        raise
    except (MemoryError, RecursionError) as error:
        raise UnreadableError("too_wide") from error
    except Exception as error:
        raise UnreadableError("unreadable") from error


def _check_archive(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableError("locked")
    # a member is never unpacked beyond the size that it claims, so the claims are the bound
    size = sum(member.file_size for member in members if not _is_picture(member.filename))
    if size > MAX_BYTES or len(members) > MAX_MEMBERS:
        raise UnreadableError("too_big", megabytes=MAX_BYTES // 2**20)


def _is_picture(name: str) -> bool:
    return name.startswith("xl/media/")


def _read_book(book: Any, archive: zipfile.ZipFile, progress: Progress) -> Book:
    sheets, left_out, room = list[Sheet](), list[str](), MAX_ROWS
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible" or sheet.title in _no_people():
            left_out.append(sheet.title)
            continue
        rows = list(_rows(sheet, room, progress))
        _fill_down(rows, _merges(archive, sheet))
        room -= len(rows)
        sheets.append(Sheet(sheet.title, rows))
    return Book(sheets, left_out)


def _rows(sheet: Any, room: int, progress: Progress) -> Iterator[tuple[int, Cells]]:
    """Yield the rows that are not blank; a sheet may claim to be wider and longer than it is."""
    claimed = sheet.max_row or 0
    sheet.reset_dimensions()
    found = progress(sheet.iter_rows(max_col=MAX_COLUMNS), "read", claimed)
    blank = None  # rows that are not in the file are one and the same object
    for number, row in enumerate(found, start=1):
        if number > LAST_ROW:
            raise UnreadableError("too_many_rows", rows=MAX_ROWS)
        if row is blank:
            continue
        cells = [None if cell.value is None else _value(cell) for cell in row]
        if all(cell is None for cell in cells):
            blank = row
            continue
        room -= 1
        if room < 0:
            raise UnreadableError("too_many_rows", rows=MAX_ROWS)
        yield number, cells


def _value(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula()
    if cell.data_type == "e":
        return Broken()
    value = cell.value
    return None if isinstance(value, str) and not value.strip() else value


def _merges(archive: zipfile.ZipFile, sheet: Any) -> list[tuple[int, int, int]]:
    """Return column (from 0), first and last row of cells that were merged downwards."""
    from openpyxl.utils.cell import range_boundaries

    # a read-only sheet does not tell its merged cells; they stand at the end of its part
    part = archive.read(sheet._worksheet_path.lstrip("/"))  # noqa: SLF001
    found = []
    for match in _MERGE.finditer(part[max(part.rfind(b"</sheetData>"), 0) :]):
        left, first, _, last = range_boundaries(match[1].decode())
        if last > first and left <= MAX_COLUMNS:
            found.append((left - 1, first, last))
    return found[:MAX_MERGES]


def _fill_down(rows: list[tuple[int, Cells]], merges: list[tuple[int, int, int]]) -> None:
    by_number = dict(rows)
    for column, first, last in merges:
        top = by_number.get(first)
        for number in range(first + 1, min(last, rows[-1][0] if rows else 0) + 1):
            if top is not None and column < len(top) and number in by_number:
                cells = by_number[number]
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = top[column]


def _read_csv(path: Path) -> list[tuple[int, Cells]]:
    text = _decoded(path.read_bytes())
    begin = text[:4096]
    delimiter = max(DELIMITERS, key=begin.count)
    found = list[tuple[int, Cells]]()
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for number, row in enumerate(rows, start=1):
            if any(cell.strip() for cell in row):
                found.append((number, _csv_cells(row)))
            if len(found) > MAX_ROWS:
                raise UnreadableError("too_many_rows", rows=MAX_ROWS)
    except csv.Error as error:
        raise UnreadableError("unreadable") from error
    return found


def _csv_cells(row: list[str]) -> Cells:
    return [cell if cell.strip() else None for cell in row[:MAX_COLUMNS]]


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableError("charset")


def _no_people() -> frozenset[str]:
    return frozenset(
        name
        for row in read("roster_words")
        if (row["kind"], row["value"]) == ("no_person", "sheet")
        for name in parts(row["words"])
    )
