"""The last to ask whether somebody may do the work is the database, whoever writes the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.dispatch.test_invariants import searching
from tests.village.town import VILLAGE, Town
from village import clock
from village.access import Actor
from village.eligibility import papers
from village.models import Certificate, Place, RoleGrant, Task

ENDED = date(2026, 11, 24)
Facts = dict[str, Any]


def take(town: Town, request_id: UUID, who: Actor) -> None:
    """Write a place past all code."""
    mine = sa.update(Place).where(Place.task_id == town.task(request_id).id, Place.seq == 0)
    values = {"person_id": who.person_id, "status": "taken", "taken_at": clock.now()}
    town.run(lambda session: session.execute(mine.values(values)))


def sent_out(town: Town, **task: Any) -> UUID:
    """A search for two, whatever the category's card asks."""
    request_id = searching(town)
    card = sa.update(Task).where(Task.request_id == request_id)
    town.run(lambda session: session.execute(card.values({**PLAIN, **task})))
    return request_id


def lapsed(town: Town, who: Actor) -> None:
    paper = sa.update(Certificate).where(Certificate.person_id == who.person_id)
    town.run(lambda session: session.execute(paper.values(valid_until=date(2020, 1, 1))))


def guided(town: Town, who: Actor) -> None:
    """Nothing more than her guardian's word."""


CARD = {"skills": ["电工证"]}
# What she is like, what is done to her, what the task asks, and which words refuse her.
REFUSED: dict[str, tuple[Facts, Callable[[Town, Actor], None], Facts, str]] = {
    "skill": ({"skills": ["烹饪"]}, guided, CARD, "not_skilled"),
    "paper": ({}, lapsed, CARD, "not_skilled"),
    "insurance": ({"insured_until": None}, guided, {"risk": 2}, "not_insured"),
    "insurance that ends": ({"insured_until": ENDED}, guided, {"risk": 2}, "not_insured"),
    "a minor": ({"born": 2009}, guided, {}, "too_young"),
    "a minor alone": (
        {"born": 2009, "guardian_consent": True}, guided, {"people_needed": 1}, "too_young",
    ),
    "a minor in danger": (
        {"born": 2009, "guardian_consent": True, "skills": []}, guided,
        {"risk": 2, "people_needed": 2}, "too_young",
    ),
}  # fmt: skip
PLAIN: Facts = {"skills": [], "risk": 0}


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_do_the_work_gets_no_place(town: Town, case: str) -> None:
    facts, happens, task, why = REFUSED[case]
    who, request_id = town.volunteer("某人", **facts), sent_out(town, **task)
    happens(town, who)
    with pytest.raises(IntegrityError, match=why):
        take(town, request_id, who)
    assert [place.person_id for place in town.places(request_id) if place.person_id] == []


def test_a_dispute_is_for_accredited_mediators(town: Town) -> None:
    who, request_id = town.volunteer("某人"), sent_out(town)
    town.set(request_id, sealed=True)
    with pytest.raises(IntegrityError, match="not_accredited"):
        take(town, request_id, who)
    since = clock.now() - timedelta(days=1)
    grant = {"role": "mediator", "unit_code": VILLAGE, "station": "mediation", "valid_from": since}
    town.add(RoleGrant(person_id=who.person_id, **grant))
    take(town, request_id, who)


@pytest.mark.parametrize(
    ("facts", "task"),
    [
        ({}, {**CARD, "risk": 2}),
        ({"born": 2009, "guardian_consent": True}, {"people_needed": 2}),
        ({"skills": ["驾驶C1"]}, {}),
    ],
)
def test_who_may_gets_it(town: Town, facts: Facts, task: Facts) -> None:
    who, request_id = town.volunteer("某人", **facts), sent_out(town, **task)
    take(town, request_id, who)
    assert [place.person_id for place in town.places(request_id) if place.person_id] == [
        who.person_id
    ]


def test_a_place_that_is_held_may_change_though_her_paper_has_ended(town: Town) -> None:
    who, request_id = town.volunteer("某人"), sent_out(town, **CARD)
    take(town, request_id, who)
    lapsed(town, who)
    town.run(lambda s: s.execute(sa.update(Place).values(person_id=Place.person_id, minutes=30)))


def test_the_database_knows_which_skills_need_a_paper(town: Town) -> None:
    text = town.run(
        lambda s: s.scalar(sa.text("select prosrc from pg_proc where proname = 'why_unfit'"))
    )
    named = text.partition("array[")[2].partition("]")[0].replace("'", "").split(", ")
    assert set(named) == papers()
