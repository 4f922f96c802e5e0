"""From what stands in a cell to a value: numbers as text, dates as numbers, full-width digits.

Each reader raises CellError with the reason; no reason holds the value.
"""

from __future__ import annotations

import calendar
import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Any

from village import phones
from village.roster import words
from village.roster.faults import CellError
from village.roster.sheets import Broken, Formula

LONGEST_NAME = 20
LONGEST = 200
LONGEST_CELL = 1_000
EXCEL_EPOCH = date(1899, 12, 30)
SERIALS = (10_000, 80_000)  # days as Excel counts them: 1927 to 2119
_SEPARATORS = re.compile(r"[、,，;；/|\s]+")
_DATE = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?(?: 0?0:00(?::00)?)?"
)
_DIGITS_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CODE = re.compile(r"[0-9A-Za-z.-]{1,20}")
_LOST = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)


def text(cell: Any, most: int = LONGEST) -> str:
    """Return a cell as text: whole numbers without a point, one blank where there are several."""
    if isinstance(cell, (Formula, Broken)):
        raise CellError("formula" if isinstance(cell, Formula) else "broken_cell")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        raise CellError("not_text")
    if isinstance(cell, int) and cell.bit_length() > 64:
        raise CellError("long", most=most)
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        raise CellError("long", most=most)
    found = " ".join(str(cell).split())
    if not found.isprintable():
        found = _visible(found)
    if len(found) > most:
        raise CellError("long", most=most)
    return found


def _visible(text: str) -> str:
    """Return text without marks of format, such as those of zero width."""
    found = "".join(char for char in text if unicodedata.category(char) != "Cf")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") for char in found):
        raise CellError("control")
    return found.strip()


def name(cell: Any) -> str:
    """Return a person's name; blanks that line two characters up with three go (`张  三`)."""
    found = unicodedata.normalize("NFC", text(cell))
    if re.fullmatch(r"[^\x00-\u2fff]+(?: [^\x00-\u2fff]+)+", found):
        found = found.replace(" ", "")
    if len(found) > LONGEST_NAME:
        raise CellError("long", most=LONGEST_NAME)
    if not any(char.isalpha() for char in found) or any(char.isdigit() for char in found):
        raise CellError("name")
    return found


def code(cell: Any) -> str:
    """Return the office's own code of a person."""
    found = unicodedata.normalize("NFKC", text(cell))
    if not _CODE.fullmatch(found):
        raise CellError("code")
    return found


def short(cell: Any) -> str:
    """Return a short text such as the code of a household."""
    return unicodedata.normalize("NFKC", text(cell, 30))


def phone(cell: Any) -> str:
    """Return the digits of a mobile or fixed phone, without +86."""
    written = text(cell)
    if _LOST.fullmatch(written.strip()):
        raise CellError("phone_lost")
    found = phones.normal(written)
    if found is None:
        raise CellError("phone")
    return found


def birth_year(cell: Any, today: date) -> int:
    """Return the year of a year or a date."""
    try:
        year = _date(cell, last=False).year
    except (CellError, ValueError) as error:
        raise _reason(cell, "birth_year") from error
    if not 1900 <= year <= today.year:
        raise CellError("birth_range")
    return year


def day(cell: Any, *, last: bool) -> date:
    """Return a date; of a month or a year the first day, or the `last`."""
    try:
        found = _date(cell, last=last)
    except (CellError, ValueError) as error:
        raise _reason(cell, "date") from error
    if not 1990 <= found.year <= 2100:
        raise CellError("date_range")
    return found


def yes(cell: Any) -> bool:
    """Return the answer to a question."""
    if isinstance(cell, bool):
        return cell
    answer = words.values("answer").get(words.plain(text(cell)))
    if answer is None:
        raise CellError("answer")
    return answer == "yes"


def several(cell: Any) -> tuple[str, ...]:
    """Return the parts of a cell that holds several words, each once."""
    found = unicodedata.normalize("NFKC", text(cell))
    return tuple(dict.fromkeys(part for part in _SEPARATORS.split(found) if part))


def _reason(cell: Any, code: str) -> CellError:
    if isinstance(cell, Formula):
        return CellError("formula")
    return CellError("broken_cell" if isinstance(cell, Broken) else code)


def _date(cell: Any, *, last: bool) -> date:
    """Return the date that is meant. Raises CellError, or ValueError for no date."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float) and math.isfinite(cell):
        cell = int(cell)  # a time of day does not matter
    found = unicodedata.normalize("NFKC", text(cell)).strip("生")
    if found.isdecimal() and SERIALS[0] <= int(found) <= SERIALS[1]:
        return EXCEL_EPOCH + timedelta(days=int(found))
    match = _DIGITS_DATE.fullmatch(found) or _DATE.fullmatch(found)
    if match is None:
        raise ValueError
    year, month, of_month = (int(part) if part else None for part in match.groups())
    return _filled(year or 0, month, of_month, last=last)


def _filled(year: int, month: int | None, of_month: int | None, *, last: bool) -> date:
    month = month or (12 if last else 1)
    if of_month is None:
        of_month = calendar.monthrange(year, month)[1] if last and 1 <= month <= 12 else 1
    return date(year, month, of_month)
