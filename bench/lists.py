"""Pages of lists and queues while a county's requests grow from ten thousand to a million.

    python bench/lists.py [--most 100000] [--calls 60]

The API is called in this process, on the embedded PostgreSQL, with rows written behind its back:
all but thirty of a station's requests are closed, each with its task. Each page is measured beside
a call that reads one person alone (`GET /me`), in turns. A million needs 3 GB of disk.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
import sqlalchemy as sa
from flask.testing import FlaskClient

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from bench.intake import SECRET, loaded  # noqa: E402
from runtime import places, up, wiring  # noqa: E402
from runtime.local import start_postgres, start_valkey  # noqa: E402
from runtime.settings import Settings  # noqa: E402
from service.auth import Tokens  # noqa: E402
from village import consents, people  # noqa: E402
from village.access import Actor  # noqa: E402
from village.catalog.demo import person_id  # noqa: E402
from village.catalog.privacy import PRIVACY_VERSION  # noqa: E402
from village.db import create_engine, transaction  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
WARM_UP = 10
ONE = "/me"
# What is read, by whom, and how many statements it may take (issue 3: lists 4, queues 6).
PAGES = (
    ("/requests", "u041"),
    ("/requests?scope=station", "u006"),
    ("/requests?scope=station&status=closed", "u006"),
    ("/requests?scope=village", "u001"),
    ("/stations/990101.public_works/queue", "u006"),
    ("/stations/990101.public_works/queue?view=overdue", "u006"),
    ("/villages/990101/triage", "u001"),
)
# Thirty of each station are open, and thirty of each village wait for the chair.
WRITE = """
with at as (
    select v.village_code, k.kind, k.category, row_number() over () - 1 as n,
        count(*) over () as stations
    from (select distinct village_code from stations) v
    cross join (values ('mutual_aid', 'AID-09'), ('public_works', 'PUB-03')) k (kind, category)
), whose as (
    select village_code, array_agg(id order by id) as ids from people
    where village_code is not null group by village_code
), made as (
    insert into requests (
        id, number, village_code, station, category, requester_id, text, answers, hide_me, sealed,
        neutral, consent_version, status, priority, no_volunteer, routing, transfers, reopened,
        followers, version, created_at, submitted_at, first_response_due, resolve_due, ended_at
    )
    select gen_random_uuid(), 'bench-' || series.n, at.village_code,
        case when turn < 30 then null else at.kind end, at.category,
        whose.ids[1 + series.n % array_length(whose.ids, 1)], '村口路灯坏了三盏，晚上很黑。',
        '{}', false, false, false, 'x',
        case when turn < 30 then 'triage' when turn < 60 then 'accepted' else 'closed' end,
        'P3', false, '{"decision": "routed"}', 0, 0, 0, 1, moment, moment, moment, moment,
        case when turn < 60 then null else moment end
    from generate_series(cast(:first as int), cast(:last as int)) series (n)
    join at on at.n = series.n % at.stations
    cross join lateral (
        select series.n / at.stations as turn,
            now() - (cast(:last as int) - series.n) * interval '10 s' as moment
    ) t
    join whose on whose.village_code = at.village_code
    returning id, village_code, station, status, created_at
), tasks_made as (
    insert into tasks (id, request_id, village_code, station, status, what, people_needed, skills,
        risk, minutes, starts_at, ends_at, created_at, wave)
    select gen_random_uuid(), id, village_code, station, 'done', '换灯', 1, '{}', 0, 60,
        created_at, created_at + interval '1 h', created_at, 0
    from made where status = 'closed' returning id
)
insert into places (task_id, seq, status) select id, 1, 'open' from tasks_made
"""


@click.command()
@click.option("--most", default=100_000, show_default=True, help="Up to so many requests.")
@click.option("--calls", default=60, show_default=True, help="Calls of each page.")
def main(most: int, calls: int) -> None:
    """Print a page's time beside that of one row's, and its statements, at every size."""
    with tempfile.TemporaryDirectory(prefix="wuzhan-bench-") as folder:
        Path(folder).chmod(0o711)
        server = start_postgres(Path(folder), durable=False, tied=True)
        redis = start_valkey(Path(folder), durable=False, tied=True)
        installation = loaded(server.url, Path(folder)).with_values(redis_url=redis.url)
        try:
            _measure(installation, [size for size in SIZES if size <= most], calls)
        finally:
            server.stop()
            redis.stop()
            places.remove_tree(Path(folder) / "postgres")


def _measure(installation: Settings, sizes: list[int], calls: int) -> None:
    url = installation.database_url or ""
    up.prepare_database(installation)
    app = wiring.application(installation)
    client, engine = app.test_client(use_cookies=False), app.extensions["wuzhan"].engine
    headers = {who: _login(url, who) for _, who in PAGES}
    first: dict[str, float] = {}
    written = 0
    for size in sizes:
        _grow(url, written, size - 1)
        written = size
        for path, who in PAGES:
            page, share = _shares(client, path, headers[who], calls)
            first.setdefault(path, share)
            with _statements(engine) as found:
                _get(client, path, headers[who])
            click.echo(
                f"{size:>9,}  {path:<50} {page * 1000:6.1f} ms  {share:5.2f} of one row's  "
                f"{share / first[path]:5.2f} of the first size's  {len(found)} statements"
            )
    engine.dispose()


def _grow(url: str, first: int, last: int) -> None:
    """Write more requests, and let the planner know of them."""
    engine = create_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as link:
        link.execute(sa.text("set statement_timeout = 0"))
        for begin in range(first, last + 1, 100_000):
            some = {"first": begin, "last": min(begin + 99_999, last)}
            link.execute(sa.text(WRITE), some)
        link.execute(sa.text("vacuum analyze"))
    engine.dispose()


def _login(url: str, code: str) -> dict[str, str]:
    engine, who = create_engine(url), person_id(code)
    with transaction(engine) as session:
        consents.answer(session, Actor(who), "privacy", PRIVACY_VERSION, accepted=True)
        family = people.open_family(session, who).id
    engine.dispose()
    return {"Authorization": f"Bearer {Tokens(SECRET).pair(family, 0)['access_token']}"}


def _shares(
    client: FlaskClient, path: str, headers: dict[str, str], calls: int
) -> tuple[float, float]:
    """Return the median seconds of a page, and the median of how many times one row's it took.

    Both are called one right after the other: what else the machine does slows both.
    """
    found: list[tuple[float, float]] = []
    for _ in range(WARM_UP + calls):
        one, page = (_seconds(client, each, headers) for each in (ONE, path))
        found.append((page, page / one))
    pages, shares = zip(*found[WARM_UP:], strict=True)
    return median(pages), median(shares)


def _seconds(client: FlaskClient, path: str, headers: dict[str, str]) -> float:
    began = time.perf_counter()
    _get(client, path, headers)
    return time.perf_counter() - began


def _get(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(f"/api/v1{path}", headers=headers)
    if answer.status_code != 200:
        raise click.ClickException(f"{path}: {answer.status_code} {answer.text}")


@contextmanager
def _statements(engine: sa.Engine) -> Iterator[list[str]]:
    found: list[str] = []

    def note(*call: Any) -> None:
        found.append(str(call[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


if __name__ == "__main__":
    main()
