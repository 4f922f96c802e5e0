"""Calls one address over a few kept connections, one call at a time on each, from one process."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
import uuid
from dataclasses import dataclass, field

HEAD = (
    "POST /api/v1/requests HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    "Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


@dataclass
class Round:
    """What a round measured; latencies are seconds, in no order."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def per_second(self) -> float:
        """Answered calls per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency that `share` of the calls stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class _Caller:
    """One connection: what it waits for, and since when."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.buffer = b""

    def send(self, message: bytes) -> None:
        self.buffer, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(message)

    def status(self) -> int | None:
        """Read what has come; the status once the answer is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed a kept connection")
        self.buffer += chunk
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return int(head[9:12]) if len(body) >= int(length) else None


def run(
    port: int, bodies: list[bytes], tokens: list[str], seconds: float, connections: int
) -> Round:
    """Post `bodies` in turn, each with a key of its own, for `seconds`; return what it took."""
    turn = zip(itertools.cycle(bodies), itertools.cycle(tokens), strict=True)
    callers = [_Caller(port) for _ in range(connections)]
    found = Round(seconds)
    with selectors.DefaultSelector() as ready:
        for caller in callers:
            ready.register(caller.socket, selectors.EVENT_READ, caller)
            caller.send(_message(*next(turn)))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _ in ready.select(1.0):
                _take(key.data, found, end, turn)
    for caller in callers:
        caller.socket.close()
    return found


def _take(caller: _Caller, found: Round, end: float, turn: zip[tuple[bytes, str]]) -> None:
    status = caller.status()
    now = time.perf_counter()
    if status is None or now > end:
        return
    found.latencies.append(now - caller.sent_at)
    found.failed += status != 201
    caller.send(_message(*next(turn)))


def _message(body: bytes, token: str) -> bytes:
    head = HEAD.format(token=token, key=uuid.uuid4().hex, length=len(body))
    return head.encode() + body
