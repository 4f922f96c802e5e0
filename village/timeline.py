"""Events as plain Chinese sentences: what a villager or the station reads in the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Protocol

from village.catalog import files

PRESENT = ""  # key of `station_names` for the station that has the request now


class EventLike(Protocol):
    """What a sentence needs to know of an event."""

    machine: str
    action: str
    to_status: str
    actor_role: str
    data: dict[str, Any]


def sentence(
    event: EventLike,
    *,
    station_names: Mapping[str, str],
    for_requester: bool,
    with_words: bool = True,
) -> str | None:
    """Return the sentence of an event; None for what is no part of the timeline (offers).

    `station_names` maps a station's kind to its name, and PRESENT to the name of the station
    that has the request now. `with_words=False` leaves out what people wrote: for readers who
    see of a sealed request no more than its state.
    """
    if event.machine == "party":
        who = word("reads_as", event.actor_role)
        return word("party", event.action).format(who=who, **event.data)
    if event.machine != "request":
        return None
    row = _rows()[event.action, event.to_status]
    reader = "requester" if for_requester else "staff"
    kind = event.data.get("station", PRESENT)
    station = station_names.get(kind) or word("unit", "station")
    said = [row[reader].format(station=station)]
    if with_words:
        said += _words(row[f"{reader}_words"], event.data)
    return "。".join(said) + "。"


def status_text(status: str) -> str:
    """Return the word for a request's state: at most five Chinese characters (6.6)."""
    return word("status", status)


def word(kind: str, code: str) -> str:
    """Return the word for a code of a kind (`status`, `level`, …); KeyError if there is none."""
    return words()[kind, code]


@cache
def words() -> Mapping[tuple[str, str], str]:
    """Return all words by kind and code."""
    return {(row["kind"], row["code"]): row["zh"] for row in files.read("words")}


@cache
def _rows() -> Mapping[tuple[str, str], files.Row]:
    return {(row["action"], row["target"]): row for row in files.read("timeline")}


def _words(cell: str, data: Mapping[str, Any]) -> Iterator[str]:
    for part in files.parts(cell):
        name, _, label = part.partition("=")
        value = data.get(name)
        if value not in (None, ""):
            text = words().get((name, str(value)), str(value))
            yield f"{label}：{text.strip().rstrip('。')}"
