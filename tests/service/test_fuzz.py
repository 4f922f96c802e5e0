"""The contract, fuzzed: whatever a caller sends, every answer is one that the contract names.

Each case is sent by nobody and by four roles; each call is taken back, so that all of them
meet the same county and a failure can be repeated. `WUZHAN_FUZZ_EXAMPLES` asks for more cases
(`make fuzz`: more than ten thousand), each of which is then one of thirty people's in turn.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.meta import TestPhase

from runtime import wiring
from tests.service import world as roster
from tests.service.conftest import Trial
from tests.service.world import HOME, STATION, World
from village.catalog.privacy import PRIVACY_VERSION

EXAMPLES = int(os.environ.get("WUZHAN_FUZZ_EXAMPLES", "3"))
LONG = EXAMPLES > 50
CALLERS = {"nobody": None, "requester": "u041", "volunteer": "worker", "head": "u006",
           "chair": "u001"}  # fmt: skip
EVERYBODY = (None, *roster.CALLERS)
SENT: Counter[str] = Counter()
load_all_checks()
CHECKED: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
    ]
)
CODES = {"village": HOME, "category": "PUB-08", "version": PRIVACY_VERSION}
VERSION = re.compile(r'"[0-9]{1,9}"')

Case = schemathesis.Case[Any]
_config = SchemathesisConfig()
_config.projects.default.generation.with_security_parameters = False
contract = schemathesis.openapi.from_dict(wiring.contract(), config=_config)


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Say how much was sent."""
    yield
    print(f"{SENT.total()} calls, answered {dict(sorted(SENT.items()))}")  # noqa: T201


@contract.parametrize()
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_in_the_contract(case: Case, trial: Trial) -> None:
    world = trial.county.world
    lead_somewhere(case, world)
    for person in callers_of(case, world):
        headers = trial.county.house.login(person) if person else {}
        with trial.taken_back():
            response = case.call(app=trial.house.app, headers=headers)
        SENT[str(response.status_code)] += 1
        case.validate_response(response, checks=CHECKED, headers=headers)


def callers_of(case: Case, world: World) -> list[str | None]:
    """All of them for what chance made; in turn for the many cases that stand for boundaries."""
    if LONG:
        return [EVERYBODY[number(case) % len(EVERYBODY)]]
    people = [world.worker if code == "worker" else code for code in CALLERS.values()]
    if case.meta is not None and case.meta.phase.name == TestPhase.COVERAGE:
        return [people[number(case) % len(people)]]
    return people


def lead_somewhere(case: Case, world: World) -> None:
    """Let a well-formed address or code mostly be that of something that exists."""
    at = number(case)
    if at % 8 == 0:
        return
    parameters, body = case.path_parameters or {}, case.body
    for name, found in known(world).items():
        if name in parameters and _is_well_formed(name, parameters[name]):
            parameters[name] = found[at % len(found)]
    if isinstance(body, dict):
        body.update({name: code for name, code in CODES.items() if _is_code(body.get(name))})
    if at % 2 and case.headers and VERSION.fullmatch(str(case.headers.get("If-Match"))):
        case.headers["If-Match"] = '"1"'


def _is_code(value: object) -> bool:
    return isinstance(value, str) and value.isalnum() and len(value) <= 20


def number(case: Case) -> int:
    """A number that follows from the case, so that a failure can be repeated."""
    return crc32(repr((case.method, case.body, case.query, case.path_parameters)).encode())


def _is_well_formed(name: str, value: object) -> bool:
    if not name.endswith("_id"):
        return str(value).isalnum()
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def known(world: World) -> dict[str, list[str]]:
    return {
        "request_id": [case.id for case in world.cases.values()],
        "offer_id": list(world.offers.values()),
        "task_id": [world.task],
        "notification_id": [world.line],
        "agreement_id": [world.agreement],
        "pair_id": [world.pair],
        "rule_id": [world.rule],
        "person_id": [world.member],
        "station": [STATION],
        "village": [HOME],
    }
