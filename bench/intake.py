"""`POST /requests` at 8 connections, beside two ceilings under the same server.

    python bench/intake.py [--rounds 5] [--seconds 5]

One ceiling is bare Flask with one insert, the other Flask that sends intake's own statements by
hand in psycopg's pipeline. All run in turns (A B C A B C …) under the same gunicorn command, on the
same embedded PostgreSQL with fsync on; the load comes from a process of its own. Each call carries
an Idempotency-Key.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import click
import orjson
import sqlalchemy as sa

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from bench import _load, _pipeline  # noqa: E402
from bench._load import Round  # noqa: E402
from runtime import places, settings, up, wsgi  # noqa: E402
from runtime.local import start_postgres  # noqa: E402
from runtime.settings import Settings  # noqa: E402
from village import keys  # noqa: E402
from village.catalog.files import read  # noqa: E402

CONNECTIONS = 8
WARM_UP_SECONDS = 2.0
APP = "runtime.wsgi:create()"
SECRET = "a key for this run"


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Rounds of each of the three.")
@click.option("--seconds", default=5.0, show_default=True, help="Length of a round.")
def main(rounds: int, seconds: float) -> None:
    """Print calls per second, p50 and p99 of each, the ratios, and the statements per call."""
    with tempfile.TemporaryDirectory(prefix="wuzhan-bench-") as folder:
        Path(folder).chmod(0o711)
        server = start_postgres(Path(folder), tied=True)
        try:
            measure(loaded(server.url, Path(folder)), rounds, seconds)
        finally:
            server.stop()
            places.remove_tree(Path(folder) / "postgres")


def loaded(url: str, folder: Path) -> Settings:
    """Return the settings of the installation under test: the defaults, with this database."""
    values = {"database_url": url, "data_dir": folder, "port": up.free_port(), "demo": True}
    # Redis is not there: intake does without it.
    found = settings.load().with_values(
        **values, redis_url="redis://127.0.0.1:1", secret_key=SECRET
    )
    keys.made(found.own_keys)
    keys.configure(found.own_keys)
    return found


def measure(installation: Settings, rounds: int, seconds: float) -> None:
    """Run both servers, load them in turns, and print what was found."""
    up.prepare_database(installation)
    tokens, bodies = log_in(installation), texts()
    url = sa.make_url(installation.database_url or "").set(drivername="postgresql")
    target = url.render_as_string(hide_password=False)
    own = statements(installation, tokens[0], bodies)
    recorded = {"CEILING_URL": target, "CEILING_FILE": str(recording(installation))}
    ceiling, pipeline = (installation.with_values(port=up.free_port()) for _ in range(2))
    ports = {"intake": installation.port, "insert": ceiling.port, "pipeline": pipeline.port}
    found: dict[str, list[Round]] = {name: [] for name in ports}
    with (
        served(installation, APP),
        served(ceiling, "bench._ceiling:create()", **recorded),
        served(pipeline, "bench._pipeline:create()", **recorded),
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as outside,
    ):
        for number in range(rounds + 1):
            for name, port in ports.items():
                span = seconds if number else WARM_UP_SECONDS
                job = outside.submit(_load.run, port, bodies, tokens, span, CONNECTIONS)
                check(name, job.result())
                if number:
                    found[name].append(job.result())
                    tell(name, job.result())
    tell_sum(found, own)


def texts() -> list[bytes]:
    """Return the demo's texts as bodies, every other one with its category, no emergencies."""
    rows = [row for row in read("request_texts") if not row["danger_now"]]
    return [
        orjson.dumps(
            {
                "village": row["village"],
                "text": row["text"],
                "category": row["category"] if number % 2 else None,
            }
        )
        for number, row in enumerate(rows)
    ]


def log_in(installation: Settings) -> list[str]:
    """Return access tokens of a few villagers who have accepted the privacy notice."""
    from service.auth import Tokens
    from village import consents, people
    from village.access import Actor
    from village.catalog.demo import person_id
    from village.catalog.privacy import PRIVACY_VERSION
    from village.db import create_engine, transaction

    engine, tokens = create_engine(installation.database_url or ""), Tokens(SECRET)
    with transaction(engine) as session:
        for person in {row["requester"] for row in read("request_texts")}:
            id_ = person_id(person)
            consents.answer(session, Actor(id_), "privacy", PRIVACY_VERSION, accepted=True)
        families = [
            people.open_family(session, person_id(person))
            for person in sorted({row["requester"] for row in read("request_texts")})
        ]
    engine.dispose()
    return [tokens.pair(family.id, 0)["access_token"] for family in families]


@contextmanager
def served(installation: Settings, app: str, **variables: str) -> Iterator[None]:
    """Serve `app` by the house's gunicorn command, without its recycling of processes.

    Each process listens for itself: of one socket a process that is idle takes all that come.
    """
    command = [app if part == APP else part for part in wsgi.command(installation)]
    process = subprocess.Popen(
        [*command, "--max-requests", "0", "--reuse-port"],
        cwd=ROOT,
        env={**os.environ, **installation.environment(), **variables},
        stdout=subprocess.DEVNULL,
        preexec_fn=places.end_with_parent,  # noqa: PLW1509 - one prctl call
    )
    try:
        wait_for(f"http://127.0.0.1:{installation.port}/")
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str) -> None:
    """Wait until something answers, be it with an error."""
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{url} does not answer")


def recording(installation: Settings) -> Path:
    """Return where the statements of one call are recorded."""
    return installation.data_dir / "statements.pickle"


def statements(installation: Settings, token: str, bodies: list[bytes]) -> float:
    """Return how many SQL statements a call takes, besides BEGIN and COMMIT; record one's."""
    from runtime.wiring import application

    app, count = application(installation), 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    engine = app.extensions["wuzhan"].engine
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with app.test_client() as client:
        client.get("/api/v1/categories")  # the catalog is read once
        sa.event.listen(engine, "before_cursor_execute", note)
        for number, body in enumerate(bodies):
            answer = client.post(
                "/api/v1/requests",
                data=body,
                headers={**headers, "Idempotency-Key": f"count-{number}"},
            )
            if answer.status_code != 201:
                sys.exit(f"a call was refused: {answer.text}")
        sa.event.remove(engine, "before_cursor_execute", note)
        key = "recorded-for-the-pipeline"
        one = partial(client.post, "/api/v1/requests", data=bodies[0])
        call = partial(one, headers={**headers, "Idempotency-Key": key})
        _pipeline.record(engine, call, key, recording(installation))
    engine.dispose()
    return count / len(bodies)


def check(name: str, measured: Round) -> None:
    """Stop where calls were refused: errors are quick, and would look like speed."""
    if measured.failed:
        sys.exit(f"{name}: {measured.failed} calls were not answered 201")


def tell(name: str, measured: Round) -> None:
    """Print a round."""
    p50, p99 = (measured.percentile(share) * 1000 for share in (0.5, 0.99))
    print(f"{name:<8} {measured.per_second:8.0f} req/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms")


def tell_sum(found: dict[str, list[Round]], per_call: float) -> None:
    """Print the medians over the rounds, and their ratio."""
    middle = {name: median(r.per_second for r in rounds) for name, rounds in found.items()}
    for name, rounds in found.items():
        p50, p99 = (median(r.percentile(share) for r in rounds) * 1000 for share in (0.5, 0.99))
        print(f"median {name}: {middle[name]:.0f} req/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    for name in ("insert", "pipeline"):
        print(f"intake is {middle['intake'] / middle[name]:.1%} of {name}")
    print(f"{per_call:.1f} SQL statements per request")


if __name__ == "__main__":
    main()
