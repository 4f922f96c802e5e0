from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from dispatch.routing import danger, features, model, texts
from dispatch.routing.classifier import judge
from dispatch.routing.features import bare, runs, spoken
from dispatch.routing.labels import LABELS, STATIONS
from dispatch.routing.model import BrokenModelError, parse
from dispatch.routing.router import route
from dispatch.routing.rules import score
from dispatch.routing.train import train

LAMP = "村口路灯坏了三盏，孩子摸黑走"
SOME = [line for line in texts.lines() if line.topic in ("lamps", "rubbish", "dibao", "fire")]


@pytest.fixture(scope="module")
def small() -> str:
    return train(seed=1, written=SOME)


def test_the_packaged_model_is_read_and_names_its_version() -> None:
    found = model.current()
    assert found is not None
    assert model.state() == model.State("ok", found.version, f"{len(found)} runs")


def test_the_same_texts_and_seed_give_the_same_file(small: str) -> None:
    assert train(seed=1, written=SOME) == small
    assert train(seed=2, written=SOME) != small


def test_a_trained_model_knows_its_texts(small: str) -> None:
    scores = parse(small).scores("路灯不亮，走夜路害怕")
    assert max(scores, key=lambda label: scores[label]) == "public_works"


def test_reasons_are_the_runs_that_spoke() -> None:
    found = model.current()
    assert found is not None
    terms = found.terms(LAMP, "public_works")
    assert "路灯" in {part for run, _ in terms for part in run.split("…")}
    assert all(part in LAMP for run, _ in terms for part in run.split("…"))
    assert all(weight > 0 for _, weight in terms)


def test_words_that_meet_are_told_as_they_stand_in_the_text() -> None:
    said = spoken("三叔栽倒了冇声气")
    assert said["+fall+still"] == "栽…冇声气"
    assert said["+fall"] == "栽"


def test_where_a_run_stands_and_what_stands_near_is_seen() -> None:
    seen = runs("找了一夜，没有人回来")
    assert {"没~人", "没~回", "没~来", "<没", "来>", "夜>", "$回来"} <= set(seen)
    assert {"找~没", "没~有", "夜~没"} & set(seen) == set()
    assert [bare(run) for run in ("没~来", "<没有", "来>")] == ["没…来", "没有", "来"]


def test_a_model_is_not_whole_without_the_words_it_learnt_by(
    small: str, model_file: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_words_file", lambda: "kind,words\nfall,摔\n")
    model_file(small)
    assert model.state().state == "broken"
    assert route(LAMP, None, "990101").decision == "triage"


def test_shares_of_all_labels_sum_to_one() -> None:
    shares = judge(LAMP, score(LAMP)).shares
    assert set(shares) == set(LABELS)
    assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("damage", ["", "no model", "{}\n", "cut", "changed"])
def test_without_a_whole_model_all_goes_to_people(
    damage: str, small: str, model_file: Callable[[str], None]
) -> None:
    changed = {"cut": small[: len(small) // 2], "changed": small.replace("路灯", "路等")}
    model_file(changed.get(damage, damage))
    assert model.state().state == ("broken" if damage else "missing")
    routing = route(LAMP, None, "990101")
    assert (routing.decision, routing.station) == ("triage", None)
    assert routing.alternatives[0].station == "public_works"
    assert danger.ask("后山起火了，快来人") is not None


def test_another_model_of_the_right_form_is_taken(
    small: str, model_file: Callable[[str], None]
) -> None:
    model_file(small)
    assert model.state().version == parse(small).version


def test_a_file_of_other_labels_is_refused(small: str) -> None:
    with pytest.raises(BrokenModelError):
        parse(small.replace("mutual_aid", "aid", 1))


def test_every_label_has_many_texts_and_no_text_is_written_twice() -> None:
    written = texts.lines()
    assert len({line.text for line in written}) == len(written) >= 2000
    for label in LABELS:
        assert sum(line.label == label for line in written) >= 200
    assert sum(line.label in STATIONS for line in written) >= 1000


def test_turns_are_said_in_all_ways_and_no_more_than_wanted() -> None:
    said = set(texts.turns("路灯[不亮|坏了]，[快修|谢谢]", random.Random(1)))
    assert said == {"路灯不亮，快修", "路灯不亮，谢谢", "路灯坏了，快修", "路灯坏了，谢谢"}
    assert len(list(texts.turns("[a|b|c][d|e]", random.Random(1)))) == texts.MOST_TURNS
