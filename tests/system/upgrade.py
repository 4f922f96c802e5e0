"""An upgrade under load: an older version and this one serve one database at the same time.

`make upgrade FROM=commit`: the older code seeds a database and serves; its schema is brought to
the newest while people write; this code begins to serve beside it; at last the older one ends.
Prints how many calls each answered, and every one that failed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import requests

from tests.conftest import memory_folder
from tests.system.faults import Servers
from tests.system.stack import A_LAMP, HEAD, QUEUES, ROOT, VILLAGER, Stack, until
from tests.system.test_restart import OPEN_ROWS, phone
from village import keys

SECONDS = 20.0
WRITERS = 2
FILL = "import sys; from tests.conftest import fill; fill(sys.argv[1])"
PROCESSES = ("api", "relay", *(f"worker-{queue}" for queue in QUEUES))


@dataclass
class Load:
    """People who write, read and accept, at one version's address."""

    name: str
    stack: Stack
    over: threading.Event = field(default_factory=threading.Event)
    said: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.stack.login(HEAD)
        self.threads = [threading.Thread(target=self._go_on) for _ in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _go_on(self) -> None:
        link = phone(self.stack)
        while not self.over.is_set():
            made = self._call(link, "POST", "/requests", A_LAMP)
            if made is not None:
                self.made.append(made["id"])
                self._call(link, "GET", f"/requests/{made['id']}")
                self._call(link, "POST", f"/requests/{made['id']}/accept", {}, HEAD)
            self._call(link, "GET", "/requests?scope=mine")
            self._call(link, "GET", "/notifications")

    def _call(
        self, link: requests.Session, method: str, path: str, body: object = None, who: str = ""
    ) -> dict[str, str] | None:
        headers = {"Idempotency-Key": uuid4().hex, **(self.stack.login(who or VILLAGER))}
        url = f"{self.stack.url}/api/v1{path}"
        try:
            answer = link.request(method, url, json=body, headers=headers, timeout=30)
        except requests.RequestException as error:
            self.failed.append(f"{self.name}: {method} {path}: {error!r}")
            return None
        self.said[f"{method} {answer.status_code}"] += 1
        if not answer.ok:
            self.failed.append(f"{self.name}: {method} {path}: {answer.status_code} {answer.text}")
            return None
        found: dict[str, str] = answer.json()
        return found


@contextmanager
def older(commit: str) -> Iterator[Path]:
    """The older version's code, in a work tree of its own."""
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-older-"))
    git = ("git", "-C", str(ROOT), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextmanager
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-upgrade-", dir=memory_folder()))
    folder.chmod(0o711)
    both = Servers(folder)
    try:
        both.start("postgres")
        both.start("valkey")
        keys.made(folder / keys.FILE)
        os.environ["WUZHAN_KEYS_FILE"] = str(folder / keys.FILE)
        yield both
    finally:
        for server in both.running.values():
            server.stop()
        shutil.rmtree(folder)


def upgrade(commit: str) -> list[Load]:
    """Play the upgrade; return what both versions' callers were answered."""
    with older(commit) as code, servers() as both:
        urls = [both.running[name].url for name in ("postgres", "valkey")]
        subprocess.run([sys.executable, "-c", FILL, urls[0]], cwd=code, check=True)
        old = Stack(*urls, both.folder, code=code)
        new = Stack(*urls, both.folder, sandbox_port=old.sandbox_port)
        try:
            old.start_all()
            return _played(old, new)
        finally:
            for stack in (new, old):
                stack.stop()


def _played(old: Stack, new: Stack) -> list[Load]:
    loads = [Load("older", old), Load("this", new)]
    loads[0].begin()
    time.sleep(SECONDS / 4)
    for command in ("migrate", "seed"):
        order = [sys.executable, "-m", "runtime.cli", command]
        subprocess.run(order, cwd=ROOT, env=new.environment(), check=True)
    new.start(*PROCESSES)
    until(lambda: new.ready() == "ok")
    loads[1].begin()
    time.sleep(SECONDS)
    loads[0].end()
    for name in PROCESSES:
        process = old.running.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    time.sleep(SECONDS / 4)
    loads[1].end()
    until(lambda: new.one(OPEN_ROWS) == 0)
    kept = {row[0] for row in new.rows("select id::text from requests")}
    for load in loads:
        load.failed += [f"{load.name}: lost {made}" for made in set(load.made) - kept]
    return loads


def main() -> None:
    """Run it, and say what came of it; ends with 1 where a call failed."""
    loads = upgrade(sys.argv[1])
    for load in loads:
        print(f"{load.name:<6} {load.said.total():>6} calls {dict(load.said)}")  # noqa: T201
    failed = [line for load in loads for line in load.failed]
    print(f"{len(failed)} failed", *failed[:20], sep="\n")  # noqa: T201
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
