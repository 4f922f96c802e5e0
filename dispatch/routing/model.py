"""The model: a file of character runs with a weight for every label, read without any library.

The first line is a JSON header, the second holds the labels' biases, and every other line a run:
its text, its rarity and its weights, parted by tabs, as whole thousandths.

An installation may have a model of its own (`configure`); without one, or with a broken one, the
packaged model decides. A new file is read with the next message.

A second head of the same shape (`safe_head`) says which emergencies take the safe path.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate
from operator import mul
from pathlib import Path
from typing import Any

from dispatch.routing.features import KIND_MARK, bare, runs, spoken, weights, words_checksum
from dispatch.routing.labels import LABELS, SAFE_LABELS

FORMAT = 1
SCALE = 1000
FILE = "routing.tsv"
SAFE_FILE = "safe.tsv"


Row = tuple[float, tuple[float, ...]]


class BrokenModelError(ValueError):
    """The model file is not what it says it is."""


@dataclass(frozen=True, eq=False)
class Model:
    """The rows of the file by run, each read when it is first met, and the labels' biases."""

    version: str
    header: Mapping[str, Any]
    bias: Sequence[float]
    _rows: dict[str, str | Row]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def labels(self) -> Sequence[str]:
        """Return what it has weights for, in their order."""
        labels: Sequence[str] = self.header["labels"]
        return labels

    def known(self) -> Iterable[str]:
        """Return all runs of characters that it has weights for."""
        return self._rows.keys()

    def scores(self, text: str) -> dict[str, float]:
        """Return a score for every label; above 0 speaks for it."""
        _, values, weights = _said(self, text)
        columns = list(zip(*weights, strict=True)) or [()] * len(self.labels)
        return {
            label: _dot(start, values, column)
            for label, start, column in zip(self.labels, self.bias, columns, strict=True)
        }

    def terms(self, text: str, label: str) -> list[tuple[str, float]]:
        """Return the runs and words that speak most for `label`, none inside another, best first.

        Words that meet stand as "拿不出…学费".
        """
        place = self.labels.index(label)
        words = spoken(text)
        said = [
            (words[run] if run.startswith(KIND_MARK) else bare(run), value * weights[place])
            for run, value, weights in zip(*_said(self, text), strict=True)
            if weights[place] > 0
        ]
        said.sort(key=lambda pair: (-pair[1] * len(pair[0]), pair[0]))
        return _apart([pair for pair in said if len(pair[0]) > 1])

    def rows(self, runs: Iterable[str]) -> Iterator[tuple[str, Row]]:
        """Yield those of `runs` that were learnt, in their order, with their rows."""
        known = self._rows
        for run in filter(known.__contains__, runs):
            row = known[run]
            if isinstance(row, str):
                row = known[run] = _row(row)
            yield run, row


Said = tuple[list[str], list[float], list[Sequence[float]]]


@lru_cache(maxsize=2)
def _said(found: Model, text: str) -> Said:
    """Return runs, their weights in `text`, their weights; scores and terms ask for the same."""
    counts = runs(text)
    rows = list(found.rows(counts))
    values = weights(counts, ((run, rarity) for run, (rarity, _) in rows))
    return [run for run, _ in rows], values, [by_label for _, (_, by_label) in rows]


def _dot(start: float, values: Iterable[float], weights: Iterable[float]) -> float:
    """Add up one after the other, so that a score is the same to its last bit everywhere.

    `sum` would round less from Python 3.12 on.
    """
    products = map(mul, values, weights)
    return deque[float](accumulate(products, initial=start), maxlen=1)[0]


@dataclass(frozen=True)
class State:
    """`ok`, `missing` or `broken`, with the version or what is wrong."""

    state: str
    version: str | None
    detail: str


Stamp = tuple[Path, int, int]  # a file as it was: place, nanoseconds, size

_tried: ContextVar[Model | None] = ContextVar("tried", default=None)
_own: list[Path] = []  # at most one: where the installation's own model is, if it has one


def configure(place: Path | None) -> None:
    """Say where the model of this installation may be."""
    _own[:] = [] if place is None else [place]


@lru_cache(maxsize=2)
def load(own: Stamp | None = None) -> tuple[Model | None, State]:
    """Read a model once: the installation's own, else the packaged one.

    A missing or broken one is a state and no error.
    """
    if own is None:
        return _read(packaged())
    found, stands = _read(own[0])
    if found is not None:
        return found, stands
    return _read(packaged())[0], State(stands.state, None, f"{own[0].name}: {stands.detail}")


@cache
def safe_head() -> tuple[Model | None, State]:
    """Read the packaged second head once: which emergencies take the safe path."""
    return _read(packaged(SAFE_FILE), SAFE_LABELS)


def _read(place: Any, labels: Sequence[str] = LABELS) -> tuple[Model | None, State]:
    try:
        found = parse(place.read_text(encoding="utf-8"), labels)
    except FileNotFoundError:
        return None, State("missing", None, f"{place.name} or its words are not there")
    except (BrokenModelError, OSError, UnicodeDecodeError) as error:
        return None, State("broken", None, str(error))
    return found, State("ok", found.version, f"{len(found)} runs")


def _stamp() -> Stamp | None:
    for place in _own:
        try:
            found = place.stat()
        except OSError:
            return None
        return place, found.st_mtime_ns, found.st_size
    return None


def current() -> Model | None:
    """Return the model, or None where it is missing or broken: then people decide."""
    return _tried.get() or load(_stamp())[0]


@contextmanager
def using(found: Model) -> Iterator[None]:
    """Let another model decide within the block, to compare the two."""
    before = _tried.set(found)
    try:
        yield
    finally:
        _tried.reset(before)


def state() -> State:
    """Return how the model stands, and its second head, for readiness and metrics."""
    stands, head = load(_stamp())[1], safe_head()[1]
    return stands if head.state == "ok" or stands.state != "ok" else head


def packaged(name: str = FILE) -> Any:
    """Return the place of a model file in the package."""
    return resources.files("dispatch.routing") / "model" / name


def parse(text: str, labels: Sequence[str] = LABELS) -> Model:
    """Return the model that `text` holds; raises BrokenModelError."""
    first, _, body = text.partition("\n")
    try:
        header = json.loads(first)
        whole = header["format"] == FORMAT and header["sha256"] == checksum(body)
        if not whole or header["labels"] != list(labels):
            raise BrokenModelError("its checksum, format or labels are not those of its header")
        if header["words_sha256"] != words_checksum():
            raise BrokenModelError("it was learnt by other words than those beside it")
        rows: dict[str, str | Row] = dict(_cut(line) for line in body.splitlines())
        _, bias = _row(str(rows.pop("")))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BrokenModelError(f"it cannot be read: {error}") from error
    return Model(header["version"], header, bias, rows)


def checksum(body: str) -> str:
    """Return the SHA-256 of the lines after the header, as hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def _cut(line: str) -> tuple[str, str]:
    run, cells = line.split("\t", 1)
    return run, cells


def _row(cells: str) -> Row:
    rarity, *weights = [int(cell) / SCALE for cell in cells.split("\t")]
    return rarity, tuple(weights)


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
