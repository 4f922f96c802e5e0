"""Every endpoint × caller × object, over HTTP, against the access table as it was agreed.

`test_access_table` holds the code's matrix and the workflows' `who` to the same table. Each call
runs in a savepoint that is taken back, so that every caller meets the same county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from zlib import crc32

import pytest
from werkzeug.routing import Rule

from service.api import ops
from service.app import DOORS
from tests.pictures import form, picture
from tests.service import world as roster
from tests.service.access_table import agreed
from tests.service.conftest import County, Trial
from tests.service.house import assisted, bare_app, login_code
from tests.service.world import CALLERS, HOME, STATION, World
from village import clock
from village.catalog.privacy import PRIVACY_VERSION
from village.matrix import HIDDEN, MATRIX
from village.relations import (
    ABOVE,
    ANYONE,
    CHAIR,
    CLERK,
    HANDLER,
    LOOPBACK,
    OWNER,
    PUBLIC,
    STAND_IN,
)
from village.workflow.request import REQUEST

# Pages that hold nothing of anybody's.
OPEN_PAGES = {
    "home", "phone", "swagger", "api-docs.openapi_json", "api-docs.openapi_swagger_ui",
}  # fmt: skip
# Lists whose scope decides which row opens them.
SCOPES = {
    "request.list": {
        "station": "request.list_station",
        "village": "request.list_village",
        "stand_in": "village.triage",
        "escalated": "request.list_escalated",
        "on_duty": "request.list_on_duty",
    },
    "task.list": {"station": "task.list_station"},
}
OF_RUNGS = ("village.triage", "request.list_escalated")
AGREED = agreed()
# For actions these stand for callers as "at work" does; reading them is tried in any case.
ALIKE = (
    "submitted", "hidden", "elsewhere", "safe", "safe dispute", "kin",
    "entered draft", "entered dispute",
)  # fmt: skip
ACTS = ("request.act", "request.exclude", "request.parties")
SENDING = ("POST", "PUT")
OUTCOMES = {401: "who?", 403: "forbidden", 404: "unknown"}
REASON = {"reason": "因为"}
BODIES: dict[str, dict[str, Any]] = {
    "ask": {"question": "在哪里？"},
    "answer": {"text": "在村口"},
    "answers": {"solved": "yes"},
    "route": {"station": "culture", "reason": "归他们"},
    "ask_chair": REASON,
    "reject": {"reason": "spam", "advice": "请另找"},
    "submit_result": {"result": "做好了"},
    "send_back": REASON,
    "ask_review": REASON,
    "uphold": {"advice": "请打12345"},
    "ask_unresolved": REASON,
    "try_again": REASON,
    "countersign": {**REASON, "advice": "请打12345"},
    "heard": {"text": "第三盏"},
    "complaints": {
        "village": HOME,
        "office": "head",
        "station": "public_works",
        "reason": "rude",
        "text": "说话难听",
    },
    "volunteer": {
        "stations": ["culture"],
        "times": "weekends",
        "birth_year": 1980,
        "consent_version": PRIVACY_VERSION,
    },
    "object": {"text": "我就住在村里"},
    "guardian-consents": {"code": "0" * 12},
    "consent": {"guardian": "程大山"},
    "decline": REASON,
    "training": {"needed": True},
    "dispute": {"text": "没有这么久"},
    "correct": {"minutes": 30, "text": "问过了"},
    "duty-reports": {"village": HOME, "kind": "danger", "text": "有人住在危房里"},
    "report": {"authority": "police", "receiver": "派出所"},
    "receipt": {"text": "已受理"},
    "dismiss": REASON,
    "revoke": REASON,
    "verify": {"number": "ZM20260101-00000000", "code": "0" * 12},
    "papers": {"kind": "training", "issuer": "县红十字会", "valid_from": str(clock.today())},
    "raise": {"text": "还是不行"},
    "escalate": REASON,
    "re_raise": REASON,
    "answer_escalation": {"text": "请乡里帮忙"},
    "suspend": {"reason": "weather", "until": str(clock.today() + timedelta(days=3))},
    "confirm": {"solved": "yes"},
    "call_back": {"solved": "yes"},
    "done": {"reached": True},
    "helped": {"helped": "yes"},
    "hide_me": {"hide": True},
    "merge": {"into": "01900000-0000-7000-8000-000000000000"},
    "reopen": REASON,
    "refer": {"referral": "water"},
    "hand_over": {"receiver": "镇政府", "contact": "镇政府办公室", "basis": "consent"},
    "emergency": {"danger_now": False},
    "complete": {"result": "做好了", "minutes": 30},
    "assisted": assisted(),
    "requests": {"village": HOME, "text": "路灯坏了", "consent_version": PRIVACY_VERSION},
    "similar": {"village": HOME, "text": "路灯坏了"},
    "preview": {"village": HOME, "text": "路灯坏了"},
    "consents": {"document": "privacy", "version": PRIVACY_VERSION, "accepted": True},
    "village": {"village": HOME},
    "profile": {"name": "某某"},
    "widen": {"circle": "village"},
    "agreements": {"with": "990103"},
    "duty": {"shifts": []},
    "absence": {"from": None},
    "phoned": {"reached": True},
    "hours": {"from": "08:00", "to": "20:00", "days": "every_day"},
    "rest": {"until": None},
    "parties": {"parties": []},
    "too_close": {"kind": "kin"},
    "dispatch-settings": {"hold": True},
    "subscriptions": {"moment": "on_accept", "results": {}, "client_id": "tap"},
    "dry_run": {
        "village": HOME,
        "rule": {"title": "井", "words": ["水井"], "to": "station", "station": "sanitation"},
    },
    "routing-proposals": {
        "title": "井归卫生站",
        "words": ["水井"],
        "to": "station",
        "station": "sanitation",
        "reason": "井都是卫生站管",
    },
    "refuse": {"answer": "不用"},
    "routing-rules": {
        "title": "井归卫生站",
        "words": ["水井"],
        "to": "station",
        "station": "sanitation",
    },
}


# Of two actions with one name the one whose body is another.
PLACED: dict[tuple[str, str], dict[str, Any]] = {
    ("offers", "decline"): {},
    ("hour-certificates", "refuse"): REASON,
}


@dataclass(frozen=True)
class Endpoint:
    """A way into the house: how it is called, and which permission opens it."""

    name: str
    method: str
    rule: str
    permission: str


def outcome(trial: Trial, endpoint: Endpoint, path: str, caller: str | None) -> str:
    """What a call comes to; nothing of it stays."""
    real = trial.county.house
    who = "applicant" if endpoint.name.startswith("volunteers.") else "member"
    path = path.replace("<uuid:person_id>", getattr(trial.county.world, who))
    path = path.replace("<uuid:paper_id>", trial.county.world.paper)
    path = path.replace("<uuid:file_id>", trial.county.world.file)
    headers = real.login(caller) if caller else {}
    house = real if endpoint.name.startswith("ops.") else trial.house
    with trial.taken_back():
        answer = house.client.open(
            path, method=endpoint.method, headers=headers, **_sent(trial.county, path, endpoint)
        )
    said = answer.json or {} if answer.is_json else {}
    assert answer.status_code < 500, (path, caller, said)
    assert "errors" not in said, ("the test sends a wrong body", path, said)
    return OUTCOMES.get(answer.status_code, "open")


def _sent(county: County, path: str, endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.name == "files.send":
        return form(picture(size=(8, 8)))
    return {"json": _body(county, path, endpoint.method)} if endpoint.method in SENDING else {}


def endpoints() -> list[Endpoint]:
    """All rules of the app's map that are not open pages; a rule without permission fails."""
    found = []
    for rule in bare_app().url_map.iter_rules():
        if rule.endpoint not in OPEN_PAGES:
            found += [Endpoint(*facts, permission_of(rule)) for facts in _methods(rule)]
    return sorted(found, key=lambda each: (each.rule, each.method))


