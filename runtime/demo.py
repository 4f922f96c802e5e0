"""`wuzhan demo`: sixty villagers' sentences played over HTTP, each to where it must end.

Texts for volunteers and for the station go to the villager's "yes, it is solved", emergencies
stop, and all others are looked for in the queue where a person must decide.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from dispatch.routing import directory
from runtime.demo_people import Body, County, Phone, Refused
from village.catalog.files import Row, read

PATIENCE_SECONDS = 45.0  # longer than the 30 s after which a lost job is done again
LONGEST_PAUSE_SECONDS = 1.0
TEXT_CELLS = 28
ANOTHER_PERSON = ("recused", "second_person_needed")
TOO_LATE = ("filled", "ended", "withdrawn")


class Stuck(Exception):
    """A request does not move on, or is not where it should be."""


@dataclass(frozen=True)
class Outcome:
    """A text, the queue it was expected in, where it is, and (empty: all is well) what is wrong.

    `needless`: it was asked about danger though there was none; the villager said so and went on.
    """

    id: str
    text: str
    expected: str
    reached: str
    number: str
    wrong: str = ""
    needless: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether it is where it should be."""
        return not self.wrong


def texts() -> tuple[Row, ...]:
    """Return the sixty texts with category, requester and the queue that each belongs in."""
    return read("request_texts")


def play(
    county: County, rows: Iterable[Row], after: Callable[[], object] = lambda: None
) -> list[Outcome]:
    """Play texts one after the other; `after` is called when one has been played."""
    outcomes = []
    for row in rows:
        outcomes.append(play_one(county, row))
        after()
    return outcomes


def play_one(county: County, row: Row) -> Outcome:
    """Send one text in its requester's name, take it as far as it goes, and say where it is."""
    villager = county.phones[row["requester"]]
    request: Body = {"number": "-", "status": "not sent"}
    needless = False
    try:
        request = _send(villager, row)
        needless = request["status"] == "draft" and not row["danger_now"]
        request = _answer_question(villager, row, request)
        request = _work(county, villager, row, request)
        reached, wrong = _reached(county, request), _differs(row, request)
    except (Refused, Stuck) as error:
        reached, wrong = request["status"], str(error)
        _take_back(villager, request)
    if not wrong and reached != row["expected_queue"]:
        wrong = f"it is at {reached} instead of {row['expected_queue']}"
    expected, number = row["expected_queue"], request["number"]
    return Outcome(row["id"], row["text"], expected, reached, number, wrong, needless)


def _send(villager: Phone, row: Row) -> Body:
    body = {"village": row["village"], "category": row["category"], "text": row["text"]}
    return villager.post("/requests", {**body, "hide_me": row["hide_me"] == "yes"})


def _answer_question(villager: Phone, row: Row, request: Body) -> Body:
    if request["status"] != "draft":
        if row["danger_now"]:
            raise Stuck("danger was not asked about")
        return request
    answer = {"danger_now": row["danger_now"] == "yes"}
    return villager.post(f"/requests/{request['id']}/emergency", answer)


def _work(county: County, villager: Phone, row: Row, request: Body) -> Body:
    if row["expected_queue"] not in ("volunteer", "station"):
        return request
    staff = county.staff(row["village"], row["station"])
    if row["expected_queue"] == "volunteer":
        request = _by_volunteers(county, villager, staff, request)
    else:
        request = _by_the_station(staff, request)
    if request["status"] != "checking":
        raise Stuck(f"nothing to check: it is {request['status']}")
    _act(staff, request, "resolve")
    return villager.post(f"/requests/{request['id']}/confirm", {"solved": "yes", "rating": 5})


def _by_the_station(staff: list[Phone], request: Body) -> Body:
    _act(staff, request, "accept")
    _act(staff, request, "handle")
    return _act(staff, request, "submit_result", {"result": "演示：站里已经办好"})


def _by_volunteers(county: County, villager: Phone, staff: list[Phone], request: Body) -> Body:
    accepted = _act(staff, request, "accept")
    if accepted["status"] == "accepted":
        _act(staff, request, "dispatch")
    task = _task_of(staff[0], request)
    helpers = _gather(county, villager, staff, task)
    for helper in helpers:
        helper.post(f"/tasks/{task['id']}/check_in")
    for helper in helpers:
        done = {"result": "演示：已经做好", "minutes": task["minutes"]}
        helper.post(f"/tasks/{task['id']}/complete", done)
    return villager.get(f"/requests/{request['id']}")


def _task_of(head: Phone, request: Body) -> Body:
    for task in head.pages("/tasks?scope=station"):
        if task["request"] == request["id"]:
            return task
    raise Stuck("the head does not see its task")


