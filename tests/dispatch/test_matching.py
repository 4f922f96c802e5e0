from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import matching
from dispatch.matching import Wish, assign


def given_to(wishes: list[Wish]) -> list[list[object]]:
    found = assign(wishes)
    return [[wish.people[at][1] for at in mine] for wish, mine in zip(wishes, found, strict=True)]


def wish(places: int, **scores: float) -> Wish:
    people = sorted(((score, name) for name, score in scores.items()), reverse=True)
    return Wish(places, people)


def any_wishes(rng: random.Random, tasks: int, people: int) -> list[Wish]:
    return [
        wish(
            rng.randint(0, 3),
            **{
                f"p{one}": rng.random() * 5 + 0.001
                for one in rng.sample(range(people), rng.randint(0, people))
            },
        )
        for _ in range(tasks)
    ]


def test_nobody_wants_nothing() -> None:
    assert assign([]) == []
    assert assign([Wish(0, []), Wish(2, [])]) == [[], []]


def test_a_task_spares_the_person_whom_another_one_needs() -> None:
    first, second = wish(1, wang=0.9, li=0.8), wish(1, wang=0.9)
    assert given_to([first, second]) == [["li"], ["wang"]]


def test_all_together_do_as_well_as_can_be() -> None:
    first, second = wish(1, wang=0.9, li=0.8), wish(1, wang=0.9, li=0.1)
    assert given_to([first, second]) == [["li"], ["wang"]]


def test_who_comes_first_is_not_left_out_for_what_those_after_gain() -> None:
    first, second = wish(1, wang=0.1), wish(1, wang=4.9)
    assert given_to([first, second]) == [["wang"], []]


def test_whoever_is_left_without_looks_at_more_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "FEW", 1)
    same = {"wang": 0.9, "li": 0.8, "zhao": 0.7}
    found = given_to([wish(1, **same), wish(1, **same), wish(2, **same)])
    assert sorted(itertools.chain(*found)) == ["li", "wang", "zhao"]
    assert list(map(len, found)) == [1, 1, 1]


@given(seed=st.integers(0, 10**9), few=st.integers(1, 4))
def test_nobody_twice_nobody_left_out_for_a_later_one_and_the_same_again(
    seed: int, few: int
) -> None:
    wishes = any_wishes(random.Random(seed), 6, 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "FEW", few)
        found = given_to(wishes)
        assert found == given_to(wishes)
    everybody = list(itertools.chain(*found))
    assert len(set(everybody)) == len(everybody)
    for turn, (mine, one) in enumerate(zip(found, wishes, strict=True)):
        assert len(mine) <= one.places
        if len(mine) < one.places:
            later = set(itertools.chain(*found[turn + 1 :]))
            wanted = {name for _, name in one.people} - set(mine)
            assert not wanted & later
            assert wanted <= set(everybody)


@given(seed=st.integers(0, 10**9))
def test_no_other_way_serves_the_same_places_better(seed: int) -> None:
    rng = random.Random(seed)
    wishes = [Wish(min(one.places, 1), one.people) for one in any_wishes(rng, 4, 4)]
    found = assign(wishes)
    scores = [{name: score for score, name in one.people} for one in wishes]
    served = [turn for turn, mine in enumerate(found) if mine]
    reached = sum(wishes[turn].people[found[turn][0]][0] for turn in served)
    for people in itertools.permutations([f"p{one}" for one in range(4)], len(served)):
        others = [scores[turn].get(one) for turn, one in zip(served, people, strict=True)]
        if None not in others:
            assert sum(others) <= reached + 1e-9
