"""Prometheus metrics, read from the database at each scrape: one truth for all processes."""

from __future__ import annotations

from collections.abc import Iterator

import redis
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatch.routing import model
from service import limits
from service.context import AppContext

GAUGES = {
    "wuzhan_requests": (
        "Requests by state",
        ("status",),
        "select status, count(*) from requests group by status",
    ),
    "wuzhan_offers": (
        "Offers by state",
        ("status",),
        "select status, count(*) from offers group by status",
    ),
    "wuzhan_deliveries": (
        "Deliveries by state",
        ("status",),
        "select status, count(*) from deliveries group by status",
    ),
    "wuzhan_outbox_open": (
        "Outbox rows that are not done",
        ("queue",),
        """select queue, count(*) from outbox
           where done_at is null and failed_at is null group by queue""",
    ),
    "wuzhan_outbox_failed": (
        "Outbox rows that were given up",
        ("queue",),
        "select queue, count(*) from outbox where failed_at is not null group by queue",
    ),
    "wuzhan_outbox_age_seconds": (
        "Age of the oldest outbox row that is due and not done",
        (),
        """select greatest(coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0), 0)
           from outbox where done_at is null and failed_at is null""",
    ),
}


class _Database(Collector):
    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def collect(self) -> Iterator[Metric]:
        with self.engine.connect() as connection:
            for name, (words, labels, statement) in GAUGES.items():
                gauge = GaugeMetricFamily(name, words, labels=labels)
                for row in connection.execute(sa.text(statement)):
                    gauge.add_metric([str(value) for value in row[:-1]], float(row[-1]))
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


def render(app: AppContext) -> bytes:
    """Return the metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Database(app.engine))
    registry.register(_Limits(app.redis))
    registry.register(_RoutingModel())
    return generate_latest(registry)
