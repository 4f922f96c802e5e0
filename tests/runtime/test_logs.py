from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from runtime import logs

log = logging.getLogger("tests.logs")


@pytest.fixture(autouse=True)
def keep_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    (only,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(only))


def test_an_event_is_one_json_line_with_process_and_facts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("relay")
    log.info("kept house", extra={"job_id": "0192"})
    facts = line(capsys)
    assert facts["message"] == "kept house"
    assert (facts["process"], facts["level"], facts["job_id"]) == ("relay", "INFO", "0192")


def test_an_exception_tells_type_and_place_but_no_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("api")
    try:
        raise ValueError("刘小禾的电话")
    except ValueError:
        log.exception("failed")
    facts = line(capsys)
    assert "刘小禾" not in json.dumps(facts, ensure_ascii=False)
    assert "ValueError at test_logs.py:" in facts["exc_info"]


def test_a_failed_connection_tells_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("api")
    try:
        raise ConnectionRefusedError("nobody listens")
    except ConnectionRefusedError:
        log.exception("failed")
    assert "nobody listens" in line(capsys)["exc_info"]
