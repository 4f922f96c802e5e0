"""What comes to an office by phone or at the door: entered, claimed by a slip; and calls back."""

from __future__ import annotations

from runtime.demo import texts
from runtime.demo_people import Body
from runtime.month.handset import CALL, SLIP, Sending
from runtime.month.people import Person
from runtime.month.plan import URGENT
from village import clock
from village.catalog.privacy import PRIVACY_VERSION
from village.stations import SOURCES

OFTEN = 0.012  # of an officer's looks
OFFICE_HOURS = range(8, 18)


def enter(person: Person) -> None:
    """Write what somebody said at the door or by phone, and give her a slip."""
    hour = person.now.astimezone(clock.SHANGHAI).hour
    if hour not in OFFICE_HOURS or person.chance.random() >= OFTEN:
        return
    row = person.chance.choice([row for row in texts() if row["prio"] not in URGENT])
    body = {
        "village": person.village,
        "text": row["text"],
        "category": row["category"] or None,
        "source": person.chance.choice(SOURCES),
        "consent_how": "oral",
        "consent_version": PRIVACY_VERSION,
        "for": {"name": "来人"},
    }
    made = person.handset.tap(Sending("/requests/assisted", body, "request", None, "submit"))
    if made is None:
        return
    if made["status"] == "draft":  # she stands there, and can be asked
        path, said = f"/requests/{made['id']}/emergency", {"danger_now": False}
        person.handset.tap(Sending(path, said, "request", made["id"], "no_danger"))
    path = f"/requests/{made['id']}/slip"
    slip = person.handset.tap(Sending(path, {}, SLIP, made["id"], "issue"))
    if slip is not None:
        person.handset.book.slips.append((person.village, made["id"], slip["code"]))


def claim(person: Person) -> None:
    """Make one's own what was entered; the paper lay at home."""
    for slip in person.handset.book.slips:
        village, request, code = slip
        if village == person.village and person.chance.random() < 0.2:
            person.handset.book.slips.remove(slip)
            body = {"slip_code": code}
            person.handset.tap(Sending("/requests/claim", body, "request", request, "claim"))
            return


def phone(person: Person) -> None:
    """Make the calls that one is asked to make; one in three is not answered."""
    if person.asleep:
        return
    for item in person.handset.read("/calls")["items"]:
        luck = person.chance.random()
        if luck < 0.25:
            _done(person, item, "done", {"reached": False})
        elif luck < 0.75:
            _reached(person, item)


def _reached(person: Person, item: Body) -> None:
    said = {"solved": person.chance.choice(("yes", "yes", "partly")), "rating": 4}
    if item["kind"] == "tell":
        _done(person, item, "done", {"reached": True})
    elif item["kind"] == "sample":
        _done(person, item, "answers", said)
    else:
        person.act(item["request"], "call_back", said)


def _done(person: Person, item: Body, what: str, body: Body) -> None:
    path = f"/calls/{item['id']}/{what}"
    person.handset.tap(Sending(path, body, CALL, item["id"], what))
