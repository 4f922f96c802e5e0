"""A folder with a county's configuration: CSV files with the columns of the package's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from village.catalog import config
from village.catalog.config import Files
from village.catalog.files import Row
from village.catalog.texts import said
from village.roster.cells import day
from village.roster.faults import CellError, UnreadableError
from village.roster.sheets import read_file

LONGEST = 200


class ConfigFault(NamedTuple):
    """A file, its row (0: the file itself), a column ("": the row), and a reason."""

    file: str
    row: int
    column: str
    reason: str


@dataclass
class Folder:
    """The rows of each file with their numbers, and what cannot be read."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    faults: list[ConfigFault] = field(default_factory=list)

    @property
    def files(self) -> Files:
        """The rows by file."""
        return {name: [row for _, row in rows] for name, rows in self.rows.items()}


def read_folder(path: Path) -> Folder:
    """Return what is in a folder; `faults` tells what cannot be read."""
    folder, names = Folder(), "、".join(f"{name}.csv" for name in config.KEYS)
    try:
        found = sorted(each for each in path.iterdir() if each.suffix.lower() == ".csv")
    except OSError:
        return Folder(faults=[ConfigFault(path.name, 0, "", said("no_folder"))])
    for each in found:
        if each.stem in config.KEYS:
            _read(folder, each)
        else:
            folder.faults.append(ConfigFault(each.name, 0, "", said("file", names=names)))
    if not folder.rows and not folder.faults:
        folder.faults.append(ConfigFault(path.name, 0, "", said("no_files", names=names)))
    return folder


def _read(folder: Folder, path: Path) -> None:
    try:
        sheet = read_file(path, lambda items, _step, _length: items).sheets[0].rows
    except UnreadableError as error:
        reason = said("unreadable", why=error)
        folder.faults.append(ConfigFault(path.name, 0, "", reason))
        return
    header = [str(cell or "").strip() for cell in sheet[0][1]] if sheet else []
    wrong = list(_wrong_columns(path.stem, header))
    folder.faults += [ConfigFault(path.name, 1, name, said(code)) for name, code in wrong]
    if not wrong:
        folder.rows[path.stem] = [(number, _row(header, cells)) for number, cells in sheet[1:]]


def _row(header: list[str], cells: list[object]) -> Row:
    whole = (cells + [None] * len(header))[: len(header)]
    return {name: _text(name, cell) for name, cell in zip(header, whole, strict=True)}


def _wrong_columns(name: str, header: list[str]) -> Iterator[tuple[str, str]]:
    wanted = config.columns(name)
    yield from ((column, "column_missing") for column in wanted if column not in header)
    yield from (
        (column[:20], "column_unknown")
        for at, column in enumerate(header)
        if column not in wanted or column in header[:at]
    )


def _text(name: str, cell: object) -> str:
    found = "" if cell is None else str(cell).strip()
    if name == "date":  # Excel saves 2027-01-01 as 2027/1/1
        with suppress(CellError):
            return day(found, last=False).isoformat()
    return found


def text(name: str, own: Files) -> str:
    """Return a file as it is in force, for a person to change."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, config.columns(name), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(config.rows(name, own))
    return out.getvalue()


def packaged(name: str) -> dict[tuple[str, ...], Row]:
    """Return the package's rows of a file by key."""
    return {config.key_of(name, row): row for row in config.packaged(name)}
