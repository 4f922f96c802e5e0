"""Why a request was routed as it was: in words for those who decide, and a sentence for her.

The words are those of `grounds.csv`; what was decided is read from the stored `routing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from village.catalog import files
from village.models import Request

HIDE_ME = "hide_me"


def of(request: Request) -> dict[str, Any]:
    """Return `{flags: [{kind, text, matched, priority}], lines: [sentence]}` for who decides."""
    return {"flags": flags(request.routing), "lines": list(_lines(request.routing))}


def _lines(routing: Mapping[str, Any]) -> Iterator[str]:
    if asks := routing.get("asks"):
        yield word(f"asks_{asks['answer'] or 'open'}", **asks["names"])


def flags(routing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the flags of a decision, each with its sentence in `text`."""
    return [
        {**flag, "text": word(f"flag_{flag['kind']}", reason=flag["reason"])}
        for flag in routing.get("flags", ())
    ]


def told(request: Request) -> list[str]:
    """Return what the machine's findings mean to her who wrote, in plain sentences."""
    return list(_told(request))


def _told(request: Request) -> Iterator[str]:
    said = {flag["kind"] for flag in request.routing.get("flags", ())}
    if request.hide_me:
        yield word("told_hidden_by_words" if HIDE_ME in said else "told_hidden")


def word(kind: str, **values: Any) -> str:
    """Return a sentence of `grounds.csv`; KeyError if there is none."""
    return _words()[kind].format_map(values)


@cache
def _words() -> dict[str, str]:
    return {row["kind"]: row["zh"] for row in files.read("grounds")}
