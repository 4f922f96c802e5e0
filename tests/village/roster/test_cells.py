from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from village.roster import cells
from village.roster.faults import CellError
from village.roster.sheets import Broken, Formula

TODAY = date(2026, 11, 30)
ODD = st.one_of(
    st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(),
    st.times(), st.timedeltas(), st.just(10**400), st.just(Formula()), st.just(Broken()),
)  # fmt: skip
READERS = [
    cells.text, cells.name, cells.code, cells.short, cells.phone, cells.yes, cells.several,
    lambda cell: cells.birth_year(cell, TODAY), lambda cell: cells.day(cell, last=True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (1962, 1962), (1962.0, 1962), ("１９６２", 1962), ("1962年", 1962), ("1962年3月", 1962),
        ("1962.03", 1962), ("1962-3-5", 1962), ("19620305", 1962),
        (datetime.fromisoformat("1962-03-05"), 1962),
        (22710, 1962), ("1962年3月5日生", 1962), ("1962/3/5 0:00:00", 1962),
    ],
)  # fmt: skip
def test_a_year_is_read_however_it_is_written(cell: Any, year: int) -> None:
    assert cells.birth_year(cell, TODAY) == year


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("2026年12月", date(2026, 12, 1), date(2026, 12, 31)),
        (2027, date(2027, 1, 1), date(2027, 12, 31)),
        (46357, date(2026, 12, 1), date(2026, 12, 1)),
        (46357.5, date(2026, 12, 1), date(2026, 12, 1)),
        ("２０２６－１２－０１", date(2026, 12, 1), date(2026, 12, 1)),
        ("2028年2月", date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_of_a_month_the_first_or_the_last_day_is_meant(cell: Any, first: date, last: date) -> None:
    assert (cells.day(cell, last=False), cells.day(cell, last=True)) == (first, last)


def some_phone(begin: str = "1999") -> str:
    """Nobody's number is written down here."""
    return begin + "0" * 7


@pytest.mark.parametrize(
    "write",
    [
        str, int, float,
        lambda phone: f"+86 {phone[:3]}-{phone[3:7]}-{phone[7:]}",
        lambda phone: f"0086{phone}",
        lambda phone: phone.translate({ord("0") + n: ord("０") + n for n in range(10)}),
        lambda phone: f" {phone}\u200b",
    ],
)  # fmt: skip
def test_a_phone_is_read_as_a_number_or_with_what_people_put_between(write: Any) -> None:
    assert cells.phone(write(some_phone())) == some_phone()


@pytest.mark.parametrize("cell", ["1.38E+10", "12345", some_phone() + "9", True, "没有", 10**400])
def test_what_is_no_phone_is_refused(cell: Any) -> None:
    with pytest.raises(CellError):
        cells.phone(cell)


def test_blanks_that_line_names_up_go() -> None:
    assert [cells.name(name) for name in ("张　 三", "阿依古丽·买买提", "Anna Li")] == [
        "张三", "阿依古丽·买买提", "Anna Li",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cell", ["张三1", "3", "---", "张\x00三", "张" * 21, Formula(), "\ud800张"]
)
def test_what_is_no_name_is_refused(cell: Any) -> None:
    with pytest.raises(CellError):
        cells.name(cell)


def reason(reader: Any, cell: Any) -> str:
    try:
        reader(cell)
    except CellError as error:
        return str(error)
    return ""


@settings(max_examples=80)
@given(cell=ODD, reader=st.sampled_from(READERS))
def test_no_cell_does_worse_than_be_refused_without_being_named(cell: Any, reader: Any) -> None:
    said = reason(reader, cell)
    assert not (isinstance(cell, str) and len(cell.strip()) > 8 and cell.strip() in said)
