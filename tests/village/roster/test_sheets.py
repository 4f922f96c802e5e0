from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.roster import _bounded_memory
from tests.village.roster.files import HEADER, cell, sheet, text, with_sheet, xlsx
from village.roster import importing, sheets
from village.roster.faults import UnreadableError
from village.roster.lines import Found

ROW = ["甲甲", "桥头", 1960, "志愿者", "文体"]


def quiet(items: Iterable[Any], step: str, length: int) -> Iterable[Any]:
    return items


def read(path: Path) -> Found:
    return importing.read(path, quiet)


def why(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught, _bounded_memory():
        read(path)
    return caught.value.code


def outcome(path: Path) -> str:
    try:
        read(path)
    except UnreadableError as error:
        return error.code
    return "read"


def of_bytes(tmp_path: Path, content: bytes, name: str = "r.xlsx") -> str:
    (tmp_path / name).write_bytes(content)
    return why(tmp_path / name)


def test_what_is_no_roster_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert why(tmp_path / "nowhere.xlsx") == "not_found"
    assert why(tmp_path) == "not_found"
    assert of_bytes(tmp_path, b"") == "unreadable"
    assert of_bytes(tmp_path, b"not a zip at all") == "unreadable"
    assert of_bytes(tmp_path, b"PK\x03\x04" + os.urandom(500)) == "unreadable"
    assert of_bytes(tmp_path, sheets.OLD_OFFICE + bytes(600)) == "locked"
    assert of_bytes(tmp_path, b"%PDF-1.7", "r.pdf") == "kind"
    assert of_bytes(tmp_path, b"\x81\xff\xff\x00", "r.csv") == "charset"
    assert of_bytes(tmp_path, b"", "r.csv") == "no_header"
    assert of_bytes(tmp_path, text(HEADER).encode(), "r.csv") == "no_people"
    assert of_bytes(tmp_path, text([*HEADER, "名字"], ROW).encode(), "r.csv") == "header_twice"
    assert of_bytes(tmp_path, text(["a", "b"], ["c", "d"]).encode(), "r.csv") == "no_header"
    assert of_bytes(tmp_path, b'"' + b"x" * 5_000_000, "r.csv") == "unreadable"


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.xlsx", "w") as archive:
        archive.writestr("letter.txt", "hello")
    assert why(tmp_path / "r.xlsx") == "unreadable"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(sheets.MAX_BYTES + 1))
    assert why(tmp_path / "r.xlsx") == "too_big"


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    file = with_sheet(tmp_path / "r.xlsx", sheet(" " * 300_000))
    content = file.read_bytes()
    true = (len(sheet("")) + 300_000).to_bytes(4, "little")
    assert content.count(true) == 2
    assert of_bytes(tmp_path, content.replace(true, (900).to_bytes(4, "little"))) == "unreadable"


def test_a_locked_member_is_told_as_such(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "r.xlsx", HEADER, ROW)
    content = bytearray(file.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    assert of_bytes(tmp_path, bytes(content)) == "locked"


def test_a_million_rows_meet_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 100)
    many = [HEADER, *[ROW] * 101]
    assert of_bytes(tmp_path, text(*many).encode(), "r.csv") == "too_many_rows"
    assert why(xlsx(tmp_path / "r.xlsx", *many)) == "too_many_rows"


@pytest.mark.parametrize("at", [999_999_999_999, 2_000_000])
def test_a_row_that_lies_at_the_end_of_the_world_meets_a_limit(tmp_path: Path, at: int) -> None:
    rows = f'<row r="1">{cell("A1", "姓名")}</row><row r="{at}">{cell("A2", "甲")}</row>'
    assert why(with_sheet(tmp_path / "r.xlsx", sheet(rows))) == "too_many_rows"


def test_one_cell_in_the_last_corner_costs_nothing(tmp_path: Path) -> None:
    rows = (
        f'<row r="1">{cell("A1", "姓名")}{cell("B1", "村")}</row>'
        f'<row r="2">{cell("A2", "甲甲")}{cell("B2", "桥头")}{cell("XFD2", "x")}</row>'
    )
    found = read(with_sheet(tmp_path / "r.xlsx", sheet(rows)))
    assert [line.cells for line in found.lines] == [{"name": "甲甲", "village": "桥头"}]


