"""Starting the API anew, with real processes in gunicorn's place."""

from __future__ import annotations

import socket
import sys

import pytest

from runtime import settings, wsgi

SAYS = "import os, time; os.write(int(os.environ['WUZHAN_LOADED_FD']), b'.'); time.sleep(60)"
DIES = "raise SystemExit(3)"


def renewed(monkeypatch: pytest.MonkeyPatch, first: str, then: str) -> tuple[list[int], list[int]]:
    """Return the processes behind the socket before and after it was told to start anew."""
    programs = iter((first, then))
    monkeypatch.setattr(wsgi, "command", lambda *_: [sys.executable, "-c", next(programs)])
    api = wsgi._Api(settings.load().with_values(api_processes=1))
    with socket.create_server(("127.0.0.1", 0)) as door:
        assert wsgi._loaded(api._start(door), 1)
        before = [process.pid for process in api.running]
        api._restart(door)
        after = [process.pid for process in api.running if process.poll() is None]
        api.stop()
        for process in api.running:
            process.wait(10)
    return before, after


def test_new_processes_take_the_place_of_the_old(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = renewed(monkeypatch, SAYS, SAYS)
    assert len(after) == 1
    assert after != before


def test_code_that_does_not_start_leaves_the_old_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = renewed(monkeypatch, SAYS, DIES)
    assert after == before
