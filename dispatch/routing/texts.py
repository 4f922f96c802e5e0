"""The texts that the model learns from: written lines, said in turn, and dressed as letters.

A line may hold turns, `路灯[不亮|坏了]`, of which some combinations are used, and slots, `{who}倒在
地上`, that are filled from `slots.csv`. Every line is also put into frames (greetings, who writes,
what has been tried, closings) that are the same for all labels, alone and with others of its
topic, so that the model learns matters and not manners. The lines of `calm.csv` sound like danger
and are none: they teach only what an emergency is not.

The second head learns from the emergencies alone (`safe_lines`): which of them is violence at home,
a child in danger or a wish to die (their column `safe`), with the lines of `safe.csv` beside them.
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

from dispatch.routing.labels import EMERGENCY, LABELS

CALM = "calm"
OTHER = "other"  # an emergency of no kind that takes the safe path
OPEN = "open"  # one that may be either: it teaches nothing
SAID = "said"  # a topic of short spoken lines: few of them are dressed as letters
MOST_TURNS = 4
FILLINGS = 8  # texts that a line with slots stands for
LETTERS = 0.25  # share of those, and of short spoken ones, that are also dressed as letters
UNBROKEN = 0.25  # share of texts said without punctuation, as voice input gives them
_TURN = re.compile(r"\[([^\]]+)\]")
_SLOT = re.compile(r"\{([a-z_]+)\}")
_ENDS = "，。！？?!,"
_MARKS = re.compile(f"[{_ENDS}]")


@dataclass(frozen=True)
class Line:
    """A written text with its label (or `calm`) and topic."""

    label: str
    topic: str
    text: str


def lines() -> list[Line]:
    """Return all written lines, by label in the order of LABELS, then the calm ones."""
    return [
        Line(label, row["topic"], row["text"]) for label in (*LABELS, CALM) for row in _read(label)
    ]  # fmt: skip


def safe_lines() -> list[Line]:
    """Return what the second head learns from: emergencies by their safe kind, or `other`."""
    known = [
        Line(row["safe"] or OTHER, row["topic"], row["text"])
        for row in _read(EMERGENCY)
        if row["safe"] != OPEN
    ]
    return [*known, *(Line(row["kind"], SAID, row["text"]) for row in _read("safe"))]


def examples(seed: int, written: Sequence[Line] | None = None) -> list[tuple[str, str]]:
    """Return (text, label) to learn from; the same for the same seed and lines."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    topics: dict[tuple[str, str], list[str]] = {}
    filled: list[tuple[str, str]] = []
    for line in lines() if written is None else written:
        if _SLOT.search(line.text):
            filled += [(text, line.label) for text in fillings(line.text, rng)]
        elif line.topic == SAID:
            filled += [(text, line.label) for text in turns(line.text, rng)]
        else:
            topics.setdefault((line.label, line.topic), []).extend(turns(line.text, rng))
    said = [
        (text, label)
        for (label, _), texts in topics.items()
        for each in texts
        for text in _forms(each, texts, rng)
    ]
    dressed = [(_dressed(text, [], rng), label) for text, label in filled if _draws(rng, LETTERS)]
    return [
        (_MARKS.sub("", text) if _draws(rng, UNBROKEN) else text, label)
        for text, label in (*said, *filled, *dressed)
    ]


def turns(line: str, rng: random.Random, most: int = MOST_TURNS) -> Iterator[str]:
    """Yield up to `most` of the texts that a line with turns stands for."""
    parts = _TURN.split(line)
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    said = ["".join(words) for words in itertools.product(*choices)]
    yield from said if len(said) <= most else rng.sample(said, most)


def fillings(line: str, rng: random.Random, times: int = FILLINGS) -> list[str]:
    """Return `times` texts, each with a word drawn for every slot and turn of `line`."""
    return [
        _TURN.sub(lambda turn: rng.choice(turn[1].split("|")), _SLOT.sub(
            lambda slot: rng.choice(_slots()[slot[1]]), line))
        for _ in range(times)
    ]  # fmt: skip


def _draws(rng: random.Random, share: float) -> bool:
    return rng.random() < share


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


@cache
def _slots() -> dict[str, list[str]]:
    return {row["slot"]: row["words"].split("|") for row in _read("slots")}


def _read(name: str) -> list[dict[str, str]]:
    path = resources.files("dispatch.routing") / "training" / f"{name}.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
