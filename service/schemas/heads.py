"""What a head does besides a request's actions: circles, hand-picks, rest, agreements, pairs."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Moment, Schema, Whole
from service.schemas.people import ClockTime
from service.schemas.wishes import Kilometres
from village.circles import CIRCLES
from village.pairs import MOST


class WidenSchema(Schema):
    """How far invitations may go: the village's other stations, or the next villages."""

    circle = fields.String(required=True, validate=validate.OneOf(tuple(CIRCLES)))


class HoldSchema(Schema):
    """true: no wider circle for now."""

    hold = Flag(load_default=True)


class InviteSchema(Schema):
    """Whom to ask."""

    person = fields.UUID(required=True)


class PersonRefSchema(ma.Schema):
    """A volunteer by name: no figure, no rank, no reason."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)


class SuggestionsSchema(ma.Schema):
    """Who may be asked now, by name."""

    items = fields.List(fields.Nested(PersonRefSchema), required=True)


class RestInSchema(Schema):
    """Until when she is left in peace; null: the rest is over."""

    until = Moment(required=True, allow_none=True)


class MemberSchema(PersonRefSchema):
    """A volunteer of the station; `rest_until` only where the caller has given it."""

    rest_until = Moment(required=True, allow_none=True)


class MembersSchema(ma.Schema):
    """A station's active volunteers, by name."""

    items = fields.List(fields.Nested(MemberSchema), required=True)


class AgreementInSchema(Schema):
    """With which village; `km` is the way by road, where it is known."""

    other = Code(20, required=True, data_key="with")
    km = Kilometres(allow_none=True, load_default=None, validate=validate.Range(0, 50))


class AgreementSchema(ma.Schema):
    """Two villages that lend each other volunteers, as one side sees it."""

    id = fields.UUID(attribute="agreement.id", required=True)
    village = fields.String(required=True)
    other = fields.String(data_key="with", required=True)
    with_name = fields.String(attribute="other_name", required=True)
    station = fields.String(
        attribute="agreement.station", required=True, allow_none=True,
        metadata={"description": "null: all stations"},
    )  # fmt: skip
    km = fields.Float(attribute="agreement.km", required=True, allow_none=True)
    status = fields.String(
        required=True, validate=validate.OneOf(("proposed", "in_force", "ended"))
    )
    mine_agreed = fields.Boolean(required=True)
    theirs_agreed = fields.Boolean(required=True)
    since = Moment(attribute="agreement.since", required=True, allow_none=True)
    allowed_actions = fields.List(
        fields.String(validate=validate.OneOf(("agree", "end"))), required=True
    )


class AgreementsSchema(ma.Schema):
    """A station's agreements, newest first."""

    items = fields.List(fields.Nested(AgreementSchema), required=True)


class PairInSchema(Schema):
    """Who should come regularly to whom a request was for, and when."""

    request = fields.UUID(required=True)
    volunteers = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST))
    weekday = Whole(1, 7, allow_none=True)
    start = ClockTime(data_key="from", allow_none=True)
    minutes = Whole(1, 1440)
    every_weeks = Whole(1, 52)

    @ma.validates("volunteers")
    def _different(self, value: list[Any], **_: Any) -> None:
        if len(set(value)) != len(value):
            raise ma.ValidationError("同一个人只写一次")

    @ma.post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        start = data.pop("start", None)
        if start is not None:
            hours, _, minutes = start.partition(":")
            data["from_minute"] = int(hours) * 60 + int(minutes)
        if data.get("weekday") is not None:
            data["weekday"] -= 1
        return data


class PairSchema(ma.Schema):
    """A standing pair; each visit is still an invitation."""

    id = fields.UUID(attribute="pair.id", required=True)
    station = fields.String(attribute="pair.station", required=True)
    village = fields.String(attribute="pair.village_code", required=True)
    station_name = fields.String(required=True)
    what = fields.String(required=True)
    villager = fields.String(attribute="villager_name", required=True, allow_none=True)
    volunteer = fields.String(attribute="volunteer_name", required=True, allow_none=True)
    weekday = fields.Function(
        lambda seen: None if seen.pair.weekday is None else seen.pair.weekday + 1,
        required=True, metadata={"type": ["integer", "null"]},
    )  # fmt: skip
    start = ClockTime(attribute="pair.from_minute", data_key="from", required=True, allow_none=True)
    minutes = fields.Integer(attribute="pair.minutes", required=True)
    every_weeks = fields.Integer(attribute="pair.every_weeks", required=True)
    status = fields.String(
        attribute="pair.status", required=True,
        validate=validate.OneOf(("proposed", "active", "paused", "ended")),
    )  # fmt: skip
    allowed_actions = fields.List(
        fields.String(validate=validate.OneOf(("agree", "end"))), required=True
    )


class PairsSchema(ma.Schema):
    """Pairs that are proposed or stand."""

    items = fields.List(fields.Nested(PairSchema), required=True)
