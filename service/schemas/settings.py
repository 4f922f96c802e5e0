"""How a village or a station asks its volunteers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from dispatch.policies.registry import choices
from dispatch.work import DAY_CAP, WEEK_CAP
from service.schemas.base import Flag, Moment, Schema, Shape, Whole
from service.schemas.people import ClockTime, minute
from village.invitations import CIRCLES

CIRCLE = validate.OneOf(CIRCLES)


class AskingHoursSchema(Schema):
    """From when to when people are asked for what is not urgent."""

    opens = ClockTime(required=True, data_key="from")
    closes = ClockTime(required=True, data_key="to")


class DispatchSettingsInSchema(Schema):
    """The settings that are sent are replaced; null: as the village says, or as usual."""

    policy = fields.String(allow_none=True, validate=validate.OneOf(choices()))
    widest = fields.String(allow_none=True, validate=CIRCLE)
    hold = Flag(allow_none=True)
    day_cap = Whole(1, DAY_CAP, allow_none=True)
    week_cap = Whole(1, WEEK_CAP, allow_none=True)
    asks = fields.Nested(AskingHoursSchema, allow_none=True)

    @ma.post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "asks" in data:
            asks = data.pop("asks") or {"opens": None, "closes": None}
            data["asks_from"], data["asks_to"] = (
                asks[name] and minute(asks[name]) for name in ("opens", "closes")
            )
        if data.get("widest") is not None:
            data["widest"] = CIRCLES.index(data["widest"])
        return data


class SetSchema(Shape):
    """Settings; null where nothing is set here."""

    policy = fields.String(required=True, allow_none=True)
    widest = fields.String(required=True, allow_none=True, validate=CIRCLE)
    hold = fields.Boolean(required=True, allow_none=True)
    day_cap = fields.Integer(required=True, allow_none=True)
    week_cap = fields.Integer(required=True, allow_none=True)
    asks = fields.Nested(AskingHoursSchema, required=True, allow_none=True)

    @ma.pre_dump
    def _in_words(self, known: Any, **_: Any) -> dict[str, Any]:
        hours = {"opens": known["asks_from"], "closes": known["asks_to"]}
        widest = known["widest"]
        return {
            **known,
            "widest": None if widest is None else CIRCLES[widest],
            "asks": hours if hours["opens"] is not None else None,
        }


class SaidSchema(Shape):
    """Settings as they were from a moment on."""

    version = fields.Integer(required=True)
    settings = fields.Nested(SetSchema, required=True)
    changed_by = fields.String(required=True, allow_none=True)
    changed_at = Moment(required=True)


class DispatchSettingsSchema(Shape):
    """What is set here, what is in force, what can be chosen, and who has set what before."""

    own = fields.Nested(SetSchema, required=True)
    in_force = fields.Nested(SetSchema, required=True)
    policies = fields.List(fields.String(), required=True)
    policy_texts = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "what each does, in a head's words"},
    )  # fmt: skip
    version = fields.Integer(required=True)
    history = fields.List(fields.Nested(SaidSchema), required=True)
