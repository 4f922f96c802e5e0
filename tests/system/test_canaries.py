"""Words planted wherever people write: nobody else meets them, no log, metric, job or file."""

from __future__ import annotations

import json
import re
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from rq.queue import Queue

from tests.service.test_access import NOBODYS, endpoints
from tests.service.world import HOME
from tests.system.planted import Aviary, plant_all
from tests.system.stack import QUEUES, Stack, until
from tests.system.test_backup import wuzhan

API = "/api/v1"
STATIONS = ("mutual_aid", "sanitation", "mediation", "culture", "public_works")
OBJECTS = {
    "<uuid:request_id>": "select id::text from requests",
    "<uuid:task_id>": "select id::text from tasks",
    "<uuid:call_id>": "select id::text from phone_calls",
    "<uuid:rule_id>": "select id::text from routing_rules",
}
MORE = (
    *(f"{API}/requests?scope={it}" for it in ("entered", "station", "village", "stand_in")),
    f"{API}/tasks?scope=station",
    *(f"{API}/stations/{HOME}.{it}/queue?view=closed" for it in STATIONS),
    "/docs", "/openapi.json", "/",
)  # fmt: skip
NEW = "select 1 from outbox where done_at is null"


@pytest.fixture(scope="module")
def aviary(stack: Stack) -> Aviary:
    return plant_all(stack)


def paths(stack: Stack) -> list[str]:
    """Everything that can be read, of every object that there is."""
    found = list(MORE)
    for rule in {each.rule for each in endpoints() if each.method == "GET"}:
        found += _filled(stack, rule)
    return sorted(found)


def _filled(stack: Stack, rule: str) -> Iterator[str]:
    if "<" not in rule:
        yield rule
        return
    part = rule[rule.index("<") : rule.index(">") + 1]
    if part in OBJECTS:
        values = [str(row[0]) for row in stack.rows(OBJECTS[part])]
    else:
        values = [HOME] if "village" in part else [f"{HOME}.{kind}" for kind in STATIONS]
    assert values, rule
    yield from (rule.replace(part, value) for value in values)


def told(answer: requests.Response) -> str:
    """All that a caller gets: headers, and a body in which no letter is written otherwise."""
    body = answer.text
    if answer.headers.get("Content-Type", "").partition(";")[0].endswith("json"):
        body = json.dumps(answer.json(), ensure_ascii=False)
    return f"{dict(answer.headers)}{answer.url}{body}"


def met(aviary: Aviary, text: str) -> Iterator[Any]:
    return (canary for canary in aviary.canaries if canary.word in text)


def test_nobody_reads_what_is_not_for_her(stack: Stack, aviary: Aviary) -> None:
    everything, wrong, readers = paths(stack), [], defaultdict(set)
    for who in aviary.lookers:
        stack.login(who)

    def look(who: str | None) -> Iterator[tuple[str | None, str, Any]]:
        link = requests.Session()
        headers = stack.login(who) if who else {}
        for path in everything:
            answer = link.get(f"{stack.url}{path}", headers=headers, timeout=30)
            assert answer.status_code < 500, path
            yield from ((who, path, canary) for canary in met(aviary, told(answer)))

    with ThreadPoolExecutor(4) as people:
        for found in people.map(lambda who: list(look(who)), (None, *aviary.lookers)):
            for who, path, canary in found:
                readers[canary.word].add(who)
                if who not in canary.may:
                    wrong.append(f"{who} reads the {canary.place} at {path}")
    assert not wrong, "\n".join(sorted(set(wrong)))
    unseen = [c.place for c in aviary.canaries if c.may and readers[c.word].isdisjoint(c.may)]
    assert not unseen, unseen  # it would prove nothing
    assert len(aviary.canaries) >= 40


def test_nobody_is_sent_what_is_not_for_her(stack: Stack, aviary: Aviary) -> None:
    lines = stack.rows(
        "select p.code, n.title || n.text from notifications n join people p on p.id = n.person_id"
    )
    pushed = [(str(one["openid"]).removeprefix("demo-"), json.dumps(one, ensure_ascii=False))
              for one in stack.messages()]  # fmt: skip
    assert lines
    assert pushed
    wrong = [
        f"{who} is sent the {canary.place}"
        for who, text in (*lines, *pushed)
        for canary in met(aviary, text)
        if who not in canary.may
    ]
    assert wrong == []
    assert [c.place for _, text in pushed for c in met(aviary, text)] == []


