"""The forms of the categories as JSON Schema of a request's `answers`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from village.catalog.files import Row, parts, read

Schema = dict[str, Any]

BASE_FIELDS = ("channel", "consent_how")
# Place and pictures are fields of the request itself.
OUTSIDE = ("place", "image")
PLAIN: dict[str, Schema] = {
    "text": {"type": "string", "maxLength": 500},
    "bool": {"type": "boolean"},
    "ack": {"type": "boolean"},
    "int": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "datetime": {"type": "string", "format": "date-time"},
    "ref": {"type": "string", "maxLength": 100},
    "daterange": {
        "type": "object",
        "properties": {
            "from": {"type": "string", "format": "date"},
            "to": {"type": "string", "format": "date"},
        },
        "additionalProperties": False,
    },
    "guardian_consent": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "agreed": {"type": "boolean"},
        },
        "additionalProperties": False,
    },
}
# What else is noted as read, and is no field of a form.
OTHERS = {"duty_report": "依法报告的记录", "break_glass": "经两人同意，打开了这件事"}
_TYPE = re.compile(r"(?P<name>[a-z_]+)(?:[(\[](?P<detail>.*)[)\]])?")


@cache
def form_schema(form: str) -> Schema:
    """Return the JSON Schema of `answers` for a form such as `F-WORK`; do not change it.

    Nothing is required (R1: missing answers are asked later); `x-asked` says when the form asks,
    `x-sensitivity` is 0 public to 3 sensitive, `x-keep` how long it is kept after closing.
    """
    rows = [row for row in read("form_fields") if _belongs(row, form)]
    return {
        "type": "object",
        "properties": {row["field"]: _property(row) for row in rows},
        "additionalProperties": False,
    }


@cache
def titles() -> dict[str, str]:
    """Return the Chinese name of each field; of the same name in several forms the first."""
    found = {row["field"]: row["zh"] for row in reversed(read("form_fields"))}
    return {**found, "phone": "电话", "reporter": "您的姓名（您没有公开）", **OTHERS}


@cache
def level3_fields() -> frozenset[str]:
    """Return the names of fields that are sensitive (level 3) in any form."""
    return frozenset(row["field"] for row in read("form_fields") if row["sens"] == "3")


@cache
def _known_fields() -> frozenset[str]:
    return frozenset(row["field"] for row in read("form_fields"))


def is_level3(field: str) -> bool:
    """Tell whether an answer is kept sealed: a field that is sensitive in any form, since a
    request's category may change after it, and one that no form has (nobody has judged it).
    """
    return field in level3_fields() or field not in _known_fields()


def _belongs(row: Row, form: str) -> bool:
    if row["type"].startswith(OUTSIDE):
        return False
    return row["form"] == form or (row["form"] == "F-BASE" and row["field"] in BASE_FIELDS)


def _property(row: Row) -> Schema:
    return {
        "title": row["zh"],
        **_type(row["type"]),
        "x-asked": row["required"],
        "x-sensitivity": int(row["sens"]),
        "x-keep": row["keep"],
    }


def _type(declared: str) -> Schema:
    found = _TYPE.fullmatch(declared)
    if found is None:
        raise ValueError(f"unknown field type {declared!r}")
    name, detail = found["name"], found["detail"] or ""
    if name == "enum":
        return {"type": "string", "enum": list(parts(detail))}
    if name == "multi":
        items = {"type": "string", "enum": list(parts(detail))}
        return {"type": "array", "items": items, "uniqueItems": True}
    return {**PLAIN[name], **_bounds(name, detail)}


def _bounds(name: str, detail: str) -> Schema:
    if name == "text" and detail:
        return {"maxLength": int(detail.removeprefix("<="))}
    if name == "int" and detail:
        low, high = detail.split("..")
        return {"minimum": int(low), "maximum": int(high)}
    return {}
