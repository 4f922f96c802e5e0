"""Values of subscribe-message templates, made to fit WeChat's rules.

Rules: the parameter table of subscribeMessage.send. How WeChat counts "characters" is nowhere
defined; code points are the safe reading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from wechat.errors import ContentError

Value = str | int | float | Decimal | date | datetime

EMPTY = "无"
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")
_VISIBLE_ASCII = re.compile(r"[!-~]{1,32}")
_DIGITS = re.compile(r"\d{1,32}(\.\d+)?")


def format_value(kind: str, value: Value) -> str:
    """The text of `value` for a template key of `kind` (`thing`, `phrase`, `time`, …).

    Words are cleaned and cut, and become "无" when nothing is left. What would be wrong when cut (a
    number, a request's number, a time without a zone) raises `ContentError` instead.
    """
    formatter = _FORMATTERS.get(kind)
    if formatter is None:
        raise ContentError(47003, f"no rule for a template value of kind {kind}")
    return formatter(value)


def kind_of(key: str) -> str:
    """The kind in a template key: `thing` for `thing12`."""
    return key.rstrip("0123456789")


def _thing(value: Value) -> str:
    text = _clean(value)
    return text if len(text) <= 20 else text[:19] + "…"


def _phrase(value: Value) -> str:
    return _NOT_CHINESE.sub("", str(value))[:5] or EMPTY


def _name(value: Value) -> str:
    text = _clean("".join(char for char in str(value) if unicodedata.category(char)[0] != "N"))
    return text[: 20 if text.isascii() else 10].strip()


def _character_string(value: Value) -> str:
    text = str(value)
    if not _VISIBLE_ASCII.fullmatch(text):
        raise _unfit("character_string")
    return text


def _number(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _unfit("number")
    text = format(Decimal(str(value)), "f")
    if not _DIGITS.fullmatch(text) or len(text) > 32:
        raise _unfit("number")
    return text


def _time(value: Value) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _unfit("time")
    local = value.astimezone(_SHANGHAI)
    return f"{_day(local)} {local:%H:%M}"


def _date(value: Value) -> str:
    if isinstance(value, datetime):
        return _time(value).split(" ", 1)[0]
    if not isinstance(value, date):
        raise _unfit("date")
    return _day(value)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _clean(value: Value) -> str:
    """One line of visible text: WeChat refuses control characters, line breaks and empty values."""
    visible = (
        char for char in str(value) if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return " ".join("".join(visible).split()) or EMPTY


def _unfit(kind: str) -> ContentError:
    return ContentError(47003, f"the value does not fit {kind}")


_FORMATTERS: Mapping[str, Callable[[Value], str]] = {
    "thing": _thing,
    "phrase": _phrase,
    "name": _name,
    "character_string": _character_string,
    "number": _number,
    "time": _time,
    "date": _date,
}
