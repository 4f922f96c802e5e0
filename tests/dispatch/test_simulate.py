from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import dispatch.simulation
from dispatch.policies.common import Urgency
from dispatch.simulate import Row, figures, gini, simulate
from dispatch.simulation.run import Run
from dispatch.simulation.scenario import Scenario, ScenarioError, load
from dispatch.simulation.world import DAY, World, build

SMALL = Scenario(villages=2, weeks=3, apart_km=2.0)


@pytest.fixture(scope="module")
def world() -> World:
    return build(SMALL, 5)


def sent(run: Run) -> list[tuple[int, int, float, int]]:
    return [
        (number, person, one.at, one.circle)
        for number, course in enumerate(run.courses)
        for person, one in course.sent.items()
    ]


def test_the_same_seed_lives_through_the_same(world: World) -> None:
    again = build(SMALL, 5)
    assert sent(Run(world, "paced_strict-1", 2).play()) == sent(
        Run(again, "paced_strict-1", 2).play()
    )
    assert sent(Run(build(SMALL, 6), "paced_strict-1", 2).play()) != sent(
        Run(world, "paced_strict-1", 2).play()
    )


@pytest.mark.parametrize("version", ["paced_strict-1", "robin_rested-1"])
def test_wider_circles_fill_more(version: str, world: World) -> None:
    filled = [figures(Run(world, version, widest).play()).filled for widest in (0, 1, 2)]
    assert filled[0] + 0.1 < filled[1] < filled[2]


@pytest.mark.parametrize(
    "version", ["paced_strict-1", "robin_rested-1", "nearest-1", "broadcast-1"]
)
def test_the_rules_hold_whatever_the_policy(version: str) -> None:
    crowded = build(replace(SMALL, requests_a_day=5.0, weeks=1), 5)
    run = Run(crowded, version, 2).play()
    a_day: Counter[tuple[int, int]] = Counter()
    for number, person, at, circle in sent(run):
        matter, asked = crowded.matters[number], crowded.people[person]
        assert crowded.circle(matter, asked) == circle
        assert matter.opened <= at < matter.due
        assert asked.free(at)
        assert matter.urgency is Urgency.URGENT or 7 <= at % DAY / 60 < 21
        a_day[person, int(at // DAY)] += 1
    assert max(a_day.values()) <= SMALL.day_cap
    for course, matter in zip(run.courses, crowded.matters, strict=True):
        assert len(course.came) + course.open == matter.places
        assert len(set(course.came)) == len(course.came)


def test_those_who_do_not_lend_stay_in_their_village() -> None:
    run = Run(build(replace(SMALL, lends=0.0), 5), "paced_strict-1", 2).play()
    assert figures(run).lent == 0


def test_the_table_has_a_row_and_a_bar_for_each(tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"villages": 2, "weeks": 2, "policies": ["paced_strict-1"]}))
    text = simulate(file, seeds=2)
    assert text.startswith("two\n2 seeds")
    assert text.count("paced_strict-1") == 6
    assert text.count("█") > 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"vilages": 2}', r"odd\.json: vilages: Unknown field"),
        ('{"villages": 0}', r"odd\.json: villages: must lie between 1 and 25"),
        ('{"villages": 2.5}', r"odd\.json: villages: Not a valid integer"),
        ('{"lends": "many"}', r"odd\.json: lends: Not a valid number"),
        ('{"lends": NaN}', r"odd\.json: lends: Special numeric values"),
        ('{"policies": ["paced_strict", "best"]}', r"odd\.json: policies\.1: no such policy"),
        ('{"policies": []}', r"odd\.json: policies: Shorter than"),
        ("[1]", r"odd\.json: file: Invalid input"),
        ("{", r"odd\.json: no JSON"),
        ("[" * 100_000, r"odd\.json: no JSON"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_by_its_field(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said):
        load(file)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load(tmp_path / "none.json")


def test_the_scenarios_of_the_house_can_be_read() -> None:
    folder = Path(dispatch.simulation.__file__).parent / "scenarios"
    assert [load(file).villages for file in folder.glob("*.json")]


def test_figures_of_one_run_have_no_interval(world: World) -> None:
    mean, half = Row("paced_strict-1", 0, (figures(Run(world, "paced_strict-1", 0).play()),)).mean(
        "filled"
    )
    assert 0 < mean < 1
    assert half != half  # noqa: PLR0124 (not a number)


def test_gini_of_equal_shares_is_nothing_and_of_one_share_nearly_one() -> None:
    assert gini([3, 3, 3]) == 0
    assert gini([0] * 99 + [5]) == pytest.approx(0.99)
