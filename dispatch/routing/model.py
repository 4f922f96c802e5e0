"""The model: a file of character runs with a weight for every label, read without any library.

The first line is a JSON header, the second holds the labels' biases, and every other line a run:
its text, its rarity and its weights, parted by tabs, as whole thousandths.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dispatch.routing.features import runs, weigh
from dispatch.routing.labels import LABELS

FORMAT = 1
SCALE = 1000
FILE = "routing.tsv"


class BrokenModelError(ValueError):
    """The model file is not what it says it is."""


@dataclass(frozen=True, eq=False)
class Model:
    """Rarity of every run, weights of every run and bias, in the order of LABELS."""

    version: str
    rarity: Mapping[str, float]
    weights: Mapping[str, Sequence[float]]
    bias: Sequence[float]
    header: Mapping[str, Any]

    def scores(self, text: str) -> dict[str, float]:
        """Return a score for every label; above 0 speaks for it."""
        totals = list(self.bias)
        for run, value in weigh(runs(text), self.rarity).items():
            for place, weight in enumerate(self.weights[run]):
                totals[place] += value * weight
        return dict(zip(LABELS, totals, strict=True))

    def terms(self, text: str, label: str) -> list[tuple[str, float]]:
        """Return the runs that speak most for `label`, none inside another, best first."""
        place = LABELS.index(label)
        parts = weigh(runs(text), self.rarity)
        spoken = [(run, value * self.weights[run][place]) for run, value in parts.items()]
        spoken.sort(key=lambda pair: (-pair[1] * len(pair[0]), pair[0]))
        return _apart([pair for pair in spoken if len(pair[0]) > 1 and pair[1] > 0])


@dataclass(frozen=True)
class State:
    """`ok`, `missing` or `broken`, with the version or what is wrong."""

    state: str
    version: str | None
    detail: str


@cache
def load() -> tuple[Model | None, State]:
    """Read the packaged model once; a missing or broken one is a state and no error."""
    try:
        found = parse(packaged().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, State("missing", None, f"{FILE} is not there")
    except (BrokenModelError, OSError, UnicodeDecodeError) as error:
        return None, State("broken", None, str(error))
    return found, State("ok", found.version, f"{len(found.rarity)} runs")


def current() -> Model | None:
    """Return the model, or None where it is missing or broken: then people decide."""
    return load()[0]


def state() -> State:
    """Return how the model stands, for readiness and metrics."""
    return load()[1]


def packaged() -> Any:
    """Return the place of the model file in the package."""
    return resources.files("dispatch.routing") / "model" / FILE


def parse(text: str) -> Model:
    """Return the model that `text` holds; raises BrokenModelError."""
    first, _, body = text.partition("\n")
    try:
        header = json.loads(first)
        whole = header["format"] == FORMAT and header["sha256"] == checksum(body)
        if not whole or header["labels"] != list(LABELS):
            raise BrokenModelError("its checksum, format or labels are not those of its header")
        rows = [line.split("\t") for line in body.splitlines()]
        values = {row[0]: [int(cell) / SCALE for cell in row[1:]] for row in rows}
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BrokenModelError(f"it cannot be read: {error}") from error
    bias = values.pop("")[1:]
    rarity = {run: row[0] for run, row in values.items()}
    weights = {run: tuple(row[1:]) for run, row in values.items()}
    return Model(header["version"], rarity, weights, bias, header)


def checksum(body: str) -> str:
    """Return the SHA-256 of the lines after the header, as hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def _apart(terms: list[tuple[str, float]]) -> list[tuple[str, float]]:
    chosen: list[tuple[str, float]] = []
    for run, value in terms:
        if not any(_overlap(run, other) for other, _ in chosen):
            chosen.append((run, value))
        if len(chosen) == 5:
            break
    return chosen


def _overlap(run: str, other: str) -> bool:
    return run in other or other in run or run[1:] == other[:-1] or other[1:] == run[:-1]