def _methods(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        yield rule.endpoint, method, rule.rule


def permission_of(rule: Rule) -> str:
    room, _, view = rule.endpoint.partition(".")
    if room == "ops":
        return ops.PERMISSIONS[view]
    permissions: dict[str, str] = next(e.door.permissions for e in DOORS if e.door.name == room)
    return permissions[view]


def _body(county: County, path: str, method: str) -> dict[str, Any]:
    last, house = path.rpartition("/")[2], county.house
    if path.endswith("/break-glass"):
        return {"number": county.world.number, "reason": "修复一个显示错误"}
    if path.endswith("/me/phone"):
        return {"code": "phone.0"} if method == "POST" else {"number": "0" * 10}
    if (placed := PLACED.get((path.split("/")[3], last))) is not None:
        return placed
    if path.endswith("/requests/claim"):
        return {"slip_code": "0" * 12}
    if last == "exclusions":
        return {"person": county.world.member}
    if last == "invite":
        return {"person": county.world.member}
    if last == "pairs":
        return {"request": county.world.cases["submitted"].id, "volunteers": [county.world.member]}
    if path.endswith("/auth/wechat"):
        return {"code": login_code("u041")}
    if path.endswith("/auth/refresh"):
        return {"refresh_token": house.tokens(login_code("u041"))["refresh_token"]}
    return {} if path.endswith("/read") else BODIES.get(last, {})


ENDPOINTS = endpoints()
IDS = [f"{each.method} {each.rule}" for each in ENDPOINTS]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=IDS)
def test_every_caller_meets_what_the_table_says(trial: Trial, endpoint: Endpoint) -> None:
    wrong = []
    for path, relations, permission in _doors(trial.county.world, endpoint):
        for caller in (None, *CALLERS):
            expected = _expected(endpoint, permission, caller, relations)
            found = outcome(trial, endpoint, path, caller)
            if found != expected:
                who = CALLERS.get(caller or "", "anonymous")
                wrong.append(f"{path} as {caller} ({who}): {found}, the table says {expected}")
    assert wrong == []


