from __future__ import annotations

import math
import random

import pytest

from dispatch.calibration import Calibration
from dispatch.response import HALF_LIFE, Asked, Response, hears, noticed, rebuild

DAY = 24 * 60.0


def asked(person: int = 1, kind: str = "care", **given: float) -> Asked:
    facts = {"hour": 9, "km": 0.9, "heard": 1.0} | given
    return Asked(person, kind, **facts)  # type: ignore[arg-type]


def after(*answers: bool | None, **given: float) -> Response:
    return rebuild((float(at), asked(**given), answer) for at, answer in enumerate(answers))


def test_a_newcomer_is_as_likely_to_come_as_anybody() -> None:
    model = Response()
    assert model.chance(asked()) == pytest.approx(0.3, abs=0.02)


def test_a_yes_raises_and_a_no_lowers_but_never_to_the_end() -> None:
    start = Response().chance(asked())
    assert start < after(True).chance(asked()) < after(*[True] * 50).chance(asked()) < 0.98
    assert start > after(False).chance(asked()) > after(*[False] * 50).chance(asked()) > 0


def test_silence_counts_only_as_far_as_she_may_have_heard() -> None:
    assert noticed(1.0, 0.3, None) == 1.0
    assert noticed(0.0, 0.3, None) == 0.0
    assert 0.2 < noticed(0.5, 0.3, None) < 0.5
    assert noticed(0.1, 0.3, answer=False) == 1.0
    resting = after(*[None] * 10, heard=0.1)
    assert resting.chance(asked()) > after(*[None] * 10).chance(asked())


def test_a_taste_for_one_kind_says_less_about_another() -> None:
    model = after(*[False] * 12)
    assert model.chance(asked()) < model.chance(asked(kind="repair")) < 0.3


def test_her_hours_are_learnt() -> None:
    log = [(float(at), asked(hour=9 + 9 * (at % 2)), at % 2 == 1) for at in range(40)]
    model = rebuild(log)
    assert model.chance(asked(hour=18)) > model.chance(asked(hour=9)) + 0.1


def test_the_way_is_learnt() -> None:
    assert Response().chance(asked(km=0.2)) > Response().chance(asked(km=3.5))
    log = [(float(at), asked(at, km=3.5 * (at % 2)), at % 2 == 1) for at in range(200)]
    assert rebuild(log).chance(asked(999, km=3.5)) > rebuild(log).chance(asked(999, km=0.0))


def test_what_was_long_ago_fades() -> None:
    fresh = after(*[True] * 8)
    fresh.learn(asked(person=2), answer=False, at=8.0)
    old = after(*[True] * 8)
    old.learn(asked(), answer=False, at=10 * HALF_LIFE)
    assert old.chance(asked()) < 0.3 < fresh.chance(asked())


def test_she_can_be_forgotten_or_stay_out_of_it() -> None:
    model = after(*[False] * 12)
    usual = model.chance(asked(person=2))
    assert model.chance(asked(), personal=False) == pytest.approx(usual)
    assert model.chance(asked()) < usual
    model.forget(1)
    assert model.chance(asked()) == pytest.approx(usual)


def test_the_longer_unasked_the_likelier_she_hears() -> None:
    assert hears(0.0) == 0.0
    assert hears(60.0) < hears(240.0) < hears(math.inf) == 1.0
    assert hears(0.0, rest=0.0) == 1.0


def watched(model: object, *, runs: int = 1500) -> Calibration:
    rng, calibration = random.Random(3), Calibration()
    for at in range(runs):
        truth = rng.choice((0.1, 0.2, 0.4, 0.6))
        yes = rng.random() < truth
        calibration.learn(model(truth, rng), 1.0, yes=yes, at=float(at))  # type: ignore[operator]
    return calibration


@pytest.mark.parametrize("factor", [1.0, 1 / 3])
def test_a_model_that_is_wrong_by_a_factor_is_put_right(factor: float) -> None:
    calibration = watched(lambda truth, _: truth * factor)
    assert calibration.useful
    for truth in (0.1, 0.2, 0.4, 0.6):
        assert calibration.correct(truth * factor) == pytest.approx(truth, abs=0.06)


def test_a_model_that_promises_thrice_too_much_keeps_its_order() -> None:
    calibration = watched(lambda truth, _: min(3 * truth, 1.0))
    assert calibration.useful
    assert calibration.correct(0.3) < 0.25
    assert 0.4 < calibration.correct(1.0) < 0.6


def test_a_model_that_says_anything_is_found_out() -> None:
    calibration = watched(lambda _, rng: rng.choice((rng.random(), -1.0, math.nan, 7.0)))
    assert not calibration.useful
    assert calibration.correct(0.9) == pytest.approx(0.33, abs=0.15)


@pytest.mark.parametrize("said", [math.nan, -1.0, 7.0, math.inf, 0.5, 0.97, 0.0])
def test_a_model_that_says_the_same_of_everybody_is_found_out(said: float) -> None:
    assert not watched(lambda *_: said).useful
    assert not watched(lambda *_: said, runs=60).useful


def test_a_little_nonsense_spoils_no_model() -> None:
    assert watched(lambda truth, rng: math.nan if rng.random() < 0.05 else truth).useful


def test_before_anything_was_seen_a_prediction_stands() -> None:
    assert Calibration().useful
    assert Calibration().correct(0.4) == pytest.approx(0.4)
