"""A yes may come days after the invitation: what it asked is asked again, and refused by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.village.town import VILLAGE, Town
from village import clock
from village.access import Actor
from village.errors import GuardFailed, Recused, WuzhanError
from village.models import (
    Certificate,
    Membership,
    Person,
    Request,
    RequestExclusion,
    RoleGrant,
    Volunteer,
)

HOUR = timedelta(hours=1)
Change = Callable[[Town, Actor], Any]


def change(model: Any, key: str = "person_id", **values: Any) -> Change:
    def make(town: Town, who: Actor) -> None:
        mine = sa.update(model).where(getattr(model, key) == who.person_id).values(**values)
        town.run(lambda session: session.execute(mine))

    return make


CHANGES: list[tuple[str, Change]] = [
    ("not_active", change(Volunteer, status="left")),
    ("not_active", change(Membership, active=False)),
    ("not_skilled", change(Volunteer, skills=["泥瓦"])),
    ("not_skilled", change(Certificate, valid_until=date(2026, 11, 26))),
    ("too_young", change(Person, "id", birth_year=2010)),
    ("not_insured", change(Volunteer, insured_until=date(2026, 11, 26))),
]


@pytest.mark.parametrize(
    ("code", "changed"), CHANGES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CHANGES)]
)
def test_what_has_changed_since_the_invitation_is_asked_again(
    town: Town, code: str, changed: Change
) -> None:
    request_id, helper = town.bring("dispatching", people=1), town.helpers[0]
    offer_id = town.invite(request_id, helper)
    changed(town, helper)
    with pytest.raises(GuardFailed) as caught:
        town.accept(offer_id, helper)
    assert caught.value.code == code
    assert (town.offer(offer_id).status, town.places(request_id)[0].status) == ("offered", "open")


@pytest.mark.parametrize("tie", ["household", "kin", "word"])
def test_who_has_become_too_close_takes_no_place(town: Town, tie: str) -> None:
    request_id, helper = town.bring("dispatching", people=1), town.helpers[0]
    offer_id = town.invite(request_id, helper)
    if tie == "household":
        for one in (town.villager, helper):
            town.set_household(one, "H9")
    elif tie == "kin":
        town.kin(helper, town.villager)
    else:
        word = {"request_id": request_id, "person_id": helper.person_id, "kind": "word"}
        town.add(RequestExclusion(**word, at=clock.now()))
    with pytest.raises(Recused):
        town.accept(offer_id, helper)
    assert town.places(request_id)[0].status == "open"


def test_what_is_sealed_is_taken_by_accredited_mediators_alone(town: Town) -> None:
    request_id, helper = town.bring("dispatching", people=1), town.helpers[0]
    offer_id = town.invite(request_id, helper)
    seal = sa.update(Request).where(Request.id == request_id).values(sealed=True)
    town.run(lambda session: session.execute(seal))
    with pytest.raises(GuardFailed) as caught:
        town.accept(offer_id, helper)
    assert caught.value.code == "not_accredited"
    term = {"unit_code": VILLAGE, "valid_from": clock.now() - HOUR}
    town.add(RoleGrant(person_id=helper.person_id, role="mediator", **term))
    assert town.accept(offer_id, helper) == "accepted"


def test_nobody_promises_the_same_hour_twice(town: Town) -> None:
    helper, at = town.helpers[0], clock.now() + HOUR
    first, second = (town.invite(town.bring("dispatching", people=1), helper) for _ in range(2))
    town.accept(first, helper, arrival=at)
    with pytest.raises(GuardFailed) as caught:
        town.accept(second, helper, arrival=at + HOUR)  # the lamp takes ninety minutes
    assert caught.value.code == "overlaps"
    assert town.accept(second, helper, arrival=at + 2 * HOUR) == "accepted"


def test_nobody_takes_more_than_she_wants_in_hand(town: Town) -> None:
    """Both invitations were made while her hands were free."""
    helper = town.volunteer("一件就够", max_open_tasks=1)
    first, second = (town.invite(town.bring("dispatching", people=1), helper) for _ in range(2))
    town.accept(first, helper)
    town.accept(first, helper)  # a second tap answers like the first
    with pytest.raises(GuardFailed) as caught:
        town.accept(second, helper)
    assert caught.value.code == "at_capacity"
    town.release(town.offer(first).task_id, helper)
    assert town.accept(second, helper) == "accepted"


def test_one_who_says_yes_twice_at_the_same_moment_is_at_one_place(town: Town) -> None:
    helper, at = town.helpers[0], clock.now() + HOUR
    offers = [town.invite(town.bring("dispatching", people=1), helper) for _ in range(4)]
    said: list[str] = []

    def say(offer_id: Any) -> None:
        try:
            said.append(town.accept(offer_id, helper, arrival=at))
        except WuzhanError as refused:
            said.append(refused.code)

    phones = [threading.Thread(target=say, args=(offer_id,)) for offer_id in offers]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join()
    assert sorted(said) == ["accepted", "overlaps", "overlaps", "overlaps"]
