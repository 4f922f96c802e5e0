"""Train the model from the written texts: a linear support vector machine for every label.

Dual coordinate descent with squared hinge loss (Hsieh and others, ICML 2008) in plain Python:
the same texts and seed give the same file, bit by bit, and an office needs no library for it.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter, mul

from dispatch.routing import texts
from dispatch.routing.features import runs, weigh, words_checksum
from dispatch.routing.labels import EMERGENCY, LABELS
from dispatch.routing.model import FORMAT, SCALE, checksum

SEED = 20261123
ROUNDS = 16
FULL_ROUND = 4
COST = 1.0
RAREST = 2
NUMBER = "1"

Vector = tuple[tuple[int, ...], tuple[float, ...]]


def train(seed: int = SEED, written: Sequence[texts.Line] | None = None) -> str:
    """Return the text of the model file that the written lines give."""
    learnt = texts.examples(seed, written)
    counts = [runs(text) for text, _ in learnt]
    rarity = _rarity(counts)
    places = {run: place for place, run in enumerate(rarity)}
    vectors = [_vector(count, rarity, places) for count in counts]
    columns = [_column(label, learnt, vectors, len(rarity), seed) for label in LABELS]
    return _file(rarity, columns, learnt, seed)


def _column(
    label: str, learnt: Sequence[tuple[str, str]], vectors: Sequence[Vector], size: int, seed: int
) -> list[float]:
    # what only sounds like danger may be any station's: it teaches the emergency label alone
    rows = [
        (vector, given == label)
        for vector, (_, given) in zip(vectors, learnt, strict=True)
        if given != texts.CALM or label == EMERGENCY
    ]
    return fit([vector for vector, _ in rows], [each for _, each in rows], size, seed)


def fit(vectors: Sequence[Vector], positive: Sequence[bool], size: int, seed: int) -> list[float]:
    """Return the weights of `size` runs, and the bias as the last one."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    weights = [0.0] * (size + 1)
    signs = [1.0 if each else -1.0 for each in positive]
    duals = [0.0] * len(vectors)
    getters = [itemgetter(*places) for places, _ in vectors]
    order = list(range(len(vectors)))
    soft = 1 / (2 * COST)
    for turn in range(ROUNDS):
        rng.shuffle(order)
        for row in order:
            if turn % FULL_ROUND and turn > 1 and not duals[row]:
                continue  # texts far from the border are looked at again in a full round
            places, values = vectors[row]
            margin = sum(map(mul, getters[row](weights), values))
            slope = signs[row] * margin - 1 + soft * duals[row]
            dual = max(duals[row] - slope / (2 + soft), 0.0)
            if dual != duals[row]:
                step = (dual - duals[row]) * signs[row]
                duals[row] = dual
                for place, value in zip(places, values, strict=True):
                    weights[place] += step * value
    return weights


def _rarity(counts: Sequence[Counter[str]]) -> dict[str, float]:
    known = Counter(run for count in counts for run in count)
    return {
        run: round(1 + math.log((1 + len(counts)) / (1 + n)), 3)
        for run, n in sorted(known.items())
        if n >= RAREST
    }


def _vector(count: Counter[str], rarity: dict[str, float], places: dict[str, int]) -> Vector:
    parts = sorted((places[run], value) for run, value in weigh(count, rarity).items())
    parts.append((len(rarity), 1.0))  # the bias; it also keeps a getter from giving one number
    if len(parts) == 1:
        parts.insert(0, (0, 0.0))
    return tuple(place for place, _ in parts), tuple(value for _, value in parts)


def _file(
    rarity: dict[str, float],
    columns: Sequence[Sequence[float]],
    learnt: Sequence[tuple[str, str]],
    seed: int,
) -> str:
    rows = [("", 0.0), *rarity.items()]
    order = [len(rarity), *range(len(rarity))]
    body = "".join(
        "\t".join([run, *(str(round(value * SCALE)) for value in (rare, *weights))]) + "\n"
        for (run, rare), weights in zip(
            rows, ([column[place] for column in columns] for place in order), strict=True
        )
    )
    written = hashlib.sha256(repr(learnt).encode()).hexdigest()
    header = {
        "format": FORMAT,
        "version": f"{NUMBER}-{checksum(body)[:8]}",
        "labels": list(LABELS),
        "seed": seed,
        "texts": len(learnt),
        "texts_sha256": written,
        "words_sha256": words_checksum(),
        "sha256": checksum(body),
    }
    return json.dumps(header) + "\n" + body
