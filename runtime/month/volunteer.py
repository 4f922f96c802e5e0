"""What volunteers do: yes, no, not now, come, come late, do not come, give back, finish."""

from __future__ import annotations

from datetime import datetime, timedelta

from runtime.demo_people import Body
from runtime.month.handset import Sending
from runtime.month.people import Person
from village import clock

NOT_TODAY = timedelta(days=60)


def look(person: Person) -> bool:
    """Look at invitations and tasks; tell whether there is work of hers."""
    for offer in person.handset.read("/offers?status=open")["items"]:
        person.handset.book.offers[offer["id"]] = person.handset.person
        _answer(person, offer)
    if not person.plans:
        return False
    tasks = person.handset.read("/tasks?scope=mine&limit=30")["items"]
    working = [task for task in tasks if task["allowed_actions"]]
    for task in working:
        _work(person, task)
    return bool(working)


def _answer(person: Person, offer: Body) -> None:
    if offer["status"] == "withdrawn" or person.made_up(offer["id"]):
        return
    luck, actions = person.chance.random(), offer["allowed_actions"]
    if luck < person.habits.says_yes and "accept" in actions:
        _accept(person, offer)
    elif luck < person.habits.says_yes + 0.2 and "decline" in actions:
        _tap(person, offer, "decline")
    elif luck > 0.93:
        person.settled.discard(offer["id"])  # later, which may be too late
        person.later(person, person.now + timedelta(hours=person.chance.uniform(1, 12)))


def _accept(person: Person, offer: Body) -> None:
    """Say yes, and for half of the time at which hour; not everybody will come."""
    begins = max(person.now, _moment(offer["when"]["from"]))
    at = _by_day(person, begins + timedelta(hours=person.chance.uniform(0.3, 9)))
    at = min(at, _moment(offer["when"]["to"]) - timedelta(minutes=5))
    arrival = at.isoformat() if at > person.now and person.chance.random() < 0.5 else None
    comes = person.chance.random() < person.habits.comes
    person.plans[offer["task"]] = at if comes else person.now + NOT_TODAY
    _tap(person, offer, "accept", {"arrival": arrival})
    if comes:
        person.later(person, max(at, person.now))


def _tap(person: Person, offer: Body, action: str, body: Body | None = None) -> None:
    path = f"/offers/{offer['id']}/{action}"
    person.handset.tap(Sending(path, body or {}, "offer", offer["task"], action))


def _work(person: Person, task: Body) -> None:
    planned = person.plans.setdefault(task["id"], person.now)
    actions, luck = task["allowed_actions"], person.chance.random()
    if planned > person.now:
        if "release" in actions and luck < 0.04:
            _step(person, task, "release")
    elif "check_in" in actions:
        _step(person, task, "check_in")
        person.plans[task["id"]] = done = person.now + timedelta(minutes=task["minutes"])
        person.later(person, done)
    elif "complete" in actions:
        _step(person, task, "complete", {"result": "做好了", "minutes": task["minutes"]})


def _step(person: Person, task: Body, action: str, body: Body | None = None) -> None:
    path = f"/tasks/{task['id']}/{action}"
    person.handset.tap(Sending(path, body or {}, "offer", task["id"], action))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _by_day(person: Person, moment: datetime) -> datetime:
    """Not at night: in the morning then."""
    local = moment.astimezone(clock.SHANGHAI)
    if 7 <= local.hour < 20:
        return moment
    morning = local.replace(hour=7, minute=30)
    return morning if local.hour < 7 else morning + timedelta(days=1)