def test_a_row_of_millions_of_cells_meets_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.roster.READING_BYTES", 32 * 2**20)
    file = with_sheet(tmp_path / "r.xlsx", sheet(f"<row>{'<c/>' * 2_000_000}</row>"))
    assert why(file) == "too_wide"


@pytest.mark.parametrize(
    "value", ["1" + "0" * 400, "1E400", "-1E400", "nan", "1" * 5000, "", "x", "1e5"]
)
def test_no_number_is_too_much(tmp_path: Path, value: str) -> None:
    head = "".join(cell(f"{at}1", name) for at, name in zip("ABC", HEADER, strict=False))
    rows = (
        f'<row r="1">{head}</row><row r="2">{cell("A2", "甲甲")}<c r="C2"><v>{value}</v></c></row>'
    )
    assert outcome(with_sheet(tmp_path / "r.xlsx", sheet(rows))) in ("read", "unreadable")


@pytest.mark.parametrize(
    "xml",
    [
        "", "<worksheet", sheet("<row><c t='s'><v>99999999</v></c></row>"), "<a/>",
        sheet("<row r='x'><c r='!!'/></row>"), sheet("<row><c s='77777'><v>1</v></c></row>"),
        sheet('<row><c r="A1048577"/></row>'), sheet("<c/>" * 10),
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "' + "&a;" * 1000 + '">]><x>&b;</x>',
    ],
)  # fmt: skip
def test_xml_that_is_no_sheet_is_refused(tmp_path: Path, xml: str) -> None:
    assert why(with_sheet(tmp_path / "r.xlsx", xml)) in ("unreadable", "no_header")


def test_headers_in_two_rows_and_sums_are_understood(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["2026年度志愿者名册"])
    page.append(["姓名", "自然村", "职务", "任期"])
    page.append([None, None, None, "起", "止"])
    page.append(["甲甲", "桥头", "站长", "2026-12", "2029-11"])
    page.append(["合计：1人"])
    for merged in ("A1:E1", "A2:A3", "B2:B3", "C2:C3", "D2:E2"):
        page.merge_cells(merged)
    book.save(tmp_path / "r.xlsx")
    found = read(tmp_path / "r.xlsx")
    assert [line.cells for line in found.lines] == [
        {
            "name": "甲甲", "village": "桥头", "roles": "站长",
            "since": "2026-12", "until": "2029-11",
        }
    ]  # fmt: skip


def test_sheets_that_are_hidden_or_explain_are_named_and_left_out(tmp_path: Path) -> None:
    pages = {"名册": [HEADER, ROW], "旧表": [HEADER, ROW], "说明": [HEADER, ROW], "别的": [["x"]]}
    file = xlsx(tmp_path / "r.xlsx", sheets=pages)
    book = openpyxl.load_workbook(file)
    book["旧表"].sheet_state = "hidden"
    book.save(file)
    found = read(file)
    assert (len(found.lines), sorted(found.left_out)) == (1, ["别的", "旧表", "说明"])


def test_rows_are_counted_as_excel_counts_them(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        text(["题目"], [], HEADER, ["甲甲", "桥\n头"], ["", ""], ["乙乙", "桥头"]), encoding="utf-8"
    )
    assert [line.row for line in read(tmp_path / "r.csv").lines] == [4, 6]


@pytest.mark.parametrize(
    ("encoding", "between"), [("gbk", ","), ("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t")]
)
def test_csv_as_excel_saves_it_is_read(tmp_path: Path, encoding: str, between: str) -> None:
    content = text(["志愿者名册"], HEADER, ROW, ["", "", ""]).replace(",", between)
    (tmp_path / "r.csv").write_bytes(content.encode(encoding))
    (line,) = read(tmp_path / "r.csv").lines
    assert (line.row, line.cells["name"], line.cells["station"]) == (3, "甲甲", "文体")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
    share=st.floats(0.01, 1),
)
def test_no_damage_does_worse_than_be_refused(
    tmp_path: Path, changes: list[tuple[float, int]], share: float
) -> None:
    whole = tmp_path / "whole.xlsx"
    if not whole.exists():
        xlsx(whole, HEADER, ROW)
    content = bytearray(whole.read_bytes())
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    (tmp_path / "bad.xlsx").write_bytes(content[: int(share * len(content))])
    assert outcome(tmp_path / "bad.xlsx")
