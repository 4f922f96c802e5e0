"""What people's phones hold: grants, received messages, and when each was last used.

Grants and messages are appended to a file of JSON lines, if one is given, and survive a restart.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path
from typing import Any

from wechat.sandbox.credentials import Clock
from wechat.sandbox.faults import Refusal

SEEN_SECONDS = 2 * 60 * 60
MESSAGES_KEPT = 500
# Real message ids look like this: above 2^53, so that a client that makes them floats is found out.
FIRST_MSGID = 1_988_810_812_324_364_291


class Phones:
    """Grants and messages of every openid, who is being sent to, and who logged in when."""

    def __init__(self, clock: Clock, auto_grant: int, path: Path | None) -> None:
        self._clock = clock
        self._auto_grant = auto_grant
        self._grants: dict[tuple[str, str], int] = {}
        self._messages: dict[str, deque[dict[str, Any]]] = {}
        self._next_msgid = FIRST_MSGID
        self._sending: set[str] = set()
        self._seen_at: dict[str, float] = {}
        self._lock = threading.RLock()
        self._path: Path | None = None
        if path:
            self._load(path)

    def saw(self, openid: str) -> None:
        """Notes that `openid` uses the mini-program now."""
        with self._lock:
            self._seen_at[openid] = self._clock()

    def seen_lately(self, openid: str) -> bool:
        """Whether `openid` used the mini-program within two hours."""
        with self._lock:
            return self._clock() - self._seen_at.get(openid, float("-inf")) <= SEEN_SECONDS

    def grant(self, openid: str, template_id: str, count: int) -> int:
        """Adds `count` accepted taps (0: switches the template off); returns what remains."""
        with self._lock:
            held = self._grants.get((openid, template_id), self._auto_grant)
            remaining = max(0, held + count) if count else 0
            self._set_grant(openid, template_id, remaining)
            return remaining

    def begin_send(self, openid: str) -> None:
        """Refuses 43108 while another send to `openid` is under way."""
        with self._lock:
            if openid in self._sending:
                raise Refusal(43108, "Cannot make concurrent calls to the same OpenID")
            self._sending.add(openid)

    def end_send(self, openid: str) -> None:
        """Lets the next send to `openid` in."""
        with self._lock:
            self._sending.discard(openid)

    def deliver(self, openid: str, message: dict[str, Any]) -> int:
        """Spends one grant and puts `message` on the phone; returns its msgid. Refuses 43101."""
        with self._lock:
            template_id = str(message["template_id"])
            held = self._grants.get((openid, template_id), self._auto_grant)
            if held <= 0:
                raise Refusal(43101, "user refuse to accept the msg")
            self._set_grant(openid, template_id, held - 1)
            msgid = self._next_msgid
            self._keep({"openid": openid, "msgid": str(msgid), **message})
            return msgid

    def messages(self, openid: str | None) -> list[dict[str, Any]]:
        """What the phone of `openid` (or every phone) has received, oldest first."""
        with self._lock:
            boxes = [self._messages.get(openid, deque())] if openid else self._messages.values()
            return sorted((m for box in boxes for m in box), key=lambda m: int(m["msgid"]))

    def _set_grant(self, openid: str, template_id: str, remaining: int) -> None:
        self._grants[openid, template_id] = remaining
        self._append({"grants": [openid, template_id, remaining]})

    def _keep(self, message: dict[str, Any]) -> None:
        box = self._messages.setdefault(message["openid"], deque(maxlen=MESSAGES_KEPT))
        box.append(message)
        self._next_msgid = max(self._next_msgid, int(message["msgid"]) + 1)
        self._append({"message": message})

    def _append(self, line: dict[str, Any]) -> None:
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _load(self, path: Path) -> None:
        """Replays the file, and writes it anew without what has been superseded."""
        lines = path.read_text("utf-8", errors="replace").split("\n") if path.exists() else []
        for line in lines:
            self._replay(line)
        self._path = path.with_name(path.name + ".new")
        self._path.write_text("", "utf-8")
        for (openid, template_id), remaining in self._grants.items():
            self._append({"grants": [openid, template_id, remaining]})
        for message in self.messages(None):
            self._append({"message": message})
        self._path.replace(path)
        self._path = path

    def _replay(self, line: str) -> None:
        try:
            entry = json.loads(line)
            if "grants" in entry:
                openid, template_id, remaining = entry["grants"]
                self._grants[str(openid), str(template_id)] = int(remaining)
            else:
                self._keep(entry["message"])
        except (ValueError, TypeError, KeyError):
            # The last line of a killed process may be torn.
            return
