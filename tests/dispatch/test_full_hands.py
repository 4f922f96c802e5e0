"""Nobody holds more places than she wants, whoever writes them and at whatever moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.dispatch.test_unfit import sent_out, take
from tests.village.town import Town
from village import clock
from village.access import Actor
from village.db import transaction
from village.errors import WuzhanError
from village.models import Place, Task, Volunteer


def hers(town: Town, who: Actor) -> list[UUID]:
    mine = sa.select(Place.task_id).where(Place.person_id == who.person_id)
    return list(town.run(lambda session: session.scalars(mine).all()))


def change(town: Town, who: Actor, **values: Any) -> None:
    mine = sa.update(Volunteer).where(Volunteer.person_id == who.person_id).values(**values)
    town.run(lambda session: session.execute(mine))


@pytest.mark.parametrize("most", [0, 1])
def test_one_too_many_is_refused(town: Town, most: int) -> None:
    who = town.volunteer("某人", max_open_tasks=most)
    for _ in range(most):
        take(town, sent_out(town), who)
    with pytest.raises(IntegrityError, match="at_capacity"):
        take(town, sent_out(town), who)
    assert len(hers(town, who)) == most


def test_what_is_over_leaves_her_hands_free(town: Town) -> None:
    who, request_id = town.volunteer("某人", max_open_tasks=1), sent_out(town)
    take(town, request_id, who)
    over = sa.update(Task).where(Task.request_id == request_id).values(status="cancelled")
    town.run(lambda session: session.execute(over))
    take(town, sent_out(town), who)


def test_what_she_holds_stays_hers_when_she_wants_fewer(town: Town) -> None:
    who = town.volunteer("某人")
    for _ in range(2):
        take(town, sent_out(town), who)
    change(town, who, max_open_tasks=0)
    here = sa.update(Place).where(Place.person_id == who.person_id)
    town.run(lambda s: s.execute(here.values(status="checked_in", person_id=who.person_id)))
    assert len(hers(town, who)) == 2


@pytest.mark.parametrize("status", ["paused", "left", None])
def test_who_is_no_active_volunteer_gets_no_place(town: Town, status: str | None) -> None:
    who = town.volunteer("某人") if status else town.person("村里人")
    change(town, who, status=status or "active")
    with pytest.raises(IntegrityError, match="not_active"):
        take(town, sent_out(town), who)


def test_two_places_written_at_the_same_moment_are_one_too_many(town: Town) -> None:
    """The second waits for the first, and counts it; each alone would find her hands free."""
    who = town.volunteer("某人", max_open_tasks=1)
    first, second = sent_out(town), sent_out(town)
    with ThreadPoolExecutor(1) as elsewhere:
        with transaction(town.engine) as session:
            mine = sa.update(Place).where(Place.task_id == town.task(first).id, Place.seq == 0)
            values = {"person_id": who.person_id, "status": "taken", "taken_at": clock.now()}
            session.execute(mine.values(values))
            other = elsewhere.submit(take, town, second, who)
            while not other.done() and not somebody_waits(town):
                time.sleep(0.01)
        with pytest.raises(IntegrityError, match="at_capacity"):
            other.result()
    assert hers(town, who) == [town.task(first).id]


def somebody_waits(town: Town) -> bool:
    waiting = sa.text("""
        select exists (select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock')""")
    return bool(town.run(lambda session: session.scalar(waiting)))


def test_of_four_yeses_at_the_same_moment_one_is_taken_and_three_are_told_why(town: Town) -> None:
    who = town.volunteer("某人", max_open_tasks=1)
    asked = [town.invite(town.bring("dispatching", people=1), who) for _ in range(4)]
    together, said = threading.Barrier(len(asked)), []

    def say(offer_id: UUID) -> None:
        together.wait()
        try:
            said.append(town.accept(offer_id, who))
        except WuzhanError as refused:
            said.append(refused.code)

    with ThreadPoolExecutor(len(asked)) as phones:
        list(phones.map(say, asked))
    assert sorted(said) == ["accepted", *["at_capacity"] * 3]
