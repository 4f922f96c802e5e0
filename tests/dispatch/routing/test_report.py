"""What the report tells of corrections, and what it must not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import Engine

from dispatch.routing import labelled
from dispatch.routing.labelled import Labelled
from dispatch.routing.phrases import FEWEST_PEOPLE, NoRule, Proposal, propose
from dispatch.routing.report import Report, Row, lines, report
from dispatch.routing.texts import Line
from tests.dispatch.routing.village_words import moved, performances, stayed, villagers
from tests.village.town import Town, stepped
from village.ids import new_id


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Town]:
    with stepped(tmp_path):
        town = Town(engine)
        town.build()
        yield town


def reported(town: Town) -> Report:
    found: Report = town.run(lambda s: report(labelled.read(s), labelled.names(s)))
    return found


def one(text: str, sent_to: str, label: str | None, person: UUID | None = None) -> Labelled:
    return Labelled(person or new_id(), text, sent_to, "model", label, None, words=True)


def test_a_village_sees_how_often_it_was_right_and_which_rule_would_help(town: Town) -> None:
    for person, text in performances(villagers(town, 6)):
        moved(town, person, text, category="PUB-03")
    for person in villagers(town, 12):
        stayed(town, person, "村口路灯不亮，缺人手")
    for person in villagers(town, 5):
        town.submit(person, category=None, text="说不清的事")
    found = reported(town)
    assert (found.requests, found.triaged, found.answered) == (23, 5, 0)
    assert Row("public_works", 18, 12, 6) in found.places
    assert found.means == [Row("rule", 18, 12, 6)]
    (confusion,) = found.confusions
    assert (confusion.source, confusion.target, confusion.times) == ("public_works", "culture", 6)
    assert isinstance(confusion.proposal, Proposal)
    assert "雷公寨" in confusion.proposal.phrase
    assert (confusion.proposal.found, confusion.proposal.others) == (6, 0)
    said = "\n".join(lines(found))
    assert "public_works -> culture" in said
    assert "雷公寨" in said
    assert "0.667" in said


def test_no_text_is_printed(town: Town) -> None:
    written = performances(villagers(town, 6))
    for person, text in written:
        moved(town, person, text)
    said = "\n".join(lines(reported(town)))
    assert not any(text in said or text[:6] in said for _, text in written)


@pytest.mark.parametrize(("people", "requests", "told"), [(3, 5, True), (2, 6, False)])
def test_a_phrase_of_fewer_than_three_people_is_nobody_s_business(
    people: int, requests: int, told: bool
) -> None:
    who = [new_id() for _ in range(people)]
    wrong = [one("雷公寨", "culture", "sanitation", who[n % people]) for n in range(requests)]
    found = propose(wrong, [], ())
    assert isinstance(found, Proposal) if told else found is NoRule.TOO_FEW


def test_a_phrase_of_fewer_than_three_requests_is_no_rule() -> None:
    few = [one("雷公寨", "culture", "sanitation") for _ in "ab"]
    assert propose(few, [], ()) is NoRule.TOO_FEW


def test_a_phrase_with_anybody_s_name_is_not_proposed() -> None:
    wrong = [one("王老五", "mutual_aid", "mediation") for _ in range(6)]
    assert isinstance(propose(wrong, [], ()), Proposal)
    assert propose(wrong, [], {"王老五", "老五"}) is NoRule.TOO_FEW


def test_a_phrase_that_is_as_frequent_elsewhere_is_not_proposed() -> None:
    wrong = [one("路灯不亮", "public_works", "culture") for _ in range(6)]
    others = [one("路灯不亮", "public_works", "public_works") for _ in range(6)]
    assert propose(wrong, others, ()) is NoRule.ELSEWHERE


def test_a_phrase_that_people_use_of_anything_is_not_proposed() -> None:
    wrong = [one("缺人手", "public_works", "culture") for _ in range(6)]
    written = [Line("public_works", "lamps", f"路灯[坏了|不亮]，缺人手{n}") for n in range(3)]
    assert isinstance(propose(wrong, [], ()), Proposal)
    assert propose(wrong, [], (), written) is NoRule.ELSEWHERE


def test_words_that_must_not_be_looked_at_propose_nothing() -> None:
    secret = [
        Labelled(new_id(), "雷公寨", "culture", "model", "sanitation", None, words=False)
        for _ in range(6)
    ]
    assert propose(secret, [], ()) is NoRule.TOO_FEW


def shown(rows: Sequence[Labelled]) -> str:
    return "\n".join(lines(report(rows, ())))


def test_few_are_not_told(town: Town) -> None:
    """Neither as a number, nor as what is left of a sum or a share."""
    kept = [one("路灯", "public_works", "public_works") for _ in range(40)]
    few = [one("戏台", "public_works", "culture") for _ in range(2)]
    said = shown([*kept, *few])
    assert "culture" not in said.partition("corrected")[2]
    assert "<5" in said
    assert ">=0.905" in said  # 38 of 42 at the least: two or four cannot be told apart
    assert "0.952" not in said
    assert said == shown([*kept, *few, few[0]]).replace("43", "42").replace("0.907", "0.905")


def test_small_samples_are_marked_so() -> None:
    rows = [one("路灯", "public_works", "public_works") for _ in range(7)]
    assert "1.000 (small sample)" in shown(rows)


def test_where_no_rule_is_proposed_it_says_why() -> None:
    two = [new_id() for _ in range(FEWEST_PEOPLE - 1)]
    alike = [one("雷公寨", "public_works", "culture", two[n % 2]) for n in range(6)]
    assert f"  none: no phrase that {FEWEST_PEOPLE} people wrote" in shown(alike)
    many = [one("路灯不亮", "public_works", "culture") for _ in range(6)]
    kept = [one("路灯不亮", "public_works", "public_works") for _ in range(6)]
    assert "  none: what these people wrote is written elsewhere" in shown([*many, *kept])


def test_an_installation_without_requests_has_a_report_too() -> None:
    assert "requests                0" in shown([])


def test_what_the_villager_decided_herself_is_not_laid_to_routing() -> None:
    asked = Labelled(new_id(), "戏台", "culture", "person", "culture", None, words=True)
    assert report([asked], ()).requests == 0
