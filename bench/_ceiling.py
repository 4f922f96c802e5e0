"""The ceiling of intake: bare Flask, and one insert by psycopg from a pool, a commit each."""

from __future__ import annotations

import os
import uuid
from queue import LifoQueue

import psycopg
from flask import Flask, Response, request

SIZE = 8
TABLE = "CREATE TABLE IF NOT EXISTS ceiling (id uuid PRIMARY KEY, village text, body text)"


def create() -> Flask:
    """Build the application; CEILING_URL is the database, as libpq reads it."""
    app, pool = Flask("ceiling"), LifoQueue[psycopg.Connection](SIZE)
    with psycopg.connect(os.environ["CEILING_URL"]) as link:
        link.execute("SELECT pg_advisory_xact_lock(1)")  # several processes start at once
        link.execute(TABLE)
    for _ in range(SIZE):
        pool.put(psycopg.connect(os.environ["CEILING_URL"], autocommit=True))

    @app.post("/api/v1/requests")
    def insert() -> tuple[Response, int]:
        sent, row_id = request.get_json(), uuid.uuid4()
        link = pool.get()
        try:
            values = (row_id, sent["village"], sent["text"])
            link.execute("INSERT INTO ceiling VALUES (%s, %s, %s)", values)
        finally:
            pool.put(link)
        return Response(f'{{"id":"{row_id}"}}', mimetype="application/json"), 201

    return app
