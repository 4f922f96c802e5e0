"""The installation that a month is played on: its clock, its queues, and whose phone rings.

People act over HTTP alone. The database is asked when nothing is left to do, what is due next,
and, at the end, what it holds; while it is away, everybody waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from village import clock
from village.db import transaction

PATIENCE_SECONDS = 240.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.2
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, psycopg.OperationalError)
RINGS_LATE = timedelta(hours=1)

# Whether there is work, and when there will be. A job that was given up waits for nobody, and the
# reconciliation names it; nor does a push whose process died in mid-call.
AHEAD = """
    with due as (select min(due_at) as at from due_times
      where fired_at is null and cancelled_at is null and paused_at is null)
    select at <= :now
      or exists (select from outbox where done_at is null and failed_at is null)
      or exists (select from deliveries d join outbox o on o.subject_id = d.id
        where d.status = 'sending' and o.done_at > now() - interval '5 seconds'), at
    from due"""
RINGS = """
    select d.id, n.person_id, coalesce(r.priority in ('P0', 'P1'), false)
    from deliveries d join notifications n on n.id = d.notification_id
    left join requests r on r.id = n.request_id
    where d.status = 'sent' and d.finished_at >= :since"""


class StuckError(Exception):
    """The installation does not come to rest."""


@dataclass(frozen=True)
class Ring:
    """A push has reached somebody's phone; `urgent`: it is about danger."""

    person_id: UUID
    urgent: bool


@dataclass
class World:
    """One installation, whose clock is the player's."""

    url: str
    engine: sa.Engine
    sandbox_url: str | None = None
    rung: set[UUID] = field(default_factory=set, repr=False)
    started: datetime = field(default_factory=clock.now)

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """Return what a statement finds, as soon as the database answers."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with transaction(self.engine) as session:
                    return session.execute(sa.text(statement), values).all()
            except AWAY as error:
                if time.monotonic() > ends:
                    raise StuckError("The database does not come back.") from error
                time.sleep(LONGEST_PAUSE_SECONDS)

    def settle(self) -> datetime | None:
        """Wait until nothing is left to do, and return when there will be; raises StuckError."""
        ends, pause = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS
        while True:
            busy, next_due = self.rows(AHEAD, now=clock.now())[0]
            if not busy:
                found: datetime | None = next_due
                return found
            if time.monotonic() > ends:
                raise StuckError(f"Its jobs are not done within {PATIENCE_SECONDS:.0f} s.")
            time.sleep(pause)
            pause = min(pause * 1.3, LONGEST_PAUSE_SECONDS)
            self._wake()

    def step_to(self, moment: datetime) -> None:
        """Let it be `moment`, and no later until the next step."""
        clock.set_time(max(moment, clock.now()), speed=0.0)
        self._wake()

    def _wake(self) -> None:
        """Let a relay look at once: it waits a moment for more, and here nothing more will come."""
        self.rows("select pg_notify(:channel, '')", channel=clock.STEPPED)

    def rings(self) -> list[Ring]:
        """Return the pushes that have reached phones since they were last asked for."""
        found = self.rows(RINGS, since=clock.now() - RINGS_LATE)
        new = [row for row in found if row[0] not in self.rung]
        self.rung |= {row[0] for row in new}
        return [Ring(row[1], row[2]) for row in new]
