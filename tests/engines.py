"""Engines that go from one test's database to the next one's, and what is said through them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from service import metrics
from village import hours
from village.db import create_engine

IDLE: list[sa.Engine] = []  # each knows the statements that it has compiled, which takes time


@contextmanager
def engine_on(url: str) -> Iterator[sa.Engine]:
    """An engine on this database of the tests' server; its connections are closed at the end."""
    engine = IDLE.pop() if IDLE else _movable(url)
    engine.url = make_url(url)
    try:
        yield engine
    finally:
        engine.dispose()
        for kept in (hours.KEPT, metrics.KEPT):
            kept.pop(engine, None)
        IDLE.append(engine)


def _movable(url: str) -> sa.Engine:
    engine = create_engine(url)

    @sa.event.listens_for(engine, "do_connect")
    def move(dialect: Any, record: Any, args: Any, parameters: dict[str, Any]) -> None:
        parameters |= dialect.create_connect_args(engine.url)[1]

    return engine


@contextmanager
def recorded(engine: sa.Engine | sa.Connection) -> Iterator[list[str]]:
    """The SQL statements that run within the block."""
    found: list[str] = []

    def note(*call: Any) -> None:
        found.append(str(call[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
