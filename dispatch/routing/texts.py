"""The texts that the model learns from: written lines, said in turn, and dressed as letters.

A line may hold turns, `路灯[不亮|坏了]`, of which some combinations are used. Every line is also
put into frames (greetings, who writes, what has been tried, closings) that are the same for all
labels, alone and with others of its topic, so that the model learns matters and not manners.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dispatch.routing.labels import LABELS

MOST_TURNS = 4
_TURN = re.compile(r"\[([^\]]+)\]")
_ENDS = "，。！？?!,"


@dataclass(frozen=True)
class Line:
    """A written text with its label and topic."""

    label: str
    topic: str
    text: str


def lines() -> list[Line]:
    """Return all written lines, by label in the order of LABELS."""
    return [
        Line(label, row["topic"], row["text"]) for label in LABELS for row in _read(label)
    ]  # fmt: skip


def examples(seed: int, written: Sequence[Line] | None = None) -> list[tuple[str, str]]:
    """Return (text, label) to learn from; the same for the same seed and lines."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    said = [
        (line.label, line.topic, list(turns(line.text, rng)))
        for line in (lines() if written is None else written)
    ]
    topics: dict[tuple[str, str], list[str]] = {}
    for label, topic, texts in said:
        topics.setdefault((label, topic), []).extend(texts)
    return [
        (text, label)
        for (label, _), texts in topics.items()
        for each in texts
        for text in _forms(each, texts, rng)
    ]


def turns(line: str, rng: random.Random, most: int = MOST_TURNS) -> Iterator[str]:
    """Yield up to `most` of the texts that a line with turns stands for."""
    parts = _TURN.split(line)
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    said = ["".join(words) for words in itertools.product(*choices)]
    yield from said if len(said) <= most else rng.sample(said, most)


def _forms(text: str, topic: Sequence[str], rng: random.Random) -> Iterator[str]:
    yield text
    yield _dressed(text, [], rng)
    yield _dressed(text, rng.sample(topic, min(len(topic), rng.randint(1, 3))), rng)


def _dressed(text: str, more: Sequence[str], rng: random.Random) -> str:
    frames = _frames()
    out = []
    if rng.random() < 0.35:
        out.append(rng.choice(frames["title"]).replace("{}", text.rstrip(_ENDS)) + "。")
    out += [rng.choice(frames[kind]) for kind in ("greet", "who") if rng.random() < 0.5]
    around = [*more, *rng.sample(frames["back"], rng.choice([0, 1, 1, 2, 3]))]
    rng.shuffle(around)
    out.append("，".join(part.rstrip(_ENDS) for part in (text, *around)) + "。")
    if rng.random() < 0.6:
        out.append(rng.choice(frames["close"]))
    return "".join(out)


@cache
def _frames() -> dict[str, list[str]]:
    frames: dict[str, list[str]] = {}
    for row in _read("frames"):
        frames.setdefault(row["topic"], []).append(row["text"])
    return frames


def _read(name: str) -> list[dict[str, str]]:
    path = resources.files("dispatch.routing") / "training" / f"{name}.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
