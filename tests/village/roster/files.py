"""Files as offices write them, and as nobody should."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

HEADER = ["姓名", "村", "出生年", "身份", "服务站"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(path: Path, *rows: Sequence[Any], sheets: dict[str, Any] | None = None) -> Path:
    """Write rows into the sheet 名册, or several sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, content in (sheets or {"名册": rows}).items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(list(row))
    book.save(path)
    return path


def text(*rows: Sequence[Any]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def with_sheet(path: Path, xml: str) -> Path:
    """An .xlsx whose one sheet is this XML."""
    xlsx(path, ["姓名", "村"])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["xl/worksheets/sheet1.xml"] = xml.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def cell(at: str, words: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{words}</t></is></c>'
