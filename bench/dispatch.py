"""Dispatch: one decision, a storm, and how soon an offer is in the inbox after a request.

    python bench/dispatch.py [--seconds 20] [--rate 20]

Everything runs on the embedded PostgreSQL and Valkey, on free ports, and leaves nothing behind.
The ceilings, measured in the same run: the decision's statements alone, and RQ with jobs that
do nothing, in a plain worker of its own at the same rate.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import click
import orjson
import psycopg
import redis
import requests
import rq
import sqlalchemy as sa
from sqlalchemy.orm import Session

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from bench._county import CATEGORY, Village, build, open_tasks  # noqa: E402
from dispatch import learning, situation  # noqa: E402
from dispatch.deciding import Facts, decide, look_at, most_for  # noqa: E402
from dispatch.learning import Learnt  # noqa: E402
from dispatch.policies import registry  # noqa: E402
from runtime import settings, up  # noqa: E402
from runtime.settings import Settings  # noqa: E402
from runtime.supervise import Supervisor  # noqa: E402
from service.auth import Tokens  # noqa: E402
from village import clock, people  # noqa: E402
from village.db import create_engine, transaction  # noqa: E402

SECRET = "a key for this run"
REPEATS = 50
TEXT = "请帮我去镇上拿一下药，顺便带一袋米"
PERCENTILES = (0.5, 0.99)


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="Length of the stream.")
@click.option("--rate", default=20.0, show_default=True, help="Requests a second.")
def main(seconds: float, rate: float) -> None:
    """Print the three measurements, each beside its ceiling."""
    with tempfile.TemporaryDirectory(prefix="wuzhan-bench-") as folder:
        Path(folder).chmod(0o711)
        values = {"data_dir": Path(folder), "port": up.free_port(), "demo": True}
        values |= {"wechat_base_url": f"http://127.0.0.1:{up.free_port()}", "rate_scale": 1000.0}
        loaded = settings.load().with_values(**values, secret_key=SECRET)
        with up.servers(loaded, whole=True) as running:
            up.prepare_database(running)
            engine = create_engine(running.database_url or "")
            one_decision(engine)
            storm(engine)
            stream(running, engine, seconds, rate)
            engine.dispose()


# ---------------------------------------------------------------- one decision


def one_decision(engine: sa.Engine) -> None:
    """A task and 200 volunteers: reading, screening, deciding."""
    with transaction(engine) as session:
        made = build(session, 1, 200)
        (request_id,) = open_tasks(session, made, 1)
        session.execute(sa.text("analyze"))
        said: list[tuple[str, Any]] = []

        def listen(*args: Any) -> None:
            said.append((args[2], args[3]))

        sa.event.listen(engine, "before_cursor_execute", listen)
        _read(session, made[0].code, request_id)
        sa.event.remove(engine, "before_cursor_execute", listen)
        read = _read(session, made[0].code, request_id)
        whole = _ms(lambda: _decide(*_read(session, made[0].code, request_id)))
        alone = _ms(lambda: _decide(*read))
        bare = _ms(lambda: _again(session, said))
        session.rollback()
    print(f"one decision among 200: {whole:.1f} ms with reading, {alone:.1f} ms without,")
    print(
        f"  {len(said)} SQL statements; the statements alone {bare:.1f} ms ({whole / bare:.1f} x)"
    )


def _read(session: Session, village: str, request_id: UUID) -> tuple[Any, Learnt, Any]:
    now = clock.now()
    near = situation.near(session, village, now)
    seen = situation.load(session, village, [request_id], near, now)
    ids = [seen.people.id(place) for place in range(len(seen.people))]
    return seen, learning.load(session, village, ids), now


def _decide(seen: Any, learnt: Learnt, now: Any) -> int:
    facts = Facts(seen.people, learnt, now, most_for(seen.works))
    looks = [look_at(work, facts) for work in seen.works]
    return len(decide(registry.load(registry.DEFAULT), looks, facts).decision.offers)


def _again(session: Session, said: list[tuple[str, Any]]) -> None:
    link = session.connection().connection.driver_connection
    assert isinstance(link, psycopg.Connection)
    for statement, values in said:
        link.execute(statement.encode(), values).fetchall()


def _ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return median(took) * 1000


# ---------------------------------------------------------------- a storm


def storm(engine: sa.Engine) -> None:
    """1,000 tasks for two and 20,000 volunteers in 100 villages: CPU of this process."""
    with transaction(engine) as session:
        made = build(session, 100, 200)
        request_ids = open_tasks(session, made, 10)
        session.execute(sa.text("analyze"))
        _storm(session, made, request_ids)  # the first time loads scipy
        marks = min((_storm(session, made, request_ids) for _ in range(5)), key=lambda m: m[-1])
        session.rollback()
    read, looked, chosen, offers = (*(m * 1000 for m in marks[:3]), marks[3])
    print(f"storm, 1,000 tasks x 20,000 volunteers: {sum((read, looked, chosen)):.0f} ms of CPU")
    print(f"  reading {read:.0f}, candidates {looked:.0f}, {offers} offers chosen {chosen:.0f} ms")


def _storm(
    session: Session, made: list[Village], request_ids: list[UUID]
) -> tuple[float, float, float, int, float]:
    now, start = clock.now(), time.process_time()
    works = situation.load_works(session, request_ids, {})
    facts = Facts(
        situation.load_people(session, [village.code for village in made], now),
        Learnt(),
        now,
        most_for(works),
    )
    read = time.process_time()
    looks = [look_at(work, facts) for work in works]
    looked = time.process_time()
    offers = len(decide(registry.load(registry.DEFAULT), looks, facts).decision.offers)
    end = time.process_time()
    return read - start, looked - read, end - looked, offers, end - start


# ---------------------------------------------------------------- from a request to the inbox


def stream(running: Settings, engine: sa.Engine, seconds: float, rate: float) -> None:
    """Requests at a steady rate, each accepted at once by its head: when is an offer there?"""
    with transaction(engine) as session:
        made = build(session, 20, 60)
        tokens = _tokens(session, made)
    with _house(running):
        _wait_ready(running)
        _tell("RQ, a job that does nothing", _noops(running, seconds / 2, rate))
        sent, seen = _play(running, made, tokens, seconds, rate)
    waits = [seen[one] - at for one, at in sent.items() if one in seen]
    _tell("submit to offer in the inbox", waits)
    print(f"  {len(sent)} requests, {len(sent) - len(waits)} without an offer")


def _tokens(session: Session, made: list[Village]) -> dict[UUID, str]:
    signer, found = Tokens(SECRET), {}
    for person in (one for village in made for one in (village.head, village.villager)):
        family = people.open_family(session, person)
        session.flush()
        found[person] = signer.pair(family.id, 0)["access_token"]
    return found


@contextmanager
def _house(running: Settings) -> Iterator[None]:
    supervisor = Supervisor(up.children(running), running.environment(), lambda _line: None)
    watcher = threading.Thread(target=supervisor.watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        supervisor.stop()
        watcher.join(10)


def _wait_ready(running: Settings) -> None:
    for _ in range(600):
        try:
            if requests.get(f"http://127.0.0.1:{running.port}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    sys.exit("the house did not become ready")


def _noops(running: Settings, seconds: float, rate: float) -> list[float]:
    link = redis.Redis.from_url(running.redis_url or "")
    queue = rq.Queue("nothing", connection=link, serializer="json")
    with _plain_worker(running):
        jobs = []
        for number in range(int(seconds * rate)):
            jobs.append(queue.enqueue("time.time"))
            time.sleep(1 / rate if number else 2)
        time.sleep(1)
    for job in jobs:
        job.refresh()
    # the first waits for its worker to start
    return [(job.ended_at - job.enqueued_at).total_seconds() for job in jobs[1:] if job.ended_at]


@contextmanager
def _plain_worker(running: Settings) -> Iterator[None]:
    words = [
        "worker",
        "nothing",
        "--url",
        running.redis_url or "",
        "--serializer",
        "json",
        "--quiet",
    ]
    kind = ["--worker-class", "rq.SimpleWorker"]
    worker = subprocess.Popen([sys.executable, "-m", "rq.cli", *words, *kind])
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(10)


def _play(
    running: Settings, made: list[Village], tokens: dict[UUID, str], seconds: float, rate: float
) -> tuple[dict[UUID, float], dict[UUID, float]]:
    sent: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(running, seen, over))
    watcher.start()
    start = time.perf_counter()
    with ThreadPoolExecutor(32) as pool:
        for number in range(int(seconds * rate)):
            time.sleep(max(start + number / rate - time.perf_counter(), 0))
            pool.submit(_one, running.port, made[number % len(made)], tokens, sent)
    time.sleep(3)
    over.set()
    watcher.join()
    return sent, seen


_phones = threading.local()


def _one(
    port: int, village: Village, tokens: dict[UUID, str], sent: dict[UUID, float]
) -> None:  # fmt: skip
    at = time.perf_counter()
    body = {"village": village.code, "text": TEXT, "category": CATEGORY}
    made = UUID(_post(port, "requests", tokens[village.villager], body)["id"])
    sent[made] = at
    _post(port, f"requests/{made}/accept", tokens[village.head], {})


def _post(port: int, path: str, token: str, body: dict[str, Any]) -> Any:
    """Call over this thread's kept connection: the generator shares the machine, so it is lean."""
    if not hasattr(_phones, "link"):
        _phones.link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        _phones.link.request("POST", f"/api/v1/{path}", orjson.dumps(body), headers)
        answer = _phones.link.getresponse()
    except http.client.RemoteDisconnected:  # it had been idle for too long
        del _phones.link
        return _post(port, path, token, body)
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"answered {answer.status}")
    return orjson.loads(content)


def _watch(running: Settings, seen: dict[UUID, float], over: threading.Event) -> None:
    """Note when each request's first offer can be read, to some ten milliseconds."""
    url = sa.make_url(running.database_url or "").set(drivername="postgresql")
    newest = UUID(int=0)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as link:
        while not over.wait(0.01):
            found = link.execute(
                "select id, request_id from offers where id > %s order by id", (newest,)
            ).fetchall()
            for _, request_id in found:
                seen.setdefault(request_id, time.perf_counter())
            newest = found[-1][0] if found else newest


def _tell(what: str, waits: list[float]) -> None:
    ordered = sorted(waits) or [float("nan")]
    p50, p99 = (ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in PERCENTILES)
    print(f"{what}: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms ({len(waits)})")


if __name__ == "__main__":
    main()
