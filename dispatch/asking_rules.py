"""What must be true of every asking, asked of the database at once (see `invariants`).

An asking is an `invite` or a `call_up` of an offer; last week's are enough for a check each night.
What a person has said of herself since then is not held against it: her row is looked at only
while the asking is the last that has written it (`by_name.remember` does), which PostgreSQL knows
by `xmin`. What is kept with its time needs no such care, but for what was written by another room
within the same moment (`:unseen`): the round may not have seen it.
"""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.work import DAY_CAP, WEEK_CAP
from village.eligibility import ADULT_YEARS, INSURED_RISK

# Of the row `t` of a task and `v` of a volunteer; :papers are the skills that need a certificate.
LACKS_SKILL = """exists (
    select from unnest(t.skills) as needed
    where not exists (select from unnest(v.skills) as own where starts_with(own, needed))
    or needed = any(:papers) and not exists (
        select from certificates c
        where c.person_id = v.person_id and starts_with(c.skill, needed) and (
            c.valid_until is null
            or c.valid_until >= (t.ends_at at time zone 'Asia/Shanghai')::date)))"""
LACKS_INSURANCE = f"""t.risk >= {INSURED_RISK} and coalesce(v.insured_until, '-infinity')
    < (t.ends_at at time zone 'Asia/Shanghai')::date"""

# Of the asking `a` besides: where she belongs, her hours, and what else she was doing just then.
_NO_CIRCLE = """not (
    exists (select from memberships m where m.person_id = v.person_id
        and m.village_code = t.village_code and (m.station = t.station or v.helps_village))
    or v.next_village and a.km <= v.next_village_km and exists (
        select from memberships m join village_agreements g
            on least(m.village_code, t.village_code) = g.village_a
            and greatest(m.village_code, t.village_code) = g.village_b
        where m.person_id = v.person_id and m.village_code <> t.village_code
          and g.since <= a.at and (g.until is null or g.until > a.at)
          and (g.station is null or g.station = t.station and m.station = t.station)))"""
_NO_MEDIATOR = """r.sealed and not exists (
    select from role_grants g where g.person_id = v.person_id and g.role = 'mediator'
      and g.unit_code = t.village_code
      and g.valid_from <= a.at and (g.valid_to is null or g.valid_to > a.at))"""
_TOO_YOUNG = f"""coalesce(p.birth_year, 9999)
        >= extract(year from a.at at time zone 'Asia/Shanghai') - {ADULT_YEARS}
    and not (v.guardian_consent and t.risk < {INSURED_RISK}
        and (t.people_needed > 1 or t.status <> 'open'))"""
_NO_TIME = """a.at < t.ends_at and not exists (
    select from generate_series(
            date_trunc('day', greatest(t.starts_at, a.at) at time zone 'Asia/Shanghai'),
            t.ends_at at time zone 'Asia/Shanghai', interval '1 day') as day
        join availability_windows w on w.person_id = v.person_id
            and w.weekday = extract(isodow from day) - 1
        cross join lateral (select
            greatest(t.starts_at, a.at,
                (day + w.from_minute * interval '1 minute') at time zone 'Asia/Shanghai') as opens,
            least(t.ends_at,
                (day + w.to_minute * interval '1 minute') at time zone 'Asia/Shanghai') as ends
        ) as hers
        where opens < ends and not exists (select from time_off f
            where f.person_id = v.person_id and f.starts_at <= opens and f.ends_at >= ends))"""
# What the log says of her other tasks of then that live still; a step of the same moment is not
# held against a round that may not have seen it.
_OTHERS = """(
    select last.to_status as state, b.busy from offers x
        join tasks u on u.id = x.task_id and u.status in ('open', 'filled')
        left join places b on b.task_id = u.id and b.person_id = x.person_id
        cross join lateral (select e.to_status, e.at from events e
            where e.machine = 'offer' and e.subject_id = x.id and e.at <= a.at
            order by e.at desc, e.id desc limit 1) as last
    where x.person_id = a.person_id and x.id <> a.id
      and last.to_status in ('accepted', 'checked_in')
      and last.at < a.at - cast(:unseen as interval)) as other"""
_AT_WORK = f"exists (select from {_OTHERS} where state = 'checked_in')"
_FULL = f"(select count(*) from {_OTHERS}) >= v.max_open_tasks"  # noqa: S608 - words of ours
_PROMISED = f"""t.ends_at - t.starts_at <= (t.minutes + 60) * interval '1 minute' and exists (
    select from {_OTHERS} where busy && tstzrange(t.starts_at, t.ends_at))"""
# How far the heads let it go; a later word of theirs writes the task's row, or the settings'.
_WORD = """least(
    coalesce(t.widest, least(coalesce(s.widest, w.widest, 2),
        case when coalesce(s.hold, w.hold, false) then 1 else 2 end)),
    case when t.hold then t.held_from - 1 else 2 end)"""
_NO_PHONE = "not exists (select from wechat_identities w where w.person_id = v.person_id)"