Relations = Callable[[str], set[str]]

# Endpoints whose object is named in the body.
IN_BODY: dict[str, Relations] = {
    "/api/v1/requests/assisted": roster.to_assist,
    "/api/v1/routing/dry_run": roster.to_home,
    "/api/v1/duty-reports": roster.to_alarm,
    "/api/v1/break-glass": roster.to_glass,
}


def _doors(world: World, endpoint: Endpoint) -> Iterator[tuple[str, Relations, str]]:
    """Every object that an endpoint can be called on: its path, who stands how, permission."""
    found = next((find for part, find in OBJECTS.items() if part in endpoint.rule), None)
    if found is not None:
        part = endpoint.rule[endpoint.rule.index("<") : endpoint.rule.index(">") + 1]
        for value, relations in found(world, endpoint):
            yield endpoint.rule.replace(part, value), relations, endpoint.permission
        return
    yield endpoint.rule, IN_BODY.get(endpoint.rule, _own), endpoint.permission
    for scope, row in SCOPES.get(endpoint.permission, {}).items():
        relations = _above if row in OF_RUNGS else _offices
        yield f"{endpoint.rule}?scope={scope}", relations, row


Objects = Iterator[tuple[str, Relations]]


def _requests(world: World, endpoint: Endpoint) -> Objects:
    """All of them to be read; for an action the one at work, and every third of those unlike it.

    Actions share one door: each of these objects meets a third of them.
    """
    at = crc32(endpoint.rule.encode())
    unlike = [case for case in world.cases.values() if case.name not in ALIKE]
    chosen = [
        case for turn, case in enumerate(unlike, at) if case.name == "at work" or not turn % 3
    ]
    for case in chosen if endpoint.permission in ACTS else world.cases.values():
        yield case.id, partial(roster.to_case, case=case)


def _offers(world: World, endpoint: Endpoint) -> Objects:
    for code, offer in world.offers.items():
        yield offer, partial(roster.to_offer, invited=code)


def _tasks(world: World, endpoint: Endpoint) -> Objects:
    yield world.task, partial(roster.to_task, world=world)


def _stations(world: World, endpoint: Endpoint) -> Objects:
    yield STATION, partial(roster.to_station, village=HOME, station="public_works")


def _villages(world: World, endpoint: Endpoint) -> Objects:
    """Of a village's people the one who applied to its station of culture is tried."""
    at = partial(roster.to_station, village=HOME, station="culture")
    yield HOME, at if "<uuid:person_id>" in endpoint.rule else roster.to_home


def _agreements(world: World, endpoint: Endpoint) -> Objects:
    yield world.agreement, partial(roster.to_agreement, kind="public_works")


def _pairs(world: World, endpoint: Endpoint) -> Objects:
    yield world.pair, partial(roster.to_pair, world=world)


def _rules(world: World, endpoint: Endpoint) -> Objects:
    yield world.rule, roster.to_home


def _calls(world: World, endpoint: Endpoint) -> Objects:
    yield world.call, lambda code: {OWNER} if code == roster.ENTERED_BY else set()


def _phone_tasks(world: World, endpoint: Endpoint) -> Objects:
    yield world.phone_task, lambda code: {CLERK} if code == roster.CLERK else set()


def _glass(world: World, endpoint: Endpoint) -> Objects:
    yield world.glass, roster.to_glass


def _reports(world: World, endpoint: Endpoint) -> Objects:
    """Raised by the head of public works about no request: read by station, chair and clerk."""
    yield world.report, roster.to_report


def _records(world: World, endpoint: Endpoint) -> Objects:
    """A draft of her who is at the lamp, for her station's officers and the chair."""
    at = partial(roster.to_station, village=HOME, station="public_works")
    yield world.record, lambda code: {OWNER} if code == world.worker else at(code)


