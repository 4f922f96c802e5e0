"""The rules by which a village routes what words and model would put elsewhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import dry_run
from service.door import Call, Door
from service.schemas.base import dump_page, window_of
from service.schemas.rules import (
    DryRunInSchema,
    DryRunSchema,
    ProposalAnswerSchema,
    ProposalInSchema,
    RuleChangeSchema,
    RuleInSchema,
    RulePageSchema,
    RuleSchema,
    RulesQuery,
    RuleVersionsSchema,
)
from village import rule_book, rule_proposals
from village.errors import NotFound

PROPOSED = ("proposal", "proposed_at", "reason", "answer")

door = Door("rules", __name__, description="村规则")


@door.open(
    "GET", "/villages/<string:village>/routing-rules", permission="routing_rule.list",
    query=RulesQuery, returns=RulePageSchema,
)  # fmt: skip
def list_rules(call: Call, query: dict[str, Any], village: str) -> dict[str, Any]:
    """A village's routing rules, in the order in which they are tried."""
    _known(call, village)
    page = rule_book.list_for(
        call.session, call.actor, village, window_of(query),
        active=query["active"], proposal=query["proposal"],
    )  # fmt: skip
    return dump_page(page, map(_dump, page.items))


@door.open(
    "POST", "/villages/<string:village>/routing-rules", permission="routing_rule.create",
    body=RuleInSchema, returns=RuleSchema, status=201,
)  # fmt: skip
def create_rule(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Write a rule; it is in force for every request from now on."""
    _known(call, village)
    return _dump(rule_book.create(call.session, call.actor, call.context.catalog, village, sent))


@door.open(
    "POST", "/villages/<string:village>/routing-proposals", permission="routing_rule.propose",
    body=ProposalInSchema, returns=RuleSchema, status=201,
)  # fmt: skip
def propose_rule(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Propose a rule as a head; it is in force once the chair takes it."""
    _known(call, village)
    catalog = call.context.catalog
    return _dump(rule_proposals.propose(call.session, call.actor, catalog, village, sent))


@door.open(
    "POST", "/routing-rules/<uuid:rule_id>/accept", permission="routing_rule.change",
    returns=RuleSchema, versioned=True,
)  # fmt: skip
def accept_rule(call: Call, rule_id: UUID) -> dict[str, Any]:
    """Take what a head proposed: it is in force from now on."""
    found = rule_proposals.accept(
        call.session, call.actor, call.context.catalog, rule_id, if_match=call.if_match
    )
    return _dump(found)


@door.open(
    "POST", "/routing-rules/<uuid:rule_id>/refuse", permission="routing_rule.change",
    body=ProposalAnswerSchema, returns=RuleSchema,
)  # fmt: skip
def refuse_rule(call: Call, sent: dict[str, Any], rule_id: UUID) -> dict[str, Any]:
    """Say why what a head proposed is not taken."""
    return _dump(rule_proposals.refuse(call.session, call.actor, rule_id, sent["answer"]))


@door.open(
    "GET", "/routing-rules/<uuid:rule_id>", permission="routing_rule.read", returns=RuleSchema
)
def read_rule(call: Call, rule_id: UUID) -> dict[str, Any]:
    """One rule, as it is now."""
    return _dump(rule_book.read(call.session, call.actor, rule_id))


@door.open(
    "GET", "/routing-rules/<uuid:rule_id>/versions", permission="routing_rule.read",
    returns=RuleVersionsSchema,
)  # fmt: skip
def read_versions(call: Call, rule_id: UUID) -> dict[str, Any]:
    """All that a rule has been, who made it so and when."""
    found = rule_book.versions(call.session, call.actor, rule_id)
    items = [
        {
            **view.version.rule,
            "version": view.version.version,
            "changed_by": view.changed_by,
            "changed_at": view.version.changed_at,
        }
        for view in found
    ]
    body: dict[str, Any] = RuleVersionsSchema().dump({"items": items})
    return body


@door.open(
    "PUT", "/routing-rules/<uuid:rule_id>", permission="routing_rule.change",
    body=RuleChangeSchema, returns=RuleSchema, versioned=True,
)  # fmt: skip
def change_rule(call: Call, sent: dict[str, Any], rule_id: UUID) -> dict[str, Any]:
    """Replace the fields that are sent: a new version, for requests from now on."""
    return _change(call, rule_id, sent)


@door.open(
    "DELETE", "/routing-rules/<uuid:rule_id>", permission="routing_rule.change",
    returns=RuleSchema, versioned=True,
)  # fmt: skip
def end_rule(call: Call, rule_id: UUID) -> dict[str, Any]:
    """Take a rule out of force; what it was and what it decided is kept."""
    return _change(call, rule_id, {"active": False})


@door.open(
    "POST", "/routing/dry_run", permission="routing_rule.dry_run", body=DryRunInSchema,
    returns=DryRunSchema, stored=False, limit="preview",
)  # fmt: skip
def try_rule(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """See what a rule would have moved before it is in force; nothing is written or kept."""
    found = dry_run.dry_run(call.session, call.actor, call.context.catalog, sent)
    body: dict[str, Any] = DryRunSchema().dump(found)
    return body


def _change(call: Call, rule_id: UUID, sent: dict[str, Any]) -> dict[str, Any]:
    return _dump(
        rule_book.change(
            call.session,
            call.actor,
            call.context.catalog,
            rule_id,
            sent,
            if_match=call.if_match,
        )
    )


def _known(call: Call, village: str) -> None:
    if village not in call.context.catalog.villages:
        raise NotFound


def _dump(view: rule_book.RuleView) -> dict[str, Any]:
    rule = view.rule
    facts = {name: getattr(rule, name) for name in (*rule_book.FIELDS, "id", "version")}
    body: dict[str, Any] = RuleSchema().dump(
        {
            **facts,
            "village": rule.village_code,
            "changed_by": view.changed_by,
            "changed_at": rule.changed_at,
            "proposed_by": view.proposed_by,
            **{name: getattr(rule, name) for name in PROPOSED},
        }
    )
    return body
