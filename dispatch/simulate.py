"""What a policy and the lending between villages bring, tried on invented villages.

`simulate(path)` plays every policy with ever wider circles over several seeds, and returns the
figures with their intervals and a chart. What decides is the code that serves production: the hard
rules, the response model and its calibration, the policies, and what a look leads to.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from dispatch.charts import aligned, bar, busiest, gini
from dispatch.policies.common import Urgency
from dispatch.simulation import pages
from dispatch.simulation.run import Run
from dispatch.simulation.scenario import Scenario, load
from dispatch.simulation.world import START, World, build

CIRCLES = ("own station only", "whole village", "and next villages")
SURE = 1.96  # standard errors on either side hold 95 %


@dataclass(frozen=True)
class Figures:
    """What one run came to; shares in [0, 1], hours, messages."""

    filled: float
    filled_today: float
    hours: float
    messages: float
    per_person: float
    busiest: float
    gini: float
    lent: float
    lent_messages: float


@dataclass(frozen=True)
class Row:
    """A policy with a widest circle, over all seeds."""

    policy: str
    widest: int
    runs: tuple[Figures, ...]

    def mean(self, name: str) -> tuple[float, float]:
        """Mean and half of the 95 % interval."""
        values = [value for run in self.runs if not math.isnan(value := getattr(run, name))]
        if len(values) < 2:
            return (values or [math.nan])[0], math.nan
        return statistics.mean(values), SURE * statistics.stdev(values) / math.sqrt(len(values))


def simulate(path: Path, seeds: int | None = None, page: Path | None = None) -> str:
    """Return table and chart of a scenario file, and put them into a `page` between its marks.

    Raises ScenarioError, or PageError where the page has no such marks.
    """
    scenario = load(path)
    rows = play(scenario, seeds or scenario.seeds)
    if page is not None:
        _write(page, path.stem, rows)
    return f"{scenario.name}\n{seeds or scenario.seeds} seeds, means ± 95 %\n\n{table(rows)}"


def play(scenario: Scenario, seeds: int) -> list[Row]:
    """Play every policy in every circle, on all cores; the same people and requests for all."""
    wide = range(len(CIRCLES) if scenario.villages > 1 else 2)
    kinds = [(policy, widest) for policy in scenario.policies for widest in wide]
    with ProcessPoolExecutor() as pool:
        runs = [
            [pool.submit(_play, scenario, seed, *kind) for seed in range(seeds)] for kind in kinds
        ]
        return [
            Row(policy, widest, tuple(run.result() for run in mine))
            for (policy, widest), mine in zip(kinds, runs, strict=True)
        ]


def _play(scenario: Scenario, seed: int, policy: str, widest: int) -> Figures:
    return figures(Run(build(scenario, seed), policy, widest).play())


def figures(run: Run) -> Figures:
    """Count what came of a run."""
    world, searches = run.world, run.searches
    filled = [one.filled_at is not None for one in searches]
    soon = [one.work.urgency is not Urgency.LATER for one in searches]
    waits = [
        (one.filled_at - one.matter.opened) / timedelta(hours=1)
        for one in searches
        if one.filled_at is not None
    ]
    sent = [each for one in searches for each in one.sent.values()]
    helped = Counter(person for one in searches for person in one.came)
    came = [one.sent[person].circle for one in searches for person in one.came]
    weeks = len(world.people) * world.scenario.weeks
    return Figures(
        filled=share(filled),
        filled_today=share([done for done, hurry in zip(filled, soon, strict=True) if hurry]),
        hours=statistics.median(waits) if waits else math.nan,
        messages=len(sent) / max(sum(filled), 1),
        per_person=len(sent) / max(len(came), 1),
        busiest=_busiest(world, run),
        gini=gini([helped[person.id] for person in world.people]),
        lent=share([circle == 2 for circle in came]),
        lent_messages=sum(one.circle == 2 for one in sent) / weeks,
    )


def _busiest(world: World, run: Run) -> float:
    """The 95th percentile of messages to a volunteer in a week."""
    count = Counter(
        (sent.asked.person, (sent.at - START) // timedelta(days=7))
        for one in run.searches
        for sent in one.sent.values()
    )
    return busiest(list(count.values()), len(world.people) * world.scenario.weeks)


def share(values: Sequence[bool]) -> float:
    """The part that is true; nan of nothing."""
    return sum(values) / len(values) if values else math.nan


COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("filled", "filled in time", "{:.1%}".format),
    ("filled_today", "of P1, P2", "{:.1%}".format),
    ("hours", "median h", "{:.1f}".format),
    ("messages", "messages/filled", "{:.2f}".format),
    ("per_person", "messages/person", "{:.2f}".format),
    ("busiest", "p95 msg/week", "{:.1f}".format),
    ("gini", "Gini", "{:.2f}".format),
    ("lent", "by neighbours", "{:.1%}".format),
    ("lent_messages", "msg/week to them", "{:.2f}".format),
)
HEAD = ["policy", "asked", *(title for _, title, _ in COLUMNS)]


def table(rows: Sequence[Row]) -> str:
    """Return the figures as a table, and how much is filled as bars."""
    return "\n".join([*aligned([HEAD, *_lines(rows)]), "", *_bars(rows)]) + "\n"


def _lines(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [row.policy, CIRCLES[row.widest], *(_cell(row, name, show) for name, _, show in COLUMNS)]
        for row in rows
    ]


def _bars(rows: Sequence[Row]) -> list[str]:
    return [bar(f"{row.policy}, {CIRCLES[row.widest]}", row.mean("filled")[0]) for row in rows]


def _write(page: Path, scenario: str, rows: Sequence[Row]) -> None:
    text = page.read_text("utf-8")
    text = pages.put(text, scenario, pages.CHART, pages.chart(_bars(rows)))
    text = pages.put(text, scenario, pages.TABLE, pages.table(HEAD, _lines(rows)))
    page.write_text(text, "utf-8")


def _cell(row: Row, name: str, show: Callable[[float], str]) -> str:
    mean, half = row.mean(name)
    return show(mean) if math.isnan(half) else f"{show(mean)} ± {show(half)}"
