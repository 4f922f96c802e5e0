"""What a head does besides a request's actions: circles, hand-picks, rest, agreements, pairs."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Moment, Schema, Shape, Whole
from service.schemas.people import ClockTime
from service.schemas.wishes import Kilometres
from village.circles import CIRCLES
from village.invitations import CIRCLES as CIRCLE_NAMES
from village.pairs import MOST
from village.stations import CONSENTS


class WidenSchema(Schema):
    """How far invitations may go: the village's other stations, or the next villages."""

    circle = fields.String(required=True, validate=validate.OneOf(tuple(CIRCLES)))


class HoldSchema(Schema):
    """true: nobody of `circle` and wider for now; null: of any that was not asked yet."""

    hold = Flag(load_default=True)
    circle = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(tuple(CIRCLES))
    )


class InviteSchema(Schema):
    """Whom to ask."""

    person = fields.UUID(required=True)


class PersonRefSchema(Shape):
    """A volunteer by name: no figure, no rank, no reason."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)


class SuggestedSchema(PersonRefSchema):
    """A volunteer who may be asked, and why she comes to mind: nothing about her answers."""

    reasons = fields.List(fields.String(), required=True)


class SuggestionsSchema(Shape):
    """Who of the village may be asked now, by name; of the next villages only how many."""

    items = fields.List(fields.Nested(SuggestedSchema), required=True)
    neighbours = fields.Integer(required=True)


class AcceptedSchema(Shape):
    """Who said yes, and when she will be there."""

    name = fields.String(required=True)
    arrival = Moment(required=True, allow_none=True)
    accepted_at = Moment(required=True)


class LeftOutSchema(Shape):
    """How many a hard rule left out; `others` are those of whom no more is said."""

    reason = fields.String(required=True)
    people = fields.Integer(required=True)
    text = fields.String(required=True)


class WaveSchema(Shape):
    """How many were asked within an hour, of which circle, and by whose choice."""

    at = Moment(required=True, metadata={"description": "the full hour"})
    by = fields.String(required=True, validate=validate.OneOf(("policy", "hand", "pair")))
    policy = fields.String(required=True, allow_none=True)
    circle = fields.String(required=True, validate=validate.OneOf(CIRCLE_NAMES))
    asked = fields.Integer(required=True)
    text = fields.String(required=True)


class LastLookSchema(Shape):
    """What the last look found: people who could be asked then, or later, and who not."""

    at = Moment(required=True, metadata={"description": "the full hour"})
    looked_at = fields.Integer(required=True)
    now = fields.Integer(required=True)
    later = fields.Integer(required=True)
    left_out = fields.List(fields.Nested(LeftOutSchema), required=True)


class WiderSchema(Shape):
    """Whether and from when a wider circle is asked, in a sentence of its own."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(("asked", "none", "held", "coming", "soon", "if_needed")),
    )
    at = Moment(required=True, allow_none=True)
    text = fields.String(required=True)


class WhyTaskSchema(Shape):
    """How looking for people stands: counts, and the names of those who said yes alone.

    The numbers are null for disputes and whatever else the caller may not read; `waiting` and
    `answered` also while they are so small that they would say who has answered.
    """

    task = fields.UUID(required=True)
    text = fields.String(required=True)
    accepted = fields.List(fields.Nested(AcceptedSchema), required=True)
    asked = fields.Integer(required=True, allow_none=True)
    waiting = fields.Integer(required=True, allow_none=True)
    answered = fields.Integer(required=True, allow_none=True)
    rounds = fields.List(fields.Nested(WaveSchema), required=True)
    last_look = fields.Nested(LastLookSchema, required=True, allow_none=True)
    next_look = Moment(required=True, allow_none=True)
    village = fields.Nested(WiderSchema, required=True, allow_none=True)
    neighbours = fields.Nested(WiderSchema, required=True, allow_none=True)


class RestInSchema(Schema):
    """Until when she is left in peace; null: the rest is over."""

    until = Moment(required=True, allow_none=True)


class MemberSchema(PersonRefSchema):
    """A volunteer of the station; `rest_until` only where the caller has given it."""

    rest_until = Moment(required=True, allow_none=True)


class MembersSchema(Shape):
    """A station's active volunteers, by name."""

    items = fields.List(fields.Nested(MemberSchema), required=True)


class AgreementInSchema(Schema):
    """With which village; `km` is the way by road, where it is known."""

    other = Code(20, required=True, data_key="with")
    km = Kilometres(allow_none=True, load_default=None, validate=validate.Range(0, 50))


class AgreementSchema(Shape):
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


class AgreementsSchema(Shape):
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
    consent_how = fields.String(allow_none=True, validate=validate.OneOf(CONSENTS))

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


class PairSchema(Shape):
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
    next_at = Moment(attribute="pair.next_at", required=True, allow_none=True)
    status = fields.String(
        attribute="pair.status", required=True,
        validate=validate.OneOf(("proposed", "active", "paused", "ended")),
    )  # fmt: skip
    allowed_actions = fields.List(
        fields.String(validate=validate.OneOf(("agree", "end"))), required=True
    )


class PairsSchema(Shape):
    """Pairs that are proposed or stand."""

    items = fields.List(fields.Nested(PairSchema), required=True)
