"""What officers do: heads and deputies at their stations, the chair above them, the clerk's calls.

They go by `allowed_actions` alone, do now this and now that, and leave things lying: a queue is
worked off as well as people do it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from runtime.demo_people import Body
from runtime.month import assisted, complaints
from runtime.month.handset import PHONE, Sending
from runtime.month.people import Person
from runtime.month.plan import URGENT
from village import clock
from village.stations import KINDS, SUSPEND_REASONS

SUSPENDS, MERGES = 0.006, 0.1  # of looks at a request, and at a queue
SAFE_PATH = ("safe_path", "unconfirmed_danger")  # what a chair takes to no station
CLERK_TRIES_AGAIN = timedelta(minutes=8)
RESCUE = {"receiver": "110", "contact": "110", "basis": "emergency"}
OTHER_BODY = {"receiver": "镇公共服务办", "contact": "便民大厅三号窗口", "basis": "consent"}


def look(person: Person, next_steps: dict[str, str]) -> None:
    """Look at one's queues and act; at night only at what is urgent."""
    _make_calls(person)
    found = _listed(person)
    for item in found:
        if person.asleep and item["priority"] not in URGENT:
            continue
        _on(person, item, next_steps)
    if not person.asleep:
        _merge_some(person, found)
        complaints.handle(person)
        assisted.phone(person)
        assisted.enter(person)


def _listed(person: Person) -> list[Body]:
    """Return what lies before her; a chair sees what waits for a second person, or is late."""
    found = {}
    for village, station in person.holds("head", "deputy"):
        for item in person.handset.pages(f"/stations/{village}.{station}/queue?view=open"):
            found[item["id"]] = item
    for village, _ in person.holds("chair"):
        for item in person.handset.pages(f"/villages/{village}/triage?"):
            found[item["id"]] = item
        views = ("status=submitted", "status=checking", "status=suspended", "overdue=true")
        for view in views:
            for item in person.handset.pages(f"/requests?scope=village&{view}"):
                found[item["id"]] = item
    if person.holds("clerk"):
        for item in person.handset.pages("/requests?scope=escalated"):
            found[item["id"]] = item
    return list(found.values())


def _on(person: Person, item: Body, next_steps: dict[str, str]) -> None:
    actions = item["allowed_actions"]
    if item["priority"] in URGENT and "acknowledge" in actions and person.chance.random() < 0.3:
        person.act(item["id"], "acknowledge")
        # who says that she has seen something urgent goes on with it within the hour
        person.later(person, person.now + timedelta(minutes=person.chance.uniform(10, 50)))
    if "sign_for" in actions and person.chance.random() < 0.6:
        person.act(item["id"], "sign_for")
    if "answer_escalation" in actions and person.chance.random() < 0.3:
        person.act(item["id"], "answer_escalation", {"text": "问问邻村，再试一次"})
    if "escalate" in actions and person.chance.random() < 0.01:
        person.act(item["id"], "escalate", {"reason": "缺一台车"})
    if "suspend" in actions and person.chance.random() < SUSPENDS:
        _put_off(person, item)
    elif item["status"] == "accepted":
        _begin(person, item, next_steps)
    elif (step := _STEPS.get(item["status"])) is not None:
        step(person, item)


def _put_off(person: Person, item: Body) -> None:
    days = timedelta(days=person.chance.choice((1, 2, 4, 20)))
    until = (person.now.astimezone(clock.SHANGHAI) + days).date()
    body = {"reason": person.chance.choice(SUSPEND_REASONS), "until": str(until)}
    person.act(item["id"], "suspend", body)


def _suspended(person: Person, item: Body) -> None:
    actions, luck = item["allowed_actions"], person.chance.random()
    if "let_rest" in actions and luck < 0.5:
        person.act(item["id"], "let_rest")
    elif "resume" in actions and luck < 0.25:
        person.act(item["id"], "resume")


