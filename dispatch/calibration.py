"""Is the model any good? What was predicted is held against what was answered.

Two figures (a shift and a stretch of the log odds) say what a prediction has turned out to mean: a
model that is wrong by a factor is put right, and one that tells nothing (nonsense, noise, or the
same of everybody) is found out (`useful`) and not used. One that is about right is left alone: only
those are seen who were asked, because they looked promising, so that even a good model seems to
promise a little too much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from dispatch.policies.common import Minutes
from dispatch.response import LEAST, MOST, Tally, expit, logit

BIN = 0.5  # log odds
SURE_OF_SHIFT, SURE_OF_STRETCH = 1.0, 0.5  # standard deviations before anything was seen
LEAST_STRETCH = 0.3  # with less, predictions are mostly noise
ABOUT_RIGHT = 0.6  # shift
NONSENSE = 10_000  # the bin of what is no chance at all
FEW = 0.1  # so large a share of nonsense may be chance
ENOUGH, ALIKE = 40.0, 0.995  # answers after which a model may not promise the same of nearly all
REFIT_EVERY = 5  # answers
STEPS = 8


@dataclass
class Calibration:
    """Predictions and answers, counted by predicted chance, and the correction they ask for."""

    bins: dict[int, Tally] = field(default_factory=dict)
    shift: float = 0.0
    stretch: float = 1.0
    seen: int = 0

    def learn(self, predicted: float, noticed: float, *, yes: bool, at: Minutes) -> None:
        """Count one answered (or silent) offer, as far as it was `noticed`."""
        key = round(_odds(predicted) / BIN) if _is_chance(predicted) else NONSENSE
        self.bins.setdefault(key, Tally()).add(float(yes), noticed, at)
        self.seen += 1
        if self.seen % REFIT_EVERY == 0:
            self.fit()

    def fit(self) -> None:
        """Ask the bins anew what the correction is, as after reading them."""
        self.shift, self.stretch = _fit(self.bins)

    @property
    def useful(self) -> bool:
        """Whether predictions differ, and higher ones have meant more yeses."""
        tries = {key: tally.tries for key, tally in self.bins.items()}
        whole, nonsense = sum(tries.values()), tries.pop(NONSENSE, 0.0)
        if nonsense > FEW * whole:
            return False
        alike = whole >= ENOUGH and max(tries.values()) > ALIKE * whole
        return self.stretch >= LEAST_STRETCH and not alike

    def correct(self, predicted: float) -> float:
        """Return what the prediction has turned out to mean."""
        if abs(self.shift) < ABOUT_RIGHT and LEAST <= predicted <= MOST:
            return predicted
        return min(max(expit(self.shift + self.stretch * _odds(predicted)), LEAST), MOST)


def _is_chance(predicted: float) -> bool:
    return 0 <= predicted <= 1  # which a NaN is not


def _odds(predicted: float) -> float:
    usable = predicted if _is_chance(predicted) else 0.5
    return logit(min(max(usable, LEAST), MOST))


def _fit(bins: dict[int, Tally]) -> tuple[float, float]:
    """Logistic regression on the bins by Newton's steps, drawn towards shift 0 and stretch 1."""
    shift, stretch = 0.0, 1.0
    for _ in range(STEPS):
        to_shift, to_stretch = -shift / SURE_OF_SHIFT**2, (1 - stretch) / SURE_OF_STRETCH**2
        a, b, c = SURE_OF_SHIFT**-2, 0.0, SURE_OF_STRETCH**-2
        for key, tally in bins.items():
            x = 0.0 if key == NONSENSE else key * BIN
            chance = expit(shift + stretch * x)
            miss = tally.yes - tally.tries * chance
            weight = tally.tries * chance * (1 - chance)
            to_shift, to_stretch = to_shift + miss, to_stretch + miss * x
            a, b, c = a + weight, b + weight * x, c + weight * x * x
        det = a * c - b * b
        step = (c * to_shift - b * to_stretch) / det, (a * to_stretch - b * to_shift) / det
        shift, stretch = shift + _limited(step[0]), stretch + _limited(step[1])
    return shift, stretch


def _limited(step: float) -> float:
    """A Newton step that cannot run away."""
    return math.copysign(min(abs(step), 1.0), step)
