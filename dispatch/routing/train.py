"""Train the model and its second head from the written texts: linear support vector machines.

Dual coordinate descent with squared hinge loss (Hsieh and others, ICML 2008), all labels at once:
the same texts and seed give the same file, bit by bit, and an office needs no more library for it
than the product has.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.routing import texts
from dispatch.routing.features import runs, weigh, words_checksum
from dispatch.routing.labels import EMERGENCY, LABELS, SAFE_LABELS
from dispatch.routing.model import FORMAT, SCALE, checksum

SEED = 20261123
ROUNDS = 12
FULL_ROUND = 4
COST = 1.0
RAREST = 4
NUMBER = "1"

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Vector = tuple[IntArray, FloatArray]


def train(seed: int = SEED, written: Sequence[texts.Line] | None = None) -> str:
    """Return the text of the model file that the written lines give."""
    return _learnt(texts.examples(seed, written), LABELS, _signs, seed)


def train_safe(seed: int = SEED, written: Sequence[texts.Line] | None = None) -> str:
    """Return the text of the second head's file: which emergencies take the safe path."""
    lines = texts.safe_lines() if written is None else written
    return _learnt(texts.examples(seed, lines), SAFE_LABELS, _safe_signs, seed)


def _learnt(
    learnt: Sequence[tuple[str, str]],
    labels: Sequence[str],
    signs_of: Callable[[str], list[float]],
    seed: int,
) -> str:
    counts = [runs(text) for text, _ in learnt]
    rarity = _rarity(counts)
    places = {run: place for place, run in enumerate(rarity)}
    vectors = [_vector(count, rarity, places) for count in counts]
    signs = np.array([signs_of(label) for _, label in learnt])
    return _file(rarity, fit(vectors, signs, len(rarity), seed), learnt, labels, seed)


def _signs(given: str) -> list[float]:
    """Return 1 for the text's own label, -1 for the others, 0 where it teaches nothing."""
    # what only sounds like danger may be any station's: it teaches the emergency label alone
    others = 0.0 if given == texts.CALM else -1.0
    return [1.0 if label == given else -1.0 if label == EMERGENCY else others for label in LABELS]


def _safe_signs(given: str) -> list[float]:
    """Return whether the emergency takes the safe path; which kind it is, those alone teach."""
    if given == texts.OTHER:
        return [-1.0, *(0.0 for _ in SAFE_LABELS[1:])]
    return [1.0, *(1.0 if kind == given else -1.0 for kind in SAFE_LABELS[1:])]


def fit(vectors: Sequence[Vector], signs: FloatArray, size: int, seed: int) -> FloatArray:
    """Return the weights of `size` runs, and the biases as the last row, a column a label."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    weights = np.zeros((size + 1, signs.shape[1]))
    duals = np.zeros_like(signs)
    order = list(range(len(vectors)))
    soft = 1 / (2 * COST)
    for turn in range(ROUNDS):
        rng.shuffle(order)
        for row in order:
            dual = duals[row]
            if turn % FULL_ROUND and turn > 1 and not dual.any():
                continue  # texts far from every border are looked at again in a full round
            places, values = vectors[row]
            # sums and products by element, never a dot: its last bits are not every machine's
            margins = np.add.reduce(weights[places] * values)
            slopes = signs[row] * margins - 1 + soft * dual
            found = np.maximum(dual - slopes / (2 + soft), 0.0) * np.abs(signs[row])
            weights[places] += values * ((found - dual) * signs[row])
            duals[row] = found
    return weights


def _rarity(counts: Sequence[Counter[str]]) -> dict[str, float]:
    known: Counter[str] = Counter()
    for count in counts:
        known.update(count.keys())
    return {
        run: round(1 + math.log((1 + len(counts)) / (1 + n)), 3)
        for run, n in sorted(known.items())
        if n >= RAREST
    }


def _vector(count: Counter[str], rarity: dict[str, float], places: dict[str, int]) -> Vector:
    parts = weigh(count, rarity)
    where = [*(places[run] for run in parts), len(rarity)]
    return np.array(where), np.array([*parts.values(), 1.0])[:, np.newaxis]  # the bias last


def _file(
    rarity: dict[str, float],
    weights: FloatArray,
    learnt: Sequence[tuple[str, str]],
    labels: Sequence[str],
    seed: int,
) -> str:
    rows = [("", 0.0), *rarity.items()]
    order = [len(rarity), *range(len(rarity))]
    body = "".join(
        "\t".join([run, *(str(round(value * SCALE)) for value in (rare, *row))]) + "\n"
        for (run, rare), row in zip(rows, weights[order].tolist(), strict=True)
    )
    written = hashlib.sha256(repr(learnt).encode()).hexdigest()
    header = {
        "format": FORMAT,
        "version": f"{NUMBER}-{checksum(body)[:8]}",
        "labels": list(labels),
        "seed": seed,
        "texts": len(learnt),
        "texts_sha256": written,
        "words_sha256": words_checksum(),
        "sha256": checksum(body),
    }
    return json.dumps(header) + "\n" + body
