"""What people sent and saw, held against the database: every difference gets a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import requests

from dispatch import invariants
from runtime.month.handset import Deed
from runtime.month.people import Person
from runtime.month.play import Month
from village.db import transaction

HOLDS = ("accepted", "checked_in", "completed")
SANDBOX_SECONDS = 30
KEPT_BY_A_PHONE = 500  # the stand-in forgets older ones

WRITTEN = """
    select id::text, number from requests
    where created_at >= :since and (requester_id = any(:who) or proxy_id = any(:who))"""
EVENTS = """
    select e.actor_id::text, e.machine, coalesce(o.task_id, e.request_id)::text, e.action, count(*)
    from events e left join offers o on e.machine = 'offer' and o.id = e.subject_id
    where e.at >= :since and e.actor_id = any(:who) group by 1, 2, 3, 4
    union all select done_by::text, 'phone', id::text, 'phoned', 1 from phone_tasks
    where done_at >= :since and done_by = any(:who)
    union all select by_id::text, 'complaint', complaint_id::text, step, count(*)
    from complaint_steps where at >= :since and by_id = any(:who) group by 1, 3, 4"""
PHONED = """
    select id::text, tries, case when outcome in ('reached', 'answered') then outcome else '' end
    from phone_calls where caller_id = any(:who)
    and (tried_at >= :since or outcome in ('reached', 'answered') and done_at >= :since)"""
OWN_COMPLAINTS = "select id::text, status from complaints where complainant_id = any(:who)"
OWN_REQUESTS = "select id::text, status from requests where requester_id = any(:who)"
OFFERS = "select id::text, status from offers where person_id = any(:who)"
PLACES = """
    select task_id::text, status from places
    where person_id = any(:who)"""
MESSAGES = "select id::text, title from notifications where person_id = any(:who)"
PUSHES = """
    select n.person_id::text, count(*) filter (where d.status = 'sent'), count(*)
    from deliveries d join notifications n on n.id = d.notification_id
    where n.person_id = any(:who) group by 1"""
ASKED = "select id::text, person_id::text from offers"  # an open one may be older than the days
TOLD = "select id::text, title from notifications where person_id = any(:who)"
# The log of events says where everything is.
ELSEWHERE = """
    with last as (select distinct on (subject_id) subject_id, to_status from events
      where machine in ('request', 'offer') order by subject_id, id desc)
    select 'request ' || number, status, to_status from requests r
    join last on last.subject_id = r.id where status <> to_status
    union all select 'offer ' || o.id, status, to_status from offers o
    join last on last.subject_id = o.id where status <> to_status"""
GIVEN_UP = "select job, count(*) from outbox where failed_at is not null group by 1"


def differences(month: Month, each: Callable[[int], object] = lambda _: None) -> list[str]:
    """Return a sentence for whatever people did or saw and the database holds otherwise.

    `each` is told of every person whose lists have been read.
    """
    found = [*_written(month), *_deeds(month), *_phoned(month), *_seen(month), *_refused(month)]
    for person in month.people.values():
        found += _lists(month, person)
        each(1)
    return [*found, *_pushes(month), *_promises(month)]


def _who(month: Month) -> list[str]:
    return [person.handset.person for person in month.people.values()]


def _held(month: Month, statement: str, who: list[str]) -> Any:
    since = month.world.started
    return month.world.rows(statement.replace(":who", "cast(:who as uuid[])"), since=since, who=who)


def _written(month: Month) -> Iterator[str]:
    """Every request that was sent is there once, and none that was not."""
    held = {row[0]: row[1] for row in _held(month, WRITTEN, _who(month))}
    yield from _compare("request", month.book.numbers, held)


def _deeds(month: Month) -> Iterator[str]:
    """Every step that was answered is an event of that person's, once, and no other is."""
    held = {Deed(*row[:4]): row[4] for row in _held(month, EVENTS, _who(month))}
    by_id = {person.handset.person: code for code, person in month.people.items()}
    for deed in sorted({*held, *month.book.deeds}):
        did, kept = month.book.deeds[deed], held.get(deed, 0)
        if did != kept:
            what = f"{deed.machine} {deed.about}: {deed.action}"
            yield f"{what} by {by_id[deed.person]} was done {did} times, the database has {kept}"


