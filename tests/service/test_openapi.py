"""The exported contract: valid, complete, as the code serves it; its page asks nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from runtime.cli import OPENAPI, contract
from runtime.settings import load
from service.schemas.actions import PAYLOADS
from tests.service.house import House, bare_app
from village.requests import ACTIONS
from village.workflow.request import REQUEST

DOCUMENT: dict[str, Any] = json.loads(contract())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def test_the_file_is_what_the_code_serves() -> None:
    """After a change: `make openapi`."""
    assert OPENAPI.read_text(encoding="utf-8") == contract()


def test_the_app_serves_the_same_document() -> None:
    served = bare_app().test_client().get("/openapi.json").json
    assert served == DOCUMENT


def test_the_export_does_not_depend_on_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WUZHAN_DATABASE_URL", "WUZHAN_REDIS_URL", "WUZHAN_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WUZHAN_DEMO", "true" if not load().demo else "false")
    assert json.loads(contract()) == DOCUMENT


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(json.loads(contract())).validate()


def test_every_rule_of_the_api_is_in_it() -> None:
    rules = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in bare_app().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert rules == {(method, path) for method, path, _ in operations()}


def test_every_status_is_named_and_every_error_has_one_shape() -> None:
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            assert status.isdigit(), (method, path, status)
            if int(status) >= 400:
                shape = response["content"]["application/problem+json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/Problem"}
                assert list(response["content"]) == ["application/problem+json"]


def test_every_operation_says_what_it_is_for_and_who_may() -> None:
    for method, path, operation in operations():
        assert operation["summary"], (method, path)
        assert operation["security"] in ([], [{"bearer": []}])
        assert ("401" in operation["responses"]) == (
            operation["security"] != [] or path.startswith("/api/v1/auth/")
        )


UNKEPT = (
    "/api/v1/requests/claim",
    "/api/v1/requests/claim_by_phone",
    "/api/v1/me/deletion",
    "/api/v1/me/volunteer/guardian-code",
    "/api/v1/guardian-consents",
    "/api/v1/hour-certificates/verify",
    "/api/v1/requests/{request_id}/slip",
    "/api/v1/auth/wechat",
    "/api/v1/auth/refresh",
)  # answers that are never stored


def test_what_changes_something_takes_a_key_and_what_has_a_version_takes_it() -> None:
    for method, path, operation in operations():
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        unkept = path.startswith("/api/v1/routing/") or path in UNKEPT
        unkept |= (method, path) == ("post", "/api/v1/me/phone")
        assert ("Idempotency-Key" in headers) == (method != "get" and not unkept)
        assert ("If-Match" in headers) == ("412" in operation["responses"])


def test_schemas_are_closed() -> None:
    """An answer holds what is said, and nothing besides: strangers' fields would be leaks."""
    open_ended = {"Bootstrap.station_names", "Bootstrap.templates", "Problem.errors",
                  "Request.answers", "RequestItem.answers", "RequestIn.answers",
                  "Category.form", "AssistedIn.answers", "Section.labels",
                  "SubscriptionsIn.results",
                  "DispatchSettings.policy_texts"}  # fmt: skip
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema.get("additionalProperties") is False, name
        for field, facts in schema["properties"].items():
            is_open = "additionalProperties" in facts and facts["additionalProperties"] is not False
            assert is_open == (f"{name}.{field}" in open_ended), (name, field)


def test_enums_come_from_the_tables() -> None:
    request = DOCUMENT["components"]["schemas"]["Request"]["properties"]
    assert request["status"]["enum"] == list(REQUEST.states)
    assert request["allowed_actions"]["items"]["enum"] == list(ACTIONS)
    assert set(PAYLOADS) <= set(REQUEST.actions())


def test_the_documentation_asks_no_foreign_host(shared_house: House) -> None:
    page = shared_house.client.get("/docs").text
    assert re.findall(r"(?:https?:)?//[\w.-]+", page) == []
    assert '"validatorUrl":null' in page
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert asset.startswith("/static/swagger/")
        with shared_house.client.get(asset) as answer:
            assert answer.status_code == 200
