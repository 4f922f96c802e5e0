"""What a decision looks at, read in few statements whatever the number of people and tasks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.candidates import DAY_CAP, NEXT_VILLAGE, OWN_VILLAGE, WEEK_CAP, Candidate, Work
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
# consent, or she has lately looked by herself, so that the inbox will do.
_PEOPLE = sa.text("""
    with ids as materialized (
        select m.person_id, json_agg(json_build_array(m.village_code, m.station)) as stations
        from memberships m join volunteers v on v.person_id = m.person_id
        where m.village_code = any(:villages) and m.active and v.status = 'active'
          and (cast(:only as uuid) is null or m.person_id = :only)
        group by m.person_id),
    windows as (select person_id,
            json_agg(json_build_array(weekday, from_minute, to_minute)) as windows
        from availability_windows where person_id in (select person_id from ids) group by 1),
    off as (select person_id, json_agg(json_build_array(
            extract(epoch from starts_at), extract(epoch from ends_at))) as off
        from time_off where ends_at > :now and person_id in (select person_id from ids)
        group by 1),
    held as (select p.person_id,
            count(*) filter (where p.status in ('taken', 'checked_in')
                and t.status in ('open', 'filled')) as open_tasks,
            bool_or(p.status = 'checked_in' and t.status in ('open', 'filled')) as at_work,
            count(*) filter (where p.taken_at > :week_ago) as tasks,
            json_agg(json_build_array(extract(epoch from lower(p.busy)),
                extract(epoch from upper(p.busy)))) filter (where p.busy is not null
                and p.status in ('taken', 'checked_in') and upper(p.busy) > :now) as busy
        from places p join tasks t on t.id = p.task_id
        where p.person_id in (select person_id from ids) group by 1),
    papers as (select person_id, json_object_agg(skill, valid_until) as papers
        from certificates where person_id in (select person_id from ids) group by 1),
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
    mediates as (select person_id, array_agg(unit_code) as villages from role_grants
        where role = 'mediator' and valid_from <= :now and (valid_to is null or valid_to > :now)
          and person_id in (select person_id from ids) group by 1)
    select ids.stations, v.*, p.birth_year, w.windows, off.off, held.open_tasks, held.at_work,
        held.tasks, held.busy, papers.papers, mediates.villages as mediates,
        coalesce(offered.today, 0) + coalesce(told.today, 0) as messages_today,
        coalesce(offered.week, 0) + coalesce(told.week, 0) as messages,
        greatest(offered.last, told.last, v.last_asked_at) as asked_at,
        known.person_id is not null and (not coalesce(told.refused, false)
            or greatest(told.looked, offered.looked, logins.looked) > :lately) as reachable
    from ids join volunteers v using (person_id) join people p on p.id = v.person_id
    left join windows w using (person_id) left join off using (person_id)
    left join held using (person_id) left join papers using (person_id)
    left join offered using (person_id) left join told using (person_id)
    left join logins using (person_id) left join known using (person_id)
    left join mediates using (person_id)
    order by v.person_id
""")


@dataclass(frozen=True)
class Situation:
    """The open tasks of a village that are decided together, and everybody who might help."""

    village: str
    works: list[Work]
    people: list[Candidate]


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
    session: Session, villages: Iterable[str], now: datetime, only: UUID | None = None
) -> list[Candidate]:
    """Read the active volunteers of these villages (or one of them) in one statement."""
    facts = {
        "villages": list(villages),
        "only": only,
        "now": now,
        "day_ago": now - timedelta(days=1),
        "week_ago": now - timedelta(days=7),
        "lately": now - LOOKED_LATELY,
        "login_days": LOGIN_DAYS,
    }
    return [_candidate(row, now) for row in session.execute(_PEOPLE, facts)]


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


def _spans(pairs: Iterable[Iterable[float]] | None) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((_moment(start), _moment(end)) for start, end in pairs or ())


def _candidate(row: Any, now: datetime) -> Candidate:
    asks_less = row.ask_less_until is None or row.ask_less_until > now
    return Candidate(
        person_id=row.person_id,
        stations=frozenset((village, station) for village, station in row.stations),
        birth_year=row.birth_year,
        guardian_consent=row.guardian_consent,
        insured_until=row.insured_until,
        skills=tuple(row.skills),
        certificates={
            skill: None if until is None else date.fromisoformat(until)
            for skill, until in (row.papers or {}).items()
        },
        mediates=frozenset(row.mediates or ()),
        open_tasks=row.open_tasks or 0,
        max_open_tasks=row.max_open_tasks,
        at_work=bool(row.at_work),
        busy=_spans(row.busy),
        quiet=None if row.quiet_from is None else (row.quiet_from, row.quiet_to),
        asked_at=row.asked_at,
        messages_today=row.messages_today,
        messages=row.messages,
        tasks=row.tasks or 0,
        reachable=row.reachable,
        helps_village=row.helps_village,
        next_village=row.next_village,
        next_village_km=row.next_village_km,
        disliked=frozenset(row.disliked),
        ask_less=row.ask_less if asks_less else 1.0,
        personal=row.personal,
        windows=tuple(tuple(window) for window in row.windows or ()),
        time_off=_spans(row.off),
        rest_until=row.rest_until,
    )
