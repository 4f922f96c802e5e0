"""The rounds of a time span decided again: by their own policy, and by another one.

Every look at the village is taken as it was: what another policy would have changed in it (who
is tired, who has answered) did not happen. So this says whom the other one would have asked, and
what is known of their answers, not what would have become of the requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import record
from dispatch.charts import busiest, gini
from dispatch.policies import registry
from dispatch.record import Again
from village.clock import SHANGHAI
from village.models import Offer, OrgUnit, Round, Task

FETCHED = 200
RESAMPLES = 1000
WEEK_MINUTES = 7 * 24 * 60
NEXT_VILLAGE = 2

Asked = tuple[UUID, UUID]  # task, person


class ReplayError(ValueError):
    """What was asked for cannot be replayed; the sentence says why."""


@dataclass(frozen=True)
class Span:
    """Whole days in Shanghai, the last one too; all villages, or one."""

    first: date
    last: date
    village: str | None = None

    @property
    def since(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def until(self) -> datetime:
        """The last moment."""
        return datetime.combine(self.last, time.max, SHANGHAI)


@dataclass
class Side:
    """Whom one policy asked: each person once for a task, and in which week."""

    asked: dict[Asked, tuple[int, int]] = field(default_factory=dict)

    def ask(self, task_id: UUID, offer: Mapping[str, Any], week: int) -> None:
        """Note an offer."""
        self.asked.setdefault((task_id, UUID(offer["person"])), (week, offer["circle"]))

    def gini(self, people: Iterable[UUID]) -> float:
        """How unevenly the messages fall on these people."""
        count = Counter(person for _, person in self.asked)
        return gini([count[person] for person in people])

    def busiest(self, people: int) -> float:
        """The 95th percentile of messages to one of so many people in a week."""
        count = Counter((person, week) for (_, person), (week, _) in self.asked.items())
        weeks = {week for week, _ in self.asked.values()}
        spread = max(weeks) - min(weeks) + 1 if weeks else 0
        return busiest(list(count.values()), people * spread)

    @property
    def lent(self) -> float:
        """The part that went to the next villages."""
        far = sum(circle == NEXT_VILLAGE for _, circle in self.asked.values())
        return far / len(self.asked) if self.asked else np.nan


# What is added up over the decisions; a bootstrap draws decisions, and each ratio from the sums.
SUMS = ("rounds", "made", "others", "both", "known", "yes", "weight", "weighed_yes", "squared")


@dataclass
class Replayed:
    """What a replay has come to."""

    policy: str
    decisions: int = 0
    identical: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    rows: list[list[float]] = field(default_factory=list)
    people: set[UUID] = field(default_factory=set)
    made: Side = field(default_factory=Side)
    other: Side = field(default_factory=Side)

    def sums(self) -> dict[str, float]:
        """The sums over all decisions."""
        return dict(zip(SUMS, np.sum(self.rows, axis=0).tolist(), strict=True))

    def interval(self, over: str, under: str) -> tuple[float, float, float]:
        """A ratio of two sums, and between what 95 of 100 redrawn ones lie."""
        up, down = np.array(self.rows)[:, [SUMS.index(over), SUMS.index(under)]].T
        redrawn = [value for value in _redrawn(up, down) if not np.isnan(value)]
        low, high = np.percentile(redrawn, (2.5, 97.5)) if redrawn else (np.nan, np.nan)
        return float(_ratio(up.sum(), down.sum())), float(low), float(high)

    @property
    def behind(self) -> float:
        """How many equally weighted answers tell as much about the other policy's chance."""
        sums = self.sums()
        return float(_ratio(sums["weight"] ** 2, sums["squared"]))


def _redrawn(up: Any, down: Any) -> Iterator[float]:
    """Each decision counts as often as a Poisson draw says; the same every time."""
    rng = np.random.default_rng(0)
    for _ in range(RESAMPLES):
        times = rng.poisson(1.0, len(up))
        yield _ratio(times @ up, times @ down)


def _ratio(up: float, down: float) -> float:
    return up / down if down else np.nan


# ---------------------------------------------------------------- reading


def replay(session: Session, span: Span, version: str) -> Replayed:
    """Decide the rounds of a span again. Raises ReplayError with one sentence."""
    found = Replayed(_check(session, span, version))
    answers = _answers(session, span)
    for rounds in _decisions(session, span):
        add(found, rounds, answers)
    if not found.decisions:
        where = f" in {span.village}" if span.village else ""
        raise ReplayError(f"No rounds are recorded from {span.first} to {span.last}{where}.")
    return found


