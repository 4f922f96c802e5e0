from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import dispatch.simulation
from dispatch import candidates
from dispatch.borders import left_to
from dispatch.people import Bools, People
from dispatch.policies.common import Urgency
from dispatch.simulate import Row, figures, gini, simulate
from dispatch.simulation import pages
from dispatch.simulation import run as run_module
from dispatch.simulation.crowd import uuid
from dispatch.simulation.run import Run
from dispatch.simulation.scenario import Scenario, ScenarioError, load
from dispatch.simulation.search import Search, Sent
from dispatch.simulation.world import Person, World, build
from dispatch.work import Work
from village.clock import SHANGHAI

SMALL = Scenario(villages=2, weeks=2, apart_km=2.0)


@pytest.fixture(scope="module")
def world() -> World:
    return build(SMALL, 5)


@pytest.fixture(scope="module")
def played(world: World) -> Run:
    """What most ask: paced offers, neighbours among them."""
    return Run(world, "paced_strict-1", 2).play()


def sent(run: Run) -> list[tuple[int, int, datetime, int]]:
    return [
        (one.matter.id, person, offer.at, offer.circle)
        for one in run.searches
        for person, offer in one.sent.items()
    ]


def circle(one: Search, person: Person) -> int:
    """How near she is by what she has declared, reckoned without production's help."""
    if person.village != one.matter.village:
        assert person.lends
        assert one.matter.station in person.stations
        return 2
    assert one.matter.station in person.stations or person.helps_others
    return int(one.matter.station not in person.stations)


def test_the_same_seed_lives_through_the_same(played: Run) -> None:
    assert sent(Run(build(SMALL, 5), "paced_strict-1", 2).play()) == sent(played)
    assert sent(Run(build(SMALL, 6), "paced_strict-1", 2).play()) != sent(played)


@pytest.mark.parametrize("version", ["paced_strict-1", "robin_rested-1"])
def test_wider_circles_fill_more(version: str) -> None:
    world = build(SMALL, 7)
    filled = [figures(Run(world, version, widest).play()).filled for widest in (0, 1, 2)]
    assert filled[0] + 0.1 < filled[1] < filled[2]


@pytest.mark.parametrize(
    "version", ["paced_strict-1", "robin_rested-1", "nearest-1", "broadcast-1"]
)
def test_the_rules_hold_whatever_the_policy(version: str) -> None:
    crowded = build(replace(SMALL, requests_a_day=3.0, weeks=1), 5)
    run = Run(crowded, version, 2).play()
    times: dict[int, list[datetime]] = {}
    for one, person, offer in asked(run):
        helper = crowded.people[person]
        assert one.matter.skills <= helper.skills
        assert circle(one, helper) == offer.circle
        assert one.matter.opened <= offer.at < one.matter.ends_at
        assert one.work.urgency is Urgency.URGENT or 8 <= offer.at.astimezone(SHANGHAI).hour < 20
        times.setdefault(person, []).append(offer.at)
    assert times
    for theirs in times.values():
        day = timedelta(days=1)
        assert max(sum(at - day < other <= at for other in theirs) for at in theirs) <= 4
    for one in run.searches:
        assert len(one.came) <= one.work.places_taken <= one.matter.places
        assert one.work.places_taken + one.work.places_open == one.matter.places
        assert len(set(one.came)) == len(one.came)


def asked(run: Run) -> list[tuple[Search, int, Sent]]:
    found = [(one, *each) for one in run.searches for each in one.sent.items()]
    return sorted(found, key=lambda each: each[2].at)


def test_nobody_is_asked_whom_a_rule_of_production_s_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that is added there holds here: the simulation has no rules of its own."""

    def nobody(people: People, work: Work, now: datetime) -> Bools:
        return ~people.all()

    monkeypatch.setattr(candidates, "OF_THE_TASK", (*candidates.OF_THE_TASK, nobody))
    assert sent(Run(build(SMALL, 5), "paced_strict-1", 2).play()) == []


def test_the_head_hears_of_it_before_the_next_village_does(played: Run) -> None:
    lent = [(one, offer) for one, _, offer in asked(played) if offer.circle == 2]
    calm = [pair for pair in lent if pair[0].work.urgency is not Urgency.URGENT]
    assert calm
    for one, offer in calm:
        assert one.work.widens_at is not None
        assert one.work.widens_at <= offer.at
    near = [(one, offer) for one, _, offer in asked(played) if offer.circle == 1]
    for one, offer in near:
        known = one.work.urgency is Urgency.URGENT or one.work.village_at
        assert known
        assert known is True or known <= offer.at


def test_who_is_lent_is_left_to_an_older_task_of_her_own_village(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By production's rule, which is asked at each look."""
    owed: set[tuple[UUID, UUID, datetime]] = set()

    def told(*given: Any) -> Any:
        found, woken = left_to(*given)
        owed.update((one.task_id, who, given[3]) for one in found for who in one.waited_for)
        return found, woken

    monkeypatch.setattr(run_module, "left_to", told)
    run = Run(build(replace(SMALL, requests_a_day=3.0, weeks=1), 5), "paced_strict-1", 2).play()
    made = {(one.work.task_id, uuid(who), offer.at) for one, who, offer in asked(run)}
    assert owed
    assert not owed & made


def test_those_who_do_not_lend_stay_in_their_village() -> None:
    run = Run(build(replace(SMALL, lends=0.0), 5), "paced_strict-1", 2).play()
    assert figures(run).lent == 0


def test_the_table_has_a_row_and_a_bar_for_each(tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"villages": 2, "weeks": 1, "policies": ["paced_strict-1"]}))
    page = tmp_path / "page.md"
    page.write_text("<!-- chart two -->\nold\n<!-- end -->\n\n<!-- table two -->\n<!-- end -->\n")
    text = simulate(file, seeds=2, page=page)
    assert text.startswith("two\n2 seeds")
    assert text.count("paced_strict-1") == 6
    assert text.count("█") > 20
    written = page.read_text()
    assert "old" not in written
    assert written.count("paced_strict-1") == 6
    assert written.count("\n| ") == 5


def test_a_page_without_marks_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(pages.PageError, match="no <!-- chart two -->"):
        pages.put("nothing", "two", pages.CHART, [])


def test_the_handbook_has_the_marks_of_every_scenario() -> None:
    page = (Path(__file__).parents[2] / "docs/dispatch.md").read_text("utf-8")
    folder = Path(dispatch.simulation.__file__).parent / "scenarios"
    for file in folder.glob("*.json"):
        for kind in (pages.CHART, pages.TABLE):
            assert pages.put(page, file.stem, kind, ["x"]) != page


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


def test_figures_of_one_run_have_no_interval(played: Run) -> None:
    mean, half = Row("paced_strict-1", 2, (figures(played),)).mean("filled")
    assert 0 < mean < 1
    assert half != half  # noqa: PLR0124 (not a number)


def test_gini_of_equal_shares_is_nothing_and_of_one_share_nearly_one() -> None:
    assert gini([3, 3, 3]) == 0
    assert gini([0] * 99 + [5]) == pytest.approx(0.99)