def _merge_some(person: Person, found: list[Body]) -> None:
    """See to two as one, now and then; what fits, the service knows."""
    able = [item for item in found if "merge" in item["allowed_actions"]]
    if len(able) < 2 or person.chance.random() >= MERGES:
        return
    one, other = person.chance.sample(able, 2)
    person.act(one["id"], "merge", {"into": other["id"]})


def _submitted(person: Person, item: Body) -> None:
    actions, luck = item["allowed_actions"], person.chance.random()
    urgent = item["priority"] in URGENT
    if item["waits_for"] == "unconfirmed_danger" and "hand_over" in actions and luck < 0.4:
        person.act(item["id"], "hand_over", RESCUE)
    elif luck < 0.05 and "ask" in actions and not urgent:
        person.act(item["id"], "ask", {"question": "具体在哪里，什么时候方便？"})
    elif luck < 0.09 and "reject" in actions and not urgent:
        advice = {"reason": "not_village_matter", "advice": "请到镇便民大厅三号窗口。"}
        person.act(item["id"], "reject", advice)
    elif luck < 0.13 and "route" in actions and not item.get("waits_for"):
        other = person.chance.choice([kind for kind in KINDS if kind != item["station"]])
        _route(person, item, other)
    elif luck < 0.95 and "accept" in actions:
        person.act(item["id"], "accept")


def _triage(person: Person, item: Body) -> None:
    if item["waits_for"] in SAFE_PATH:
        if "hand_over" in item["allowed_actions"] and person.chance.random() < 0.4:
            person.act(item["id"], "hand_over", RESCUE)
        return
    if "route" in item["allowed_actions"] and person.chance.random() < 0.85:
        _route(person, item, person.chance.choice(KINDS))


def _route(person: Person, item: Body, station: str) -> None:
    body = {"station": station, "category": None, "reason": "这件事归这个站"}
    person.act(item["id"], "route", body)


def _begin(person: Person, item: Body, next_steps: dict[str, str]) -> None:
    actions, luck = item["allowed_actions"], person.chance.random()
    if item["waits_for"]:
        if "hand_over" in actions and luck < 0.35:
            person.act(item["id"], "hand_over", OTHER_BODY)
        return
    by_volunteers = next_steps.get(item["category"] or "") == "volunteer"
    wanted = "dispatch" if by_volunteers and not item["no_volunteer"] else "handle"
    if wanted in actions and luck < 0.8:
        person.act(item["id"], wanted)


def _dispatching(person: Person, item: Body) -> None:
    actions = item["allowed_actions"]
    if "go_ahead" in actions and person.chance.random() < 0.4:
        person.act(item["id"], "go_ahead")
    elif item["no_volunteer"] and "recall" in actions and person.chance.random() < 0.15:
        person.act(item["id"], "recall")


def _in_progress(person: Person, item: Body) -> None:
    often = 0.08 if item["assigned"] else 0.3
    if "submit_result" in item["allowed_actions"] and person.chance.random() < often:
        person.act(item["id"], "submit_result", {"result": "站里已经办好"})


def _checking(person: Person, item: Body) -> None:
    luck = person.chance.random()
    if luck < 0.05 and "send_back" in item["allowed_actions"]:
        person.act(item["id"], "send_back", {"reason": "还差一点，请再看看"})
    elif luck < 0.75 and "resolve" in item["allowed_actions"]:
        person.act(item["id"], "resolve")


_STEPS: dict[str, Callable[[Person, Body], None]] = {
    "submitted": _submitted,
    "triage": _triage,
    "dispatching": _dispatching,
    "in_progress": _in_progress,
    "checking": _checking,
    "suspended": _suspended,
}


def _make_calls(person: Person) -> None:
    """A clerk on call phones those named until one picks up, and tries again a little later."""
    if not person.holds("clerk"):
        return
    for task in person.handset.read("/phone-tasks")["items"]:
        if any(person.call(person, name) for name in task["call"]):
            path = f"/phone-tasks/{task['id']}/phoned"
            person.handset.tap(Sending(path, {"reached": True}, PHONE, task["id"], "phoned"))
        else:
            person.later(person, person.now + CLERK_TRIES_AGAIN)
