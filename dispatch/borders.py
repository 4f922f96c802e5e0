"""Whoever lends people comes before who borrows them, where its own older task waits for them.

A round looks at one village's tasks. Somebody of the next village may just be free for a task of
her own that has waited longer with the same priority: she is left to it, and it looks at once.
That look wakes nobody in turn: two villages each of which waits for the other's would never end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import paired, situation
from dispatch.candidates import AT_ONCE, passed
from dispatch.people import Bools, People
from dispatch.situation import Near
from dispatch.work import Work
from village import outbox

# Without an invitation out: what has one waits for its answer, and for nobody else.
_WAITING = sa.text("""
    select t.request_id from tasks t join requests r on r.id = t.request_id
    where t.village_code = any(:villages) and t.status = 'open' and r.status = 'dispatching'
      and t.ends_at > :now and (t.starving or t.next_wake is null or t.next_wake <= :now)
      and not exists (select from offers o where o.task_id = t.id and o.status = 'offered'
                      and o.expires_at > :now)
""")


def leave(
    session: Session,
    works: Sequence[Work],
    people: People,
    near: Near,
    now: datetime,
    *,
    wakes: bool,
) -> list[Work]:
    """Return the works, each with the people whom an older one beyond the border waits for.

    `wakes`: those older ones look at once.
    """
    lenders = sorted({village for village, _ in near})
    if not lenders or not works:
        return list(works)
    ids = session.scalars(_WAITING, {"villages": lenders, "now": now}).all()
    theirs = situation.load_works(session, ids, {}) if ids else []
    found, woken = left_to(works, theirs, people, now)
    if wakes:
        outbox.put_rows(session, [outbox.row("dispatch.woken_round", one) for one in sorted(woken)])
    return found


def left_to(
    works: Sequence[Work], theirs: Sequence[Work], people: People, now: datetime
) -> tuple[list[Work], set[UUID]]:
    """Return the works, each with whom older ones of `theirs` wait for, and those older requests.

    `theirs`: what waits in the villages that lend, as it looks among its own people alone.
    """
    older = [one for one in theirs if any(_comes_before(one, work) for work in works)]
    waiting = [(one, _able(one, people, now)) for one in older]
    found, woken = [], set[UUID]()
    for work in works:
        owed = [(one, able) for one, able in waiting if _comes_before(one, work) and able.any()]
        woken |= {one.request_id for one, _ in owed}
        found.append(_without(work, people, [able for _, able in owed]))
    return found, woken


def _comes_before(older: Work, work: Work) -> bool:
    return older.priority == work.priority and older.opened_at < work.opened_at


def _able(work: Work, people: People, now: datetime) -> Bools:
    return passed(people, work, now, AT_ONCE) & paired.rested(people, work, now)


def _without(work: Work, people: People, owed: Sequence[Bools]) -> Work:
    if not owed:
        return work
    places = np.flatnonzero(np.logical_or.reduce(owed)).tolist()
    return replace(work, waited_for=frozenset(people.id(place) for place in places))
