"""What `wuzhan doctor` looks at; each check yields findings of doctor.csv with their facts.

Facts are counts, versions and names of error classes: never a secret, never a value of a person.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import redis
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from dispatch.routing import model
from runtime.settings import Settings
from runtime.worker import HEARTBEAT_KEY, QUEUES
from village import clock, keyed, keys, migrate, outbox, workdays
from village.catalog.files import read
from village.db import create_engine, transaction
from village.models import NotificationTemplate, Outbox
from wechat.client import WechatClient
from wechat.errors import ConfigError, WechatError

Found = tuple[str, Mapping[str, object]]

GB = 1024**3
DISK_LOW_GB, DISK_FULL_GB = 5.0, 1.0
KEY_CHARACTERS, KEY_DISTINCT = 32, 8
GUESSED = ("change", "secret", "password", "example", "wuzhan")
CLOCK_OFF_SECONDS, CLOCK_WRONG_SECONDS = 2, 30
OUTBOX_LATE, OUTBOX_STUCK = timedelta(minutes=2), timedelta(hours=1)
UNSENT = timedelta(minutes=1)
OLDEST_SERVER = 15
CONNECT_SECONDS = 5
SECRET_FILES = ("secret_key", keys.FILE, "postgres_password", "sandbox_secret")


def of_settings(loaded: Settings) -> Iterator[Found]:
    """Look at what needs no server of ours: settings, folder, disk, model, WeChat."""
    yield ("demo_on" if loaded.demo else "settings_ok"), {}
    yield from of_folder(loaded)
    yield from of_disk(loaded.data_dir)
    yield from of_model(loaded)
    yield from of_calendar(loaded)
    yield from of_wechat(loaded)


def of_key(key: str) -> Iterator[Found]:
    """Look at the key that signs logins."""
    guessed = any(word in key.lower() for word in GUESSED)
    if guessed or len(set(key)) < KEY_DISTINCT:
        yield "key_weak", {}
    elif len(key) < KEY_CHARACTERS:
        yield "key_short", {"length": len(key)}
    else:
        yield "key_ok", {}


def of_folder(loaded: Settings) -> Iterator[Found]:
    """Look whether the data folder can be written, and by nobody else."""
    folder = loaded.data_dir
    if not folder.is_dir():
        if loaded.database_url is not None:
            yield "folder_missing", {"folder": folder}
        return
    wrong = list(_wrong_with(folder))
    yield from wrong or [("folder_ok", {})]


def _wrong_with(folder: Path) -> Iterator[Found]:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        yield "folder_not_writable", {"folder": folder}
        return
    # Passing through is allowed: as root the embedded database belongs to another account.
    if folder.stat().st_mode & 0o066:
        yield "folder_open", {"folder": folder}
    for name in SECRET_FILES:
        file = folder / name
        if file.exists() and file.stat().st_mode & 0o077:
            yield "secret_open", {"file": file}


def of_disk(folder: Path) -> Iterator[Found]:
    """Look how much room is left where the data folder is, or will be."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / GB
    state = "full" if free < DISK_FULL_GB else "low" if free < DISK_LOW_GB else "ok"
    yield f"disk_{state}", {"free": f"{free:.1f}"}


def of_model(loaded: Settings) -> Iterator[Found]:
    """Look whether the routing model can be read."""
    model.configure(loaded.own_model)
    stands = model.state()
    if model.current() is None:
        yield "model_none", {}
    elif stands.state != "ok":
        yield "model_broken", {"detail": stands.detail}
    else:
        yield "model_ok", {"version": stands.version}


def of_calendar(loaded: Settings) -> Iterator[Found]:
    """Look whether the holidays of this year, and from November of the next, are known."""
    workdays.configure(loaded.own_calendar)
    if loaded.database_url is not None:
        with _engine(loaded) as engine:
            workdays.try_follow(engine)
    facts = {"file": loaded.own_calendar, "until": max(workdays.years())}
    year, why = workdays.missing(clock.now()), workdays.broken()
    if why:
        yield "calendar_broken", {**facts, "why": why}
    elif year is not None:
        yield "calendar_missing", {**facts, "year": year}
    else:
        yield "calendar_ok", facts


def of_wechat(loaded: Settings) -> Iterator[Found]:
    """Ask WeChat, or its stand-in, for an access token: it says whether it knows us."""
    if not loaded.wechat_appid:
        yield ("wechat_demo" if loaded.database_url is None else "wechat_none"), {}
        return
    base, secret = loaded.wechat_base_url, loaded.wechat_secret
    with closing(WechatClient(base, loaded.wechat_appid, secret, None)) as client:
        try:
            client.check()
        except ConfigError as error:
            yield "wechat_refused", {"code": error.code}
        except WechatError as error:
            yield "wechat_away", {"error": type(error).__name__}
        else:
            yield "wechat_ok", {}


def of_database(loaded: Settings) -> Iterator[Found]:
    """Look at the server, its clock, the schema and what is in it."""
    try:
        with _engine(loaded) as engine:
            yield from _server(engine)
            yield from _archive(engine)
            yield from _clock(engine, loaded)
            if (yield from _schema(engine)):
                yield from _keys(engine)
                yield from _templates(engine, loaded)
                yield from _jobs(engine)
    except SQLAlchemyError as error:
        yield "database_away", {"error": type(error).__name__}


