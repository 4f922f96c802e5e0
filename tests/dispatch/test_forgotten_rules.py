"""A round that forgets one of its hard rules asks whom it may not: the database, or the questions
put to it, find out, each rule by its own name.

In each case somebody is kept out by that rule alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from dispatch import candidates
from dispatch.asking_rules import RULES
from tests.dispatch.test_candidates import told
from tests.dispatch.test_invariants import ASKINGS, ask, change, found, news, searching
from tests.village.town import LAMP, Town
from village import clock
from village.access import Actor
from village.models import Certificate, DispatchSettings, Volunteer, WechatIdentity

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUPLES = ("OF_THE_TASK", "OF_THE_KIND", "OF_THE_TIME", "OF_THE_MOMENT")
REFUSED = "refused by the database"

Send = Callable[[Town, Actor], UUID]  # sends a request out for which she may not be asked
Facts = dict[str, Any]


def plain(**task: Any) -> Send:
    return lambda town, _: searching(town, **task)


def kin(town: Town, who: Actor) -> UUID:
    town.kin(town.villager, who)
    return searching(town)


def said_no(town: Town, who: Actor) -> UUID:
    request_id = searching(town)
    town.decline(ask(town, request_id, who), who)
    clock.step(2 * DAY)
    return request_id


def without_a_phone(town: Town, who: Actor) -> UUID:
    mine = sa.delete(WechatIdentity).where(WechatIdentity.person_id == who.person_id)
    town.run(lambda session: session.execute(mine))
    return searching(town)


def lapsed(town: Town, who: Actor) -> UUID:
    yesterday = clock.now().date() - DAY
    change(town, Certificate, Certificate.person_id == who.person_id, valid_until=yesterday)
    clock.step(timedelta(minutes=1))
    return searching(town, skills=["电工证"])


def appointment() -> Facts:
    noon = clock.now() + DAY + 2 * HOUR
    return {"starts_at": noon, "ends_at": noon + 2 * HOUR, "minutes": 90}


def holds(town: Town, who: Actor, **task: Any) -> UUID:
    """She has a place already, for some time."""
    request_id = searching(town, **task)
    town.accept(ask(town, request_id, who), who)
    clock.step(DAY)  # she has rested from that message
    return town.task(request_id).id


def promised(town: Town, who: Actor) -> UUID:
    facts = appointment()
    holds(town, who, **facts)
    return searching(town, **facts)


def at_work(town: Town, who: Actor) -> UUID:
    town.check_in(holds(town, who), who)
    clock.step(timedelta(minutes=1))
    return searching(town)


def full_handed(town: Town, who: Actor) -> UUID:
    holds(town, who)
    change(town, Volunteer, Volunteer.person_id == who.person_id, max_open_tasks=1)
    return searching(town)


def sealed(town: Town, who: Actor) -> UUID:
    request_id = searching(town)
    town.set(request_id, sealed=True)
    return request_id


def at_night(town: Town, who: Actor) -> UUID:
    clock.step(12 * HOUR)
    return searching(town)


def tired(messages: int, ago: timedelta) -> Send:
    def send(town: Town, who: Actor) -> UUID:
        told(town, who, messages, "sent", "N08", clock.now() - ago)
        return searching(town)

    return send


def resting() -> Facts:
    return {"rest_until": clock.now() + HOUR}


# By the rule that is forgotten: what she is like, what is sent out, who finds out.
CASES: dict[str, tuple[Facts, Send, str]] = {
    "not_too_close": ({}, kin, REFUSED),
    "not_asked_yet": ({}, said_no, REFUSED),
    "within_circle": (
        {"station": "culture", "helps_village": False},
        plain(priority="P1"),
        "asked_beyond_her_circle",
    ),
    "not_disliked": ({"disliked": [LAMP]}, plain(), "asked_for_what_she_does_not_do"),
    "accredited": ({}, sealed, "asked_without_accreditation"),
    "skilled": ({}, lapsed, "asked_without_the_skill"),
    "old_enough": ({"born": 2009}, plain(), "asked_though_too_young"),
    "insured": ({"insured_until": None}, plain(risk=2), "asked_without_insurance"),
    "reachable": ({}, without_a_phone, "asked_without_a_phone"),
    "no_overlap": ({}, promised, "asked_for_a_time_that_is_promised"),
    "available": ({"windows": ()}, plain(), "asked_when_she_has_no_time"),
    "asking_hours": ({}, at_night, "asked_out_of_hours"),
    "awake": ({"quiet_from": 540, "quiet_to": 660}, plain(), "asked_in_her_quiet_hours"),
    "not_resting": ({}, plain(), "asked_while_she_rests"),
    "below_capacity": ({}, full_handed, "asked_though_her_hands_are_full"),
    "not_at_work": ({}, at_work, "asked_while_she_is_at_work"),
    "below_day_cap": ({}, tired(4, 20 * HOUR), "asked_beyond_the_day_cap"),
    "below_week_cap": ({}, tired(14, 2 * DAY), "asked_beyond_the_week_cap"),
}  # fmt: skip
# Which rounds need not keep: the policy is given the heads' word itself (`test_circles`), and who
# stands in line for whom is a matter of order (`test_turns`).
ELSEWHERE = {"within_the_heads_word", "not_waited_for"}


@pytest.fixture
def town(shared_town: Town) -> Iterator[Town]:
    """It is ten in the morning, and everybody else has gone."""
    ten = (clock.now() + 8 * DAY).astimezone(clock.SHANGHAI).replace(hour=10)
    clock.step(ten - clock.now())
    shared_town.run(lambda s: s.execute(sa.delete(DispatchSettings)))
    shared_town.run(lambda s: s.execute(sa.update(Volunteer).values(status="paused")))
    yield shared_town
    shared_town.run(lambda s: s.execute(sa.update(Volunteer).values(status="active")))


def prepared(town: Town, name: str) -> tuple[UUID, Actor]:
    facts, send, _ = CASES[name]
    who = town.volunteer("某人", **{"max_open_tasks": 9, **facts})
    request_id = send(town, who)
    if name == "not_resting":
        until = clock.now() + HOUR
        change(town, Volunteer, Volunteer.person_id == who.person_id, rest_until=until)
    return request_id, who


def forget(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for every in TUPLES:
        kept = tuple(one for one in getattr(candidates, every) if one.__name__ != name)
        monkeypatch.setattr(candidates, every, kept)


def asked(town: Town, request_id: UUID) -> list[UUID]:
    """Look for people, and return who is asked."""
    known = {offer.id for offer in town.offers(request_id)}
    town.round(request_id)
    return [offer.person_id for offer in town.offers(request_id) if offer.id not in known]


@pytest.mark.parametrize("name", CASES)
def test_a_rule_keeps_somebody_out(town: Town, name: str) -> None:
    request_id, _ = prepared(town, name)
    assert asked(town, request_id) == []
    assert found(town) == {}


@pytest.mark.parametrize("name", CASES)
def test_a_round_that_forgets_it_is_found_out(
    town: Town, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    request_id, who = prepared(town, name)
    before = found(town)
    forget(monkeypatch, name)
    if CASES[name][2] == REFUSED:
        with pytest.raises(IntegrityError):
            asked(town, request_id)
    else:
        assert asked(town, request_id) == [who.person_id]
        assert news(before, found(town)) == {CASES[name][2]}


def test_every_rule_is_forgotten_once() -> None:
    rules = {one.__name__ for one in candidates.AT_ONCE}
    assert set(CASES) | ELSEWHERE == rules


def test_every_question_about_an_asking_has_found_something() -> None:
    seen = {name for name, _ in ASKINGS} | {name for _, _, name in CASES.values()}
    assert seen - {REFUSED} == set(RULES)
