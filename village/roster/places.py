"""Which unit a name in a file means: by code, by name, or by name after those above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from village.catalog.files import parts
from village.models import OrgUnit, Station
from village.roster import words
from village.roster.faults import CellError
from village.roster.words import plain


class Places:
    """The units of the county and the stations of its natural villages."""

    def __init__(self, units: Iterable[OrgUnit], stations: Iterable[Station]) -> None:
        """Take all units and stations there are."""
        self._units = {unit.code: unit for unit in units}
        self._stations = {(station.village_code, station.kind) for station in stations}
        self._by_name: dict[str, set[str]] = {}
        for unit in self._units.values():
            for known in self._names(unit):
                self._by_name.setdefault(plain(known), set()).add(unit.code)

    def village(self, name: str, above: Iterable[str] = ()) -> str:
        """Return the code of a natural village, below the units named in `above`.

        Raises CellError for none, or for several.
        """
        found = self._search(name, ("natural_village",), above)
        if len(found) != 1:
            raise CellError("village_several" if found else "village")
        return found[0]

    def unit(self, name: str, kinds: str, above: Iterable[str] = ()) -> str:
        """Return the code of a unit of one of the `kinds`. Raises CellError."""
        wanted = parts(kinds)
        found = self._search(name, wanted, above)
        if len(found) == 1:
            return found[0]
        if found:
            raise CellError("unit_several")
        raise CellError("unit_kind" if self._by_name.get(plain(name)) else "unit")

    def at_or_above(self, code: str | None, kinds: str) -> str | None:
        """Return the nearest unit of one of the `kinds` that is `code` or lies above it."""
        return next((one for one in self.line(code) if self._units[one].kind in parts(kinds)), None)

    def name(self, code: str) -> str:
        """Return the name of a unit."""
        return self._units[code].name

    def line(self, code: str | None) -> Iterator[str]:
        """Yield a unit and those above it, from below."""
        while code is not None and code in self._units:
            yield code
            code = self._units[code].parent_code

    def near(self, one: str, other: str) -> bool:
        """Tell whether two units are one, or one lies above the other."""
        return one in self.line(other) or other in self.line(one)

    def has_station(self, village: str, kind: str) -> bool:
        """Tell whether a natural village has a station of this kind."""
        return (village, kind) in self._stations

    def _search(self, name: str, kinds: Iterable[str], above: Iterable[str]) -> list[str]:
        allowed = [self._by_name.get(plain(one), set()) for one in above if one]
        return sorted(
            code
            for code in self._by_name.get(plain(name), ())
            if self._units[code].kind in kinds
            and all(codes & set(self.line(code)) for codes in allowed)
        )

    def _names(self, unit: OrgUnit) -> Iterator[str]:
        """A unit's code and its names: alone or after those above, as people end them."""
        yield unit.code
        above = ""
        for code in self.line(unit.code):
            above = self._units[code].name + above
            for base in {above, above.removesuffix("村")}:
                yield base
                yield from (base + end for end in words.listed("village_ending", unit.kind))
