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
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from dispatch.people import KINDS, Many, People, array
from dispatch.work import DAY_CAP, NEXT_VILLAGE, OWN_STATION, OWN_VILLAGE, WEEK_CAP, Work
from village import clock
from village.people import FAMILY_LIFE, LOOKED_LATELY

EARTH_KM = 6371.0
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
        t.wave as rounds, t.circle, t.widest, t.hold, t.held_from, t.village_at, t.widens_at,
        t.next_wake,
        t.short,
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
              union select tied from tied_to_parties(r.id) as tied
                  where exists (select from request_parties p where p.request_id = r.id)
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

# Reachable: WeChat knows her, and either she lets it bring messages and the last invitation was
# not refused since she said so, or she has lately looked by herself, so that the inbox will do.
_ABOUT_THEM = """
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
    called as (select o.person_id, count(*) filter (where e.at > :day_ago) as today,
            count(*) as week
        from events e join offers o on o.id = e.subject_id
        where e.action = 'call_up' and e.at > :week_ago
          and o.person_id in (select person_id from ids) group by 1),
    told as (select n.person_id,
            count(d.id) filter (where d.created_at > :day_ago and d.status <> 'unavailable'
                and n.template <> 'N10') as today,
            count(d.id) filter (where d.created_at > :week_ago and d.status <> 'unavailable'
                and n.template <> 'N10') as week,
            max(d.created_at) filter (where d.status <> 'unavailable') as last,
            max(n.read_at) as looked,
            (array_agg(d.status order by n.id desc)
                filter (where n.template = 'N10' and d.id is not null))[1] = 'unavailable'
                as refused,
            max(d.created_at) filter (where n.template = 'N10') as invited
        from notifications n left join deliveries d on d.notification_id = n.id
        where n.person_id in (select person_id from ids) group by 1),
    agreed as (select person_id, max(at) filter (where accepted) as at,
            max(at) filter (where not accepted) as stopped
        from consents where document = 'wechat_push'
          and person_id in (select person_id from ids) group by 1),
    granted as (select person_id, at from push_grants where template = 'N10' and given
          and person_id in (select person_id from ids)),
    logins as (select person_id, max(expires_at) - make_interval(days => :login_days) as looked
        from token_families where person_id in (select person_id from ids) group by 1),
    known as (select distinct person_id from wechat_identities
        where person_id in (select person_id from ids)),
    ones as (select ids.at, ids.person_id,
            coalesce(p.birth_year, 9999) as birth_year, v.guardian_consent,
            coalesce(v.insured_until - date '1970-01-01', 0) as insured_until,
            coalesce(held.open_tasks, 0) as open_tasks, v.max_open_tasks,
            coalesce(held.at_work, false) as at_work,
            coalesce(v.quiet_from, -1) as quiet_from, coalesce(v.quiet_to, -1) as quiet_to,
            coalesce(extract(epoch from greatest(offered.last, told.last, v.last_asked_at))::float8,
                '-infinity') as asked_at,
            coalesce(offered.today, 0) + coalesce(called.today, 0) + coalesce(told.today, 0)
                as messages_today,
            coalesce(offered.week, 0) + coalesce(called.week, 0) + coalesce(told.week, 0)
                as messages,
            coalesce(held.tasks, 0) as tasks,
            known.person_id is not null and (
                not (coalesce(agreed.stopped > coalesce(agreed.at, '-infinity'), false)
                    or coalesce(told.refused, false) and told.invited
                        >= coalesce(greatest(agreed.at, granted.at), '-infinity'))
                or coalesce(greatest(told.looked, offered.looked, logins.looked) > :lately, false))
                as reachable,
            v.helps_village, v.next_village, v.next_village_km,
            case when v.ask_less_until <= :now then 1.0 else v.ask_less end as ask_less,
            v.personal,
            coalesce(extract(epoch from v.rest_until)::float8, '-infinity') as rest_until
        from ids join volunteers v using (person_id) join people p on p.id = ids.person_id
        left join held using (person_id) left join offered using (person_id)
        left join called using (person_id)
        left join told using (person_id) left join logins using (person_id)
        left join agreed using (person_id) left join granted using (person_id)
        left join known using (person_id)),
    stations as (select at, village_code, station from memberships join ids using (person_id)
        where village_code = any(:villages) and active),
    skills as (select at, skill
        from ids join volunteers using (person_id), unnest(skills) as skill),
    papers as (select at, skill, coalesce(valid_until - date '1970-01-01', 1000000) as until
        from certificates join ids using (person_id)),
    mediates as (select at, unit_code from role_grants join ids using (person_id)
        where role = 'mediator'
          and valid_from <= :now and (valid_to is null or valid_to > :now)),
    disliked as (select at, category
        from ids join volunteers using (person_id), unnest(disliked) as category),
    busy as (select at, extract(epoch from lower(busy)) as since,
            extract(epoch from upper(busy)) as until
        from places join ids using (person_id)
        where busy is not null and status in ('taken', 'checked_in') and upper(busy) > :now),
    windows as (select at, weekday, from_minute, to_minute
        from availability_windows join ids using (person_id)),
    off as (select at, extract(epoch from starts_at) as since, extract(epoch from ends_at) as until
        from time_off join ids using (person_id) where ends_at > :now)
"""

