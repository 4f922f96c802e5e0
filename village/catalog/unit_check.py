"""What is wrong with the units of a county: each below one of the right kind, no two of a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from village.catalog.config_files import ConfigFault, Folder
from village.catalog.files import Row
from village.catalog.texts import said
from village.models.org import ORG_KINDS

SECOND = ("town", "township", "farm")
ABOVE: dict[str, tuple[str, ...]] = {
    "county": (),
    **dict.fromkeys(SECOND, ("county",)),
    "admin_village": SECOND,
    "natural_village": ("admin_village",),
}
COUNTS = ("households", "population")
BOUNDS = {"lat": (-90, 90), "lng": (-180, 180)}
FILE = "units.csv"
_CODE = re.compile(r"[0-9A-Za-z._-]{1,20}")
_NUMBER = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,8})?")
Found = Iterator[tuple[str, str]]


def unit(row: Row) -> Found:
    """Yield column and fault of a row by itself."""
    if not _CODE.fullmatch(row["code"]):
        yield "code", said("unit_code")
    if not row["name"] or row["kind"] not in ORG_KINDS:
        missing = "name" if not row["name"] else "kind"
        yield missing, said("missing") if missing == "name" else _kinds(ORG_KINDS)
    if row["kind"] == "county" and row["parent"]:
        yield "parent", said("no_parent")
    for column in COUNTS:
        if row[column] and not re.fullmatch("[0-9]{1,7}", row[column]):
            yield column, said("whole", low=0, high=9_999_999)
    for column, (low, high) in BOUNDS.items():
        if row[column] and not (
            _NUMBER.fullmatch(row[column]) and low <= float(row[column]) <= high
        ):
            yield column, said("number", low=low, high=high)
    if bool(row["lat"]) != bool(row["lng"]):
        yield "lat", said("both")


def ladder(folder: Folder) -> Iterator[ConfigFault]:
    """Yield what is wrong with how the units hang together; each row is right by itself."""
    rows = folder.rows.get("units", [])
    if not rows:
        return
    kinds = {row["code"]: row["kind"] for _, row in rows}
    names: dict[tuple[str, str], int] = {}
    for number, row in rows:
        reason = _parent(row, kinds)
        if reason:
            yield ConfigFault(FILE, number, "parent", reason)
        other = names.setdefault((row["parent"], row["name"]), number)
        if other != number:
            yield ConfigFault(FILE, number, "name", said("same_name", other=other))
    if list(kinds.values()).count("county") != 1:
        yield ConfigFault(FILE, 0, "", said("one_county"))
    if "natural_village" not in kinds.values():
        yield ConfigFault(FILE, 0, "", said("no_village"))


def _parent(row: Row, kinds: dict[str, str]) -> str:
    wanted = ABOVE[row["kind"]]
    if not wanted:
        return ""
    if row["parent"] not in kinds:
        return said("unknown_parent")
    return "" if kinds[row["parent"]] in wanted else said("parent", kinds="、".join(wanted))


def _kinds(kinds: tuple[str, ...]) -> str:
    return said("one_of", known="、".join(kinds))