def _gather(county: County, villager: Phone, staff: list[Phone], task: Body) -> list[Phone]:
    """Let invited volunteers say yes as their offers come, until all places are taken.

    Where there is nobody else to ask, the head goes ahead with those who said yes (R14).
    """
    members = county.volunteers(task["village"], task["station"])
    helpers: list[Phone] = []
    for _ in _pauses():
        for phone in members:
            enough = len(helpers) == task["people_needed"]
            if not enough and phone not in helpers and _says_yes(phone, task):
                helpers.append(phone)
        if villager.get(f"/requests/{task['request']}")["status"] != "dispatching":
            return helpers
        seen = staff[0].get(f"/requests/{task['request']}")
        if helpers and "go_ahead" in seen["allowed_actions"]:
            _act(staff, seen, "go_ahead")
            return helpers
    found = f"{len(helpers)} of {task['people_needed']}"
    raise Stuck(f"{found} volunteers came within {PATIENCE_SECONDS:.0f} s")


def _says_yes(phone: Phone, task: Body) -> bool:
    offers = phone.get("/offers?status=open")["items"]
    mine = next((offer for offer in offers if offer["task"] == task["id"]), None)
    if mine is None:
        return False
    try:
        phone.post(f"/offers/{mine['id']}/accept")
    except Refused as error:
        if error.code not in TOO_LATE:
            raise
        return False
    return True


def _pauses() -> Iterator[None]:
    """Yield at growing intervals until patience ends."""
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.05
    while time.monotonic() < deadline:
        time.sleep(pause)
        yield
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _act(staff: list[Phone], request: Body, action: str, body: Body | None = None) -> Body:
    """Take a step by the first of the staff who may: not a party, not the one who did the work."""
    for phone in staff[:-1]:
        try:
            return phone.post(f"/requests/{request['id']}/{action}", body)
        except Refused as error:
            if error.code not in ANOTHER_PERSON:
                raise
    return staff[-1].post(f"/requests/{request['id']}/{action}", body)


def _reached(county: County, request: Body) -> str:
    """Return where a request is, in the words of `expected_queue`."""
    if request["status"] == "handed_over":
        return "emergency"
    if request["status"] == "closed" and request["solved"] == "yes":
        return "volunteer" if request["assigned"] else "station"
    body = request["waits_for"] or county.next_steps.get(request["category"] or "")
    if request["status"] == "triage":
        listed = county.chair(request["village"]).pages(f"/villages/{request['village']}/triage?")
        return _in_queue("chair", listed, request, body)
    if request["status"] == "submitted":
        address, head = _desk(county, request)
        view = "waiting" if request["waits_for"] else "new"
        return _in_queue(
            "head", head.pages(f"/stations/{address}/queue?view={view}"), request, body
        )
    return str(request["status"])


def _desk(county: County, request: Body) -> tuple[str, Phone]:
    village, station = request["village"], request["station"]
    return f"{village}.{station}", county.staff(village, station)[0]


def _in_queue(whose: str, listed: Iterable[Body], request: Body, body: str | None) -> str:
    found = next((item for item in listed if item["id"] == request["id"]), None)
    if found is None or found["waits_for"] != request["waits_for"]:
        raise Stuck(f"the {whose}'s queue does not show it with its reason")
    return f"{whose}:{body}"


def _differs(row: Row, request: Body) -> str:
    """Return what is wrong with station and priority; an empty text means nothing."""
    nowhere = request["status"] == "triage" or directory.is_tip_off(row["text"])
    stations = (row["station"], None) if nowhere else (row["station"],)
    if request["station"] not in stations:
        return f"it is at station {request['station']} instead of {row['station']}"
    made_by_routing = row["prio"] != "P0"  # P0 is made by the villager's answer
    if made_by_routing and request["priority"] != row["prio"]:
        return f"it has priority {request['priority']} instead of {row['prio']}"
    return ""


def _take_back(villager: Phone, request: Body) -> None:
    """Withdraw what got stuck, so that no volunteer stays bound to it."""
    if "id" in request:
        with suppress(Refused):
            villager.post(f"/requests/{request['id']}/withdraw", {"reason": "演示中止"})


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines of a table for a terminal, Chinese characters counted as two cells."""
    head = ("id", "text", "expected", "reached", "number", "ok")
    cells = [
        (o.id, o.text, o.expected, o.reached, o.number, "yes" if o.ok else "NO") for o in outcomes
    ]
    widths = (3, TEXT_CELLS, 17, 17, 15, 3)
    for row in (head, *cells):
        yield "  ".join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _fit(cell: str, width: int) -> str:
    while _cells(cell) > width:
        cell = cell[:-2] + "…"
    return cell + " " * (width - _cells(cell))


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def summary(outcomes: list[Outcome]) -> list[str]:
    """Return what to say below the table: what is wrong, what was asked in vain, and the sum."""
    wrong = [f"{o.id} ({o.number}): {o.wrong}." for o in outcomes if not o.ok]
    needless = ", ".join(o.id for o in outcomes if o.needless)
    asked = [f"Asked about danger without need: {needless}."] if needless else []
    good = len(outcomes) - len(wrong)
    return [*wrong, *asked, f"{good} of {len(outcomes)} texts are where they should be."]