# What breaks a promise, of an asking as `_SEEN` gives it.
RULES: dict[str, str] = {
    "asked_beyond_the_day_cap": "today + told_today > day_cap",
    "asked_beyond_the_week_cap": "week + told_week > week_cap",
    "asked_in_her_quiet_hours": "hers and quiet",
    "asked_while_she_rests": "hers and rest_until > at",
    "asked_out_of_hours": "not urgent and usual and not minute between asks_from and asks_to - 1",
    "asked_without_the_skill": "hers and no_newer_paper and lacks_skill",
    "asked_without_insurance": "hers and lacks_insurance",
    "asked_though_tied_to_a_party": "tied",
    "asked_beyond_her_circle": "hers and no_circle",
    "asked_beyond_the_heads_word": "drawn and as_left and usual and circle > word",
    "asked_for_what_she_does_not_do": "hers and disliked",
    "asked_without_accreditation": "no_mediator",
    "asked_though_too_young": "hers and too_young",
    "asked_when_she_has_no_time": "hers and no_time",
    "asked_for_a_time_that_is_promised": "promised",
    "asked_while_she_is_at_work": "at_work",
    "asked_though_her_hands_are_full": "hers and full_handed",
    "asked_without_a_phone": "hers and no_phone",
    "asked_when_its_time_was_over": "at >= ends_at",
    "asked_without_a_reason": "drawn and propensity is null",
}

_MINUTE = """cast(60 * extract(hour from a.at at time zone 'Asia/Shanghai')
    + extract(minute from a.at at time zone 'Asia/Shanghai') as int)"""
_ALMOST = "interval '1 microsecond'"  # a message of exactly a day ago weighs no more
# Settings count where they have not changed since; a village may allow less, never more.
_SEEN = f"""
    with asked as (
        select o.id, o.person_id, o.task_id, o.request_id, o.propensity, o.km, o.kind, o.circle,
            o.source in ('policy', 'chance') as drawn, e.at, e.xmin as step,
            count(*) over (partition by o.person_id order by e.at range between
                interval '1 day' - {_ALMOST} preceding and current row) as today,
            count(*) over (partition by o.person_id order by e.at range between
                interval '7 days' - {_ALMOST} preceding and current row) as week
        from events e join offers o on o.id = e.subject_id
        where e.machine = 'offer' and e.action in ('invite', 'call_up')
          and e.at > cast(:now as timestamptz) - interval '14 days'),
    seen as (
        select a.*, t.ends_at, v.rest_until, v.xmin = a.step as hers,
            case when v.quiet_from <= v.quiet_to
                then v.quiet_from <= {_MINUTE} and {_MINUTE} < v.quiet_to
                else v.quiet_from <= {_MINUTE} or {_MINUTE} < v.quiet_to end as quiet,
            {_MINUTE} as minute, rule.*, told.*,
            is_tied_to_party(a.request_id, a.person_id, a.at) as tied,
            {LACKS_SKILL} as lacks_skill, {LACKS_INSURANCE} as lacks_insurance,
            {_NO_CIRCLE} as no_circle, coalesce(a.kind, r.category) = any(v.disliked) as disliked,
            {_NO_MEDIATOR} as no_mediator, {_TOO_YOUNG} as too_young, {_NO_TIME} as no_time,
            {_PROMISED} as promised, {_AT_WORK} as at_work, {_FULL} as full_handed,
            {_NO_PHONE} as no_phone, {_WORD} as word, t.xmin = a.step as as_left,
            not exists (select from certificates c where c.person_id = v.person_id
                and c.checked_at > a.at) as no_newer_paper,
            r.priority in ('P0', 'P1') or exists (select from events e
                where e.request_id = a.request_id and e.action = 'accept' and e.at > a.at
                  and e.machine = 'request') as urgent
        from asked a
        join tasks t on t.id = a.task_id
        join requests r on r.id = a.request_id
        join volunteers v on v.person_id = a.person_id
        join people p on p.id = a.person_id
        left join dispatch_settings s on s.village_code = t.village_code and s.station = t.station
        left join dispatch_settings w on w.village_code = t.village_code and w.station is null
        cross join lateral (
            select coalesce(greatest(s.set_at, w.set_at) < a.at - cast(:unseen as interval), true)
                as usual) as settled
        cross join lateral (
            select usual,
                coalesce(case when usual then coalesce(s.day_cap, w.day_cap) end, {DAY_CAP})
                    as day_cap,
                coalesce(case when usual then coalesce(s.week_cap, w.week_cap) end, {WEEK_CAP})
                    as week_cap,
                coalesce(s.asks_from, w.asks_from, 480) as asks_from,
                coalesce(s.asks_to, w.asks_to, 1200) as asks_to) as rule
        cross join lateral (
            select count(*) filter (where d.created_at > a.at - interval '1 day') as told_today,
                count(*) as told_week
            from notifications n join deliveries d on d.notification_id = n.id
            where n.person_id = a.person_id and n.template <> 'N10' and d.status <> 'unavailable'
              and d.created_at > a.at - interval '7 days'
              and d.created_at < a.at - cast(:unseen as interval)) as told
        where a.at > cast(:now as timestamptz) - interval '7 days')
"""  # noqa: S608 - words of ours
_ROWS = ", ".join(f"('{name}', {rule})" for name, rule in RULES.items())
BROKEN = sa.text(f"""{_SEEN}
    select rule, id from seen cross join lateral (values {_ROWS}) as broken (rule, so)
    where so order by id
""")  # noqa: S608 - words of ours
