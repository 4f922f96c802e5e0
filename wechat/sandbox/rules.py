"""WeChat's rules for template values, as the stand-in holds senders to them.

Source: the parameter table of subscribeMessage.send. Written apart from `values.py`, to check it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"(\d{4}年(1[0-2]|0?[1-9])月(3[01]|[12]\d|0?[1-9])日|\d{4}-\d{2}-\d{2})"
_TIME = rf"({_DAY} )?{_CLOCK}"
_DATE = rf"{_DAY}( {_CLOCK})?"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_KEY = re.compile(r"([a-z_]+?)(\d{1,3})")


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _is_name(value: str) -> bool:
    return not re.search(r"\d", value) and len(value) <= (20 if value.isascii() else 10)


_RULES: Mapping[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "number": lambda value: len(value) <= 32 and _matches(r"\d+(\.\d+)?")(value),
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": _matches(r"[^\w\s]{1,5}"),
    "character_string": _matches(r"[!-~]{1,32}"),
    "time": _matches(rf"{_TIME}(\s?~\s?{_TIME})?"),
    "date": _matches(rf"{_DATE}(\s?~\s?{_DATE})?"),
    "amount": _matches(r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": _matches(r"[0-9+() -]{1,17}"),
    "car_number": _matches(rf"[{_HAN}A-Z0-9][A-Z0-9]{{4,6}}[{_HAN}A-Z0-9]"),
    "name": _is_name,
    "phrase": _matches(rf"[{_HAN}]{{1,5}}"),
    "const": lambda value: len(value) <= 20,
    "enum": lambda value: len(value) <= 20,
}


def is_valid(key: str, value: object) -> bool:
    """Whether WeChat would take `value` for a template key such as `thing1`."""
    found = _KEY.fullmatch(key)
    if not found or found.group(1) not in _RULES or not isinstance(value, str):
        return False
    return bool(value.strip()) and not _CONTROL.search(value) and _RULES[found.group(1)](value)


def first_invalid(data: Mapping[str, object], expected: frozenset[str]) -> str | None:
    """The first key whose value is wrong, missing or not in `expected` (empty: any keys)."""
    for key in sorted(expected - data.keys()):
        return key
    for key, entry in data.items():
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if (expected and key not in expected) or not is_valid(key, value):
            return key
    return None
