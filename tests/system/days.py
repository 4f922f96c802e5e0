"""A village's days on a stack, by the people and the reconciliation of `wuzhan demo --days`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runtime.demo_people import open_county
from runtime.month.figures import Figures
from runtime.month.play import Month, begin
from runtime.month.reconcile import differences
from runtime.month.world import World
from tests.system.stack import Stack
from village.db import create_engine


@contextmanager
def begun(stack: Stack, **facts: Any) -> Iterator[Month]:
    """A month that is ready to be played on a stack whose clock file is followed here, too."""
    engine = create_engine(stack.database_url, pool_size=2)
    sandbox = f"http://127.0.0.1:{stack.sandbox_port}"
    try:
        with open_county(stack.url) as county:
            yield begin(World(stack.url, engine, sandbox), county, **facts)
    finally:
        engine.dispose()


def must_hold(month: Month, found: Figures) -> None:
    """What people did and saw is what is held, and nobody waited longer than she may."""
    wrong = [*differences(month), *found.left_waiting()]
    assert not wrong, "\n".join(wrong)


def tamper(month: Month, change: str, which: str) -> bool:
    """Change one row behind everybody's back; tell whether there was one."""
    table = change.split()[1 if change.startswith("update") else 2]
    one = f"ctid = (select ctid from {table} where {which} limit 1)"
    with month.world.engine.begin() as link:
        return bool(link.exec_driver_sql(f"{change} where {one}").rowcount)
