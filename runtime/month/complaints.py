"""Complaints about a head: said now and then, signed, answered, taken or put one rung up."""

from __future__ import annotations

from runtime.demo_people import Body
from runtime.month.handset import Sending
from runtime.month.people import Person
from village.stations import COMPLAINT_REASONS

WORDS = {"text": "催了几次都没有人理"}
OFTEN = 0.01  # of a villager's looks at something that lies at a station
SAID = "complained"


def say(person: Person, item: Body) -> None:
    """Complain about the head of the station that has a request."""
    if person.chance.random() >= OFTEN or not item["station"] or person.made_up(f"{item['id']} !"):
        return
    body = {
        **WORDS,
        "office": "head",
        "station": item["station"],
        "request": item["id"],
        "reason": person.chance.choice(COMPLAINT_REASONS),
        "hide_me": person.chance.random() < 0.4,
    }
    person.handset.tap(Sending("/complaints", body, "complaint", None, "file"))
    person.settled.add(SAID)


def look(person: Person) -> None:
    """Be content with an answer, or not, or say nothing."""
    if SAID not in person.settled:
        return
    for item in person.handset.read("/complaints?scope=mine")["items"]:
        luck = person.chance.random()
        if "raise" in item["allowed_actions"] and luck < 0.2:
            _step(person, item, "raise", {"text": "还是老样子"})
        elif "close" in item["allowed_actions"] and luck < 0.6:
            _step(person, item, "close")


def handle(person: Person) -> None:
    """The chair, or the clerk above her, signs and answers, or leaves it lying."""
    if not person.holds("chair", "clerk"):
        return
    for item in person.handset.read("/complaints?scope=handled")["items"]:
        luck = person.chance.random()
        if "receive" in item["allowed_actions"] and luck < 0.6:
            _step(person, item, "receive")
        elif "answer" in item["allowed_actions"] and luck < 0.75:
            _step(person, item, "answer", {"text": "已经和站里谈过，今天就去办"})


def _step(person: Person, item: Body, step: str, body: Body | None = None) -> None:
    path = f"/complaints/{item['id']}/{step}"
    person.handset.tap(Sending(path, body or {}, "complaint", item["id"], step))
