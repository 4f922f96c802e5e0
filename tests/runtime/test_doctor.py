"""Each thing that can be wrong with an installation is found and told; no secret is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from click.testing import CliRunner

from dispatch.routing import model
from runtime import checks, cli, doctor, local
from runtime.worker import HEARTBEAT_KEY, QUEUES
from tests.conftest import execute
from village import clock, keys
from village.catalog.files import read
from wechat.sandbox import create_sandbox, running

APPID, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"
KEY = "Zq7-vT2kM9xB4nLpR8sW1cYd5fGh3jKa"
OURS = {row["tpl"]: f"tmpl-{row['tpl']}" for row in read("wechat_templates")}
NOBODY_HOME = "127.0.0.1:9"
ARCHIVER = checks._ARCHIVER
HEALTHY = {
    "settings_ok", "key_ok", "folder_ok", "disk_ok", "model_ok", "calendar_ok", "wechat_ok",
    "database_ok", "archive_ok", "schema_ok", "clock_ok", "keys_ok", "templates_ok", "outbox_ok",
    "relay_ok", "redis_ok", "workers_ok",
}  # fmt: skip


@dataclass
class Patient:
    """An installation in which all is well, until a test does something to it."""

    environment: pytest.MonkeyPatch
    database_url: str
    link: redis.Redis
    folder: Path
    said: str = field(default="", repr=False)

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self.environment.setenv(f"WUZHAN_{name}", value)

    def sql(self, statement: str) -> None:
        execute(self.database_url, statement)

    def look(self, *, fails: bool) -> set[str]:
        """Return what the doctor finds, and hold it to its exit code and to its silence."""
        result = CliRunner().invoke(cli.main, ["doctor", "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        self.said = result.output
        assert (result.exit_code == 1) is fails, result.output
        assert not any(secret in result.output for secret in (KEY, SECRET, "wuzhan:"))
        return {found["finding"] for found in json.loads(result.output)["findings"]}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    with running(create_sandbox(APPID, SECRET, templates=set(OURS.values()))) as url:
        yield url


@pytest.fixture
def patient(
    database_url: str,
    redis_url: str,
    stand_in: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Patient]:
    with redis.Redis.from_url(redis_url) as link:
        found = Patient(monkeypatch, database_url, link, tmp_path / "data")
        found.folder.mkdir(mode=0o700)
        found.set(
            DATABASE_URL=database_url, REDIS_URL=redis_url, SECRET_KEY=KEY,
            DATA_DIR=str(found.folder), WECHAT_BASE_URL=stand_in, WECHAT_APPID=APPID,
            WECHAT_SECRET=SECRET, WECHAT_TEMPLATES=json.dumps(OURS),
        )  # fmt: skip
        found.sql("update notification_templates set wechat_template_id = 'tmpl-' || code")
        for queue in QUEUES:
            link.set(HEARTBEAT_KEY.format(queue=queue), "one", ex=60)
        room = SimpleNamespace(free=100 * checks.GB)
        monkeypatch.setattr(checks.shutil, "disk_usage", lambda _place: room)
        # The tests' server has no archive; one that has is looked at in `tests/system`.
        archives = sa.text("select false as off, false as failing")
        monkeypatch.setattr(checks, "_ARCHIVER", archives)
        yield found
        model.configure(None)
        clock.configure(None)


def test_a_healthy_installation_is_told_so(patient: Patient) -> None:
    assert patient.look(fails=False) == HEALTHY
    assert json.loads(patient.said)["state"] == "ok"


def test_people_read_a_line_for_each_check_and_what_to_do(patient: Patient) -> None:
    patient.set(DEMO="true")
    result = CliRunner().invoke(cli.main, ["doctor"])
    assert result.exit_code == 0
    assert "warn  settings       演示登录开着：谁都能点名字登录。\n" in result.output
    assert "→ 正式使用时设 WUZHAN_DEMO=false" in result.output
    assert "ok    database       数据库答应了" in result.output


def test_a_database_without_an_archive_is_told(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_ARCHIVER", ARCHIVER)
    assert "archive_off" in patient.look(fails=False)


def test_an_archive_that_fails_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = sa.text("select false as off, true as failing")
    monkeypatch.setattr(checks, "_ARCHIVER", failing)
    assert "archive_failing" in patient.look(fails=True)


def test_keys_that_are_lost_or_anothers_are_told(patient: Patient, keys_of_all: Path) -> None:
    patient.sql(
        "insert into known_keys values ('1', 'another', now())"
        " on conflict (name) do update set fingerprint = excluded.fingerprint"
    )
    assert "keys_bad" in patient.look(fails=True)
    patient.set(KEYS_FILE=str(patient.folder / "none.json"))
    assert "keys_bad" in patient.look(fails=True)
    keys.configure(keys_of_all)


def test_what_is_still_plain_is_told(patient: Patient) -> None:
    patient.sql(
        "update wechat_identities set openid = 'o', openid_hash = null, openid_sealed = null"
        " where id = (select min(id::text)::uuid from wechat_identities)"
    )
    assert "keys_stale" in patient.look(fails=False)


def aged(minutes: float, **values: str) -> str:
    """A statement that puts a job into the outbox that was due so many minutes ago."""
    row = {
        "id": "gen_random_uuid()", "queue": "'notify'", "job": "'notify.tell'",
        "subject_id": "gen_random_uuid()", "attempts": "0", "sent_at": "now()",
        "created_at": "now()", "due_at": f"now() - interval '{minutes} minutes'", **values,
    }  # fmt: skip
    return f"insert into outbox ({', '.join(row)}) values ({', '.join(row.values())})"


def _sql(statement: str) -> Callable[[Patient], None]:
    return lambda patient: patient.sql(statement)


def _set(**values: str) -> Callable[[Patient], None]:
    return lambda patient: patient.set(**values)


def _room(gigabytes: float) -> Callable[[Patient], None]:
    def fill(patient: Patient) -> None:
        room = SimpleNamespace(free=gigabytes * checks.GB)
        patient.environment.setattr(checks.shutil, "disk_usage", lambda _place: room)

    return fill


def _apart(seconds: int) -> Callable[[Patient], None]:
    def turn(patient: Patient) -> None:
        real = clock.wall
        patient.environment.setattr(clock, "wall", lambda: real() + timedelta(seconds=seconds))

    return turn


def _moved(patient: Patient) -> None:
    file = patient.folder / "clock.json"
    patient.set(CLOCK_FILE=str(file))
    clock.configure(file)
    clock.step(timedelta(days=1))


def _open(name: str, mode: int) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        place = patient.folder / name
        if name:
            place.touch()
        place.chmod(mode)

    return change


def _own_model(patient: Patient) -> None:
    (patient.folder / "routing.tsv").write_text("half", encoding="utf-8")


def _no_model(patient: Patient) -> None:
    place = patient.folder / "away.tsv"
    patient.environment.setattr(model, "packaged", lambda: place)
    model.load.cache_clear()


def _own_calendar(text: str) -> Callable[[Patient], None]:
    def write(patient: Patient) -> None:
        place = patient.folder / "calendar.csv"
        place.write_text(text, encoding="utf-8")
        patient.set(CALENDAR_FILE=str(place))

    return write


def _a_year_later(patient: Patient) -> None:
    patient.set(CALENDAR_FILE=str(patient.folder / "none.csv"))
    late = datetime(2026, 11, 2, tzinfo=clock.SHANGHAI)
    patient.environment.setattr(checks.clock, "now", lambda: late)


def _too_old(patient: Patient) -> None:
    patient.environment.setattr(checks, "OLDEST_SERVER", 99)


def _no_workers(patient: Patient) -> None:
    patient.link.delete(HEARTBEAT_KEY.format(queue="slow"))


CASES: dict[str, tuple[Callable[[Patient], Any], bool]] = {
    "demo_on": (_set(DEMO="true"), False),
    "key_short": (_set(SECRET_KEY="Zq7-vT2kM9xB4nLp"), False),
    "key_weak": (_set(SECRET_KEY="k" * 40), True),
    "folder_missing": (_set(DATA_DIR="/nowhere/at/all"), False),
    "folder_not_writable": (_set(DATA_DIR="/proc/self/task"), True),
    "folder_open": (_open("", 0o777), True),
    "secret_open": (_open("secret_key", 0o644), True),
    "disk_low": (_room(4.9), False),
    "disk_full": (_room(0.9), True),
    "model_broken": (_own_model, False),
    "model_none": (_no_model, True),
    "calendar_missing": (_a_year_later, False),
    "calendar_broken": (_own_calendar("date,kind\n2027-01-01,off\n"), False),
    "wechat_none": (_set(WECHAT_APPID=""), True),
    "wechat_away": (_set(WECHAT_BASE_URL=f"http://{NOBODY_HOME}"), True),
    "wechat_refused": (_set(WECHAT_SECRET="of-somebody-else"), True),
    "database_away": (_set(DATABASE_URL=f"postgresql+psycopg://u:p@{NOBODY_HOME}/w"), True),
    "database_old": (_too_old, True),
    "schema_old": (_sql("update alembic_version set version_num = '0001'"), True),
    "schema_newer": (_sql("update alembic_version set version_num = '9999'"), False),
    "clock_off": (_apart(-20), False),
    "clock_wrong": (_apart(-31), True),
    "clock_moved": (_moved, False),
    "catalog_empty": (_sql("truncate notification_templates cascade"), True),
    "templates_old": (_set(WECHAT_TEMPLATES='{"N01": "another"}'), False),
    "outbox_late": (_sql(aged(3)), False),
    "outbox_stuck": (_sql(aged(61)), True),
    "outbox_given_up": (_sql(aged(0, failed_at="now()")), False),
    "relay_silent": (_sql(aged(1.5, sent_at="null")), True),
    "redis_away": (_set(REDIS_URL=f"redis://{NOBODY_HOME}/0"), True),
    "workers_missing": (_no_workers, True),
}


@pytest.mark.parametrize("finding", CASES)
def test_what_is_wrong_is_found_and_nothing_else(patient: Patient, finding: str) -> None:
    harm, fails = CASES[finding]
    harm(patient)
    patient.look(fails=fails)
    model.load.cache_clear()
    wrong = [row for row in json.loads(patient.said)["findings"] if row["state"] != "ok"]
    assert [row["finding"] for row in wrong] == [finding]
    assert wrong[0]["check"] == doctor.table()[finding]["check"]


def test_invented_templates_are_for_the_demo_only(patient: Patient) -> None:
    patient.sql("update notification_templates set wechat_template_id = 'demo-template-' || code")
    patient.environment.delenv("WUZHAN_WECHAT_TEMPLATES")
    assert "templates_demo" in patient.look(fails=True)
    patient.set(DEMO="true")
    assert "templates_ok" in patient.look(fails=False)


def test_an_empty_database_is_told_to_be_seeded(patient: Patient, empty_database_url: str) -> None:
    patient.set(DATABASE_URL=empty_database_url)
    assert "schema_none" in patient.look(fails=True)


def test_settings_that_cannot_be_used_are_told_and_not_shown(patient: Patient) -> None:
    patient.set(SECRET_KEY="of-nine-9")
    assert patient.look(fails=True) == {"settings_bad"}
    assert "of-nine-9" not in patient.said
    assert "WUZHAN_SECRET_KEY" in patient.said


@pytest.fixture
def own_valkey(patient: Patient, tmp_path: Path) -> Iterator[Path]:
    """A Valkey of the test's own, which it may spoil; yields its folder."""
    server = local.start_valkey(tmp_path / "own", durable=False, tied=True)
    patient.set(REDIS_URL=server.url)
    with redis.Redis.from_url(server.url) as link:
        patient.link = link
        for queue in QUEUES:
            link.set(HEARTBEAT_KEY.format(queue=queue), "one", ex=60)
        yield tmp_path / "own" / "valkey"
    server.stop()


