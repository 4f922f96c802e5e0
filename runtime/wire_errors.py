"""What gunicorn answers by itself, before the application sees a call: problem details as well.

Nothing of what was sent comes back or is logged: an address line may hold anything.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress

from gunicorn import util

from village.catalog.files import read

CODES = {414: "uri_too_long", 417: "malformed", 431: "headers_too_large"}


def install() -> None:
    """Let gunicorn write its errors so, in this process."""
    util.write_error = write


def write(client: socket.socket, status: int, reason: str, _: str) -> None:
    """Answer a call that could not be read, as gunicorn's own function does."""
    code = CODES.get(status, "malformed" if status < 500 else "error")
    titles = {row["code"]: row["zh"] for row in read("problem_titles")}
    body = json.dumps(
        {
            "type": f"urn:wuzhan:problem:{code}",
            "title": titles[code],
            "status": status,
            "code": code,
            "detail": reason,
            "request_id": "",
            "retryable": False,
        },
        ensure_ascii=False,
    ).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with suppress(OSError):  # who sends nonsense may have gone
        util.write_nonblock(client, head.encode() + body)
