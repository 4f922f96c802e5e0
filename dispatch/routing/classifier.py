"""The model's score blended with the stations' words, as a share for every label."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from dispatch.routing import model
from dispatch.routing.labels import EMERGENCY, LABELS
from dispatch.routing.rules import Reason, Scores
from village.catalog.files import read

TERMS = 3


@dataclass(frozen=True)
class Opinion:
    """Shares of all labels that sum to 1, and the model's version (None: there is no model)."""

    shares: Mapping[str, float]
    version: str | None

    def ranked(self, *, without: str | None = None) -> list[tuple[str, float]]:
        """Return (label, share), best first; without one label the others share its part."""
        shares = {label: share for label, share in self.shares.items() if label != without}
        total = sum(shares.values())
        order = sorted(shares, key=lambda label: (-shares[label], LABELS.index(label)))
        return [(label, shares[label] / total) for label in order]


def judge(text: str, words: Scores, *, asked: bool = False) -> Opinion:
    """Return what model and words make of `text`; `asked`: an emergency word was found in it."""
    found = model.current()
    points = dict.fromkeys(LABELS, 0.0) if found is None else dict(_scores(found, text))
    # two points for what no word said keep a single word from weighing as much as ten
    total = sum(words.stations.values()) + 2.0
    for label, weight in words.stations.items():
        points[label] += policy("words") * weight / total
    points[EMERGENCY] += policy("asked") * asked
    return Opinion(_shares(points), found.version if found else None)


def danger_points(text: str) -> float | None:
    """Return how much the model takes `text` for an emergency (0: as likely as not), or None.

    What is clearly another matter counts for less: a fair share of its own points is taken off.
    """
    found = model.current()
    if found is None:
        return None
    taken_off = policy("elsewhere") * max(other_points(text), 0.0)
    return _scores(found, text)[EMERGENCY] - taken_off


def other_points(text: str) -> float:
    """Return the model's points for the likeliest label that is no emergency (no model: 0)."""
    found = model.current()
    if found is None:
        return 0.0
    return max(points for label, points in _scores(found, text).items() if label != EMERGENCY)


def terms(text: str, label: str) -> list[Reason]:
    """Return the model's reasons for `label`: runs of characters and their weights."""
    found = model.current()
    spoken = found.terms(text, label)[:TERMS] if found else []
    return [Reason("model", run, round(weight, 3)) for run, weight in spoken]


@cache
def policy(name: str) -> float:
    """Return a figure of the routing policy, which a county may change."""
    return next(float(row["value"]) for row in read("routing_policy") if row["name"] == name)


@lru_cache(maxsize=16)
def _scores(found: model.Model, text: str) -> Mapping[str, float]:
    # the emergency question and the routing look at the same text and its parts, one by one
    return found.scores(text)


def _shares(points: Mapping[str, float]) -> dict[str, float]:
    most = max(points.values())
    raised = {
        label: math.exp(policy("sharpness") * (value - most)) for label, value in points.items()
    }
    total = sum(raised.values())
    return {label: value / total for label, value in raised.items()}
