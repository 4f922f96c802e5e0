"""The volunteers of a decision as columns: one rule looks at thousands of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Texts = NDArray[np.str_]

KINDS: dict[str, Any] = {"U": np.str_, "i": np.int64, "f": np.float64, "?": np.bool_}


@dataclass(frozen=True)
class Many:
    """Facts of which a person may have any number: `who` they belong to by place, and columns.

    `who` is in order, so that the facts of a few people are found quickly among many.
    """

    who: Whole
    columns: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, kinds: str, who: Iterable[int] | None, *columns: Iterable[Any] | None) -> Many:
        """Make arrays of lists (None: empty); `kinds` has a letter a column: U text, i, f."""
        arrays = [array(kind, column) for kind, column in zip(kinds, columns, strict=True)]
        places: Whole = array("i", who)
        order = np.argsort(places, kind="stable")
        return cls(places[order], tuple(column[order] for column in arrays))

    def of_those(self, places: Whole) -> Many:
        """Return the facts of the people at these places, who stand at 0, 1, 2 … from now on."""
        first = np.searchsorted(self.who, places)
        many = np.searchsorted(self.who, places, side="right") - first
        before = np.cumsum(many) - many
        rows = np.repeat(first - before, many) + np.arange(many.sum())
        who = np.repeat(np.arange(len(places)), many)
        return Many(who, tuple(column[rows] for column in self.columns))


def array(kind: str, column: Iterable[Any] | None) -> NDArray[Any]:
    """Return a column as an array of texts (U), whole numbers (i), numbers (f) or masks (?)."""
    values = list(column or ())
    return np.array(values, dtype=KINDS[kind] if values or kind != "U" else "U1")


@dataclass(frozen=True)
class People:
    """Active volunteers by place, in the order of their ids; nothing of background or views.

    `insured_until` in days since 1970 (0: not insured), `asked_at` and `rest_until` in seconds
    since 1970 (-inf: never), `quiet_from` and `quiet_to` in minutes of the day (-1: none).
    `messages` and `tasks` count seven days, `messages_today` the last 24 hours. `reachable`:
    some message will come to her. Of `stations` the columns are village and station, of `papers`
    skill and last day, of `busy` and `off` from and to (seconds), of `windows` weekday, from and
    to (minutes).
    """

    ids: NDArray[np.bytes_]
    birth_year: Whole
    guardian_consent: Bools
    insured_until: Whole
    open_tasks: Whole
    max_open_tasks: Whole
    at_work: Bools
    quiet_from: Whole
    quiet_to: Whole
    asked_at: Real
    messages_today: Whole
    messages: Whole
    tasks: Whole
    reachable: Bools
    helps_village: Bools
    next_village: Bools
    next_village_km: Real
    ask_less: Real
    personal: Bools
    rest_until: Real
    stations: Many
    skills: Many
    papers: Many
    mediates: Many
    disliked: Many
    busy: Many
    windows: Many
    off: Many
    known: dict[Any, Any] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def all(self) -> Bools:
        """Return a mask of everybody."""
        return np.ones(len(self), dtype=bool)

    def whose(self, many: Many, kept: Bools | None = None) -> Bools:
        """Return who has any of these facts."""
        found = np.zeros(len(self), dtype=bool)
        found[many.who if kept is None else many.who[kept]] = True
        return found

    def id(self, place: int) -> UUID:
        """Return the id of the person at a place."""
        return UUID(bytes=bytes(self.ids[place]).ljust(16, b"\0"))

    def places(self, people: Iterable[UUID]) -> Whole:
        """Return the places of those of `people` who are here."""
        if "places" not in self.known:
            self.known["places"] = {one: place for place, one in enumerate(self.ids.tolist())}
        known = self.known["places"]
        # an array of bytes does not keep the zeros at their end
        found = (known.get(person.bytes.rstrip(b"\0")) for person in people)
        return np.array(sorted(place for place in found if place is not None), dtype=np.int64)

    def among(self, people: Iterable[UUID]) -> Bools:
        """Return a mask of those who are here."""
        found = np.zeros(len(self), dtype=bool)
        found[self.places(people)] = True
        return found

    def of_villages(self, villages: Collection[str]) -> People:
        """Return those who belong to a station of these villages."""
        if "members" not in self.known:
            order = np.argsort(self.stations.columns[0], kind="stable")
            self.known["members"] = self.stations.columns[0][order], self.stations.who[order]
        codes, who = self.known["members"]
        inside = [
            who[np.searchsorted(codes, code) : np.searchsorted(codes, code, side="right")]
            for code in villages
        ]
        places = np.unique(np.concatenate(inside))
        return self if len(places) == len(self) else self._take(places)

    def _take(self, places: Whole) -> People:
        parts: dict[str, Any] = {
            one.name: value.of_those(places) if isinstance(value, Many) else value[places]
            for one in fields(self)
            if one.name != "known"
            for value in (getattr(self, one.name),)
        }
        return replace(self, **parts, known={})

    def rested(self, now: datetime) -> Real:
        """Return the minutes since each was last asked; who asked for less counts fewer."""
        rested: Real = (now.timestamp() - self.asked_at) / 60 / self.ask_less
        return rested
