"""A model of the packaged texts and of what a village corrected, kept only where it is better."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dispatch.routing import corrections, model, texts
from dispatch.routing.corrections import Figures, TooFewError, Trial, is_held_back, retrain
from dispatch.routing.labelled import Labelled
from dispatch.routing.model import parse
from dispatch.routing.train import SEED, train
from village.ids import new_id

SOME = [line for line in texts.lines() if line.topic in ("lamps", "rubbish", "dibao", "fire")]
SIGNS = ("戏服要熨", "锣鼓要搬", "灯笼要挂", "舞龙要排")
SHIFT = "竹匾晾"


def corrected(many: int, label: str = "culture", sent_to: str = "triage") -> list[Labelled]:
    return [
        Labelled(
            new_id(), f"{SIGNS[n % 4]}，{SHIFT}在那边", sent_to, "model", label, None, words=True
        )
        for n in range(many)
    ]


@pytest.fixture(scope="module")
def small() -> str:
    return train(SEED, SOME)


@pytest.fixture(autouse=True)
def in_use(small: str) -> Iterator[None]:
    """A model of few texts decides, until a better one is found."""
    with model.using(parse(small)):
        yield


def test_what_was_corrected_often_is_learnt() -> None:
    trial = retrain(corrected(80), SOME)
    old, new = trial.old["corrected"], trial.new["corrected"]
    assert new.messages == old.messages >= 10
    assert old.right < new.right == new.messages
    assert trial.worse == []
    assert trial.learnt == 80 - new.messages


def test_the_same_corrections_give_the_same_model() -> None:
    rows = corrected(80)
    assert retrain(rows, SOME).text == retrain(rows, SOME).text


def test_a_model_that_learnt_nonsense_is_worse() -> None:
    """Nobody's held-back request says so, but the packaged cases do."""
    wrong = [
        Labelled(new_id(), text, "triage", "model", "mediation", None, words=True)
        for text, label in corrections.packaged_cases() * 8
        if label == "public_works"
    ]
    learnt = [each for each in wrong if not is_held_back(each.person)]
    assert retrain([*learnt, *corrected(80)], SOME).worse == ["packaged"]


def test_a_label_that_the_held_back_part_contradicts_is_worse() -> None:
    right = [each for each in corrected(200) if is_held_back(each.person)]
    learnt = [each for each in corrected(200, "sanitation") if not is_held_back(each.person)]
    with model.using(parse(retrain(corrected(80), SOME).text)):
        assert "corrected" in retrain([*right, *learnt], SOME).worse


FIGURES = {name: Figures(20, 10, 1, 0) for name in ("corrected", "confirmed", "packaged")}


@pytest.mark.parametrize(
    ("changed", "worse"),
    [
        ({}, []),
        ({"packaged": Figures(20, 9, 1, 0)}, ["all"]),
        ({"corrected": Figures(20, 12, 1, 0), "packaged": Figures(20, 9, 1, 0)}, []),
        ({"corrected": Figures(20, 9, 1, 0), "packaged": Figures(20, 12, 1, 0)}, ["corrected"]),
        ({"corrected": Figures(20, 12, 2, 0)}, ["corrected"]),
        ({"confirmed": Figures(20, 12, 1, 1)}, ["confirmed"]),
        ({"packaged": Figures(20, 9, 2, 0)}, ["packaged", "all"]),
    ],
)
def test_worse_is_what_answers_fewer_rightly_or_risks_more(
    changed: dict[str, Figures], worse: list[str]
) -> None:
    assert Trial(100, FIGURES, {**FIGURES, **changed}, "").worse == worse


def test_too_few_cannot_be_judged() -> None:
    with pytest.raises(TooFewError):
        retrain(corrected(12), SOME)


def test_what_is_confidential_or_undecided_is_not_learnt_from() -> None:
    rows = corrected(80)
    closed = [Labelled(**{**vars(each), "words": False}) for each in corrected(80, "sanitation")]
    unread = [Labelled(**{**vars(each), "label": None}) for each in corrected(80)]
    assert retrain([*rows, *closed, *unread], SOME).text == retrain(rows, SOME).text


def test_a_person_s_requests_are_all_held_back_or_none() -> None:
    people = [new_id() for _ in range(400)]
    assert 60 < sum(map(is_held_back, people)) < 140
    assert [is_held_back(each) for each in people] == [is_held_back(each) for each in people]


def test_no_run_that_fewer_than_three_people_wrote_is_in_the_file() -> None:
    rows = corrected(80)
    learnt = [each for each in rows if not is_held_back(each.person)]
    alone = Labelled(**{**vars(learnt[0]), "text": "欧阳锵麓家的鹅"})
    found = parse(retrain([*rows, alone], SOME).text)
    known = set(found.known())
    assert SHIFT in known
    assert not {run for run in known if "锵" in run and "麓" in run}
    assert found.version.endswith("-local")


def test_marks_of_the_training_texts_in_a_villager_s_text_do_no_harm() -> None:
    odd = [Labelled(**{**vars(each), "text": f"[[{{who}}|{each.text}]"}) for each in corrected(80)]
    found = retrain(odd, SOME).new["corrected"]
    assert found.right == found.messages


def test_the_packaged_cases_are_the_catalog_s_sixty() -> None:
    assert len(corrections.packaged_cases()) == 60
