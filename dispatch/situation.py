"""What a decision looks at, read in few statements whatever the number of people and tasks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.people import Many, People, array
from dispatch.work import DAY_CAP, NEXT_VILLAGE, OWN_VILLAGE, WEEK_CAP, Work
from village import clock

EARTH_KM = 6371.0
LOOKED_LATELY = timedelta(days=3)
LOGIN_DAYS = 90
OPENS, CLOSES = clock.OPENS.hour * 60, clock.CLOSES.hour * 60

Near = Mapping[tuple[str, str | None], float]

_NEAR = sa.text("""
    select b.code as village, a.station, a.km, o.lat, o.lng, b.lat as their_lat, b.lng as their_lng
    from village_agreements a
    join org_units o on o.code = :village
    join org_units b on b.code =
        case when a.village_a = :village then a.village_b else a.village_a end
    where :village in (a.village_a, a.village_b)
      and a.since <= :now and (a.until is null or a.until > :now)
""")

_WORKS = sa.text("""
    select t.id as task_id, t.request_id, t.village_code as village, t.station, t.skills, t.risk,
        t.minutes, t.people_needed, t.starts_at, t.ends_at, t.created_at as opened_at,
        t.wave as rounds, t.circle, t.widest, t.hold, t.widens_at, t.next_wake,
        t.starving,
        r.priority, r.category, r.sealed, r.no_volunteer as told_short, r.resolve_due,
        coalesce(s.policy, v.policy) as policy, coalesce(s.widest, v.widest) as usual_widest,
        coalesce(s.hold, v.hold, false) as usual_hold,
        coalesce(s.day_cap, v.day_cap) as day_cap, coalesce(s.week_cap, v.week_cap) as week_cap,
        coalesce(s.asks_from, v.asks_from) as asks_from,
        coalesce(s.asks_to, v.asks_to) as asks_to,
        (select count(*) from places p where p.task_id = t.id and p.status = 'open') as places_open,
        (select count(*) from places p where p.task_id = t.id and p.status <> 'open')
            as places_taken,
        (select coalesce(max(n), 0) from rounds where task_id = t.id) as looks,
        array(select person_id from offers o where o.task_id = t.id) as asked,
        array(select json_build_array(extract(epoch from o.created_at), o.chance) from offers o
              where o.task_id = t.id and o.status = 'offered' order by o.id) as out,
        array(select person_id from standing_pairs p
              where p.villager_id = r.requester_id and p.category = r.category
                and p.village_code = t.village_code and p.station = t.station
                and p.status = 'active' and not r.hide_me and not r.sealed) as pairs,
        array(select r.requester_id
              union select person_id from request_exclusions e where e.request_id = r.id
              union select other_id from conflict_declarations c where c.person_id = r.requester_id
              union select person_id from conflict_declarations c where c.other_id = r.requester_id
              union select b.id from people a join people b
                  on a.village_code = b.village_code and a.household = b.household
                  where a.id = r.requester_id) as too_close
    from tasks t join requests r on r.id = t.request_id
    left join dispatch_settings s on s.village_code = t.village_code and s.station = t.station
    left join dispatch_settings v on v.village_code = t.village_code and v.station is null
    where t.request_id = any(:ids) and t.status = 'open' and r.status = 'dispatching'
    order by t.id