def _complaints(world: World, endpoint: Endpoint) -> Objects:
    """About the head of public works, by u041: her village's chair has it, and nobody else."""
    known = {"u041": {OWNER}, "u001": {HANDLER}}
    yield world.complaint, lambda code: known.get(code, set())


def _lines(world: World, endpoint: Endpoint) -> Objects:
    yield world.line, lambda code: {OWNER} if code == "u041" else set()


def _papers(world: World, endpoint: Endpoint) -> Objects:
    """On the hours of her who is at the lamp; her village's chair sees it, the clerk issues it."""
    known = {world.worker: {OWNER}, "u001": {CHAIR}, roster.CLERK: {CLERK}}
    yield world.certificate, lambda code: known.get(code, set())


OBJECTS: dict[str, Callable[[World, Endpoint], Objects]] = {
    "<uuid:request_id>": _requests,
    "<uuid:offer_id>": _offers,
    "<uuid:task_id>": _tasks,
    "<string:station>": _stations,
    "<string:village>": _villages,
    "<uuid:notification_id>": _lines,
    "<uuid:call_id>": _calls,
    "<uuid:agreement_id>": _agreements,
    "<uuid:pair_id>": _pairs,
    "<uuid:rule_id>": _rules,
    "<uuid:phone_task_id>": _phone_tasks,
    "<uuid:complaint_id>": _complaints,
    "<uuid:report_id>": _reports,
    "<uuid:record_id>": _records,
    "<uuid:glass_id>": _glass,
    "<uuid:certificate_id>": _papers,
}


def _own(code: str) -> set[str]:
    """What belongs to the caller herself: only volunteers have times at which they may be asked."""
    return {OWNER} if roster.is_volunteer(code) else set()


def _offices(code: str) -> set[str]:
    return {relation for relation, _, _ in roster.offices(code)}


def _above(code: str) -> set[str]:
    """By an office above the villages, and by no other: it stands in for chairs, and is asked."""
    return {STAND_IN, ABOVE} if STAND_IN in roster.to_home(code) else set()


def _expected(endpoint: Endpoint, permission: str, caller: str | None, relations: Relations) -> str:
    opened = AGREED[permission]
    if opened & {PUBLIC, LOOPBACK}:  # the test client calls from loopback
        return "open"
    if caller is None:
        return "who?"
    mine = relations(caller)
    if ANYONE in opened or (mine & opened and mine & _actors(endpoint, permission, opened)):
        return "open"
    return "forbidden" if _may_know(permission, mine) else "unknown"


def _actors(endpoint: Endpoint, permission: str, opened: frozenset[str]) -> set[str]:
    """Those to whom the workflow's table gives the action; for everything else `opened`."""
    if permission != "request.act":
        return set(opened)
    action = endpoint.rule.rpartition("/")[2]
    return set(AGREED[f"action: request {'no_danger' if action == 'emergency' else action}"])


def _may_know(permission: str, mine: set[str]) -> bool:
    """Stations and villages are known to everybody; all else to those who may read it."""
    behind = HIDDEN.get(permission)
    return behind is None or bool(mine & AGREED[behind])


def test_every_row_of_the_table_opens_an_endpoint() -> None:
    asked = {endpoint.permission for endpoint in ENDPOINTS}
    asked |= {row for rows in SCOPES.values() for row in rows.values()}
    assert asked == set(MATRIX)


def test_an_endpoint_without_a_row_is_refused_when_it_is_declared() -> None:
    from service.door import Door

    with pytest.raises(KeyError, match=r"request\.shred"):
        Door("test", __name__).open("POST", "/shred", permission="request.shred")(print)


def test_an_action_of_the_workflow_has_an_endpoint() -> None:
    named = {endpoint.rule.rpartition("/")[2] for endpoint in ENDPOINTS}
    by_another_name = {"submit", "hold", "danger", "no_danger", "split_off", "still_open"}
    assert set(REQUEST.actions()) - by_another_name <= named


def test_nobody_knows_of_what_does_not_exist(county: County) -> None:
    """An unknown id and one that is not hers to know give the same answer."""
    sealed = county.world.cases["sealed"].id
    for path in (
        f"/requests/{sealed}",
        f"/requests/{sealed}/timeline",
        f"/tasks/{county.world.task}",
    ):
        unknown = path.replace(sealed, NOBODYS).replace(county.world.task, NOBODYS)
        answers = [county.house.get(each, "u141").json for each in (path, unknown)]
        for answer in answers:
            assert answer is not None
            assert answer.pop("request_id")
        assert answers[0] == answers[1]


NOBODYS = "01900000-0000-7000-8000-000000000000"
