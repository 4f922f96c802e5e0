from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from click.testing import CliRunner

from runtime import cli
from runtime.demo_people import Body, DemoError, Refused
from runtime.month import plan
from runtime.month.handset import CALL, SLIP, Book, Deed, Handset, Sending
from runtime.month.play import Month
from runtime.up import free_port
from village.clock import SHANGHAI

MIDNIGHT = datetime(2026, 9, 21, tzinfo=SHANGHAI)
VILLAGERS = {"990101": ["u041", "u042", "u043"], "990105": ["u141"]}
WRITES = Sending("/requests", {"text": "路灯坏了"}, "request", None, "submit")
ANSWERED: Body = {"id": "r1", "number": "QT20260921-0001", "status": "submitted"}


class BadLine:
    """A phone whose service does as it is told: an answer, or an error, one a call."""

    def __init__(self, *answers: Body | Exception) -> None:
        self.person: dict[str, Any] = {"id": "p1"}
        self.answers = list(answers)
        self.keys: list[str | None] = []

    def post(self, path: str, body: Body, key: str | None = None) -> Body:
        self.keys.append(key)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def handset(line: BadLine, drops: float = 0.0, twice: float = 0.0) -> Handset:
    return Handset(line, Book(), Random(1), drops, twice)  # type: ignore[arg-type]


def refusal(code: str) -> Refused:
    return Refused("POST /requests", {"status": 409, "code": code})


def test_a_seed_always_plans_the_same_month_by_day_and_by_night() -> None:
    month = plan.written(7, MIDNIGHT, 30, VILLAGERS)
    assert month == plan.written(7, MIDNIGHT, 30, VILLAGERS)
    assert month != plan.written(8, MIDNIGHT, 30, VILLAGERS)
    hours = {one.at.astimezone(SHANGHAI).hour for one in month}
    assert hours & {22, 23, 0, 1, 2, 3, 4, 5}
    assert any(one.row["prio"] in plan.URGENT for one in month)
    assert len({one.at.astimezone(SHANGHAI).date() for one in month}) >= 28


def test_what_was_not_answered_is_sent_again_with_the_same_key_and_counts_once() -> None:
    line = BadLine(DemoError(), refusal("in_progress"), ANSWERED)
    phone = handset(line)
    assert phone.tap(WRITES) == ANSWERED
    assert line.keys == [WRITES.key] * 3
    assert phone.book.numbers == {"r1": "QT20260921-0001"}
    assert phone.book.deeds == {Deed("p1", "request", "r1", "submit"): 1}


def test_an_answer_that_is_lost_leaves_a_call_to_repeat_when_she_looks_again() -> None:
    line = BadLine(*[ANSWERED] * 40)
    phone = handset(line, drops=1.0)
    sent = [Sending("/requests", {}, "request", None, "submit") for _ in range(12)]
    read = [phone.tap(one) for one in sent]
    assert None in read
    repeated = phone.repeat()
    assert [one for one, _ in repeated] == [
        one for one, answer in zip(sent, read, strict=True) if answer is None
    ]
    assert phone.waiting == []
    assert phone.book.deeds.total() == 12


def test_pressing_twice_sends_one_key_twice_and_counts_once() -> None:
    line = BadLine(ANSWERED, ANSWERED)
    phone = handset(line, twice=1.0)
    phone.tap(WRITES)
    assert line.keys == [WRITES.key] * 2
    assert phone.book.deeds.total() == 1


def test_a_refusal_that_nobody_should_meet_is_kept_and_one_that_is_life_is_not() -> None:
    phone = handset(BadLine(refusal("filled"), refusal("invalid")))
    assert phone.tap(WRITES) is None
    assert phone.book.odd == []
    assert phone.tap(WRITES) is None
    assert len(phone.book.odd) == 1
    assert phone.book.refused == {"filled": 1, "invalid": 1}
    assert not phone.book.deeds


def test_a_complaint_is_a_deed_and_no_request_and_of_a_slip_nothing_is_held() -> None:
    phone = handset(BadLine({"id": "c1", "status": "filed"}, {"code": "1"}))
    phone.tap(Sending("/complaints", {}, "complaint", None, "file"))
    phone.tap(Sending("/requests/r1/slip", {}, SLIP, "r1", "issue"))
    assert phone.book.deeds == {Deed("p1", "complaint", "c1", "file"): 1}
    assert phone.book.numbers == {}


def test_of_a_call_the_tries_are_kept_and_how_it_ended_whatever_is_answered_late() -> None:
    phone = handset(BadLine({"tries": 1}, {"tries": 2}, {"tries": 1}, {"tries": 2}))
    for body in ({"reached": False}, {"reached": False}, {"reached": False}, {"reached": True}):
        phone.tap(Sending("/calls/k1/done", body, CALL, "k1", "done"))
    assert phone.book.phoned == {"k1": (2, "reached")}
    assert not phone.book.deeds


class Idle:
    """An installation that has nothing to do by itself."""

    def settle(self) -> None:
        return None

    def rings(self) -> list[object]:
        return []

    def step_to(self, moment: datetime) -> None:
        raise AssertionError(moment)


def test_a_month_in_which_nothing_is_due_any_more_ends() -> None:
    county: Any = None
    month = Month(Idle(), county, 1, MIDNIGHT, 1, MIDNIGHT + timedelta(days=1), 1.0)  # type: ignore[arg-type]
    days: list[int] = []
    month.play(days.append)
    assert days == [1]


def test_days_on_an_address_where_no_demo_runs_are_refused_in_one_sentence() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    played = CliRunner().invoke(cli.main, ["demo", "--days", "1", "--url", nowhere])
    assert played.exit_code == 1
    assert played.output.strip().endswith("does not answer as Wuzhan does.")
