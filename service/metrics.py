"""Prometheus metrics, read from the database at each scrape: one truth for all processes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import redis
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatch.routing import model
from service import limits
from service.context import AppContext
from village import clock, workdays
from village.ids import least_id

KEPT_SECONDS = 10.0
DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Question:
    """A statement whose rows hold labels first, then the value of each gauge."""

    statement: str
    labels: tuple[str, ...]
    gauges: Mapping[str, str]


# Of the whole installation, never of a village, a station, a kind of request or a person.
QUESTIONS = (
    _Question(
        "select status, count(*) from requests group by status",
        ("status",),
        {"wuzhan_requests": "Requests by state"},
    ),
    _Question(
        """select status, greatest(extract(epoch from :now - min(submitted_at)), 0),
                  count(*) filter (where first_response_at is null and first_response_due < :now),
                  count(*) filter (where resolved_at is null and paused_at is null
                                   and resolve_due < :now),
                  count(*) filter (where no_volunteer)
           from requests where ended_at is null and status <> 'draft' group by status""",
        ("status",),
        {
            "wuzhan_requests_oldest_seconds": "Age of the oldest request that has not ended",
            "wuzhan_requests_late_response": "Requests whose first response is overdue",
            "wuzhan_requests_late_resolve": "Requests whose solution is overdue, pauses aside",
            "wuzhan_requests_no_volunteer": "Requests for which nobody was left to ask",
        },
    ),
    _Question(
        """select routing ->> 'decision', count(*) from requests
           where id >= :yesterday and status <> 'draft' group by 1""",
        ("decision",),
        {"wuzhan_intake_day": "Requests of the last 24 hours, by where they were sent at first"},
    ),
    _Question(
        "select status, count(*) from offers group by status",
        ("status",),
        {"wuzhan_offers": "Offers by state"},
    ),
    _Question(
        "select status, count(*) from deliveries group by status",
        ("status",),
        {"wuzhan_deliveries": "Deliveries by state"},
    ),
    _Question(
        """select queue, count(*) filter (where failed_at is null),
                  count(*) filter (where failed_at is null and attempts > 0), count(failed_at),
                  greatest(coalesce(extract(epoch from clock_timestamp()
                           - min(due_at) filter (where failed_at is null)), 0), 0)
           from outbox where done_at is null group by queue""",
        ("queue",),
        {
            "wuzhan_outbox_open": "Outbox rows that are not done",
            "wuzhan_outbox_retrying": "Outbox rows that have failed and are tried again",
            "wuzhan_outbox_failed": "Outbox rows that were given up",
            "wuzhan_outbox_queue_age_seconds": "Age of a queue's oldest row that is due",
        },
    ),
    _Question(
        """select greatest(coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0), 0)
           from outbox where done_at is null and failed_at is null""",
        (),
        {"wuzhan_outbox_age_seconds": "Age of the oldest outbox row that is due and not done"},
    ),
)


@dataclass
class _Kept:
    """What one database said, and until when (monotonic seconds) it is not asked again."""

    until: float = float("-inf")
    metrics: list[Metric] = field(default_factory=list)
    asking: Lock = field(default_factory=Lock)


# By engine and without holding on to it: an app may be given another one.
KEPT: WeakKeyDictionary[sa.Engine, _Kept] = WeakKeyDictionary()


class _Database(Collector):
    """What the database says, asked again only after some seconds, by one thread at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def collect(self) -> list[Metric]:
        kept = KEPT.setdefault(self.engine, _Kept())
        with kept.asking:
            if time.monotonic() >= kept.until:
                kept.metrics = list(self._asked())
                kept.until = time.monotonic() + KEPT_SECONDS
            return kept.metrics

    def _asked(self) -> Iterator[Metric]:
        asked = {"now": clock.now(), "yesterday": least_id(clock.wall() - DAY)}
        with self.engine.connect() as link:
            for question in QUESTIONS:
                yield from _gauges(question, list(link.execute(sa.text(question.statement), asked)))


def _gauges(question: _Question, rows: Sequence[sa.Row[Any]]) -> Iterator[Metric]:
    first = len(question.labels)
    for place, (name, words) in enumerate(question.gauges.items(), first):
        gauge = GaugeMetricFamily(name, words, labels=question.labels)
        for row in rows:
            if row[place] is not None:
                gauge.add_metric([str(value) for value in row[:first]], float(row[place]))
        yield gauge


class _Limits(Collector):
    """Counted in Redis, for all processes; `on` is 0 while Redis is away and nobody is counted."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def collect(self) -> Iterator[Metric]:
        try:
            counted, on = limits.counts(self.client), 1
        except redis.RedisError:
            counted, on = {}, 0
        yield GaugeMetricFamily("wuzhan_rate_limits_on", "Whether calls are limited", on)
        unchecked = counted.pop(limits.UNCHECKED, 0)
        yield CounterMetricFamily(
            "wuzhan_calls_unchecked", "Calls let through while Redis was away", unchecked
        )
        refused = CounterMetricFamily(
            "wuzhan_calls_refused", "Calls over a rate limit, by class", labels=("class",)
        )
        for name, number in sorted(counted.items()):
            refused.add_metric([name], number)
        yield refused


class _RoutingModel(Collector):
    """Without it all goes to the chair's triage: somebody should be woken by a 0."""

    def collect(self) -> Iterator[Metric]:
        found = model.state()
        gauge = GaugeMetricFamily(
            "wuzhan_routing_model", "Whether the routing model is whole", labels=("state",)
        )
        gauge.add_metric([found.state], float(found.state == "ok"))
        yield gauge


class _Calendar(Collector):
    """A year that is missing is not seen in anything else until its first deadlines are wrong."""

    def collect(self) -> Iterator[Metric]:
        year = workdays.missing(clock.now())
        yield GaugeMetricFamily(
            "wuzhan_calendar_missing_year", "Year whose holidays are missing, 0 for none", year or 0
        )


def render(app: AppContext) -> bytes:
    """Return the metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Database(app.engine))
    registry.register(_Limits(app.redis))
    registry.register(_RoutingModel())
    registry.register(_Calendar())
    return generate_latest(registry)
