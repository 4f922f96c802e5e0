"""The access table as it was agreed: a changed row is a decision, and is made in two places."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service.access_table import agreed
from village import access, relations
from village.matrix import MATRIX
from village.relations import HEAD, READERS, REQUESTER
from village.workflow.engine import Machine
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST

TAGS = (access.META, access.CONTENT, access.IDENTITY, access.EVIDENCE, access.GROUNDS, access.OWN)
KINDS: dict[str, dict[str, Any]] = {
    "sees": {},
    "sees when sealed": {"sealed": True},
    "sees when hidden": {"hide_me": True},
    "sees when on the safe path": {"waits_for": "safe_path"},
    "sees when about violence": {"emergency": {"kind": "dv", "danger_now": False}},
    "sees when sealed and on the safe path": {"sealed": True, "waits_for": "safe_path"},
}


def in_code() -> dict[str, frozenset[str]]:
    return {**MATRIX, **_actions(REQUEST), **_actions(OFFER), **_views()}


def _actions(machine: Machine) -> dict[str, frozenset[str]]:
    names = {row.action for row in machine.rows}
    return {f"action: {machine.name} {name}": who(machine, name) for name in names}


def who(machine: Machine, *actions: str) -> frozenset[str]:
    """The relations to which a workflow's table gives any of the actions."""
    return frozenset(each for row in machine.rows if row.action in actions for each in row.who)


def _views() -> dict[str, frozenset[str]]:
    return {
        f"{kind}: {tag}": frozenset(_seers(tag, a_request(**facts)))
        for kind, facts in KINDS.items()
        for tag in TAGS
    }


def a_request(**facts: Any) -> Any:
    plain = {
        "sealed": False,
        "hide_me": False,
        "waits_for": None,
        "emergency": None,
        "status": "submitted",
    }
    return SimpleNamespace(**{**plain, **facts})


def _seers(tag: str, request: Any) -> Iterable[str]:
    for relation in READERS:
        if tag in access.request_view(request, frozenset({relation})):
            yield relation


@pytest.mark.parametrize("name", sorted(agreed().keys() | in_code().keys()))
def test_the_code_says_what_was_agreed(name: str) -> None:
    assert sorted(in_code().get(name, ["no such row"])) == sorted(
        agreed().get(name, ["not agreed"])
    )


def test_what_is_not_in_the_table_is_shut() -> None:
    everything = frozenset({getattr(relations, name) for name in ("ANYONE", "OWNER", *_RELATIONS)})
    assert not access.allows("request.delete", everything)
    assert not access.allows("request.read", frozenset())


_RELATIONS = (
    "REQUESTER",
    "INVITED",
    "VOLUNTEER",
    "HEAD",
    "CHAIR",
    "MEDIATOR",
    "STAND_IN",
    "SYSTEM",
)


def test_relations_add_up() -> None:
    """A head who asked for something herself sees it as its requester."""
    hidden = a_request(sealed=True, hide_me=True, waits_for="safe_path")
    seen = access.request_view(hidden, frozenset({HEAD, REQUESTER}))
    assert seen == set(TAGS) - {access.GROUNDS}