@pytest.mark.parametrize(
    ("finding", "fails", "values"),
    [
        ("redis_evicts", True, {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}),
        ("redis_may_evict", False, {"maxmemory-policy": "allkeys-lru"}),
        ("redis_no_aof", False, {"appendonly": "no"}),
    ],
)
def test_a_valkey_that_would_lose_jobs_is_found(
    patient: Patient, own_valkey: Path, finding: str, fails: bool, values: dict[str, str]
) -> None:
    assert "redis_ok" in patient.look(fails=False)
    for name, value in values.items():
        patient.link.config_set(name, value)
    found = patient.look(fails=fails)
    assert {name for name in found if name.startswith("redis")} == {finding}


def test_a_replica_is_found(patient: Patient, own_valkey: Path) -> None:
    patient.link.execute_command("REPLICAOF", "127.0.0.1", "9")
    assert "redis_replica" in patient.look(fails=True)


def test_a_valkey_that_cannot_save_is_found(patient: Patient, own_valkey: Path) -> None:
    (own_valkey / "dump.rdb").mkdir()
    patient.link.bgsave()
    while patient.link.info("persistence")["rdb_last_bgsave_status"] == "ok":
        time.sleep(0.05)
    assert "redis_cannot_save" in patient.look(fails=True)


def _embedded(patient: Patient) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "WECHAT_APPID", "WECHAT_TEMPLATES"):
        patient.environment.delenv(f"WUZHAN_{name}")


def test_a_look_makes_no_database_where_none_was(patient: Patient) -> None:
    _embedded(patient)
    found = patient.look(fails=True)
    assert found >= {"not_started", "wechat_demo"}
    assert list(patient.folder.iterdir()) == []


def test_embedded_servers_that_do_not_start_are_told(patient: Patient) -> None:
    _embedded(patient)
    (patient.folder / "postgres").symlink_to(patient.folder / "gone")
    (patient.folder / "gone").mkdir()
    (patient.folder / "gone" / "data").mkdir()
    (patient.folder / "gone" / "data" / "PG_VERSION").write_text("18")
    assert "servers_down" in patient.look(fails=True)


def test_every_finding_is_shown_by_a_test() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in doctor.table() if f'"{name}"' not in here} == set()
    assert {row["state"] for row in doctor.table().values()} == set(doctor.STATES)
    assert {
        name for name, row in doctor.table().items() if row["state"] != "ok" and not row["do"]
    } == set()
