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
from village.eligibility import INSURED_RISK

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
    "asked_when_its_time_was_over": "at >= ends_at",
    "asked_without_a_reason": "drawn and propensity is null",
}

_MINUTE = """cast(60 * extract(hour from a.at at time zone 'Asia/Shanghai')
    + extract(minute from a.at at time zone 'Asia/Shanghai') as int)"""
_ALMOST = "interval '1 microsecond'"  # a message of exactly a day ago weighs no more
# Settings count where they have not changed since; a village may allow less, never more.
_SEEN = f"""
    with asked as (
        select o.id, o.person_id, o.task_id, o.request_id, o.propensity,
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
            not exists (select from certificates c where c.person_id = v.person_id
                and c.checked_at > a.at) as no_newer_paper,
            r.priority in ('P0', 'P1') or exists (select from events e
                where e.request_id = a.request_id and e.action = 'accept' and e.at > a.at
                  and e.machine = 'request') as urgent
        from asked a
        join tasks t on t.id = a.task_id
        join requests r on r.id = a.request_id
        join volunteers v on v.person_id = a.person_id
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