""")

# Reachable: WeChat knows her, and either the last invitation was not refused for want of her
# consent, or she has lately looked by herself, so that the inbox will do. One row comes back,
# with a list for each column: thousands of people are read as quickly as ten.
_PEOPLE = sa.text("""
    with ids as materialized (
        select m.person_id, row_number() over (order by m.person_id) - 1 as at
        from memberships m join volunteers v on v.person_id = m.person_id
        where m.village_code = any(:villages) and m.active and v.status = 'active'
          and (cast(:only as uuid[]) is null or m.person_id = any(:only))
        group by m.person_id),
    held as (select p.person_id,
            count(*) filter (where p.status in ('taken', 'checked_in')
                and t.status in ('open', 'filled')) as open_tasks,
            bool_or(p.status = 'checked_in' and t.status in ('open', 'filled')) as at_work,
            count(*) filter (where p.taken_at > :week_ago) as tasks
        from places p join tasks t on t.id = p.task_id
        where p.person_id in (select person_id from ids) group by 1),
    offered as (select person_id, count(*) filter (where created_at > :day_ago) as today,
            count(*) filter (where created_at > :week_ago) as week, max(created_at) as last,
            max(greatest(answered_at, opened_at)) as looked
        from offers where person_id in (select person_id from ids) group by 1),
    told as (select n.person_id,
            count(d.id) filter (where d.created_at > :day_ago and d.status <> 'unavailable'
                and n.template <> 'N10') as today,
            count(d.id) filter (where d.created_at > :week_ago and d.status <> 'unavailable'
                and n.template <> 'N10') as week,
            max(d.created_at) filter (where d.status <> 'unavailable') as last,
            max(n.read_at) as looked,
            (array_agg(d.status order by n.id desc)
                filter (where n.template = 'N10' and d.id is not null))[1] = 'unavailable'
                as refused
        from notifications n left join deliveries d on d.notification_id = n.id
        where n.person_id in (select person_id from ids) group by 1),
    logins as (select person_id, max(expires_at) - make_interval(days => :login_days) as looked
        from token_families where person_id in (select person_id from ids) group by 1),
    known as (select distinct person_id from wechat_identities
        where person_id in (select person_id from ids)),
    one_by_one as (select
            string_agg(uuid_send(ids.person_id), ''::bytea order by ids.at) as ids,
            array_agg(coalesce(p.birth_year, 9999) order by ids.at) as birth_year,
            array_agg(v.guardian_consent order by ids.at) as guardian_consent,
            array_agg(coalesce(v.insured_until - date '1970-01-01', 0) order by ids.at)
                as insured_until,
            array_agg(coalesce(held.open_tasks, 0) order by ids.at) as open_tasks,
            array_agg(v.max_open_tasks order by ids.at) as max_open_tasks,
            array_agg(coalesce(held.at_work, false) order by ids.at) as at_work,
            array_agg(coalesce(v.quiet_from, -1) order by ids.at) as quiet_from,
            array_agg(coalesce(v.quiet_to, -1) order by ids.at) as quiet_to,
            array_agg(coalesce(extract(epoch from
                    greatest(offered.last, told.last, v.last_asked_at))::float8, '-infinity')
                order by ids.at) as asked_at,
            array_agg(coalesce(offered.today, 0) + coalesce(told.today, 0) order by ids.at)
                as messages_today,
            array_agg(coalesce(offered.week, 0) + coalesce(told.week, 0) order by ids.at)
                as messages,
            array_agg(coalesce(held.tasks, 0) order by ids.at) as tasks,
            array_agg(known.person_id is not null and (not coalesce(told.refused, false)
                or coalesce(greatest(told.looked, offered.looked, logins.looked) > :lately, false))
                order by ids.at) as reachable,
            array_agg(v.helps_village order by ids.at) as helps_village,
            array_agg(v.next_village order by ids.at) as next_village,
            array_agg(v.next_village_km::float8 order by ids.at) as next_village_km,
            array_agg(case when v.ask_less_until <= :now then 1.0 else v.ask_less::float8 end
                order by ids.at) as ask_less,
            array_agg(v.personal order by ids.at) as personal,
            array_agg(coalesce(extract(epoch from v.rest_until)::float8, '-infinity')
                order by ids.at) as rest_until
        from ids join volunteers v using (person_id) join people p on p.id = ids.person_id
        left join held using (person_id) left join offered using (person_id)
        left join told using (person_id) left join logins using (person_id)
        left join known using (person_id)),
    member as (select array_agg(at) as member_who, array_agg(village_code) as member_village,
            array_agg(station) as member_station
        from memberships join ids using (person_id)
        where village_code = any(:villages) and active),
    able as (select array_agg(at) as skill_who, array_agg(skill) as skill
        from ids join volunteers using (person_id), unnest(skills) as skill),
    papers as (select array_agg(at) as paper_who, array_agg(skill) as paper,
            array_agg(coalesce(valid_until - date '1970-01-01', 1000000)) as paper_until
        from certificates join ids using (person_id)),
    mediates as (select array_agg(at) as mediates_who, array_agg(unit_code) as mediates
        from role_grants join ids using (person_id) where role = 'mediator'
          and valid_from <= :now and (valid_to is null or valid_to > :now)),
    dislikes as (select array_agg(at) as dislikes_who, array_agg(category) as dislikes
        from ids join volunteers using (person_id), unnest(disliked) as category),
    promised as (select array_agg(at) as busy_who,
            array_agg(extract(epoch from lower(busy))::float8) as busy_from,
            array_agg(extract(epoch from upper(busy))::float8) as busy_to
        from places join ids using (person_id)
        where busy is not null and status in ('taken', 'checked_in') and upper(busy) > :now),
    hours as (select array_agg(at) as window_who, array_agg(weekday) as weekday,
            array_agg(from_minute) as from_minute, array_agg(to_minute) as to_minute
        from availability_windows join ids using (person_id)),
    away as (select array_agg(at) as off_who,
            array_agg(extract(epoch from starts_at)::float8) as off_from,
            array_agg(extract(epoch from ends_at)::float8) as off_to
        from time_off join ids using (person_id) where ends_at > :now)
    select * from one_by_one, member, able, papers, mediates, dislikes, promised, hours, away
