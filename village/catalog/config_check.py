"""What is wrong with a county's configuration, before any of it is in force.

A county may be stricter than the package and may add categories of its own; it may not open
what is private, send volunteers where none may go, or answer danger later (3.0, 4.2, N4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

from village import workdays
from village.catalog import config, unit_check
from village.catalog.config_files import LONGEST, ConfigFault, Folder, packaged
from village.catalog.files import Row, parts, read
from village.catalog.texts import said
from village.models.org import NEXT_STEPS, STATIONS
from village.workflow.priorities import TABLE

PRIORITIES = tuple(priority for priority in TABLE if priority != "P0")  # P0 is nobody's to ask for
CARD = ("people", "risk", "minutes", "window_days", "at_once")
NUMBERS = {
    "first_h": (1, 240),
    "days": (1, 365),
    "people": (1, 20),
    "risk": (0, 3),
    "minutes": (10, 720),
    "window_days": (1, 60),
}
FORMULA = ("=", "+", "-", "@")
MOST = {"zh": 20, "en": 80, "name": 20}
_CODE = re.compile(r"([A-Z]{3})-\d{2}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
Found = Iterator[tuple[str, str]]  # column, and what is wrong with it


def check(folder: Folder) -> list[ConfigFault]:
    """Return all that is wrong with the files of a folder, in their order."""
    faults = list(folder.faults)
    for name, rows in folder.rows.items():
        seen: dict[tuple[str, ...], int] = {}
        for number, row in rows:
            wrong = list(_texts(row)) or list(CHECKS[name](row))
            other = seen.setdefault(config.key_of(name, row), number)
            if other != number:
                wrong.append((config.KEYS[name][-1], said("twice", other=other)))
            faults += [ConfigFault(f"{name}.csv", number, *each) for each in wrong]
    if not faults:
        faults += _keys_twice(folder)
        faults += _years(folder)
        faults += unit_check.ladder(folder)
    return faults


def _texts(row: Row) -> Found:
    for column, value in row.items():
        if len(value) > MOST.get(column, LONGEST):
            yield column, said("long", most=MOST.get(column, LONGEST))
        elif not value.isprintable():
            yield column, said("control")
        elif value.startswith(FORMULA):  # what is exported is opened in a spreadsheet
            yield column, said("formula")


def _category(row: Row) -> Found:
    yield from _needed(row, ("code", "station", "zh", "en", "priority", "form", "next_step"))
    yield from _chosen(row, "station", STATIONS)
    yield from _chosen(row, "priority", PRIORITIES)
    yield from _chosen(row, "form", _forms())
    yield from _chosen(row, "next_step", NEXT_STEPS)
    yield from _whole(row, ("first_h", "days"))
    yield from _code(row)
    yield from _limits(row)
    yield from _flags(row)
    yield from _card(row)


def _code(row: Row) -> Found:
    match, prefixes = _CODE.fullmatch(row["code"]), _prefixes()
    if match is None or match[1] not in prefixes:
        yield "code", said("code", known="、".join(prefixes))
    elif prefixes[match[1]] != row["station"]:
        yield "station", said("code_station")


def _limits(row: Row) -> Found:
    """Danger is answered within two hours and made safe within a day (3.0)."""
    late = [row["first_h"] not in ("1", "2"), row["days"] != "1"]
    if row["priority"] == "P1" and any(late):
        yield "first_h" if late[0] else "days", said("urgent")


def _flags(row: Row) -> Found:
    flags, known = set(parts(row["flags"])), _known_flags()
    if not flags <= known:
        yield "flags", said("flag", known="、".join(sorted(known)))
    ours = packaged("categories").get((row["code"],))
    if ours is not None:
        lost = set(parts(ours["flags"])) - flags
        if lost:
            yield "flags", said("flag_lost", flags="、".join(sorted(lost)))
        if row["next_step"] == "volunteer" != ours["next_step"]:
            yield "next_step", said("step_fixed")
    elif row["station"] == "mediation" and row["next_step"] == "volunteer":
        yield "next_step", said("step_fixed")


def _card(row: Row) -> Found:
    filled = [column for column in CARD if row[column]]
    flags = parts(row["flags"])
    if not filled:
        if row["next_step"] == "volunteer":
            yield "people", said("card_needed")
        return
    if len(filled) < len(CARD):
        yield "people", said("card_whole", columns="、".join(CARD))
        return
    if "no_vol" in flags:
        yield "people", said("card_none")
    yield from _whole(row, ("people", "risk", "minutes", "window_days"))
    yield from _chosen(row, "at_once", ("yes", "no"))
    risky = row["risk"] in ("2", "3")
    if risky != ("risk2" in flags):
        yield "risk", said("card_risk")
    if risky and row["at_once"] == "yes":
        yield "at_once", said("card_at_once")


def _template(row: Row) -> Found:
    if (row["tpl"],) not in packaged("wechat_templates"):
        yield "tpl", said("tpl")
    if not _ID.fullmatch(row["template_id"]):
        yield "template_id", said("template_id")


def _wechat_key(row: Row) -> Found:
    kind = _kinds().get((row["tpl"], row["field"]))
    if kind is None:
        known = (row["tpl"],) in packaged("wechat_templates")
        yield ("field", said("field")) if known else ("tpl", said("tpl"))
    elif not re.fullmatch(f"{kind}[1-9][0-9]?", row["wechat_key"]):
        yield "wechat_key", said("wechat_key", kind=kind)


def _keys_twice(folder: Folder) -> Iterator[ConfigFault]:
    """Two fields of a template must not have one key, the package's own among them."""
    seen: dict[tuple[str, str], Row] = {}
    numbers = {
        config.key_of("wechat_keys", row): at for at, row in folder.rows.get("wechat_keys", ())
    }
    for row in config.rows("wechat_keys", folder.files):
        other = seen.setdefault((row["tpl"], row["wechat_key"]), row)
        if other is not row:
            pair = (config.key_of("wechat_keys", row), config.key_of("wechat_keys", other))
            number = max(numbers.get(key, 0) for key in pair)
            reason = said("key_twice", key=row["wechat_key"])
            yield ConfigFault("wechat_keys.csv", number, "wechat_key", reason)


