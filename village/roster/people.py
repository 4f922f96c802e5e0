"""From entries to people: all that the file says about one person, wherever it says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from village.roster.entries import Entry, Post, Term
from village.roster.faults import Fault
from village.roster.lines import Line
from village.roster.texts import said

T = TypeVar("T")
Home = tuple[str | None, str]


@dataclass(frozen=True)
class Said(Generic[T]):
    """A value, and the line that says it."""

    value: T
    line: Line


@dataclass
class Wanted:
    """A person as the file has her; `line` is the first about her."""

    line: Line
    code: str | None
    home: Home
    facts: dict[str, Said[Any]] = field(default_factory=dict)
    helps: Line | None = None  # the line by which she is a volunteer
    stations: dict[str, Line] = field(default_factory=dict)
    skills: list[str] = field(default_factory=list)
    certificates: dict[str, Line] = field(default_factory=dict)
    posts: dict[Post, Said[Term]] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return a fact, None where the file does not say it."""
        said_ = self.facts.get(name)
        return said_.value if said_ else None

    def take(self, entry: Entry) -> list[Fault]:
        """Add what a line says; return where it contradicts an earlier one."""
        faults = [
            entry.line.fault(name, said("twice_differs", other=self.facts[name].line.row))
            for name, value in entry.facts.items()
            if self.facts.setdefault(name, Said(value, entry.line)).value != value
        ]
        for post, term in entry.posts.items():
            known = self.posts.setdefault(post, Said(term, entry.line))
            if known.value != term:
                faults.append(entry.line.fault("since", said("office_twice", other=known.line.row)))
        if entry.stations is not None:
            self.helps = self.helps or entry.line
            self._help(entry)
        return faults

    def _help(self, entry: Entry) -> None:
        for kind in entry.stations or ():
            self.stations.setdefault(kind, entry.line)
        for skill in entry.certificates:
            self.certificates.setdefault(skill, entry.line)
        for skill in entry.skills:
            if skill not in self.skills:
                self.skills.append(skill)


def gather(entries: Iterable[Entry]) -> tuple[list[Wanted], list[Fault]]:
    """Return the people of the file, and where lines about one of them contradict each other.

    Who has no code is known by village and name; a line without it belongs to the one person of
    that village and name who has one.
    """
    entries = list(entries)
    codes, at_home = defaultdict[Home, set[str]](set), set[str]()
    for entry in entries:
        if entry.home[0] is not None:
            at_home.add(entry.home[1])
        if "code" in entry.facts:
            codes[entry.home].add(entry.facts["code"])
    people, faults = dict[str | Home, Wanted](), list[Fault]()
    for entry in entries:
        known = codes[entry.home]
        code = entry.facts.get("code") or (min(known) if len(known) == 1 else None)
        if code is None and known:
            faults.append(entry.line.fault("code", said("same_name")))
            continue
        if code is None and entry.home[0] is None and entry.home[1] in at_home:
            faults.append(entry.line.fault("village", said("no_home_here")))
            continue
        key = code or entry.home
        wanted = people.setdefault(key, Wanted(entry.line, code, entry.home))
        faults += wanted.take(entry)
    return list(people.values()), faults
