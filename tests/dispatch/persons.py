"""Volunteers without a database: a dictionary of what is known of each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np

from dispatch.people import Many, People, array

EPOCH = date(1970, 1, 1)
USUAL: dict[str, Any] = {
    "birth_year": 9999, "guardian_consent": False, "insured_until": None, "open_tasks": 0,
    "max_open_tasks": 2, "at_work": False, "quiet": None, "asked_at": None, "messages_today": 0,
    "messages": 0, "tasks": 0, "reachable": True, "helps_village": True, "next_village": False,
    "next_village_km": 0.0, "ask_less": 1.0, "personal": True, "rest_until": None,
    "stations": (), "skills": (), "certificates": {}, "mediates": (), "disliked": (),
    "busy": (), "windows": (), "time_off": (),
}  # fmt: skip
WHOLE = ("open_tasks", "max_open_tasks", "messages_today", "messages", "tasks")
MASKS = ("guardian_consent", "at_work", "reachable", "helps_village", "next_village", "personal")


def people_of(*known: dict[str, Any]) -> People:
    """Return these people as columns, in the order of their ids."""
    each = sorted(({**USUAL, **one} for one in known), key=lambda one: one["person_id"].bytes)

    def column(kind: str, name: str) -> Any:
        return array(kind, [one[name] for one in each])

    def many(kinds: str, name: str) -> Many:
        rows = [(n, *_row(row)) for n, one in enumerate(each) for row in _rows(one[name])]
        return Many.of(kinds, *(zip(*rows, strict=True) if rows else [None] * (len(kinds) + 1)))

    return People(
        ids=np.array([one["person_id"].bytes for one in each], dtype="S16"),
        birth_year=array("i", [one["birth_year"] or 9999 for one in each]),
        insured_until=array("i", [_days(one["insured_until"], 0) for one in each]),
        quiet_from=array("i", [(one["quiet"] or (-1, -1))[0] for one in each]),
        quiet_to=array("i", [(one["quiet"] or (-1, -1))[1] for one in each]),
        asked_at=array("f", [_seconds(one["asked_at"]) for one in each]),
        rest_until=array("f", [_seconds(one["rest_until"]) for one in each]),
        ask_less=column("f", "ask_less"),
        next_village_km=column("f", "next_village_km"),
        **{name: column("i", name) for name in WHOLE},
        **{name: column("?", name) for name in MASKS},
        stations=many("UU", "stations"),
        skills=many("U", "skills"),
        papers=many("Ui", "certificates"),
        mediates=many("U", "mediates"),
        disliked=many("U", "disliked"),
        busy=many("ff", "busy"),
        windows=many("iii", "windows"),
        off=many("ff", "time_off"),
    )


def _rows(facts: Any) -> Iterable[Any]:
    if isinstance(facts, dict):
        return [(name, _days(until, 1_000_000)) for name, until in facts.items()]
    return [fact if isinstance(fact, tuple) else (fact,) for fact in facts]


def _row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_seconds(value) if isinstance(value, datetime) else value for value in row)


def _days(day: date | None, none: int) -> int:
    return none if day is None else (day - EPOCH).days


def _seconds(moment: datetime | None) -> float:
    return -math.inf if moment is None else moment.timestamp()
