"""Whole months under a model that is wrong: no worse than the policy that needs none.

Each world is lived through twice, by `robin_rested` and by the default policy whose model is
spoilt. What became of each request, and how many messages it took, is compared request by request.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from dispatch.calibration import Calibration
from dispatch.learning import Learnt
from dispatch.policies import registry
from dispatch.response import LEAST, MOST, Asked, Response
from dispatch.simulation.run import Run
from dispatch.simulation.scenario import Scenario
from dispatch.simulation.world import World, build

Spoils = Callable[[], Callable[[float], float]]

# People differ so much, and are so few, that whom one asks decides.
TOWNSHIP = Scenario(
    villages=1, volunteers=40, requests_a_day=8.0, weeks=2, mean_logit=-1.0, spread=2.5
)
SEEDS = (0, 4)
WHOLE_VILLAGE = 1
SURE = 2.0  # standard errors


def noise() -> Callable[[float], float]:
    chance = random.Random(1)
    return lambda _: chance.random()


WRONG: dict[str, Spoils] = {
    "a third": lambda: lambda chance: chance / 3,
    "thrice": lambda: lambda chance: min(3 * chance, 1.0),
    "no number": lambda: lambda _: math.nan,
    "the same of all": lambda: lambda _: 0.97,
    "noise": noise,
    "upside down": lambda: lambda chance: 1 - chance,
}


class Spoilt(Learnt):
    """A model that learns as production's does, and says something else."""

    says: Callable[[float], float]

    def predicted(self, asked: Asked, personal: bool = True) -> float:
        return self.says(super().predicted(asked, personal))


@cache
def world(seed: int) -> World:
    return build(TOWNSHIP, seed)


@cache
def without_a_model(seed: int) -> Run:
    return Run(world(seed), registry.FALLBACK, WHOLE_VILLAGE).play()


def spoilt(seed: int, spoils: Spoils) -> Run:
    run, says = Run(world(seed), registry.DEFAULT, WHOLE_VILLAGE), spoils()
    for village, learnt in run.learnt.items():
        model = Spoilt(Response(own=learnt.response.own))
        model.says = says
        run.learnt[village] = model
    return run.play()


def gained(spoils: Spoils) -> tuple[list[float], list[float]]:
    """How many more were filled, and how many messages were saved, a request."""
    pairs = [
        pair
        for seed in SEEDS
        for pair in zip(spoilt(seed, spoils).searches, without_a_model(seed).searches, strict=True)
    ]
    filled = [(a.filled_at is not None) - float(b.filled_at is not None) for a, b in pairs]
    return filled, [float(len(b.sent) - len(a.sent)) for a, b in pairs]


def is_no_worse(gains: Sequence[float]) -> bool:
    """Tell whether a loss, if there is one, may be chance."""
    spread = math.sqrt(statistics.fmean(gain * gain for gain in gains) / len(gains))
    return statistics.fmean(gains) >= -SURE * spread


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_does_no_worse_than_none(name: str) -> None:
    filled, saved = gained(WRONG[name])
    assert len(filled) > 200
    assert is_no_worse(filled)
    assert is_no_worse(saved)


def test_a_model_that_were_believed_would_do_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above could not fail: these worlds forgive no trust in nonsense."""
    monkeypatch.setattr(Calibration, "useful", property(lambda _: True))
    monkeypatch.setattr(
        Calibration, "correct", lambda _, predicted: min(max(predicted, LEAST), MOST)
    )
    filled, _ = gained(WRONG["upside down"])
    assert not is_no_worse(filled)


def test_asking_everybody_is_seen_in_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DEFAULT", "broadcast-1")
    _, saved = gained(WRONG["thrice"])
    assert not is_no_worse(saved)
