"""What villagers do: write, answer, wait, judge, reopen, or fall silent."""

from __future__ import annotations

from datetime import timedelta

from runtime.demo_people import Body
from runtime.month import assisted, complaints
from runtime.month.handset import Sending
from runtime.month.people import Person
from village.catalog.files import Row

AT_WORK = ("accepted", "dispatching", "assigned", "in_progress", "suspended")
OVER = ("withdrawn", "handed_over", "unresolved_closed", "merged", "split", "rejected")


def write(person: Person, row: Row, *, category: bool) -> None:
    """Say one of the catalog's sentences; the category is chosen, or left to routing."""
    body = {
        "village": person.village,
        "text": row["text"],
        "category": row["category"] if category else None,
        "hide_me": row["hide_me"] == "yes",
    }
    danger = row["danger_now"] == "yes"
    sent = person.handset.tap(Sending("/requests", body, "request", None, "submit"))
    if sent is not None and sent["status"] == "draft" and person.chance.random() < 0.85:
        _say(person, sent["id"], danger)
    # The rest, and the question that she did not see, when she looks again.
    person.later(person, person.now + timedelta(hours=person.chance.uniform(1, 30)))


def _say(person: Person, request_id: str, danger: bool) -> None:
    action = "danger" if danger else "no_danger"
    path, body = f"/requests/{request_id}/emergency", {"danger_now": danger}
    person.handset.tap(Sending(path, body, "request", request_id, action))


def look(person: Person) -> bool:
    """Look at what she wrote, and do what is hers; tell whether something is open still."""
    assisted.claim(person)
    complaints.look(person)
    mine = person.handset.read("/requests?scope=mine&limit=30")["items"]
    for item in mine:
        act = _ACTS.get(item["status"])
        if act is not None:
            act(person, item)
        if item["status"] in AT_WORK:
            complaints.say(person, item)
    return any(item["status"] not in (*OVER, "closed", "not_ours") for item in mine)


def _draft(person: Person, item: Body) -> None:
    if not person.made_up(item["id"]) and person.chance.random() < 0.5:
        _say(person, item["id"], danger=False)


def _needs_info(person: Person, item: Body) -> None:
    luck = person.chance.random()
    if luck < 0.7:
        person.act(item["id"], "answer", {"text": "就在村口，白天晚上都这样。"})
    elif luck < 0.75:
        person.act(item["id"], "withdraw", {"reason": "不用了"})


def _waiting(person: Person, item: Body) -> None:
    if item.get("asks") and "recategorise" in item["allowed_actions"]:
        person.act(item["id"], person.chance.choice(("recategorise", "keep_category")))
    elif person.chance.random() < 0.01 and "withdraw" in item["allowed_actions"]:
        person.act(item["id"], "withdraw", {"reason": "自己弄好了"})


def _resolved(person: Person, item: Body) -> None:
    if person.made_up(f"{item['id']} {item['version']}"):
        return
    luck = person.chance.random()
    if luck < 0.6:
        verdict = {"solved": "yes", "rating": person.chance.choice((3, 4, 5, 5))}
        person.act(item["id"], "confirm", verdict)
    elif luck < 0.7:
        person.act(item["id"], "confirm", {"solved": "partly"})
    elif luck < 0.76:
        person.act(item["id"], "reopen", {"reason": "还是老样子"})


def _not_ours(person: Person, item: Body) -> None:
    if not person.made_up(item["id"]) and person.chance.random() < 0.3:
        person.act(item["id"], "keep")


def _merged(person: Person, item: Body) -> None:
    if not person.made_up(f"{item['id']} merged") and person.chance.random() < 0.4:
        person.act(item["id"], "unmerge")


_ACTS = {
    "merged": _merged,
    "draft": _draft,
    "needs_info": _needs_info,
    "submitted": _waiting,
    "triage": _waiting,
    "accepted": _waiting,
    "resolved": _resolved,
    "not_ours": _not_ours,
}