Columns = Mapping[str, str]

# By name of the facts in `People`, each column with its kind: U text, i whole, f number, ? mask.
_ONES: Columns = {
    "birth_year": "i", "guardian_consent": "?", "insured_until": "i", "open_tasks": "i",
    "max_open_tasks": "i", "at_work": "?", "quiet_from": "i", "quiet_to": "i", "asked_at": "f",
    "messages_today": "i", "messages": "i", "tasks": "i", "reachable": "?", "helps_village": "?",
    "next_village": "?", "next_village_km": "f", "ask_less": "f", "personal": "?",
    "rest_until": "f",
}  # fmt: skip
_MANY: Mapping[str, Columns] = {
    "stations": {"village_code": "U", "station": "U"},
    "skills": {"skill": "U"},
    "papers": {"skill": "U", "until": "i"},
    "mediates": {"unit_code": "U"},
    "disliked": {"category": "U"},
    "busy": {"since": "f", "until": "f"},
    "windows": {"weekday": "i", "from_minute": "i", "to_minute": "i"},
    "off": {"since": "f", "until": "f"},
}
_SENT = {
    "i": ("string_agg(int4send({}::int4), ''::bytea order by at)", ">i4"),
    "f": ("string_agg(float8send({}::float8), ''::bytea order by at)", ">f8"),
    "?": ("string_agg(boolsend({}), ''::bytea order by at)", "?"),
    "U": ("array_agg({} order by at)", ""),
}


def _packed(table: str, columns: Columns) -> str:
    """Return SQL that gives the columns of a table in one row, numbers as the bytes of arrays."""
    sent = (f"{_SENT[kind][0].format(name)} as {table}_{name}" for name, kind in columns.items())
    return f"(select {', '.join(sent)} from {table}) as all_{table}"  # noqa: S608 - names of ours


# One row comes back, so that thousands of people are read as quickly as ten.
_ROWS = ", ".join(
    (
        "(select string_agg(uuid_send(person_id), ''::bytea order by at) as ids from ids) as who",
        _packed("ones", _ONES),
        *(_packed(name, {"at": "i", **columns}) for name, columns in _MANY.items()),
    )
)
_PEOPLE = sa.text(f"{_ABOUT_THEM} select * from {_ROWS}")  # noqa: S608 - names of ours


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
        "login_days": FAMILY_LIFE.days,
    }
    row = session.execute(_PEOPLE, facts).mappings().one()
    ones: dict[str, Any] = _unpacked(row, "ones", _ONES)
    many: dict[str, Any] = {}
    for name, columns in _MANY.items():
        who, *held = _unpacked(row, name, {"at": "i", **columns}).values()
        many[name] = Many(who, tuple(held))
    ids = np.frombuffer(row["ids"] or b"", dtype="S16")
    return People(ids=ids, **ones, **many)


def _unpacked(row: Mapping[Any, Any], table: str, columns: Columns) -> dict[str, NDArray[Any]]:
    return {
        name: array(kind, sent) if kind == "U" else _numbers(kind, sent)
        for name, kind in columns.items()
        for sent in (row[f"{table}_{name}"],)
    }


def _numbers(kind: str, sent: bytes | None) -> NDArray[Any]:
    return np.frombuffer(sent or b"", dtype=_SENT[kind][1]).astype(KINDS[kind])


_SAME = (
    "task_id", "request_id", "village", "station", "starts_at", "ends_at", "opened_at",
    "priority", "category", "sealed", "risk", "minutes", "people_needed", "places_open",
    "places_taken", "resolve_due", "told_short", "policy", "circle", "village_at",
    "widens_at", "next_wake", "short", "rounds", "looks",
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
        least=row.widest or OWN_STATION,
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
    """The widest circle that the heads allow: for this task, else at this station.

    What is held goes no farther than the heads have said, whoever was asked before.
    """
    usual = NEXT_VILLAGE if row.usual_widest is None else row.usual_widest
    if row.usual_hold:
        usual = min(usual, OWN_VILLAGE)
    widest = usual if row.widest is None else row.widest
    return min(widest, row.held_from - 1) if row.hold else int(widest)


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