def _day(row: Row) -> Found:
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        day = None
    if day is None or day.isoformat() != row["date"]:
        yield "date", said("date")
    yield from _needed(row, ("kind", "holiday"))
    yield from _chosen(row, "kind", (workdays.OFF, workdays.WORK))


def _years(folder: Folder) -> Iterator[ConfigFault]:
    """A year without its holidays by law is not whole."""
    try:
        workdays.arrangement(row for _, row in folder.rows.get("calendar", ()))
    except workdays.BrokenCalendarError as error:
        yield ConfigFault("calendar.csv", 0, "", str(error))


def _needed(row: Row, columns: tuple[str, ...]) -> Found:
    return ((column, said("missing")) for column in columns if not row[column])


def _chosen(row: Row, column: str, known: tuple[str, ...]) -> Found:
    if row[column] and row[column] not in known:
        yield column, said("one_of", known="、".join(known))


def _whole(row: Row, columns: tuple[str, ...]) -> Found:
    for column in columns:
        low, high = NUMBERS[column]
        if not (re.fullmatch("[0-9]{1,4}", row[column]) and low <= int(row[column]) <= high):
            yield column, said("whole", low=low, high=high)


@cache
def _forms() -> tuple[str, ...]:
    return tuple(sorted({row["form"] for row in read("categories")}))


@cache
def _prefixes() -> dict[str, str]:
    return {row["code"][:3]: row["station"] for row in read("categories")}


@cache
def _known_flags() -> frozenset[str]:
    return frozenset(flag for row in read("categories") for flag in parts(row["flags"]))


@cache
def _kinds() -> dict[tuple[str, str], str]:
    return {(row["tpl"], row["field"]): row["kind"] for row in read("notification_templates")}


CHECKS: dict[str, Callable[[Row], Found]] = {
    "units": unit_check.unit,
    "categories": _category,
    "wechat_templates": _template,
    "wechat_keys": _wechat_key,
    "calendar": _day,
}
