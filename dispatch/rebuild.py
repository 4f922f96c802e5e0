"""All tallies made anew from the log of offers, while the house runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import learning
from dispatch.learning import Learnt, Own, Row
from dispatch.response import Response
from village import clock, responses
from village.db import table
from village.models import ResponseStat

LATELY = timedelta(minutes=5)  # no transaction takes as long
FETCHED = 2000
SAME = 1e-6  # relative; sums of floats in another order

# A line is an answer, a silence (yes: null), or a person's word about her own counts.
_LOG = sa.text("""
    with told as (
        select silent_at as at, cast(null as boolean) as yes, o.* from offers o
        where silent_at is not null
        union all
        select said_at, said_yes, o.* from offers o where said_at is not null)
    select told.at, told.id, told.person_id, t.village_code as village, told.kind,
        told.created_at, told.km, told.heard, told.chance, told.yes,
        told.yes is not null and told.silent_at is not null as after_silence,
        cast(null as boolean) as personal
    from told join tasks t on t.id = told.task_id
    where told.at > coalesce(cast(:since as timestamptz), '-infinity')
        and told.at <= coalesce(cast(:until as timestamptz), 'infinity')
    union all
    select at, id, person_id, null, null, null, null, null, null, null, null, personal
    from response_resets
    where at > coalesce(cast(:since as timestamptz), '-infinity')
        and at <= coalesce(cast(:until as timestamptz), 'infinity')
    order by at, id, yes nulls first
""")

_COUNT = sa.text("""
    select (select count(*) from offers where silent_at <= :until)
        + (select count(*) from offers where said_at <= :until)
        + (select count(*) from response_resets where at <= :until)
""")
_REMOVE = sa.text("delete from response_stats where id = any(:ids)")


class Rebuilt(NamedTuple):
    """How many answers and silences were read, tallies they make, and of these put right."""

    answers: int
    tallies: int
    mended: int


@dataclass
class Retold:
    """The tallies that a part of the log makes."""

    lines: int = 0
    answers: int = 0
    own: Own = field(default_factory=dict)
    villages: dict[str, Learnt] = field(default_factory=dict)
    personal: dict[Any, bool] = field(default_factory=lambda: defaultdict(lambda: True))

    def tell(self, line: Any) -> None:
        """Go on by one line."""
        self.lines += 1
        if line.personal is not None:
            self.own.pop(line.person_id, None)
            self.personal[line.person_id] = line.personal
            return
        self.answers += 1
        learnt = self.villages.setdefault(line.village, Learnt(Response(own=self.own)))
        personal = self.personal[line.person_id]
        learnt.count(
            learning.seen(line), line.chance, line.yes, line.at,
            personal=personal, after_silence=line.after_silence,
        )  # fmt: skip

    def rows(self) -> Iterator[Row]:
        """Return the tallies as they are stored."""
        for village, learnt in self.villages.items():
            yield from learning.village_rows(village, learnt)
        yield from learning.own_rows(self.own)


def rebuild(session: Session) -> Rebuilt:
    """Make all tallies anew from the log of offers; only those that differ are written.

    Most of the log is read while answers go on being counted; for the last minutes of it, and
    for writing, they wait.
    """
    lately = clock.now() - LATELY
    retold = _read(session, Retold(), None, lately)
    responses.alone(session)
    if _count(session, lately) != retold.lines:  # something came late
        retold = _read(session, Retold(), None, lately)
    _read(session, retold, lately, None)
    rows = list(retold.rows())
    return Rebuilt(retold.answers, len(rows), _mend(session, rows))


def _read(
    session: Session, retold: Retold, since: datetime | None, until: datetime | None
) -> Retold:
    options = {"yield_per": FETCHED}
    span = {"since": since, "until": until}
    for line in session.execute(_LOG, span, execution_options=options):
        retold.tell(line)
    return retold


def _count(session: Session, until: datetime) -> int:
    return int(session.scalar(_COUNT, {"until": until}) or 0)


def _mend(session: Session, rows: list[Row]) -> int:
    """Write the tallies that are missing or different, remove those that nothing tells of."""
    stored = {
        (row.person_id, row.village_code, row.key): row
        for row in session.execute(sa.select(*table(ResponseStat).columns))
    }
    wrong = [row for row in rows if not _same(stored.pop(_place(row), None), row)]
    learning.write(session, wrong)
    session.execute(_REMOVE, {"ids": [row.id for row in stored.values()]})
    return len(wrong) + len(stored)


def _place(row: Row) -> tuple[Any, ...]:
    return row["person_id"], row["village_code"], row["key"]


def _same(stored: Any, row: Row) -> bool:
    return (
        stored is not None
        and abs(stored.at - row["at"]) <= learning.ROUNDED
        and math.isclose(stored.yes, row["yes"], rel_tol=SAME, abs_tol=SAME)
        and math.isclose(stored.tries, row["tries"], rel_tol=SAME, abs_tol=SAME)
    )
