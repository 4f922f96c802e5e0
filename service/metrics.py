"""Prometheus metrics, read from the database at each scrape: one truth for all processes."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

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


def render(app: AppContext) -> bytes:
    """Return the metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Database(app.engine))
    return generate_latest(registry)
