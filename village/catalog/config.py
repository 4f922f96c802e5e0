"""A county's own rows over those of the package: which files there are, and what they make.

A row replaces the package's row of the same key, or is a new one; what a county does not name is
the package's, also after an update of it. Two files are replaced in larger parts: the calendar year
by year, and the units as a whole, since the package's county is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from village.catalog.files import Row, read

Files = Mapping[str, Sequence[Row]]  # name of a file without `.csv`: its rows

KEYS: dict[str, tuple[str, ...]] = {
    "units": ("code",),
    "categories": ("code",),
    "wechat_templates": ("tpl",),
    "wechat_keys": ("tpl", "field"),
    "calendar": ("date",),
}
SIZES = ("households", "population", "lat", "lng")
YEAR = slice(4)  # of a date
NONE: Files = {}


class Difference(NamedTuple):
    """What a row becomes: `before` or `after` is None where it is not there."""

    file: str
    key: str
    before: Row | None
    after: Row | None

    def columns(self) -> list[str]:
        """Return the columns that change; all of a row that comes or goes."""
        before, after = self.before or {}, self.after or {}
        return [name for name in after or before if before.get(name) != after.get(name)]


def columns(name: str) -> tuple[str, ...]:
    """Return the columns of a file, which are those of the package's."""
    return tuple(packaged(name)[0])


def packaged(name: str) -> Sequence[Row]:
    """Return the package's rows of a file; do not change them."""
    return _units() if name == "units" else read(name)


@cache
def _units() -> tuple[Row, ...]:
    sizes = {row["village_code"]: row for row in read("villages")}
    return tuple(
        {**row, **{name: sizes.get(row["code"], {}).get(name, "") for name in SIZES}}
        for row in read("org_units")
    )


def key_of(name: str, row: Row) -> tuple[str, ...]:
    """Return the key of a row."""
    return tuple(row[column] for column in KEYS[name])


def rows(name: str, own: Files = NONE) -> list[Row]:
    """Return the rows of a file with a county's own in their places, new ones at the end.

    A column that a version does not have, since it is older, is the package's, or else blank.
    """
    found = {key_of(name, row): row for row in _kept(name, own)}
    blank = dict.fromkeys(columns(name), "")
    for row in own.get(name, ()):
        key = key_of(name, row)
        found[key] = {**blank, **found.get(key, {}), **row}
    return list(found.values())


def _kept(name: str, own: Files) -> Iterable[Row]:
    """The package's rows beside a county's own: no invented units, no year that is hers."""
    if name == "units" and own.get(name):
        return ()
    if name != "calendar":
        return packaged(name)
    mine = {row["date"][YEAR] for row in own.get(name, ())}
    return (row for row in read(name) if row["date"][YEAR] not in mine)


def own_rows(files: Files) -> dict[str, list[Row]]:
    """Return the rows that are not the package's own: what is worth keeping as a version."""
    kept = {name: _own(name, given) for name, given in files.items() if name in KEYS}
    return {name: given for name, given in kept.items() if given}


def _own(name: str, given: Sequence[Row]) -> list[Row]:
    other = [row for row in given if row not in packaged(name)]
    if name == "units":
        return list(given) if other or len(given) < len(packaged(name)) else []
    if name != "calendar":
        return other
    years = {row["date"][YEAR] for row in other} | _shortened(given)
    return [row for row in given if row["date"][YEAR] in years]


def _shortened(given: Sequence[Row]) -> set[str]:
    """The years of which rows of the package are left out."""
    named = {row["date"][YEAR] for row in given}
    return {
        row["date"][YEAR]
        for row in read("calendar")
        if row["date"][YEAR] in named and row not in given
    }


def differences(before: Files, after: Files) -> list[Difference]:
    """Return what changes from one configuration to another, file by file."""
    return [found for name in KEYS for found in _differences(name, before, after)]


def _differences(name: str, before: Files, after: Files) -> Iterable[Difference]:
    old = {key_of(name, row): row for row in rows(name, before)}
    new = {key_of(name, row): row for row in rows(name, after)}
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield Difference(name, " ".join(key), old.get(key), new.get(key))
