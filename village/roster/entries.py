"""From a line to what it says about a person: home, offices, volunteering; or what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

from village.catalog.files import read
from village.eligibility import papers
from village.roster import cells, words
from village.roster.faults import CellError, Fault
from village.roster.lines import Line
from village.roster.places import Places
from village.roster.texts import said
from village.roster.words import NO_ROLE, VOLUNTEER, plain

T = TypeVar("T")
ABOVE = ("town", "admin_village")
OF_VOLUNTEERS = (
    "station", "skills", "availability", "insured_until", "trained_until", "certificates",
    "certified_until", "guardian_consent",
)  # fmt: skip


class Post(NamedTuple):
    """An office at a place: a role of `roles.csv`, a unit, and a station where the role has one."""

    role: str
    unit: str
    station: str | None


class Term(NamedTuple):
    """From the first day to the last; None where the file does not say."""

    since: date | None
    until: date | None


@dataclass(frozen=True)
class Entry:
    """What one line says. `facts` by field; what the file leaves blank is not in it."""

    line: Line
    facts: dict[str, Any]
    stations: tuple[str, ...] | None = None  # None: she is no volunteer by this line
    skills: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    posts: dict[Post, Term] = field(default_factory=dict)

    @property
    def home(self) -> tuple[str | None, str]:
        """Village and name: by these she is found where she has no code."""
        return self.facts.get("village"), self.facts["name"]


def parse(lines: Iterable[Line], places: Places, today: date) -> tuple[list[Entry], list[Fault]]:
    """Return the entries of the lines that are right, and what is wrong with the others."""
    entries, faults = list[Entry](), list[Fault]()
    for line in lines:
        reader = _Reader(line, places, today)
        entry = reader.entry()
        faults += reader.faults
        if not reader.faults:
            entries.append(entry)
    return entries, faults


class _Reader:
    """Reads one line and collects what is wrong with it."""

    def __init__(self, line: Line, places: Places, today: date) -> None:
        self.line = line
        self.places = places
        self.today = today
        self.faults: list[Fault] = []

    def entry(self) -> Entry:
        facts = dict(self._facts())
        if "name" not in self.line.cells:
            self._wrong("name", "missing")
        roles = self._roles()
        kinds = self._stations(facts.get("village"))
        posts = dict(self._posts(roles, kinds, facts.get("village")))
        if "village" not in self.line.cells and "unit" not in self.line.cells:
            self._wrong("village", "no_home")
        if VOLUNTEER not in roles:
            return Entry(self.line, facts, posts=posts)
        self._check_volunteer(facts, kinds)
        facts |= dict(self._volunteer_facts())
        skills = self._get("skills", cells.several) or ()
        return Entry(self.line, facts, kinds, skills, self._certificates(), posts)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        readers: dict[str, Callable[[Any], Any]] = {
            "code": cells.code,
            "name": cells.name,
            "village": lambda cell: self.places.village(cells.text(cell), self._above()),
            "birth_year": lambda cell: cells.birth_year(cell, self.today),
            "phone": cells.phone,
            "household": cells.short,
        }
        yield from self._read(readers)

    def _volunteer_facts(self) -> Iterator[tuple[str, Any]]:
        readers: dict[str, Callable[[Any], Any]] = {
            "availability": _phrase,
            "insured_until": _last_day,
            "trained_until": _last_day,
            "certified_until": _last_day,
            "guardian_consent": cells.yes,
        }
        yield from self._read(readers)

    def _read(self, readers: dict[str, Callable[[Any], Any]]) -> Iterator[tuple[str, Any]]:
        for name, read_cell in readers.items():
            value = self._get(name, read_cell)
            if value is not None:
                yield name, value

    def _roles(self) -> frozenset[str]:
        if "roles" not in self.line.cells:
            helps = any(name in self.line.cells for name in OF_VOLUNTEERS)
            return frozenset({VOLUNTEER} if helps else ())
        found = set()
        for word in self._get("roles", cells.several) or ():
            role = words.values("role").get(plain(word))
            if role is None:
                self._wrong("roles", "role", known=words.usual("role"))
            else:
                found.add(role)
        return frozenset(found - {NO_ROLE})

    def _stations(self, village: str | None) -> tuple[str, ...]:
        found = []
        for word in self._get("station", cells.several) or ():
            kind = words.values("station").get(self._without_village(plain(word), village))
            if kind is None:
                self._wrong("station", "station", known=words.usual("station"))
            else:
                found.append(kind)
        return tuple(dict.fromkeys(found))

    def _without_village(self, word: str, village: str | None) -> str:
        name = plain(self.places.name(village)) if village else ""
        return word.removeprefix(name)

    def _posts(
        self, roles: Iterable[str], kinds: tuple[str, ...], village: str | None
    ) -> Iterator[tuple[Post, Term]]:
        term = self._term()
        for role in sorted(set(roles) - {VOLUNTEER}):
            office = words.offices()[role]
            unit = self._unit(office["unit_kinds"], village)
            for kind in self._at(office["scope"], kinds, unit):
                if unit is not None:
                    yield Post(office["role"], unit, kind), term

    def _term(self) -> Term:
        since = self._get("since", lambda cell: cells.day(cell, last=False))
        until = self._get("until", _last_day)
        if since is not None and until is not None and until < since:
            self._wrong("until", "term_order")
        return Term(since, until)

    def _unit(self, kinds: str, village: str | None) -> str | None:
        if "unit" in self.line.cells:
            return self._get(
                "unit", lambda cell: self.places.unit(cells.text(cell), kinds, self._above())
            )
        unit = self.places.at_or_above(village, kinds)
        if unit is None and "village" not in self.line.cells:
            self._wrong("unit", "missing")
        return unit

    def _at(self, scope: str, kinds: tuple[str, ...], unit: str | None) -> tuple[str | None, ...]:
        """The stations at which an office is held; None: it has none."""
        if scope not in ("station", "mediation"):
            return (None,)
        found = ("mediation",) if scope == "mediation" else kinds
        self._check_stations(found, unit)
        return found

    def _check_volunteer(self, facts: dict[str, Any], kinds: tuple[str, ...]) -> None:
        if "village" not in self.line.cells:
            self._wrong("village", "no_village")
        self._check_stations(kinds, facts.get("village"))

    def _check_stations(self, kinds: tuple[str, ...], village: str | None) -> None:
        if not kinds and "station" not in self.line.cells:
            self._wrong("station", "station_missing")
        elif village and not all(self.places.has_station(village, kind) for kind in kinds):
            self._wrong("station", "station_none")

    def _certificates(self) -> tuple[str, ...]:
        found = self._get("certificates", cells.several) or ()
        if not all(skill.startswith(tuple(papers())) for skill in found):
            self._wrong("certificates", "paper_skill", known="、".join(sorted(papers())))
        return found

    def _above(self) -> list[str]:
        return [cells.text(self.line.cells[name]) for name in ABOVE if name in self.line.cells]

    def _get(self, name: str, read_cell: Callable[[Any], T]) -> T | None:
        if name not in self.line.cells:
            return None
        try:
            return read_cell(self.line.cells[name])
        except CellError as error:
            self._add(name, str(error))
            return None

    def _wrong(self, name: str, reason: str, **values: str) -> None:
        self._add(name, said(reason, **values))

    def _add(self, name: str, reason: str) -> None:
        fault = self.line.fault(name, reason)
        if fault not in self.faults:
            self.faults.append(fault)


def _last_day(cell: Any) -> date:
    return cells.day(cell, last=True)


def _phrase(cell: Any) -> str:
    found = plain(cells.text(cell))
    phrases = dict.fromkeys(row["phrase"] for row in read("availability"))
    if found not in phrases:
        raise CellError("availability", known="、".join(phrases))
    return found
