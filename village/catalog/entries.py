"""The catalog's data files as the values of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from village.catalog.config import NONE, Files, rows
from village.catalog.files import Row, parts, read
from village.models import Category

Values = dict[str, Any]


def org_units(own: Files = NONE) -> list[Values]:
    """Return the units of the county: a county's own, or the invented ones of the package."""
    return [_org_unit(row) for row in rows("units", own)]


def stations(own: Files = NONE) -> list[Values]:
    """Return the five stations of each natural village."""
    names = {(row["village"], row["kind"]): row["name"] for row in read("stations")}
    return [
        {
            "village_code": unit["code"],
            "kind": kind["kind"],
            "name": names.get((unit["code"], kind["kind"]), f"{unit['name']}{kind['zh']}"),
        }
        for unit in rows("units", own)
        if unit["kind"] == "natural_village"
        for kind in read("station_kinds")
    ]


def categories(own: Files = NONE) -> list[Values]:
    """Return the categories with their task cards: the sixty of the file, then a county's own."""
    return [_category(row, sort) for sort, row in enumerate(rows("categories", own))]


@cache
def packaged_categories() -> dict[str, Category]:
    """Return the packaged categories by code, as objects of no session."""
    return {values["code"]: Category(**values) for values in categories()}


def weekly_windows(phrase: str) -> list[tuple[int, int, int]]:
    """Return weekday (0 = Monday), first and last minute of the day that a phrase stands for."""
    return [
        (weekday - 1, _minute(row["from"]), _minute(row["to"]))
        for row in read("availability")
        if row["phrase"] == phrase
        for weekday in _weekdays(row["weekdays"])
    ]


def _weekdays(span: str) -> range:
    first, last = (int(day) for day in span.split("-"))
    return range(first, last + 1)


def _minute(time_of_day: str) -> int:
    hour, minute = time_of_day.split(":")
    return int(hour) * 60 + int(minute)


def notification_templates(
    own_ids: Mapping[str, str] | None = None, own: Files = NONE
) -> list[Values]:
    """Return the message templates, each with its fields and WeChat's keys for them.

    `own_ids`: template code to WeChat's id, where a setting has it; it comes before `own`, the
    county's rows.
    """
    ids = _template_ids(own_ids, own)
    keys = {(row["tpl"], row["field"]): row["wechat_key"] for row in rows("wechat_keys", own)}
    templates: dict[str, Values] = {}
    for row in read("notification_templates"):
        code = row["tpl"]
        template = templates.setdefault(
            code,
            {
                "code": code,
                "audience": row["audience"],
                "trigger": row["trigger"],
                "wechat_template_id": ids[code],
                "fields": [],
            },
        )
        template["fields"].append(_field(row, keys[code, row["field"]]))
    return list(templates.values())


def subscription_moments(own_ids: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """Return the WeChat template ids (at most three, its limit) to ask for at each moment."""
    ids = _template_ids(own_ids)
    return {
        row["moment"]: [ids[code] for code in parts(row["templates"])]
        for row in read("subscription_moments")
    }


def _template_ids(own_ids: Mapping[str, str] | None, own: Files = NONE) -> dict[str, str]:
    given = {row["tpl"]: row["template_id"] for row in rows("wechat_templates", own)}
    return {**given, **(own_ids or {})}


def _org_unit(row: Row) -> Values:
    return {
        "code": row["code"],
        "parent_code": row["parent"] or None,
        "kind": row["kind"],
        "name": row["name"],
        "households": int(row["households"]) if row["households"] else None,
        "population": int(row["population"]) if row["population"] else None,
        "lat": float(row["lat"]) if row["lat"] else None,
        "lng": float(row["lng"]) if row["lng"] else None,
    }


def _category(row: Row, sort: int) -> Values:
    return {
        "code": row["code"],
        "station": row["station"],
        "zh": row["zh"],
        "en": row["en"],
        "priority": row["priority"],
        "first_response_hours": int(row["first_h"]),
        "resolve_days": int(row["days"]),
        "form": row["form"],
        "flags": list(parts(row["flags"])),
        "next_step": row["next_step"],
        "task_card": _task_card(row),
        "sort": sort,
    }


def _task_card(row: Row) -> Values:
    if not row["people"]:
        return {}
    return {
        "people": int(row["people"]),
        "skills": list(parts(row["skills"])),
        "risk": int(row["risk"]),
        "minutes": int(row["minutes"]),
        "window_days": int(row["window_days"]),
        "at_once": row["at_once"] == "yes",
    }


def _field(row: Row, key: str) -> Values:
    return {
        "field": row["field"],
        "kind": row["kind"],
        "key": key,
        "key_zh": row["key_zh"],
    }
