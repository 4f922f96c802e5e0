"""The whole stack: what is killed, flushed, cut off or tapped at once is done once, and done."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import requests
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.system.stack import A_LAMP, HEAD, VILLAGER, Stack, until
from village import clock
from village import offers as answers
from village.db import create_engine, transaction
from village.models import Membership, Person, Task, Volunteer, WechatIdentity

# Locks that stop a job half-way: what it has written by then is not committed yet.
MID_ROUND = "select 1 from volunteers for no key update"  # after the offers, before the asked
MID_TELL = "lock table notifications in share row exclusive mode"


@contextmanager
def held(stack: Stack, statement: str) -> Iterator[None]:
    """Hold a lock in the database."""
    with stack.database() as link:
        link.execute(statement.encode())
        yield
        link.rollback()


@contextmanager
def deaf(stack: Stack) -> Iterator[None]:
    """Let Redis read and not write."""
    with stack.redis() as link:
        link.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        yield
        link.execute_command("CLIENT", "UNPAUSE")


def offers(stack: Stack, request_id: str) -> int:
    return int(stack.one("select count(*) from offers where request_id = %s", UUID(request_id)))


def numbers(stack: Stack, text: str) -> list[str]:
    return [row[0] for row in stack.rows("select number from requests where text = %s", text)]


def all_is_well(stack: Stack, request_id: str) -> None:
    stack.finish(request_id)
    stack.no_place_was_given_twice(request_id)
    stack.nobody_was_told_twice(request_id)


def test_a_worker_killed_in_the_middle_of_a_round_leaves_a_round_that_is_done_once(
    stack: Stack,
) -> None:
    request_id = stack.submit()
    with held(stack, MID_ROUND):
        stack.dispatch(request_id)
        until(stack.waits_for_a_lock)
        stack.kill("worker-dispatch")
    assert offers(stack, request_id) == 0
    stack.start("worker-dispatch")
    until(lambda: offers(stack, request_id) == 1)
    all_is_well(stack, request_id)


def test_a_worker_killed_while_it_tells_people_leaves_them_told_once(stack: Stack) -> None:
    with held(stack, MID_TELL):
        request_id = stack.submit()
        until(stack.waits_for_a_lock)
        stack.kill("worker-notify")
    stack.start("worker-notify")
    stack.dispatch(request_id)
    all_is_well(stack, request_id)


def test_a_worker_killed_while_wechat_is_answering_never_sends_again(stack: Stack) -> None:
    until(stack.quiet)
    stack.fault(path="/cgi-bin/message/subscribe/send", delay_ms=8000, times=1)
    request_id = stack.submit()
    sending = "select id from deliveries where status = 'sending'"
    stack.lost += until(lambda: [row[0] for row in stack.rows(sending)])
    stack.kill("worker-slow")
    stack.start("worker-slow")
    stack.dispatch(request_id)
    all_is_well(stack, request_id)


def test_flushing_redis_loses_no_job_and_doubles_none(stack: Stack) -> None:
    requests_sent = [stack.submit() for _ in range(2)]
    stack.kill("worker-dispatch", "worker-notify")
    for request_id in requests_sent:
        stack.dispatch(request_id)
    until(lambda: stack.queued("dispatch") >= 2 and stack.queued("notify"))
    with stack.redis() as link:
        link.flushall()
    stack.start("worker-dispatch", "worker-notify")
    for request_id in requests_sent:
        all_is_well(stack, request_id)


def test_flushing_redis_under_workers_that_run_stops_none_of_them(stack: Stack) -> None:
    until(stack.quiet)
    with stack.redis() as link:
        link.flushall()
    request_id = stack.submit()
    stack.dispatch(request_id)
    all_is_well(stack, request_id)


def test_a_relay_killed_between_commit_and_enqueue_leaves_nothing_behind_for_ever(
    stack: Stack,
) -> None:
    request_id = stack.submit()
    until(stack.quiet)
    taken = "select count(*) from outbox where sent_at is not null and done_at is null"
    with deaf(stack):
        stack.dispatch(request_id)
        until(lambda: stack.one(taken))
        stack.kill("relay")
    assert (stack.queued("dispatch"), offers(stack, request_id)) == (0, 0)
    stack.start("relay")
    until(lambda: offers(stack, request_id) == 1)
    all_is_well(stack, request_id)


def ask(stack: Stack, text: str, key: str) -> requests.Response | None:
    body = {**A_LAMP, "text": text}
    try:
        return stack.call(
            "POST", "/requests", VILLAGER, json=body, headers={"Idempotency-Key": key}
        )
    except requests.ConnectionError:
        return None


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_api_killed_around_its_commit_has_written_all_or_nothing(
    stack: Stack, moment: str
) -> None:
    until(stack.quiet)
    text, key = f"村口的路灯坏了，{moment}", uuid4().hex
    stack.login(VILLAGER)
    stack.kill("relay")
    phone = threading.Thread(target=ask, args=(stack, text, key))
    if moment == "before":
        with held(stack, "lock table outbox in share row exclusive mode"):
            phone.start()
            until(stack.waits_for_a_lock)
            stack.kill("api")
        assert numbers(stack, text) == []
    else:
        phone.start()
        until(lambda: numbers(stack, text))
        stack.kill("api")
    phone.join(40)
    stack.start("api", "relay")
    until(lambda: stack.ready() != "away")
    again = ask(stack, text, key)
    assert again is not None
    assert again.status_code == 201
    assert numbers(stack, text) == [again.json()["number"]]
    request_id = again.json()["id"]
    stack.post(f"/requests/{request_id}/accept", HEAD)
    stack.dispatch(request_id)
    all_is_well(stack, request_id)


PHONES = 50


def enlist(session: Session, code: str) -> UUID:
    """One more volunteer of the station, with a phone."""
    person = Person(code=code, name=code, village_code="990101", birth_year=1980)
    person.created_at = clock.now()
    session.add(person)
    session.flush()
    facts = {"person_id": person.id, "created_at": clock.now()}
    session.add(WechatIdentity(openid=f"demo-{code}", **facts))
    insured = clock.now().date() + timedelta(days=99)
    session.add(Volunteer(person_id=person.id, status="active", insured_until=insured))
    session.flush()
    station = {"village_code": "990101", "station": "public_works", "since": clock.now()}
    session.add(Membership(person_id=person.id, **station))
    return person.id


def invite_everybody(stack: Stack, request_id: str) -> dict[str, str]:
    """Fifty invitations to one task: code of the person, id of the offer."""
    engine = create_engine(stack.database_url)
    until_when = clock.now() + timedelta(hours=8)
    with transaction(engine) as session:
        task = session.scalars(sa.select(Task).where(Task.request_id == UUID(request_id))).one()
        found = {}
        for number in range(PHONES):
            code = f"phone{number}"
            person_id = enlist(session, code)
            offer = answers.invite(session, task, person_id, wave=1, expires_at=until_when)
            found[code] = str(offer.id)
    engine.dispose()
    return found


def test_fifty_phones_that_say_yes_at_once_to_a_task_for_two_get_two_places(
    stack: Stack,
) -> None:
    request_id = stack.submit()
    stack.dispatch(request_id, people=2)
    invited = invite_everybody(stack, request_id)
    for code in invited:
        stack.login(code)
    together = threading.Barrier(PHONES)

    def tap(code: str) -> tuple[int, str]:
        together.wait(60)
        answer = stack.call("POST", f"/offers/{invited[code]}/accept", code, json={})
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(PHONES) as phones:
        said = Counter(phones.map(tap, invited))
    assert said == {(200, ""): 2, (409, "filled"): PHONES - 2}
    until(lambda: stack.status(request_id) == "assigned")
    stack.no_place_was_given_twice(request_id, people=2)
    until(lambda: not stack.invited(request_id))
    stack.nobody_was_told_twice(request_id)


UNREAD = {
    "address": (b"GET /" + b"canary" * 2000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
    "headers": (
        b"GET / HTTP/1.1\r\nX-A: " + b"canary" * 20_000 + b"\r\n\r\n", 431, "headers_too_large",
    ),
    "no method": (b"\x16\x03\x01canary\r\n\r\n", 400, "malformed"),
    "version": (b"GET /canary HTTP/9.9\r\n\r\n", 400, "malformed"),
    "header": (b"GET / HTTP/1.1\r\nbad header canary\r\n\r\n", 400, "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREAD)
def test_what_cannot_be_read_is_answered_as_every_error_and_not_logged(
    stack: Stack, case: str
) -> None:
    sent, status, code = UNREAD[case]
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as link:
        link.sendall(sent)
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"].isascii() is False  # words for a villager
    assert b"canary" not in answer
    assert "canary" not in (stack.folder / "api.log").read_text()
