"""What must be true of offers and places at every moment, as questions to the database.

Each question finds the rows that break a promise; none may find any. The constraints of the tables
refuse most of it already, and the claim the rest: this is the third look, for tests and for the
nightly check of an installation.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import asking_rules
from dispatch.asking_rules import LACKS_INSURANCE, LACKS_SKILL
from village import clock
from village.eligibility import papers

log = logging.getLogger(__name__)

UNSEEN = timedelta(seconds=10)

_HELD = "p.status in ('taken', 'checked_in') and t.status in ('open', 'filled')"

QUESTIONS: dict[str, str] = {
    "more_people_than_places": """
        select t.id from tasks t join offers o on o.task_id = t.id
          and o.status in ('accepted', 'checked_in', 'completed')
        where t.status <> 'cancelled' group by t.id, t.people_needed
        having count(*) > t.people_needed""",
    "place_without_a_yes": """
        select p.task_id from places p join tasks t on t.id = p.task_id
        where t.status <> 'cancelled' and p.person_id is not null and not exists (
          select from offers o where o.task_id = p.task_id and o.person_id = p.person_id
          and o.status in ('accepted', 'checked_in', 'completed'))""",
    "yes_without_a_place": """
        select o.id from offers o join tasks t on t.id = o.task_id
        where t.status <> 'cancelled' and o.status in ('accepted', 'checked_in', 'completed')
        and not exists (
          select from places p where p.task_id = o.task_id and p.person_id = o.person_id)""",
    "asked_though_too_close": """
        select o.id from offers o
        join requests r on r.id = o.request_id
        join people asked on asked.id = o.person_id
        join people asks on asks.id = r.requester_id
        where asked.id = asks.id
        or (asked.household = asks.household and asked.village_code = asks.village_code)
        or exists (select from request_exclusions e where e.at < o.created_at
                   and e.request_id = r.id and e.person_id = asked.id)
        or exists (select from conflict_declarations c where c.declared_at < o.created_at and
                   ((c.person_id = asked.id and c.other_id = asks.id)
                    or (c.other_id = asked.id and c.person_id = asks.id)))""",
    "at_two_places_at_once": """
        select p.task_id from places p join places other on other.person_id = p.person_id
          and other.busy && p.busy and (other.task_id, other.seq) <> (p.task_id, p.seq)
        where p.status in ('taken', 'checked_in') and other.status in ('taken', 'checked_in')""",
    "place_without_the_skill": f"""
        select p.task_id from places p join tasks t on t.id = p.task_id
        join volunteers v on v.person_id = p.person_id
        where {_HELD} and {LACKS_SKILL}""",  # noqa: S608 - words of ours
    "place_without_insurance": f"""
        select p.task_id from places p join tasks t on t.id = p.task_id
        join volunteers v on v.person_id = p.person_id
        where {_HELD} and {LACKS_INSURANCE}""",  # noqa: S608 - words of ours
    "yes_when_its_time_was_over": """
        select p.task_id from places p join tasks t on t.id = p.task_id
        where p.taken_at >= t.ends_at""",
    "request_without_a_search": """
        select r.id from requests r where r.status = 'dispatching' and not exists (
          select from tasks t where t.request_id = r.id and t.status = 'open')""",
    "search_without_a_place": """
        select t.id from tasks t where t.status = 'open' and not exists (
          select from places p where p.task_id = t.id and p.status = 'open')""",
    "forgotten": """
        select r.id from requests r where r.status = 'dispatching' and not r.no_volunteer
        and not exists (select from due_times d where d.request_id = r.id
          and d.kind = 'offer_round' and d.fired_at is null and d.cancelled_at is null)
        and not exists (select from outbox b where b.done_at is null
          and (b.subject_id = r.id or b.subject_id in (
            select d.id from due_times d where d.request_id = r.id)))""",
    "out_though_nobody_is_sought": """
        select o.id from offers o join tasks t on t.id = o.task_id
        where o.status = 'offered' and t.status <> 'open' and not exists (
          select from outbox b where b.done_at is null and b.subject_id = o.request_id)""",
}


def broken(session: Session, unseen: timedelta = UNSEEN) -> dict[str, list[str]]:
    """Return, for each promise that is broken, the ids of the rows that break it.

    What was told so shortly (`unseen`, domain time) before an asking need not have been seen.
    """
    facts = {"papers": list(papers()), "now": clock.now(), "unseen": unseen}
    found = defaultdict[str, list[str]](list)
    for name, question in QUESTIONS.items():
        found[name] += map(str, session.scalars(sa.text(question), facts))
    for name, row in session.execute(asking_rules.BROKEN, facts):
        found[name].append(str(row))
    return {name: rows for name, rows in found.items() if rows}


def nightly(session: Session) -> int:
    """Look at everything once, say what is broken, and return how many rows that is."""
    found = broken(session)
    for name, rows in found.items():
        log.error("a promise is broken", extra={"promise": name, "rows": rows[:20]})
    return sum(map(len, found.values()))