def test_neighbours_who_ask_for_the_same_read_no_words_of_it(stack: Stack, aviary: Aviary) -> None:
    wrong = []
    for text, category in stack.rows("select text, category from requests"):
        body = {"village": HOME, "text": text, "category": category}
        answer = stack.call("POST", "/requests/similar", "u051", json=body)
        wrong += [c.place for c in met(aviary, told(answer)) if "u051" not in c.may]
    assert wrong == []


def test_no_error_says_back_what_was_written(stack: Stack, aviary: Aviary) -> None:
    word = aviary.plant("what is refused", ())
    wrong = []
    for each in endpoints():
        if each.method not in ("POST", "PUT") or each.rule.endswith("/logout"):
            continue
        path = re.sub("<uuid:[a-z_]+>", NOBODYS, each.rule.replace("<string:village>", HOME))
        path = path.replace("<string:station>", word)
        for body in ({"text": {"a": word}, "reason": [word], "unknown": word}, f'{{"{word}'):
            sent = {"json": body} if isinstance(body, dict) else {"data": body.encode()}
            url = f"{stack.url}{path}?cursor={word}"
            headers = stack.login("u006")
            answer = requests.request(each.method, url, headers=headers, timeout=30, **sent)
            assert answer.status_code < 500, path
            body_told = told(answer).replace(answer.url, "")
            wrong += [path for canary in met(aviary, body_told) if canary.word == word]
    assert wrong == []


def test_no_job_carries_it(stack: Stack, aviary: Aviary) -> None:
    until(stack.quiet)
    stack.kill(*(f"worker-{queue}" for queue in QUEUES))
    text = aviary.plant("text under way", {"u041", "u006", "u023", "u001"}, "亭子掉瓦")
    asked = aviary.written("u041", text, category="PUB-08")
    aviary.act(asked, "ask", "u006", question=aviary.plant("question under way", {"u041"}))
    until(lambda: stack.queued("notify"))
    with stack.redis() as link:
        jobs = [job for name in QUEUES for job in Queue(name, link, serializer="json").jobs]
        held = [str(_value(link, key)) for key in link.scan_iter("*")]
    assert jobs
    held += [f"{job.args}{job.kwargs}{job.meta}{job.description}" for job in jobs]
    held += [str(row) for row in stack.rows("select o::text from outbox o")]
    held += [str(row) for row in stack.rows("select d::text from deliveries d")]
    stack.start(*(f"worker-{queue}" for queue in QUEUES))
    until(stack.quiet)
    assert [c.place for text in held for c in met(aviary, text)] == []


def _value(link: Any, key: bytes) -> Any:
    """A key and all that is under it."""
    kind = link.type(key).decode()
    read = {
        "string": link.get, "hash": link.hgetall, "set": link.smembers,
        "list": lambda it: link.lrange(it, 0, -1), "zset": lambda it: link.zrange(it, 0, -1),
        "stream": link.xrange,
    }[kind]  # fmt: skip
    return b"".join(_bytes([key, read(key)])).decode(errors="replace")


def _bytes(found: Any) -> Iterator[bytes]:
    if isinstance(found, bytes):
        yield found
    elif isinstance(found, dict):
        yield from _bytes(list(found.items()))
    elif isinstance(found, list | tuple | set):
        for one in found:
            yield from _bytes(one)


def test_no_log_metric_export_or_file_name_holds_it(stack: Stack, aviary: Aviary) -> None:
    logs = {path.name: path.read_text(errors="replace") for path in stack.folder.rglob("*.log")}
    assert {"api.log", "relay.log", "sandbox.log", "worker-slow.log"} <= logs.keys()
    metrics = requests.get(f"{stack.url}/metrics", timeout=30)
    assert metrics.ok
    with tempfile.TemporaryDirectory(prefix="wuzhan-canaries-") as name:
        said = {
            "metrics": metrics.text,
            "backup": str(_backed_up(stack, Path(name))),
            "report": str(wuzhan(stack.environment(), "routing", "report")),
        }
    wrong = [
        f"{where} holds the {canary.place}"
        for where, text in {**logs, **said}.items()
        for canary in met(aviary, text)
    ]
    assert wrong == []


def _backed_up(stack: Stack, folder: Path) -> list[Any]:
    made = wuzhan(stack.environment(), "backup", str(folder))
    file = Path(made.stdout.strip())
    with tarfile.open(file) as archive:
        return [made, file.name, archive.getnames(), archive.pax_headers]
