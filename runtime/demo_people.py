"""The demo county's people as callers: who may log in, what they are, and their phones."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

API = "/api/v1"
TIMEOUT_SECONDS = (5, 30)
HEAD_ROLES = ("head", "deputy")

Body = dict[str, Any]
Show = Callable[[Iterable[Body]], Iterable[Body]]


class DemoError(Exception):
    """The demo cannot go on: the address is wrong, or what runs there is no demo."""


class Refused(Exception):
    """The service answered a call with a problem; `code` is the problem's."""

    def __init__(self, what: str, problem: Mapping[str, Any]) -> None:
        self.code = str(problem.get("code", ""))
        detail = problem.get("detail") or "no detail"
        super().__init__(f"{what} answered {problem.get('status')} {self.code}: {detail}")


@dataclass
class Line:
    """A connection to the service that every demo phone shares."""

    url: str
    session: requests.Session

    def __post_init__(self) -> None:
        # Every POST carries a key, so that it may be sent again.
        again = Retry(total=4, backoff_factor=0.2, status_forcelist=(503,), allowed_methods=None)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=again))

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Body | None = None,
        key: str | None = None,
    ) -> Body:
        """Call the API and return the body of its answer; raises Refused, DemoError.

        `key`: of a POST that is repeated; each has a new one else.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        try:
            answer = self.session.request(
                method, self.url + API + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
            )
            found: Body = answer.json() if answer.content else {}
        except requests.RequestException as error:
            raise DemoError(f"{self.url} does not answer as Wuzhan does.") from error
        if not answer.ok:
            raise Refused(f"{method} {path}", found)
        return found


@dataclass(frozen=True)
class Phone:
    """One person's phone, logged in."""

    line: Line
    token: str
    person: Body
    label: str

    def get(self, path: str) -> Body:
        """Read `path` of the API; raises Refused."""
        return self.line.call("GET", path, token=self.token)

    def post(self, path: str, body: Body | None = None, key: str | None = None) -> Body:
        """Post to `path` of the API; raises Refused."""
        return self.line.call("POST", path, token=self.token, body=body or {}, key=key)

    def pages(self, path: str) -> Iterator[Body]:
        """Yield the items of a list, page after page; `path` has a query already."""
        cursor = ""
        while True:
            page = self.get(f"{path}&limit=100{cursor}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={page['next_cursor']}"

    def holds(self, role: str, village: str, station: str | None = None) -> bool:
        """Tell whether she holds this office."""
        office = (role, village, station)
        return any((r["role"], r["village"], r["station"]) == office for r in self.person["roles"])


@dataclass(frozen=True)
class County:
    """Everybody of the demo by code, and what the catalog says of stations and categories."""

    phones: dict[str, Phone]
    station_names: dict[str, str]
    next_steps: dict[str, str]

    def chair(self, village: str) -> Phone:
        """Return the chair of a village's association; DemoError when there is none."""
        for phone in self.phones.values():
            if phone.holds("chair", village):
                return phone
        raise DemoError(f"Nobody is chair of {village} any more; begin with a new data folder.")

    def staff(self, village: str, station: str) -> list[Phone]:
        """Return who may act for a station: its head, its deputy, then the chair."""
        own = [
            phone
            for role in HEAD_ROLES
            for phone in self.phones.values()
            if phone.holds(role, village, station)
        ]
        return [*own, self.chair(village)]

    def volunteers(self, village: str, station: str) -> list[Phone]:
        """Return the volunteers of a station, whose label begins with its name."""
        name = self.station_names[f"{village}.{station}"]
        return [
            phone
            for phone in self.phones.values()
            if phone.person["is_volunteer"] and phone.label.startswith(name)
        ]


@contextmanager
def open_county(url: str, show: Show = lambda people: people) -> Iterator[County]:
    """Log in all demo people of the service at `url`; `show` wraps the loop to show progress.

    Raises DemoError when nothing answers there, or nothing that is a demo.
    """
    with requests.Session() as session:
        try:
            county = _open(Line(url.rstrip("/"), session), show)
        except (Refused, KeyError) as error:
            raise DemoError(f"{url} does not answer as Wuzhan does: {error}") from error
        yield county


def _open(line: Line, show: Show) -> County:
    start = line.call("GET", "/bootstrap")
    if "demo_people" not in start:
        raise DemoError(f"{line.url} serves no demo county; nothing was sent there.")
    steps = {c["code"]: c["next_step"] for c in line.call("GET", "/categories")["items"]}
    phones = {
        person["code"]: _log_in(line, person, start["privacy_version"])
        for person in show(start["demo_people"])
    }
    return County(phones, start["station_names"], steps)


def _log_in(line: Line, person: Body, privacy_version: str) -> Phone:
    code = f"demo.demo-{person['code']}.{uuid.uuid4().hex}"
    login = line.call("POST", "/auth/wechat", body={"code": code})
    phone = Phone(line, login["access_token"], login["person"], person["role_label"])
    if "privacy" in login["needs"]:
        consent = {"document": "privacy", "version": privacy_version, "accepted": True}
        phone.post("/me/consents", consent)
    return phone
