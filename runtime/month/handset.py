"""A phone on a village's network: calls are lost on the way there or back, and pressed twice.

Whatever was not answered is sent again with the same key, at once or when she looks next.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, TypeVar

from runtime.demo_people import Body, DemoError, Phone, Refused

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.2
PHONE = "phone"  # calls by telephone are held on their task, not as an event
CALL = "call"  # what an officer was asked to tell or ask by telephone is held on the call
SLIP = "slip"  # a new one makes the one before worthless: of no slip is there a trace but its use
AGAIN = ("in_progress", "too_many_requests", "unavailable")
# What anybody may be told who comes too late, or who is the wrong one to act.
EXPECTED = frozenset({
    "transition_not_allowed", "filled", "ended", "withdrawn", "lost_race", "confirm_again",
    "recused", "second_person_needed", "not_for_volunteers", "needs_other_body", "overlaps",
    "forbidden", "not_found", "place_free", "reserve_full", "same_station", "chair_decides",
    "has_merged", "cannot_merge", "sealed_stays", "nobody_yet", "task_open", "not_insured",
    "not_skilled", "no_place", "too_late", "at_capacity", "said_apart", "complaint_over",
    "call_over", "slip_unknown", "no_slip_on_safe_path",
})  # fmt: skip


class Deed(NamedTuple):
    """What somebody did, as an event would tell it; of an offer, `about` is the task."""

    person: str
    machine: str
    about: str
    action: str


@dataclass
class Book:
    """What people did and were told, to be held against the database."""

    deeds: Counter[Deed] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)  # of requests, as their writers saw them
    offers: dict[str, str] = field(default_factory=dict)  # that were seen, and by whom
    messages: dict[str, str] = field(default_factory=dict)  # that were read, and their titles
    slips: list[tuple[str, str, str]] = field(default_factory=list)  # village, request, code
    phoned: dict[str, tuple[int, str]] = field(default_factory=dict)  # calls: tries, how it ended
    calls: int = 0
    taps: int = 0
    lost: int = 0
    doubled: int = 0


@dataclass(frozen=True)
class Sending:
    """A tap: where to, what with, its key, and what it does if it succeeds."""

    path: str
    body: Body
    machine: str
    about: str | None  # None: a request or complaint that is to be written
    action: str
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass
class Handset:
    """One person's phone: `drops` and `twice` are the chances of a lost call and a double tap."""

    phone: Phone
    book: Book
    chance: Random
    drops: float
    twice: float
    waiting: list[Sending] = field(default_factory=list)

    @property
    def person(self) -> str:
        """The id of whose phone it is."""
        return str(self.phone.person["id"])

    def read(self, path: str) -> Body:
        """Return what is at `path`, as soon as the service answers."""
        self.book.calls += 1
        return _patiently(lambda: self.phone.get(path))

    def read_messages(self) -> None:
        """Read what is new in the inbox."""
        lines = self.read("/notifications?unread=true")["items"]
        self.book.messages |= {line["id"]: line["title"] for line in lines}

    def pages(self, path: str) -> list[Body]:
        """Return all items of a list; `path` has a query already."""
        return _patiently(lambda: list(self.phone.pages(path)))

    def tap(self, sending: Sending) -> Body | None:
        """Send; None: refused, or without an answer until she looks again."""
        luck = self.chance.random()
        if luck < self.drops:
            self.book.lost += 1
            if luck < self.drops / 2:
                self._unread(sending)  # it arrived, and the answer did not
            if self.chance.random() < 0.5:
                self.waiting.append(sending)
                return None
        return self._send(sending)

    def repeat(self) -> list[tuple[Sending, Body]]:
        """Send again what had no answer; return what has one now and was not refused."""
        waiting, self.waiting = self.waiting, []
        found = [(sending, self._send(sending)) for sending in waiting]
        return [(sending, body) for sending, body in found if body is not None]

    def _unread(self, sending: Sending) -> None:
        try:
            self._post(sending)
        except Refused:
            return

    def _send(self, sending: Sending) -> Body | None:
        try:
            body = self._pressed_twice(sending) or self._post(sending)
        except Refused as error:
            self.book.refused[error.code] += 1
            if error.code not in EXPECTED:
                self.book.odd.append(str(error))
            return None
        self._note(sending, body)
        return body

    def _pressed_twice(self, sending: Sending) -> Body | None:
        """Press twice at the same moment; the answer is what either of both brought."""
        if self.chance.random() >= self.twice:
            return None
        self.book.doubled += 1
        with ThreadPoolExecutor(2) as fingers:
            both = [fingers.submit(self._post, sending) for _ in range(2)]
        return next((one.result() for one in both if one.exception() is None), None)

    def _post(self, sending: Sending) -> Body:
        self.book.calls += 1
        self.book.taps += 1
        return _patiently(lambda: self.phone.post(sending.path, sending.body, sending.key))

    def _note(self, sending: Sending, body: Body) -> None:
        about = sending.about or str(body["id"])
        if sending.machine == CALL:
            self._note_call(sending, about, body)
        if sending.machine in (CALL, SLIP):
            return
        deeds, me, action = self.book.deeds, self.person, _action(sending, body)
        deeds[Deed(me, sending.machine, about, action)] += 1
        if sending.about is None and sending.machine == "request":
            self.book.numbers[about] = str(body["number"])
        if (sending.machine, body.get("status")) == (
            "request",
            "dispatching",
        ) and action == "accept":
            deeds[Deed(me, "request", about, "dispatch")] += 1  # it went out at once

    def _note_call(self, sending: Sending, about: str, body: Body) -> None:
        """An answer that is repeated tells of fewer tries than there have been since."""
        tries, ended = self.book.phoned.get(about, (0, ""))
        missed = sending.body.get("reached") is False
        how = "answered" if sending.action == "answers" else "reached"
        self.book.phoned[about] = (max(tries, body["tries"]), ended if missed else how)


def _action(sending: Sending, body: Body) -> str:
    """Return what the event will be called: one call may mean another step."""
    if sending.action == "submit" and body["status"] == "draft":
        return "hold"
    if sending.action == "route" and body["status"] == "triage":
        return "ask_chair"
    return sending.action


def _patiently(call: Callable[[], T]) -> T:
    """Call until there is an answer: while the service is away or busy, she tries again."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except DemoError:
            if time.monotonic() > ends:
                raise
        except Refused as error:
            if error.code not in AGAIN or time.monotonic() > ends:
                raise
        time.sleep(PAUSE_SECONDS)
