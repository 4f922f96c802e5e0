"""The second ceiling of intake: its own statements, sent by hand in psycopg's pipeline.

`record` notes what one call sends to the database; `create` serves an application that sends the
same for every call, with new ids and keys, in one round trip and one transaction.
"""

from __future__ import annotations

import os
import pickle
import re
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import LifoQueue
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, Response, request
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

SIZE = 8
NEW = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
Statement = tuple[str, dict[str, Any]]


def record(engine: sa.Engine, call: Callable[[], object], key: str, file: Path) -> int:
    """Keep in `file` the statements of one call, which has sent `key`; return how many."""
    found: list[Statement] = []

    def note(_link: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        found.append((statement, dict(values)))

    began = int(time.time() * 1000)
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    file.write_bytes(pickle.dumps((found, sorted(_made(found, began)), key)))
    return len(found)


def _made(statements: list[Statement], began: int) -> set[str]:
    """The ids that were made since, by the time in a UUIDv7."""
    texts = (_text(value) for _, values in statements for value in values.values())
    ids = {each for text in texts for each in NEW.findall(text)}
    return {each for each in ids if uuid.UUID(each).int >> 80 >= began}


def _text(value: Any) -> str:
    return repr(value.obj if isinstance(value, Jsonb) else value)


def create() -> Flask:
    """Build the application; CEILING_URL is the database, CEILING_FILE what was recorded."""
    statements, made, key = pickle.loads(Path(os.environ["CEILING_FILE"]).read_bytes())
    changing = [_changing(values, [*made, key]) for _, values in statements]
    app, pool = Flask("pipeline"), LifoQueue[psycopg.Connection](SIZE)
    for _ in range(SIZE):
        pool.put(psycopg.connect(os.environ["CEILING_URL"], prepare_threshold=0))

    @app.post("/api/v1/requests")
    def send() -> tuple[Response, int]:
        request.get_json()
        ids = {old: str(uuid7()) for old in made} | {key: secrets.token_hex(16)}
        link = pool.get()
        try:
            with link.transaction(), link.pipeline():
                cursors = [
                    link.execute(sql, values | _renewed(values, names, ids))
                    for (sql, values), names in zip(statements, changing, strict=True)
                ]
                for cursor in cursors:
                    if cursor.description is not None:
                        cursor.fetchall()
        finally:
            pool.put(link)
        return Response(f'{{"id":"{ids[made[0]]}"}}', mimetype="application/json"), 201

    return app


def _changing(values: dict[str, Any], olds: list[str]) -> list[str]:
    """The names of what differs from call to call; the number of a lock is of the key."""
    return [
        name
        for name, value in values.items()
        if name == "number" or any(old in _text(value) for old in olds)
    ]


def _renewed(values: dict[str, Any], names: list[str], ids: dict[str, str]) -> dict[str, Any]:
    return {name: _anew(name, values[name], ids) for name in names}


def _anew(name: str, value: Any, ids: dict[str, str]) -> Any:
    if name == "number":
        return secrets.randbits(62)
    if isinstance(value, uuid.UUID):
        return uuid.UUID(ids[str(value)])
    if isinstance(value, Jsonb):
        return Jsonb(_deep(value.obj, ids), value.dumps)
    return _replaced(value, ids)


def _deep(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _deep(below, ids) for name, below in value.items()}
    if isinstance(value, list):
        return [_deep(below, ids) for below in value]
    return _replaced(value, ids) if isinstance(value, str) else value


def _replaced(text: str, ids: dict[str, str]) -> str:
    for old, new in ids.items():
        text = text.replace(old, new)
    return text
