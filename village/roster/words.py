"""The words of an office for columns, posts, stations and answers, as the data files have them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from village.catalog.files import Row, parts, read

VOLUNTEER, NO_ROLE = "VOL", "none"
_NOTE = re.compile(r"[(（\[【].*?[)）\]】]")


def plain(text: str) -> str:
    """Return text as it is compared: half-width, without blanks, in small letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def field_of(header: str) -> str | None:
    """Return the field that a header names, whatever stars and notes stand around it."""
    known = _headers()
    text = plain(header).strip("*＊:：")
    return known.get(text) or known.get(_NOTE.sub("", text).strip("*:"))


@cache
def columns() -> Mapping[str, Row]:
    """Return the columns of a roster by field, in the order of the template."""
    return {row["field"]: row for row in read("roster_columns")}


@cache
def values(kind: str) -> Mapping[str, str]:
    """Return code by plain word for a kind: `role`, `station`, `answer`."""
    return {
        plain(word): row["value"]
        for row in read("roster_words")
        if row["kind"] == kind
        for word in parts(row["words"])
    }


@cache
def listed(kind: str, code: str) -> tuple[str, ...]:
    """Return all words for a code of a kind, the first the usual one; none if there are none."""
    return tuple(
        word
        for row in read("roster_words")
        if (row["kind"], row["value"]) == (kind, code)
        for word in parts(row["words"])
    )


@cache
def usual(kind: str) -> str:
    """Return the usual word of each code of a kind, to tell people what can be written."""
    return "、".join(parts(row["words"])[0] for row in read("roster_words") if row["kind"] == kind)


@cache
def offices() -> Mapping[str, Row]:
    """Return the offices of `roles.csv` by code."""
    return {row["code"]: row for row in read("roles")}


@cache
def _headers() -> Mapping[str, str]:
    return {
        plain(header): row["field"]
        for row in read("roster_columns")
        for header in (row["header"], *parts(row["also"]))
    }