""")

_COLUMNS = {
    "birth_year": "i", "guardian_consent": "?", "insured_until": "i", "open_tasks": "i",
    "max_open_tasks": "i", "at_work": "?", "quiet_from": "i", "quiet_to": "i", "asked_at": "f",
    "messages_today": "i", "messages": "i", "tasks": "i", "reachable": "?", "helps_village": "?",
    "next_village": "?", "next_village_km": "f", "ask_less": "f", "personal": "?",
    "rest_until": "f",
}  # fmt: skip
_MANY = {
    "stations": ("UU", "member_who", "member_village", "member_station"),
    "skills": ("U", "skill_who", "skill"),
    "papers": ("Ui", "paper_who", "paper", "paper_until"),
    "mediates": ("U", "mediates_who", "mediates"),
    "disliked": ("U", "dislikes_who", "dislikes"),
    "busy": ("ff", "busy_who", "busy_from", "busy_to"),
    "windows": ("iii", "window_who", "weekday", "from_minute", "to_minute"),
    "off": ("ff", "off_who", "off_from", "off_to"),
}


@dataclass(frozen=True)
class Situation:
    """The open tasks of a village that are decided together, and everybody who might help."""

    village: str
    works: list[Work]
    people: People


def near(session: Session, village: str, now: datetime) -> Near:
    """Return the km to the villages that lend, by (village, station; None: every station)."""
    rows = session.execute(_NEAR, {"village": village, "now": now})
    found: dict[tuple[str, str | None], float] = {}
    for row in rows:
        km = row.km if row.km is not None else _km(row)
        if km is not None:
            found[row.village, row.station] = km
    return found


def _km(row: Any) -> float | None:
    """As the crow flies; None where a place is not known."""
    if None in (row.lat, row.lng, row.their_lat, row.their_lng):
        return None
    lat, their_lat = math.radians(row.lat), math.radians(row.their_lat)
    half_lat, half_lng = (their_lat - lat) / 2, math.radians(row.their_lng - row.lng) / 2
    part = math.sin(half_lat) ** 2 + math.cos(lat) * math.cos(their_lat) * math.sin(half_lng) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(part))


def load(
    session: Session, village: str, request_ids: Collection[UUID], near: Near, now: datetime
) -> Situation:
    """Read the situation in two statements."""
    rows = session.execute(_WORKS, {"ids": list(request_ids)}).all()
    people = load_people(session, {village, *(key[0] for key in near)}, now)
    return Situation(village, [_work(row, near) for row in rows], people)


def load_works(session: Session, request_ids: Collection[UUID], near: Near) -> list[Work]:
    """Read open tasks in one statement."""
    rows = session.execute(_WORKS, {"ids": list(request_ids)})
    return [_work(row, near) for row in rows]


def load_people(
    session: Session,
    villages: Iterable[str],
    now: datetime,
    only: Collection[UUID] | None = None,
) -> People:
    """Read the active volunteers of these villages (or some of them) in one statement."""
    facts = {
        "villages": list(villages),
        "only": None if only is None else list(only),
        "now": now,
        "day_ago": now - timedelta(days=1),
        "week_ago": now - timedelta(days=7),
        "lately": now - LOOKED_LATELY,
        "login_days": LOGIN_DAYS,
    }
    row = session.execute(_PEOPLE, facts).mappings().one()
    ones: dict[str, Any] = {name: array(kind, row[name]) for name, kind in _COLUMNS.items()}
    many: dict[str, Any] = {
        name: Many.of(kinds, *(row[column] for column in columns))
        for name, (kinds, *columns) in _MANY.items()
    }
    ids = np.frombuffer(row["ids"] or b"", dtype="S16")
    return People(ids=ids, **ones, **many)


_SAME = (
    "task_id", "request_id", "village", "station", "starts_at", "ends_at", "opened_at",
    "priority", "category", "sealed", "risk", "minutes", "people_needed", "places_open",
    "places_taken", "resolve_due", "told_short", "policy", "circle", "widens_at", "next_wake",
    "starving",    "rounds", "looks",
)  # fmt: skip


def _work(row: Any, near: Near) -> Work:
    work = Work(
        **{name: getattr(row, name) for name in _SAME},
        skills=tuple(row.skills),
        asked=frozenset(row.asked),
        too_close=frozenset(row.too_close),
        pairs=frozenset(row.pairs),
        near=near,
        out=tuple((_moment(at), chance) for at, chance in row.out),
        widest=_widest(row),
    )
    return replace(
        work,
        day_cap=DAY_CAP if row.day_cap is None else row.day_cap,
        week_cap=WEEK_CAP if row.week_cap is None else row.week_cap,
        asks=(
            OPENS if row.asks_from is None else row.asks_from,
            CLOSES if row.asks_to is None else row.asks_to,
        ),
    )


def _widest(row: Any) -> int:
    """The widest circle that the heads allow: for this task, else at this station."""
    usual = NEXT_VILLAGE if row.usual_widest is None else row.usual_widest
    if row.usual_hold:
        usual = min(usual, OWN_VILLAGE)
    widest = usual if row.widest is None else row.widest
    return min(widest, row.circle) if row.hold else int(widest)


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
