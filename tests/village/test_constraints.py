"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from tests.village.town import Town
from village import clock
from village.access import Actor
from village.db import table
from village.models import Event, Offer, Place, Request, RequestExclusion, RoleGrant, Task
from village.models.requests import DUE_KINDS, REQUEST_STATES, WAITS_FOR
from village.models.tasks import OFFER_STATES, PLACE_STATES, TASK_STATES


def write(town: Town, statement: Any) -> None:
    town.run(lambda session: session.execute(statement))


def refused(town: Town, statement: Any, name: str) -> None:
    with pytest.raises(IntegrityError, match=name):
        write(town, statement)


def update_request(request_id: UUID, **values: Any) -> Any:
    return sa.update(Request).where(Request.id == request_id).values(**values)


@pytest.mark.parametrize("statement", ["update events set action = 'x'", "delete from events"])
def test_the_timeline_can_only_be_added_to(town: Town, statement: str) -> None:
    town.submit()
    refused(town, sa.text(statement), "append-only")


def test_the_timeline_cannot_be_emptied(town: Town) -> None:
    town.submit()
    refused(town, sa.text("truncate events cascade"), "append-only")


def test_the_timeline_refuses_even_a_change_of_no_row(town: Town) -> None:
    statement = sa.update(table(Event)).where(sa.false()).values(action="x")
    refused(town, statement, "append-only")


def test_a_place_has_one_row_and_that_row_one_holder(town: Town) -> None:
    task = town.task(town.bring("assigned"))
    taken, other = town.helpers[0].person_id, town.helpers[2].person_id
    row = {"task_id": task.id, "seq": 0, "status": "taken", "person_id": other}
    refused(town, sa.insert(Place).values(row), "pk_places")
    twice = {"task_id": task.id, "seq": 9, "status": "taken", "person_id": taken}
    refused(town, sa.insert(Place).values(twice), "uq_places_task_id_person_id")


@pytest.mark.parametrize(("status", "held"), [("taken", False), ("open", True)])
def test_a_place_is_open_exactly_when_nobody_holds_it(town: Town, status: str, held: bool) -> None:
    task = town.task(town.bring("dispatching"))
    holder = town.helpers[0].person_id if held else None
    row = {"task_id": task.id, "seq": 9, "status": status, "person_id": holder}
    refused(town, sa.insert(Place).values(row), "ck_places_holder")


def test_an_emergency_never_looks_for_volunteers(town: Town) -> None:
    request_id = town.bring("dispatching")
    refused(town, update_request(request_id, priority="P0"), "ck_requests_p0")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"status": "teleported"}, "ck_requests_status"),
        ({"priority": "P9"}, "ck_requests_priority"),
        ({"waits_for": "godot"}, "ck_requests_waits_for"),
        ({"text": ""}, "ck_requests_text"),
        ({"text": "路" * 2001}, "ck_requests_text"),
        ({"rating": 6}, "ck_requests_rating"),
        ({"station": "moon_base"}, "fk_requests_village_code_station"),
    ],
)
def test_a_request_holds_no_value_that_has_no_meaning(
    town: Town, values: dict[str, Any], name: str
) -> None:
    refused(town, update_request(town.submit(), **values), name)


def test_a_request_has_one_live_task(town: Town) -> None:
    task = town.task(town.bring("dispatching"))
    columns = table(Task).columns
    copied = sa.select(*[sa.func.gen_random_uuid() if c.key == "id" else c for c in columns])
    again = sa.insert(Task).from_select([c.key for c in columns], copied.where(Task.id == task.id))
    refused(town, again, "uq_tasks_live")


def test_a_person_is_invited_to_a_task_once(town: Town) -> None:
    request_id = town.bring("dispatching")
    town.invite(request_id, town.helpers[0])
    with pytest.raises(IntegrityError, match="uq_offers_task_id_person_id"):
        town.invite(request_id, town.helpers[0])


def test_a_head_without_a_station_is_none(town: Town) -> None:
    grant = sa.update(RoleGrant).where(RoleGrant.person_id == town.head.person_id)
    refused(town, grant.values(station=None), "ck_role_grants_station")


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("ck_requests_status", REQUEST_STATES),
        ("ck_requests_waits_for", WAITS_FOR),
        ("ck_due_times_kind", DUE_KINDS),
        ("ck_tasks_status", TASK_STATES),
        ("ck_places_status", PLACE_STATES),
        ("ck_offers_status", OFFER_STATES),
    ],
)
def test_the_database_knows_the_same_states_as_the_tables(
    town: Town, name: str, states: tuple[str, ...]
) -> None:
    definition = sa.text("select pg_get_constraintdef(oid) from pg_constraint where conname = :n")
    said = town.run(lambda session: session.scalar(definition, {"n": name}))
    assert set(re.findall(r"'(\w+)'::text", said)) == set(states)


def test_an_offer_is_for_a_volunteer(town: Town) -> None:
    task = town.task(town.bring("dispatching"))
    facts = {"task_id": task.id, "request_id": task.request_id, "wave": 1}
    facts |= {"person_id": town.chair.person_id, "id": sa.func.gen_random_uuid()}
    now = {"expires_at": task.created_at, "created_at": task.created_at, "status": "offered"}
    refused(town, sa.insert(Offer).values(**facts, **now, version=1), "fk_offers_person_id")


def excluded(town: Town, request_id: UUID, helper: Actor) -> None:
    """A party does not want her; no reason is asked."""
    facts = {"request_id": request_id, "person_id": helper.person_id, "kind": "word"}
    town.add(RequestExclusion(**facts, at=clock.now()))


@pytest.mark.parametrize("how", ["excluded", "kin", "household", "herself"])
def test_who_is_too_close_is_never_invited(town: Town, how: str) -> None:
    town.set_household(town.villager, "h1")
    helper = town.volunteer("邻居", household="h1" if how == "household" else None)
    if how == "kin":
        town.kin(helper, town.villager)
    request_id = town.bring("dispatching", actor=helper if how == "herself" else None)
    if how == "excluded":
        excluded(town, request_id, helper)
    with pytest.raises(IntegrityError, match="too close"):
        town.invite(request_id, helper)


def test_who_is_excluded_is_given_no_place_either(town: Town) -> None:
    request_id = town.bring("dispatching")
    excluded(town, request_id, town.helpers[0])
    task = town.task(request_id)
    place = sa.update(Place).where(Place.task_id == task.id, Place.seq == 0)
    taken = place.values(status="taken", person_id=town.helpers[0].person_id)
    refused(town, taken, "too close")


def test_nobody_is_at_two_places_at_once(town: Town) -> None:
    first, second = (town.task(town.bring("dispatching")) for _ in range(2))
    noon = clock.now()
    for task, begins, name in ((first, 0, None), (second, 30, "ex_places_overlap")):
        busy = Range(noon + timedelta(minutes=begins), noon + timedelta(minutes=begins + 60))
        place = sa.update(Place).where(Place.task_id == task.id, Place.seq == 0)
        taken = place.values(status="taken", person_id=town.helpers[0].person_id, busy=busy)
        if name is None:
            write(town, taken)
        else:
            refused(town, taken, name)