def _phoned(month: Month) -> Iterator[str]:
    """Every call that an officer made or tried is held on it, and none that she did not."""
    seen = {call: f"{tries} {ended}" for call, (tries, ended) in month.book.phoned.items()}
    held = {row[0]: f"{row[1]} {row[2]}" for row in _held(month, PHONED, _who(month))}
    yield from _compare("call", seen, held)


def _seen(month: Month) -> Iterator[str]:
    """Every invitation and message that somebody saw is still there, as it was."""
    asked, told = _pairs(month, ASKED, []), _pairs(month, TOLD, _who(month))
    for what, seen, held in (
        ("offer", month.book.offers, asked),
        ("message", month.book.messages, told),
    ):
        yield from _compare(what, seen, {about: held[about] for about in seen if about in held})


def _refused(month: Month) -> Iterator[str]:
    yield from (f"refused without need: {odd}" for odd in month.book.odd)
    for person in month.people.values():
        for sending in person.handset.waiting:
            yield f"{sending.path} of {person.code} was never answered"


def _lists(month: Month, person: Person) -> Iterator[str]:
    """What her phone lists at the end is what the database holds of hers."""
    phone, me = person.handset, [person.handset.person]
    mine = {item["id"]: item["status"] for item in phone.pages("/requests?scope=mine")}
    yield from _compare(f"request of {person.code}", mine, _pairs(month, OWN_REQUESTS, me))
    offers = {item["id"]: item["status"] for item in phone.pages("/offers?")}
    yield from _compare(f"offer to {person.code}", offers, _pairs(month, OFFERS, me))
    tasks = phone.pages("/tasks?scope=mine")
    held = {item["id"]: _place(item["status"]) for item in tasks if item["status"] in HOLDS}
    yield from _compare(f"place of {person.code}", held, _pairs(month, PLACES, me))
    said = phone.read("/complaints?scope=mine")["items"]
    held = {item["id"]: item["status"] for item in said}
    yield from _compare(f"complaint of {person.code}", held, _pairs(month, OWN_COMPLAINTS, me))
    lines = {item["id"]: item["title"] for item in phone.pages("/notifications?")}
    yield from _compare(f"message to {person.code}", lines, _pairs(month, MESSAGES, me))


def _place(status: str) -> str:
    return "taken" if status == "accepted" else status


def _pairs(month: Month, statement: str, who: list[str]) -> dict[str, str]:
    return {row[0]: row[1] for row in _held(month, statement, who)}


def _compare(what: str, seen: dict[str, str], held: dict[str, str]) -> Iterator[str]:
    for about in sorted({*seen, *held}):
        one, other = seen.get(about), held.get(about)
        if one != other:
            yield f"{what} {about}: seen as {one or 'missing'}, held as {other or 'missing'}"


def _pushes(month: Month) -> Iterator[str]:
    """Phones have what was sent to them; only where a process died in mid-call it may be either."""
    if month.world.sandbox_url is None:
        return
    url = f"{month.world.sandbox_url}/_sandbox/messages"
    items = requests.get(url, timeout=SANDBOX_SECONDS).json()["items"]
    got = Counter(item["openid"] for item in items)
    by_id = {person.handset.person: f"demo-{code}" for code, person in month.people.items()}
    for person_id, sent, tried in _held(month, PUSHES, _who(month)):
        openid = by_id[person_id]
        least, most = (min(number, KEPT_BY_A_PHONE) for number in (sent, tried))
        if not least <= got[openid] <= most:
            yield f"pushes to {openid}: {got[openid]} arrived, {sent} of {tried} are held as sent"


def _promises(month: Month) -> Iterator[str]:
    for what, status, last in month.world.rows(ELSEWHERE):
        yield f"{what} is {status}, its last event says {last}"
    for job, number in month.world.rows(GIVEN_UP):
        yield f"{number} jobs {job} were given up"
    with transaction(month.world.engine) as session:
        for name, rows in invariants.broken(session).items():
            yield f"a promise is broken, {name}: {', '.join(rows[:5])}"
