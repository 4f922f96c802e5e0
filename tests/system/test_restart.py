"""Every process is restarted while people write: no call fails, and nothing is lost or doubled."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.system.stack import A_LAMP, VILLAGER, Stack, until
from village.models.messages import QUEUES

WRITERS = 3
TEXT = "村口到小学那段路灯坏了三盏"
# Pushes take a process each, and are tried elsewhere.
OPEN_ROWS = "select count(*) from outbox where done_at is null and queue <> 'slow'"
RESTARTED = ("relay", *(f"worker-{queue}" for queue in QUEUES))


@dataclass
class Heard:
    """What the phones were answered: ids of requests, and every answer that was no success."""

    made: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def phone(stack: Stack) -> requests.Session:
    """As ours do: a kept connection that the service closed is opened again, with the same key."""
    link = requests.Session()
    again = Retry(total=3, backoff_factor=0.1, allowed_methods=None, status_forcelist=())
    link.mount("http://", HTTPAdapter(max_retries=again))
    link.headers.update(stack.login(VILLAGER))
    return link


def write(stack: Stack, heard: Heard, over: threading.Event) -> None:
    link = phone(stack)
    while not over.wait(0.5) and not heard.failed:
        body = {**A_LAMP, "text": TEXT}
        keyed = {"Idempotency-Key": uuid4().hex}
        try:
            answer = link.post(f"{stack.url}/api/v1/requests", json=body, headers=keyed, timeout=30)
        except requests.RequestException as error:
            heard.failed.append(repr(error))
            continue
        if answer.status_code == 201:
            heard.made.append(answer.json()["id"])
        else:
            heard.failed.append(f"{answer.status_code} {answer.text}")


@contextmanager
def people_writing(stack: Stack) -> Iterator[Heard]:
    heard, over = Heard(), threading.Event()
    threads = [threading.Thread(target=write, args=(stack, heard, over)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        over.set()
        for thread in threads:
            thread.join(60)


def serving(stack: Stack) -> set[int]:
    """The API's processes but those that watch over them."""
    watching = _children(stack.running["api"].pid)
    return {child for pid in watching for child in _children(pid)}


def _children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_everything_is_restarted_while_people_write(stack: Stack) -> None:
    with people_writing(stack) as heard:
        until(lambda: len(heard.made) >= 10 or heard.failed)
        before = serving(stack)
        stack.running["api"].send_signal(signal.SIGHUP)
        for name in RESTARTED:
            process = stack.running.pop(name)
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0, name
            stack.start(name)
        until(lambda: len(serving(stack)) == 2 and not serving(stack) & before)
        written = len(heard.made)
        until(lambda: len(heard.made) >= written + 10 or heard.failed)
    assert heard.failed == []
    found = stack.rows("select id::text from requests where text = %s", TEXT)
    assert sorted(row[0] for row in found) == sorted(heard.made)
    until(lambda: stack.one(OPEN_ROWS) == 0)
