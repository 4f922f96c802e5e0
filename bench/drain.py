"""Ten thousand requests whose jobs wait: how quickly they are done, and whether one is lost.

    python bench/drain.py [--requests 10000]

The requests are written by the use case, with nobody to do their jobs; then relay and workers
start, on the embedded PostgreSQL and Valkey. The ceiling, measured in the same run by the same
worker processes: as many jobs of RQ, on the same queues, that do nothing.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import redis
import rq
import sqlalchemy as sa

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from runtime import settings, up  # noqa: E402
from runtime.settings import Settings  # noqa: E402
from runtime.supervise import Supervisor  # noqa: E402
from village.catalog.cache import Catalog  # noqa: E402
from village.db import create_engine, transaction  # noqa: E402

VILLAGE, TEXT, CATEGORY = "990101", "村口到小学那段路灯坏了三盏", "PUB-03"
A_TRANSACTION = 200
LONGEST_SECONDS = 1800
OPEN = "select count(*) from outbox where done_at is null and failed_at is null"
DONE = "select queue, count(*) from outbox where done_at is not null group by 1"
FAILED = "select count(*) from outbox where failed_at is not null"
# Every request was told of to who wrote it and to its station's head.
LOST = """
    select count(*) from requests r where (
      select count(distinct n.person_id) from notifications n where n.request_id = r.id) < 2"""


@click.command()
@click.option("--requests", "number", default=10_000, show_default=True, help="How many wait.")
def main(number: int) -> None:
    """Print jobs per second of both, their ratio, and what was lost."""
    with tempfile.TemporaryDirectory(prefix="wuzhan-bench-") as folder:
        Path(folder).chmod(0o711)
        values = {"data_dir": Path(folder), "port": up.free_port(), "demo": True}
        values |= {"wechat_base_url": f"http://127.0.0.1:{up.free_port()}"}
        loaded = settings.load().with_values(**values, secret_key="a key for this run")
        with up.servers(loaded, whole=True) as running:
            up.prepare_database(running)
            engine = create_engine(running.database_url or "")
            written(engine, number)
            measure(running, engine, number)
            engine.dispose()


def written(engine: sa.Engine, number: int) -> None:
    """Write so many requests of one villager; their jobs wait in the outbox."""
    from dispatch import intake
    from village.access import Actor
    from village.catalog.demo import person_id
    from village.catalog.privacy import PRIVACY_VERSION

    catalog = Catalog(engine)
    actor = Actor(person_id("u041"), village=VILLAGE, consent=PRIVACY_VERSION)
    body = {"village": VILLAGE, "text": TEXT, "category": CATEGORY}
    for done in range(0, number, A_TRANSACTION):
        with transaction(engine) as session:
            for _ in range(min(A_TRANSACTION, number - done)):
                intake.submit(session, actor, catalog, body)


def measure(running: Settings, engine: sa.Engine, number: int) -> None:
    """Let the jobs be done, then jobs that do nothing, and print what was found."""
    with working(running):
        link = redis.Redis.from_url(running.redis_url or "")
        until(lambda: link.exists("rq:workers") > 0 and link.scard("rq:workers") >= 3)
        spent = until(lambda: one(engine, OPEN) == 0)
        with engine.connect() as session:
            queues = Counter({row[0]: row[1] for row in session.exec_driver_sql(DONE)})
        tell("their jobs", queues.total(), spent)
        nothing = noops(link, queues)
        tell("jobs of RQ that do nothing", queues.total(), nothing)
    print(f"that is {nothing / spent:.0%} of the rate of jobs that do nothing")
    lost, failed = one(engine, LOST), one(engine, FAILED)
    print(f"{number} requests: {lost} not told of, {failed} jobs given up")


def noops(link: redis.Redis, queues: Counter[str]) -> float:
    """Return in how many seconds as many jobs that do nothing are done on the same queues."""
    found = [rq.Queue(name, connection=link, serializer="json") for name in queues]
    began = time.monotonic()
    for queue in found:
        with link.pipeline() as pipe:
            job = rq.Queue.prepare_data("time.time", result_ttl=0)
            queue.enqueue_many([job] * queues[queue.name], pipeline=pipe)
            pipe.execute()
    until(lambda: not any(queue.count for queue in found))
    return time.monotonic() - began


@contextmanager
def working(running: Settings) -> Iterator[None]:
    """Relay and workers without the API, as `wuzhan up` starts them."""
    children = [child for child in up.children(running) if child.name != "api"]
    supervisor = Supervisor(children, running.environment(), lambda _line: None)
    watcher = threading.Thread(target=supervisor.watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        supervisor.stop()
        watcher.join(10)


def until(holds: Callable[[], bool]) -> float:
    """Wait until something holds; return the seconds that took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > LONGEST_SECONDS:
            sys.exit("that took too long")
        time.sleep(0.1)
    return time.monotonic() - began


def one(engine: sa.Engine, statement: str) -> int:
    """Return the one number of a statement."""
    with engine.connect() as session:
        return int(session.exec_driver_sql(statement).scalar_one())


def tell(what: str, number: int, seconds: float) -> None:
    """Print how many of something were done a second."""
    print(f"{number} {what}: {seconds:.1f} s, {number / seconds:.0f} a second")


if __name__ == "__main__":
    main()
