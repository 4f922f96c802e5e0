"""Terms of office that end: who is told, once each, and who then has what is not done."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.village.town import STATION, VILLAGE, Town
from village import clock, terms
from village.access import Actor
from village.models import Notification, RoleGrant


def end_term(town: Town, who: Actor, **later: float) -> None:
    until = clock.now() + timedelta(**later)
    mine = sa.update(RoleGrant).where(RoleGrant.person_id == who.person_id)
    town.run(lambda session: session.execute(mine.values(valid_to=until)))


def told(town: Town, who: Actor) -> list[tuple[str, str]]:
    lines = town.all(Notification, Notification.person_id == who.person_id)
    return [(line.title, line.text) for line in lines]


def test_a_term_that_ends_is_told_before_once(town: Town) -> None:
    town.bring("accepted")
    town.bring("closed")
    end_term(town, town.head, days=11)
    town.run(terms.remind)
    assert told(town, town.head) == []
    clock.step(timedelta(days=2))
    for _ in range(3):
        town.run(terms.remind)
    ((title, text),) = told(town, town.head)
    assert title == "任期快到了"
    assert "1件" in text
    assert "站长" in text
    assert [line[0] for line in told(town, town.chair)] == [title]
    assert told(town, town.deputy) == []


def test_who_follows_takes_over_what_is_not_done(town: Town) -> None:
    request_id = town.bring("accepted")
    end_term(town, town.head, hours=1)
    clock.step(timedelta(hours=2))
    following = town.person("新站长", ("head", STATION))
    for _ in range(2):
        town.run(terms.remind)
    assert [title for title, _ in told(town, following)] == ["请接手没办完的事"]
    assert told(town, town.chair) == []
    assert town.act(request_id, "handle", following) == "in_progress"


@pytest.mark.parametrize(("who", "above"), [("head", "chair"), ("chair", "clerk")])
def test_where_nobody_follows_the_rung_above_sees_to_it(town: Town, who: str, above: str) -> None:
    end_term(town, getattr(town, who), hours=1)
    clock.step(timedelta(hours=2))
    town.run(terms.remind)
    ((_, text),) = told(town, getattr(town, above))
    assert "没有人接手" in text


def test_who_only_covered_hands_nothing_over(town: Town) -> None:
    lent = {"person_id": town.deputy.person_id, "role": "deputy", "unit_code": VILLAGE}
    since = clock.now() - timedelta(days=1)
    until = clock.now() + timedelta(days=1)
    town.add(
        RoleGrant(
            **lent, station="culture", valid_from=since, valid_to=until,
            covers=town.head.person_id,
        )
    )  # fmt: skip
    assert town.run(terms.remind) == 0