def _check(session: Session, span: Span, version: str) -> str:
    if span.last < span.first:
        raise ReplayError(f"The last day, {span.last}, is before the first, {span.first}.")
    if span.village is not None and session.get(OrgUnit, span.village) is None:
        raise ReplayError(f"There is no village {span.village}.")
    try:
        return registry.load(version).version
    except KeyError as error:
        known = ", ".join(registry.versions())
        raise ReplayError(f"There is no policy {version}; there are {known}.") from error


def _in_span(span: Span, *columns: Any) -> sa.Select[Any]:
    found = sa.select(*columns).where(Round.at >= span.since, Round.at <= span.until)
    if span.village is None:
        return found
    return found.where(Round.task_id.in_(_tasks_of(span.village)))


def _tasks_of(village: str) -> sa.Select[UUID]:
    return sa.select(Task.id).where(Task.village_code == village)


def _decisions(session: Session, span: Span) -> Iterator[list[Round]]:
    """Yield the rounds that were decided together, in the order in which tasks were given."""
    ordered = _in_span(span, Round).order_by(Round.at, Round.decision_id, Round.id)
    rounds = session.scalars(ordered, execution_options={"yield_per": FETCHED})
    for _, together in groupby(rounds, key=lambda one: one.decision_id):
        yield list(together)


def _answers(session: Session, span: Span) -> dict[Asked, tuple[bool, float]]:
    """Return for each offer of which it is known whether a yes came: that, and its propensity."""
    told = sa.or_(Offer.said_yes.is_not(None), Offer.silent_at.is_not(None))
    rows = session.execute(
        sa.select(Offer.task_id, Offer.person_id, Offer.said_yes, Offer.propensity).where(
            Offer.task_id.in_(_in_span(span, Round.task_id)), told, Offer.propensity > 0
        )
    )
    return {(row.task_id, row.person_id): (bool(row.said_yes), row.propensity) for row in rows}


# ---------------------------------------------------------------- one decision


def add(
    found: Replayed, rounds: Sequence[Round], answers: Mapping[Asked, tuple[bool, float]]
) -> None:
    """Go on by one decision; `answers`: (yes, propensity) of offers of which it is known."""
    found.decisions += 1
    found.identical += _comes_out_again(found, rounds)
    other, total = record.again(rounds, found.policy), dict.fromkeys(SUMS, 0.0)
    for one in rounds:
        found.people.update(UUID(candidate["person"]) for candidate in one.candidates)
        _count(found, total, one, other)
        _weigh(total, one, other, answers)
    found.rows.append([total[name] for name in SUMS])


def _comes_out_again(found: Replayed, rounds: Sequence[Round]) -> bool:
    try:
        own = record.again(rounds)
    except KeyError:
        found.unknown[rounds[0].policy] += 1
        return False
    return all(own.plan(one.task_id) == one.plan for one in rounds)


def _count(found: Replayed, total: dict[str, float], one: Round, other: Again) -> None:
    week = int(one.at.timestamp() // 60 // WEEK_MINUTES)
    made, others = one.plan.get("offers", []), other.plan(one.task_id).get("offers", [])
    for side, offers in ((found.made, made), (found.other, others)):
        for offer in offers:
            side.ask(one.task_id, offer, week)
    both = {offer["person"] for offer in made} & {offer["person"] for offer in others}
    total["rounds"] += 1
    total["made"] += len(made)
    total["others"] += len(others)
    total["both"] += len(both)


def _weigh(
    total: dict[str, float],
    one: Round,
    other: Again,
    answers: Mapping[Asked, tuple[bool, float]],
) -> None:
    """Add what is known of the answers to the offers that were made.

    Each counts as often as the other policy would have made it, for once that it was made.
    """
    for offer in one.plan.get("offers", []):
        person = UUID(offer["person"])
        if (one.task_id, person) not in answers:
            continue
        yes, made = answers[one.task_id, person]
        weight = other.propensity(one.task_id, person) / made
        total["known"] += 1
        total["yes"] += yes
        total["weight"] += weight
        total["weighed_yes"] += weight * yes
        total["squared"] += weight**2
