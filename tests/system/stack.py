"""The whole stack as processes of its own, each of which a test may kill and start again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

import psycopg
import redis
import requests
from sqlalchemy.engine import make_url

from runtime.supervise import _members
from runtime.up import free_port, wuzhan
from village import identities
from village.catalog.privacy import PRIVACY_VERSION
from village.models import WechatIdentity

ROOT = Path(__file__).parents[2]
QUEUES = ("dispatch", "notify", "slow")
LEASE_SECONDS = 2
PATIENCE = 120.0
VILLAGER, HEAD = "u041", "u006"
A_LAMP = {
    "village": "990101", "text": "村口到小学那段路灯坏了三盏", "category": "PUB-03",
    "consent_version": PRIVACY_VERSION,
}  # fmt: skip


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something that must come to be; return it, or fail."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        time.sleep(0.1)
    return found


@dataclass
class Stack:
    """A house on a database and a Redis of its own."""

    database_url: str = field(repr=False)
    redis_url: str
    folder: Path
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, repr=False)
    logins: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    lost: list[UUID] = field(default_factory=list)  # deliveries whose process died in mid-call
    clock_file: Path | None = None  # real time without one
    code: Path = ROOT  # another version's, perhaps

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------------ processes

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "WUZHAN_" not in name}
        ours = {
            "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url,
            "SECRET_KEY": "of-tests-alone-0123456789", "DATA_DIR": str(self.folder),
            "PORT": str(self.port), "WECHAT_BASE_URL": f"http://127.0.0.1:{self.sandbox_port}",
            "WECHAT_APPID": "wxdemo", "WECHAT_SECRET": "sandbox-secret-of-tests",
            "DEMO": "true", "API_PROCESSES": "2", "OUTBOX_LEASE_SECONDS": str(LEASE_SECONDS),
            "RATE_SCALE": "1000", "KEYS_FILE": os.environ["WUZHAN_KEYS_FILE"],
        }  # fmt: skip
        if self.clock_file is not None:
            ours["CLOCK_FILE"] = str(self.clock_file)
        return {**kept, **{f"WUZHAN_{name}": value for name, value in ours.items()}}

    def command(self, name: str) -> list[str]:
        if name == "sandbox":
            return wuzhan("sandbox", "--port", str(self.sandbox_port))
        kind, _, queue = name.partition("-")
        return wuzhan(kind, "--queue", queue) if queue else wuzhan(kind)

    def start(self, *names: str) -> None:
        for name in names:
            with self.log(name) as output:
                self.running[name] = subprocess.Popen(
                    self.command(name), cwd=self.code, env=self.environment(),
                    stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )  # fmt: skip

    def log(self, name: str) -> IO[bytes]:
        return (self.folder / f"{name}.log").open("ab")

    def start_all(self) -> None:
        self.start("sandbox", "api", "relay", *(f"worker-{queue}" for queue in QUEUES))
        until(lambda: self.ready() == "ok", 150)

    def ready(self) -> str:
        try:
            return str(requests.get(f"{self.url}/readyz", timeout=5).json()["status"])
        except requests.RequestException:
            return "away"

    def kill(self, *names: str) -> None:
        """Kill processes and all that they have forked, at once: nothing is tidied up."""
        for name in names:
            process = self.running.pop(name)
            process.send_signal(signal.SIGSTOP)  # that nothing is forked in between
            for pid in _members(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait(10)

    def stop(self) -> None:
        self.kill(*self.running)

    # ------------------------------------------------------------------ the world outside

    def call(self, method: str, path: str, who: str, **options: Any) -> requests.Response:
        headers = {**self.login(who), **options.pop("headers", {})}
        url = f"{self.url}/api/v1{path}"
        return requests.request(method, url, headers=headers, timeout=30, **options)

    def get(self, path: str, who: str) -> Any:
        answer = self.call("GET", path, who)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, who: str, **body: Any) -> Any:
        answer = self.call("POST", path, who, json=body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def login(self, who: str) -> dict[str, str]:
        if who not in self.logins:
            code = {"code": f"demo.demo-{who}.{uuid4().hex}"}
            answer = requests.post(f"{self.url}/api/v1/auth/wechat", json=code, timeout=30)
            assert answer.ok, answer.text
            self.logins[who] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return self.logins[who]

    def messages(self) -> list[dict[str, Any]]:
        """All that phones have received."""
        url = f"http://127.0.0.1:{self.sandbox_port}/_sandbox/messages"
        return list(requests.get(url, timeout=10).json()["items"])

    def fault(self, **fault: Any) -> None:
        url = f"http://127.0.0.1:{self.sandbox_port}/_sandbox/faults"
        assert requests.post(url, json=fault, timeout=10).ok

    # ------------------------------------------------------------------ what lies underneath

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        target = make_url(self.database_url).set(drivername="postgresql")
        url = target.render_as_string(hide_password=False)
        # The link's own end is a commit, which may fail, and then leaves it open.
        with closing(psycopg.connect(url, connect_timeout=10)) as link, link:
            yield link

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.database() as link:
            return link.execute(statement.encode(), values).fetchall()

    def one(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url, socket_timeout=10)

    def queued(self, queue: str) -> int:
        with self.redis() as link:
            return int(link.llen(f"rq:queue:{queue}"))

    def waits_for_a_lock(self) -> bool:
        """Somebody waits for what the test holds."""
        return bool(
            self.one(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            )
        )

    def quiet(self) -> bool:
        """Nothing is left to do, nor being done."""
        open_jobs = "select count(*) from outbox where done_at is null and due_at <= now()"
        unsent = (
            "select count(*) from deliveries"
            " where status in ('pending', 'sending') and not id = any(%s)"
        )
        return not self.one(open_jobs) and not self.one(unsent, self.lost)

    # ------------------------------------------------------------------ the walk of a request

    def submit(self, **body: Any) -> str:
        """A lamp is broken, and the head has accepted it."""
        request_id = self.post("/requests", VILLAGER, **{**A_LAMP, **body})["id"]
        self.post(f"/requests/{request_id}/accept", HEAD)
        return str(request_id)

    def dispatch(self, request_id: str, people: int = 1, skills: Sequence[str] = ()) -> None:
        """Invite volunteers; without `skills` for what every insured one of the village can do."""
        task = {"people_needed": people, "skills": list(skills)}
        self.post(f"/requests/{request_id}/dispatch", HEAD, task=task)

    def status(self, request_id: str) -> str:
        return str(self.one("select status from requests where id = %s", UUID(request_id)))

    def invited(self, request_id: str) -> list[tuple[str, str]]:
        """Who has an open invitation, and its id."""
        return [
            (code, str(offer_id))
            for code, offer_id in self.rows(
                "select p.code, o.id from offers o join people p on p.id = o.person_id"
                " where o.request_id = %s and o.status = 'offered' order by o.id",
                UUID(request_id),
            )
        ]

    def finish(self, request_id: str) -> None:
        """Bring a request that has been sent out to the villager's yes."""
        who, offer_id = until(lambda: self.invited(request_id))[0]
        task = self.post(f"/offers/{offer_id}/accept", who)["id"]
        until(lambda: self.status(request_id) == "assigned")
        self.post(f"/tasks/{task}/check_in", who)
        self.post(f"/tasks/{task}/complete", who, result="换了灯泡", minutes=40)
        self.post(f"/requests/{request_id}/resolve", HEAD)
        self.post(f"/requests/{request_id}/confirm", VILLAGER, solved="yes")
        assert self.status(request_id) == "closed"
        until(self.quiet)

    def nobody_was_told_twice(self, request_id: str) -> None:
        """One line per event and person, one message per line, and no message besides."""
        until(self.quiet, 200)
        lines = self.rows(
            "select n.event_id, n.person_id from notifications n where n.request_id = %s",
            UUID(request_id),
        )
        assert lines
        assert len(set(lines)) == len(lines)
        received = Counter(str(message["openid"]) for message in self.messages())
        assert self._pushed() <= received <= self._pushed(perhaps=True)

    def _pushed(self, perhaps: bool = False) -> Counter[str]:
        """How many messages each phone was certainly sent; or `perhaps`, where nobody can tell.

        A process that died in mid-call, killed by a test or by chance, may have sent its message.
        """
        unknown = "d.status = 'sending' or d.error = 'unknown_outcome'"
        return Counter(
            identities.openid_of(
                WechatIdentity(openid=plain, openid_sealed=sealed, person_id=whose)
            )
            for plain, sealed, whose in self.rows(
                "select w.openid, w.openid_sealed, w.person_id from deliveries d"
                " join notifications n on n.id = d.notification_id"
                " join wechat_identities w on w.person_id = n.person_id"
                f" where d.status = 'sent' or ({perhaps} and ({unknown}))"
            )
        )

    def no_place_was_given_twice(self, request_id: str, people: int = 1) -> None:
        holders = self.rows(
            "select p.person_id from places p join tasks t on t.id = p.task_id"
            " where t.request_id = %s and p.person_id is not null",
            UUID(request_id),
        )
        takers = self.one(
            "select count(*) from offers where request_id = %s"
            " and status in ('accepted', 'checked_in', 'completed')",
            UUID(request_id),
        )
        assert len(set(holders)) == len(holders) == takers == people
