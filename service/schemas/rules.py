"""Routing rules of a village: what the chair writes, and what officers read."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import (
    Code,
    Flag,
    Line,
    Moment,
    Schema,
    Shape,
    Switch,
    Text,
    Whole,
    WindowQuery,
    page_of,
)
from village.routing_rules import PROPOSALS, TARGETS
from village.stations import KINDS

MOST_WORDS = 20
LIES_AT = (*KINDS, "triage", "council", "authority", "not_ours")


def _words() -> Any:
    """A list of words."""
    return fields.List(Line(20), validate=validate.Length(max=MOST_WORDS))


class RuleInSchema(Schema):
    """A rule: where all the conditions that it has hold, a request goes `to`.

    One of `words` is in the text and none of `unless`; one of `places` in the place or the text;
    `category` is what the villager chose.
    """

    title = Line(40, required=True)
    position = Whole(1, 999, metadata={"description": "the first rule that holds decides"})
    words = _words()
    unless = _words()
    places = _words()
    category = Code(20, allow_none=True)
    target = fields.String(data_key="to", required=True, validate=validate.OneOf(TARGETS))
    station = fields.String(allow_none=True, validate=validate.OneOf(KINDS))
    referral = Code(
        40, allow_none=True, metadata={"description": "a kind of the county's directory"}
    )


class ProposalInSchema(RuleInSchema):
    """A rule that a head proposes, and why."""

    reason = Text(200, required=True)


class ProposalAnswerSchema(Schema):
    """Why it is not taken."""

    answer = Text(200, required=True)


class RuleChangeSchema(RuleInSchema):
    """The fields to replace; `active` false takes the rule out of force."""

    title = Line(40)
    target = fields.String(data_key="to", validate=validate.OneOf(TARGETS))
    active = Flag()


class RuleFieldsSchema(Shape):
    """What a rule says."""

    title = fields.String(required=True)
    position = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    words = fields.List(fields.String(), required=True)
    unless = fields.List(fields.String(), required=True)
    places = fields.List(fields.String(), required=True)
    category = fields.String(required=True, allow_none=True)
    target = fields.String(data_key="to", required=True, validate=validate.OneOf(TARGETS))
    station = fields.String(required=True, allow_none=True)
    referral = fields.String(required=True, allow_none=True)


class ChangeSchema(Shape):
    """Who made it so, and when."""

    version = fields.Integer(required=True)
    changed_by = fields.String(required=True, allow_none=True)
    changed_at = Moment(required=True)


class RuleSchema(RuleFieldsSchema, ChangeSchema):
    """A rule as it is now."""

    id = fields.UUID(required=True)
    village = fields.String(required=True)
    proposal = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(PROPOSALS),
        metadata={"description": "what became of what a head proposed; null: nobody did"},
    )  # fmt: skip
    proposed_by = fields.String(required=True, allow_none=True)
    proposed_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)


class RuleVersionSchema(RuleFieldsSchema, ChangeSchema):
    """A rule as it was from `changed_at` on."""


class RuleVersionsSchema(Shape):
    """All that a rule has been, newest first."""

    items = fields.List(fields.Nested(RuleVersionSchema), required=True)


class RulesQuery(WindowQuery):
    """`active`: those in force, or those that were; `proposal`: what heads proposed; else all."""

    active = Switch(load_default=None, allow_none=False)
    proposal = fields.String(load_default=None, validate=validate.OneOf(PROPOSALS))


class DryRunInSchema(Schema):
    """A new rule of a village, or changes to one that there is, on the last requests."""

    village = Code(20, allow_none=True, load_default=None)
    rule_id = fields.UUID(allow_none=True, load_default=None)
    rule = fields.Nested(RuleChangeSchema, load_default=dict)
    last = Whole(1, 500, load_default=200)

    @ma.validates_schema
    def _one_or_the_other(self, data: dict[str, Any], **_: Any) -> None:
        if (data["village"] is None) == (data["rule_id"] is None):
            raise ma.ValidationError("写一个村，或者一条已有的规则", "village")
        if data["village"] is not None and not {"title", "target"} <= data["rule"].keys():
            raise ma.ValidationError("新规则要有名称和去处", "rule")


class MoveSchema(Shape):
    """How many would move from where to where."""

    origin = fields.String(data_key="from", required=True, validate=validate.OneOf(LIES_AT))
    goal = fields.String(data_key="to", required=True, validate=validate.OneOf(LIES_AT))
    count = fields.Integer(required=True)


class ExampleSchema(Shape):
    """A request that would move; `station` is where it lies today, people's steps included."""

    id = fields.UUID(attribute="request.id", required=True)
    number = fields.String(attribute="request.number", required=True)
    text = fields.String(attribute="request.text", required=True)
    station = fields.String(attribute="request.station", required=True, allow_none=True)
    origin = fields.String(data_key="from", required=True, validate=validate.OneOf(LIES_AT))
    goal = fields.String(data_key="to", required=True, validate=validate.OneOf(LIES_AT))
    why = fields.String(required=True, allow_none=True)


class DryRunSchema(Shape):
    """What would move among the requests that were looked at."""

    looked_at = fields.Integer(required=True)
    holds_for = fields.Integer(required=True)
    moves = fields.List(fields.Nested(MoveSchema), required=True)
    examples = fields.List(fields.Nested(ExampleSchema), required=True)


RulePageSchema = page_of(RuleSchema, "RulePage")
