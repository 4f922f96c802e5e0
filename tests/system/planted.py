"""Words, numbers and names put wherever people can write, each with those who may read it.

Who may is worked out from the roster and from 4.2 of the permissions, not by the code under test.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.service.house import FLOOD
from tests.service.world import HOME, VIOLENCE, offices, to_home, to_station
from tests.system.stack import Stack, until
from village.catalog.files import read
from village.catalog.privacy import PRIVACY_VERSION
from village.relations import MEDIATOR

# Who looks for it: one of every kind who stands differently to a village and its stations.
LOOKERS = (
    "u041", "u045", "u046", "u047", "u048", "u051", "u141", "u035", "u032", "u006", "u023", "u002",
    "u004", "u021", "u012", "u005", "u106", "u001", "u101", "u111", "u061", "u063", "u066", "u067",
    "u068", "u903", "u901", "u902", "u904",
)  # fmt: skip
CHAIR, LAMPS, CULTURE, CLERK = "u001", "u006", "u005", "u067"
NEIGHBOURS = {code for code in LOOKERS if to_home(code)} | {
    row["person"] for row in read("people") if row["village"] == HOME
}


@dataclass(frozen=True)
class Canary:
    """What was written, where, and who may read it; nobody else must ever meet it."""

    word: str
    place: str
    may: Collection[str]


@dataclass
class Aviary:
    """Plants canaries on a stack, and keeps which requests they are in."""

    stack: Stack
    canaries: list[Canary] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))
    lookers: set[str] = field(default_factory=lambda: set(LOOKERS))

    def plant(self, place: str, may: Collection[str], before: str = "", after: str = "") -> str:
        """Return a text that holds a new word."""
        word = f"雀{next(self.numbers):02}羽"
        self.canaries.append(Canary(word, place, may))
        return before + word + after

    def phone(self, place: str, may: Collection[str]) -> str:
        number = f"1999{next(self.numbers):07}"
        self.canaries.append(Canary(number, place, may))
        return number

    def identity(self, place: str, may: Collection[str]) -> str:
        """An identity number as people put it into a text."""
        number = f"33078119500101{next(self.numbers):04}"
        self.canaries.append(Canary(number, place, may))
        return number

    def act(self, request_id: str, action: str, who: str, **body: Any) -> Any:
        return self.stack.post(f"/requests/{request_id}/{action}", who, **body)

    def written(self, who: str, text: str, **facts: Any) -> str:
        body = {"village": HOME, "text": text, "consent_version": PRIVACY_VERSION, **facts}
        return str(self.stack.post("/requests", who, **body)["id"])

    def entered(self, text: str, name: str, phone: str, **facts: Any) -> str:
        body = {
            "village": HOME, "text": text, "source": "phone", "consent_how": "oral",
            "for": {"name": name, "phone": phone}, "consent_version": PRIVACY_VERSION, **facts,
        }  # fmt: skip
        return str(self.stack.post("/requests/assisted", CULTURE, **body)["id"])


def staff(station: str) -> set[str]:
    """Head, deputy and chair of a station."""
    return {code for code in LOOKERS if to_station(code, HOME, station)}


def mediators() -> set[str]:
    return {c for c in LOOKERS if (MEDIATOR, HOME, "mediation") in offices(c)}


def plant_all(stack: Stack) -> Aviary:
    """Let people write in every place that there is."""
    aviary = Aviary(stack)
    for who in ("u041", "u045", "u046", "u047", "u048"):
        consent = {"document": "sensitive", "version": "2026-11", "accepted": True}
        stack.post("/me/consents", who, **consent)
    for plant in (_people, _lamp, _care, _dispute, _safe, _own, _entered, _moved, _rules):
        plant(aviary)
    until(stack.quiet)
    return aviary


def _people(aviary: Aviary) -> None:
    """Names of who hid herself and of a party to a dispute; numbers that are hers alone."""
    hidden = aviary.plant("name of who hid herself", {"u048", CHAIR})
    party = aviary.plant("name of a party to a dispute", {"u045", *mediators()})
    for who, name in (("u048", hidden), ("u045", party)):
        assert aviary.stack.call("PUT", "/me/profile", who, json={"name": name}).ok
        number = {"number": aviary.phone(f"own phone of {who}", {who})}
        assert aviary.stack.call("PUT", "/me/phone", who, json=number).ok
    may = staff("public_works")
    aviary.written(
        "u048", aviary.plant("text of who hid herself", {"u048", *may}, "亭子掉瓦"),
        category="PUB-08", hide_me=True,
        on_behalf_of={"name": aviary.plant("whom she who hid herself speaks for", {"u048", CHAIR}),
                      "consent_how": "oral"},
        place={"name": aviary.plant("place of who hid herself", {"u048", *may})},
    )  # fmt: skip


def _lamp(aviary: Aviary) -> None:
    """A lamp that goes the whole way, with a word at every step."""
    may = {"u041", *staff("public_works")}
    working = {*may}  # and who works on it
    told = aviary.plant("text of a lamp", working, "村口路灯坏了，电话找我")
    asked = aviary.written(
        "u041", told + aviary.identity("identity number in a text", working), category="PUB-03",
        place={"name": aviary.plant("place of a lamp", NEIGHBOURS)},
        answers={"owner_known": aviary.plant("answer about a lamp", may)},
        on_behalf_of={"name": aviary.plant("whom the lamp is for", may), "consent_how": "oral"},
    )  # fmt: skip
    aviary.act(asked, "ask", LAMPS, question=aviary.plant("question", may))
    aviary.act(asked, "answer", "u041", text=aviary.plant("answer", may))
    aviary.act(asked, "accept", LAMPS)
    volunteers = {row["person"] for row in read("people") if row["village"] == HOME}
    card = {
        "people_needed": 1, "skills": [], "what": aviary.plant("task's name", volunteers),
        "place": {"name": aviary.plant("task's place", volunteers)},
    }  # fmt: skip
    aviary.act(asked, "dispatch", LAMPS, task=card)
    stack = aviary.stack
    first, offer = until(lambda: stack.invited(asked))[0]
    task = stack.post(f"/offers/{offer}/accept", first)["id"]
    until(lambda: stack.status(asked) == "assigned")
    stack.post(f"/tasks/{task}/release", first, reason=aviary.plant("why released", ()))
    second, offer = until(lambda: [one for one in stack.invited(asked) if one[0] != first])[0]
    aviary.lookers |= {first, second}
    working.add(second)
    stack.post(f"/offers/{offer}/accept", second)
    until(lambda: stack.status(asked) == "assigned")
    stack.post(f"/tasks/{task}/check_in", second)
    did = aviary.plant("volunteer's result", {second, *may})
    stack.post(f"/tasks/{task}/complete", second, result=did, minutes=40)
    aviary.act(asked, "send_back", LAMPS, reason=aviary.plant("why sent back", {second, *may}))
    aviary.act(asked, "submit_result", LAMPS, result=aviary.plant("head's result", may))
    aviary.act(asked, "resolve", "u023")
    aviary.act(asked, "reopen", "u041", reason=aviary.plant("why reopened", may))
    aviary.act(asked, "submit_result", LAMPS, result=aviary.plant("second result", may))
    aviary.act(asked, "resolve", "u023")
    said = aviary.plant("what she thinks of it", {second, *may})
    aviary.act(asked, "confirm", "u041", solved="partly", rating=3, comment=said)


def _care(aviary: Aviary) -> None:
    """Illness, at home."""
    may = {"u046", *staff("mutual_aid")}
    aviary.written(
        "u046", aviary.plant("text about illness", may, "中风后想请人", "搭把手"),
        category="AID-01", place={"name": aviary.plant("address of an ill person", may)},
        answers={
            "mobility": aviary.plant("sealed answer about illness", may),
            "times": aviary.plant("when she is at home", may),
            "needs": [aviary.plant("one of several answers", may)],
        },
    )  # fmt: skip


def _dispute(aviary: Aviary) -> None:
    """A quarrel: head and chair see that there is one, and not what about."""
    may = {"u045", *mediators()}
    aviary.written(
        "u045", aviary.plant("text of a dispute", may, "邻居占了我家过道"), category="MED-01",
        place={"name": aviary.plant("place of a dispute", may)},
        answers={
            "other_side": aviary.plant("the other side", may),
            "facts": aviary.plant("facts of a dispute", may),
            "want": aviary.plant("what she wants in a dispute", may),
            "mediator_pref": aviary.plant("whom she wants as mediator", may),
        },
    )  # fmt: skip


def _safe(aviary: Aviary) -> None:
    """Violence at home, filed under something harmless."""
    may = {"u047", CHAIR}
    aviary.written(
        "u047", aviary.plant("text about violence", may, VIOLENCE), category="PUB-08",
        emergency_confirmed=False, place={"name": aviary.plant("where there is violence", may)},
        answers={"owner_known": aviary.plant("answer beside violence", may)},
        on_behalf_of={"name": aviary.plant("who is beaten", may), "consent_how": "urgent"},
    )  # fmt: skip


def _own(aviary: Aviary) -> None:
    """What is nobody's yet, or no longer anybody's."""
    aviary.written("u041", aviary.plant("text of a draft", {"u041"}, FLOOD))
    nobody_knows = "有件事想请大家评一评"
    triage = aviary.written("u041", aviary.plant("text in triage", {"u041", CHAIR}, nobody_knows))
    why = aviary.plant("why withdrawn", {"u041", CHAIR})
    aviary.act(triage, "withdraw", "u041", reason=why)
    may = {"u041", *staff("public_works")}
    refused = aviary.written("u041", "村口的亭子漏雨", category="PUB-08")
    advice = aviary.plant("advice to who is refused", may)
    aviary.act(refused, "reject", LAMPS, reason="in_procedure", advice=advice)


def _entered(aviary: Aviary) -> None:
    """By phone, for people without an account."""
    may = {CULTURE, *staff("public_works")}
    entered = aviary.entered(
        aviary.plant("text said by phone", may, "祠堂门口的亭子坏了"),
        aviary.plant("name of who phoned", may), aviary.phone("phone of who phoned", {CULTURE}),
        category="PUB-08",
    )  # fmt: skip
    asked = aviary.plant("question to be asked by phone", may)
    aviary.act(entered, "ask", LAMPS, question=asked)
    aviary.entered(
        aviary.plant("dispute told by phone", mediators(), "院墙边的旧事"),
        aviary.plant("name of a party who phoned", mediators()),
        aviary.phone("phone of a party", ()), category="MED-01",
    )  # fmt: skip


def _moved(aviary: Aviary) -> None:
    """Passed on, handed over, and split between stations."""
    both = {"u041", *staff("public_works"), *staff("culture")}
    moved = aviary.written("u041", aviary.plant("text that moves", both, "亭子"), category="PUB-08")
    aviary.act(moved, "route", LAMPS, station="culture", reason=aviary.plant("why moved", both))
    culture = {"u041", *staff("culture")}
    why = aviary.plant("what the chair is asked", culture)
    aviary.act(moved, "ask_chair", CULTURE, reason=why)
    aviary.act(
        moved, "route", CHAIR, station="culture",
        reason=aviary.plant("why the chair decided so", culture),
    )  # fmt: skip
    aviary.act(
        moved, "hand_over", CULTURE, basis="consent",
        receiver=aviary.plant("to whom handed over", culture),
        contact=aviary.plant("how to reach them", ()),
    )  # fmt: skip
    light = aviary.plant("a lamp in a split text", {"u041", *staff("public_works")}, "路灯坏了")
    dirt = aviary.plant("dirt in a split text", {"u041", *staff("sanitation")}, "，还有垃圾没人收")
    whole = aviary.written("u041", f"{light}{dirt}")
    parts = [{"text": light, "category": "PUB-03"}, {"text": dirt}]
    aviary.act(whole, "split", "u041", parts=parts)


def _rules(aviary: Aviary) -> None:
    """A village's own rule: its officers' business."""
    may = {code for code in LOOKERS if to_home(code)}
    aviary.stack.post(
        f"/villages/{HOME}/routing-rules", CHAIR,
        title=aviary.plant("title of a rule", may), words=[aviary.plant("word of a rule", may)],
        unless=[aviary.plant("word a rule avoids", may)], to="station", station="public_works",
    )  # fmt: skip