@contextmanager
def _engine(loaded: Settings) -> Iterator[sa.Engine]:
    url = make_url(str(loaded.database_url))
    url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    engine = create_engine(url.render_as_string(hide_password=False), pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


def _server(engine: sa.Engine) -> Iterator[Found]:
    with engine.connect() as link:
        version = int(link.scalar(sa.text("show server_version_num")) or 0) // 10_000
    yield ("database_ok" if version >= OLDEST_SERVER else "database_old"), {"version": version}


_ARCHIVER = sa.text("""
    select current_setting('archive_mode') = 'off' as off,
        last_failed_time > coalesce(last_archived_time, '-infinity') as failing
    from pg_stat_archiver
""")


def _archive(engine: sa.Engine) -> Iterator[Found]:
    """Look whether what is committed leaves the machine's disk before the next backup."""
    with engine.connect() as link:
        row = link.execute(_ARCHIVER).one()
    yield ("archive_off" if row.off else "archive_failing" if row.failing else "archive_ok"), {}


def _clock(engine: sa.Engine, loaded: Settings) -> Iterator[Found]:
    with engine.connect() as link:
        before = clock.wall()
        there: datetime = link.execute(sa.text("select clock_timestamp()")).scalar_one()
        here = before + (clock.wall() - before) / 2
    apart = abs(round((there - here).total_seconds()))
    wrong, off = apart >= CLOCK_WRONG_SECONDS, apart >= CLOCK_OFF_SECONDS
    yield f"clock_{'wrong' if wrong else 'off' if off else 'ok'}", {"seconds": apart}
    if loaded.clock_file is not None:
        clock.configure(loaded.clock_file)
        moved = abs(round((clock.now() - clock.wall()).total_seconds()))
        yield from [("clock_moved", {"seconds": moved})] if moved else []


def _schema(engine: sa.Engine) -> Generator[Found, None, bool]:
    """Return whether there are tables at all."""
    current, head = migrate.current(engine), migrate.head()
    facts = {"current": current, "head": head}
    if current == head:
        yield "schema_ok", facts
    elif current is None:
        yield "schema_none", facts
    else:
        yield ("schema_newer" if current > (head or "") else "schema_old"), facts
    return current is not None


def _keys(engine: sa.Engine) -> Iterator[Found]:
    try:
        with transaction(engine) as session:
            keyed.check(session)
            count = keyed.stale(session)
    except keys.KeysError as error:
        yield "keys_bad", {"reason": str(error).rstrip(".")}
    else:
        yield ("keys_stale" if count else "keys_ok"), {"count": count}


def _templates(engine: sa.Engine, loaded: Settings) -> Iterator[Found]:
    columns = sa.select(NotificationTemplate.code, NotificationTemplate.wechat_template_id)
    with transaction(engine) as session:
        ids = dict(iter(session.execute(columns)))
    invented = {row["template_id"] for row in read("wechat_templates")} & set(ids.values())
    if not ids:
        yield "catalog_empty", {}
    elif not {*(loaded.wechat_templates or {}).items()} <= {*ids.items()}:
        yield "templates_old", {}
    elif invented and not loaded.demo and loaded.wechat_appid:
        yield "templates_demo", {"count": len(invented)}
    else:
        yield "templates_ok", {}


def _jobs(engine: sa.Engine) -> Iterator[Found]:
    now = clock.wall()
    unsent = Outbox.sent_at.is_(None) & Outbox.done_at.is_(None) & (Outbox.due_at < now - UNSENT)
    with transaction(engine) as session:
        oldest = outbox.oldest_open(session)
        waiting, failed = session.execute(
            sa.select(
                sa.func.count().filter(unsent, Outbox.failed_at.is_(None)),
                sa.func.count().filter(Outbox.failed_at.is_not(None)),
            ).select_from(Outbox)
        ).one()
    yield ("relay_silent" if waiting else "relay_ok"), {"count": waiting}
    age = now - (oldest or now)
    state = "stuck" if age > OUTBOX_STUCK else "late" if age > OUTBOX_LATE else "ok"
    yield f"outbox_{state}", {"minutes": int(age.total_seconds() // 60)}
    if failed:
        yield "outbox_given_up", {"count": failed}


def of_redis(loaded: Settings) -> Iterator[Found]:
    """Look whether Redis keeps what it is given, and whether workers have been there."""
    seconds = float(CONNECT_SECONDS)
    url = str(loaded.redis_url)
    with redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds) as link:
        try:
            yield from list(_kept(link)) or [("redis_ok", {})]
            missing = [name for name in QUEUES if not link.exists(HEARTBEAT_KEY.format(queue=name))]
        except redis.RedisError as error:
            yield "redis_away", {"error": type(error).__name__}
            return
    yield ("workers_missing" if missing else "workers_ok"), {"queues": "、".join(missing)}


def _kept(link: redis.Redis) -> Iterator[Found]:
    info: dict[str, object] = link.info()
    policy = info["maxmemory_policy"]
    if info["role"] != "master":
        yield "redis_replica", {}
    if policy != "noeviction":
        yield ("redis_evicts" if info["maxmemory"] else "redis_may_evict"), {"policy": policy}
    if {info["rdb_last_bgsave_status"], info["aof_last_write_status"]} != {"ok"}:
        yield "redis_cannot_save", {}
    if not info["aof_enabled"]:
        yield "redis_no_aof", {}
