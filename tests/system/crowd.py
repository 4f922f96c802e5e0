"""Two hundred phones that do as they like: say yes, say no, come, give back, press twice."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.system.stack import A_LAMP, HEAD, Stack
from village import clock
from village.db import table
from village.ids import new_id
from village.models import (
    AvailabilityWindow,
    Certificate,
    Membership,
    Person,
    Volunteer,
    WechatIdentity,
)

# What a phone may be told: a place is gone, a step comes too late, or a server was killed.
EXPECTED = (200, 201, 204, 403, 404, 409, 503)


SKILL = "电工证"
STATION = "public_works"
ABLE: dict[str, Any] = {
    "born": 1980, "station": STATION, "windows": range(7), "certified": True,
    "volunteer": {},
}  # fmt: skip
# Who may not be asked for a lamp, each for a reason of her own.
UNFIT: tuple[dict[str, Any], ...] = (
    {"born": 2012},
    {"station": "culture", "volunteer": {"helps_village": False}},
    {"windows": ()},
    {"certified": False},
    {"volunteer": {"skills": []}},
    {"volunteer": {"insured_until": None}},
    {"volunteer": {"rest_until": datetime(2099, 1, 1, tzinfo=UTC)}},
    {"volunteer": {"quiet_from": 0, "quiet_to": 1440}},
    {"volunteer": {"disliked": ["PUB-03"]}},
    {"volunteer": {"max_open_tasks": 0}},
)
FIT = 0.6  # of the crowd


def enlist(session: Session, codes: list[str]) -> None:
    """Volunteers of the village, each with a phone; the last of them may not come for a lamp."""
    fit = int(FIT * len(codes))
    kinds = [ABLE] * fit + [{**ABLE, **UNFIT[n % len(UNFIT)]} for n in range(len(codes) - fit)]
    rows = defaultdict[type, list[dict[str, Any]]](list)
    for code, kind in zip(codes, kinds, strict=True):
        for model, row in _rows(code, kind):
            rows[model].append(row)
    for model, values in rows.items():
        session.execute(sa.insert(table(model)), values)


def _rows(code: str, kind: dict[str, Any]) -> Iterator[tuple[type, dict[str, Any]]]:
    me, now = new_id(), clock.now()
    mine = {"person_id": me}
    about = {"code": code, "name": code, "village_code": "990101", "birth_year": kind["born"]}
    yield Person, {"id": me, "created_at": now, **about}
    yield WechatIdentity, {**mine, "openid": f"demo-{code}", "created_at": now}
    insured = now.date().replace(year=now.year + 1)
    usual = {
        "status": "active", "max_open_tasks": 3, "insured_until": insured, "skills": [SKILL],
        "helps_village": True, "rest_until": None, "quiet_from": None, "quiet_to": None,
        "disliked": [],
    }  # fmt: skip
    yield Volunteer, {**mine, **usual, **kind["volunteer"]}
    yield Membership, {**mine, "village_code": "990101", "station": kind["station"], "since": now}
    for day in kind["windows"]:
        yield AvailabilityWindow, {**mine, "weekday": day, "from_minute": 0, "to_minute": 1440}
    if kind["certified"]:
        yield Certificate, {**mine, "skill": SKILL, "checked_at": now}


@dataclass
class Phone:
    """One person's phone; her taps follow from the seed."""

    stack: Stack
    code: str
    chance: random.Random
    said: Counter[str] = field(default_factory=Counter)

    def turn(self) -> None:
        """Look once, and do something about what is there; a dead server is met by waiting."""
        with suppress(requests.ConnectionError, requests.Timeout):
            for offer in self.items("/offers?status=open"):
                self.answer(offer["id"])
            for task in self.items("/tasks?scope=mine"):
                self.work(task)

    def items(self, path: str) -> list[dict[str, object]]:
        answer = self.stack.call("GET", path, self.code)
        return list(answer.json()["items"]) if answer.ok else []

    def answer(self, offer: object) -> None:
        what = self.chance.choices(("accept", "decline", "later"), (5, 3, 2))[0]
        if what == "later":
            return
        self.tap(f"/offers/{offer}/{what}")
        if self.chance.random() < 0.2:
            self.tap(f"/offers/{offer}/{what}")

    def work(self, task: dict[str, object]) -> None:
        actions = task["allowed_actions"]
        assert isinstance(actions, list)
        wanted = self.chance.choices(("release", "check_in", "complete", "wait"), (3, 3, 2, 2))[0]
        if wanted in actions:
            sent = {"result": "换了灯泡", "minutes": 30} if wanted == "complete" else {}
            self.tap(f"/tasks/{task['id']}/{wanted}", **sent)

    def tap(self, path: str, **body: object) -> None:
        answer = self.stack.call("POST", path, self.code, json=body)
        full = answer.status_code == 422 and "at_capacity" in answer.text  # her hands are
        assert full or answer.status_code in EXPECTED, (path, answer.status_code, answer.text)
        self.said[f"{path.rsplit('/', 1)[1]} {answer.status_code}"] += 1


def phones(stack: Stack, codes: list[str], seed: int) -> list[Phone]:
    """Log all phones in."""
    for code in codes:
        stack.login(code)
    return [Phone(stack, code, random.Random(f"{seed} {code}")) for code in codes]


def broken_lamp(stack: Stack, villager: str) -> str:
    """A request, accepted and sent out for two people."""
    request_id = str(stack.post("/requests", villager, **A_LAMP)["id"])
    stack.post(f"/requests/{request_id}/accept", HEAD)
    stack.dispatch(request_id, people=2, skills=[SKILL])
    return request_id
