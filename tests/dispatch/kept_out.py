"""People of the walk (`test_any_time`) whom one hard rule alone keeps out, each another one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests.village.town import LAMP, Town
from village import clock
from village.access import Actor
from village.models import Certificate, TimeOff, WechatIdentity

NEXT, PARTED = "t-beishan", "t-nanshan"  # a village that lends, and one that does so no more
EVER = datetime(2099, 1, 1, tzinfo=UTC)
LONG_AGO = date(2020, 1, 1)
MINOR = 2012
_TOLD = sa.text("""
    with event as (
        insert into events (id, request_id, machine, subject_id, action, to_status, actor_role,
            data, at)
        select gen_random_uuid(), r.id, 'offer', r.id, 'x', 'x', 'system', '{}', :at
        from (select id from requests limit 1) r, generate_series(1, :many) returning id),
    line as (
        insert into notifications (id, person_id, event_id, template, title, text, fields,
            created_at)
        select gen_random_uuid(), :who, id, 'N08', '', '', '{}', :at from event returning id)
    insert into deliveries (id, notification_id, channel, status, attempts, created_at)
    select gen_random_uuid(), id, 'wechat', 'sent', 1, :at from line
""")

# What she is like; all else about her fits every task.
FACTS: tuple[dict[str, Any], ...] = (
    {"born": MINOR},
    {"born": MINOR, "guardian_consent": True},  # may come where it is safe, and not alone
    {"station": "culture", "helps_village": False},
    {"windows": ()},
    {"skills": ["烹饪"]},
    {"insured_until": None},
    {"insured_until": LONG_AGO},
    {"rest_until": EVER},
    {"quiet_from": 0, "quiet_to": 1440},
    {"disliked": [LAMP]},
    {"max_open_tasks": 0},
    {"village": NEXT, "next_village": True, "next_village_km": 1.0},
    {"village": NEXT, "next_village": False},
    {"village": PARTED, "next_village": True, "next_village_km": 9.0},
)


def settle(town: Town) -> tuple[Actor, Actor]:
    """Bring them all, and return the two whom `tire` must keep tired."""
    town.settle(PARTED)
    for number, facts in enumerate(FACTS):
        town.volunteer(f"不合适{number}", **{"max_open_tasks": 9, **facts})
    for number, happens in enumerate((_lapsed, _away, _mute, _kin)):
        happens(town, town.volunteer(f"也不合适{number}", max_open_tasks=9))
    town.act(town.submit(), "withdraw", town.villager)  # what her messages were about
    return town.volunteer("累了", max_open_tasks=9), town.volunteer("今天累了", max_open_tasks=9)


def tire(town: Town, of_the_week: Actor, of_the_day: Actor) -> None:
    """One has had her week's messages, and none today; one the day's, but some hours ago."""
    for who, many, ago in (
        (of_the_week, 14, timedelta(days=2)),
        (of_the_day, 4, timedelta(hours=8)),
    ):
        facts = {"who": who.person_id, "many": many, "at": clock.now() - ago}
        town.run(lambda session, facts=facts: session.execute(_TOLD, facts))


def _lapsed(town: Town, who: Actor) -> None:
    mine = sa.update(Certificate).where(Certificate.person_id == who.person_id)
    town.run(lambda session: session.execute(mine.values(valid_until=LONG_AGO)))


def _away(town: Town, who: Actor) -> None:
    town.add(TimeOff(person_id=who.person_id, starts_at=clock.now(), ends_at=EVER))


def _mute(town: Town, who: Actor) -> None:
    mine = sa.delete(WechatIdentity).where(WechatIdentity.person_id == who.person_id)
    town.run(lambda session: session.execute(mine))


def _kin(town: Town, who: Actor) -> None:
    town.kin(town.villager, who)
