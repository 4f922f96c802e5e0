"""Callers: logins, profile, consents, availability."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Line, Moment, PhoneNumber, Schema, Shape, Whole
from village.catalog.entries import subscription_moments
from village.catalog.privacy import documents
from village.subscriptions import ANSWERS

MOST_TEMPLATES = 5  # that WeChat asks about at once
NEEDS = ("privacy", "profile", "village")


class WechatLoginSchema(Schema):
    """The code of `wx.login`."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[!-~]{1,256}$"))


class RefreshSchema(Schema):
    """A refresh token; it is spent by this call."""

    refresh_token = fields.String(required=True, validate=validate.Regexp(r"^[!-~]{1,512}$"))


class RoleSchema(Shape):
    """An office in its term."""

    role = fields.String(required=True)
    village = fields.String(required=True, metadata={"description": "code of the unit"})
    station = fields.String(required=True, allow_none=True)
    label = fields.String(required=True)


class PersonSchema(Shape):
    """The caller."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    village = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.Nested(RoleSchema), required=True)
    is_volunteer = fields.Boolean(required=True)
    needs = fields.List(fields.String(validate=validate.OneOf(NEEDS)), required=True)


class TokenSchema(Shape):
    """A new pair of tokens; never stored, never replayed."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class LoginSchema(TokenSchema):
    """A login: tokens, the person, and what is still needed of her."""

    person = fields.Nested(PersonSchema, required=True)
    needs = fields.List(fields.String(validate=validate.OneOf(NEEDS)), required=True)


class ProfileSchema(Schema):
    """The profile's fields; those that are sent are replaced."""

    name = Line(20)
    birth_year = Whole(1900, 2100, allow_none=True)


class VillageSchema(Schema):
    """The code of a natural village."""

    village = Code(20, required=True)


class SubscriptionsInSchema(Schema):
    """What she answered when WeChat asked, by its template id; `client_id` is the tap's own."""

    moment = fields.String(required=True, validate=validate.OneOf(tuple(subscription_moments())))
    results = fields.Dict(
        keys=Code(128), values=fields.String(validate=validate.OneOf(ANSWERS)),
        required=True, validate=validate.Length(max=MOST_TEMPLATES),
    )  # fmt: skip
    client_id = Code(64, required=True)


class PhoneInSchema(Schema):
    """A number that she types: kept to be phoned, and no proof of anything."""

    number = PhoneNumber(required=True)


class PhoneCodeSchema(Schema):
    """The code of WeChat's phone button (`getPhoneNumber`), for one use."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[!-~]{1,256}$"))


class PhoneSchema(Shape):
    """The caller's number, masked; `verified`: WeChat says that it is hers."""

    number = fields.String(required=True, allow_none=True)
    verified = fields.Boolean(required=True)


class ConsentInSchema(Schema):
    """An answer to a version of a document."""

    document = fields.String(required=True, validate=validate.OneOf(tuple(documents())))
    version = Code(20, required=True)
    accepted = Flag(required=True)


class ConsentSchema(ConsentInSchema):
    """An answer as it was kept."""

    at = Moment(required=True)


class AskedSchema(Shape):
    """A document, and what the caller has said to its version in force; null: nothing yet."""

    document = fields.String(
        attribute="row.document", required=True, validate=validate.OneOf(tuple(documents()))
    )
    version = fields.String(attribute="row.version", required=True)
    title = fields.String(attribute="row.title", required=True)
    text = fields.String(attribute="row.text", required=True)
    needed = fields.Function(
        lambda asked: asked.row["needed"] == "yes", required=True, metadata={"type": "boolean"}
    )
    if_withdrawn = fields.String(attribute="row.withdrawn", required=True)
    accepted = fields.Boolean(required=True, allow_none=True)
    at = Moment(attribute="answer.at", required=True, allow_none=True, dump_default=None)


class ConsentListSchema(Shape):
    """Every document, the needed first."""

    items = fields.List(fields.Nested(AskedSchema), required=True)


def minute(text: str) -> int:
    """Return the minute of the day that a clock time names."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


class ClockTime(fields.String):
    """A time of day in Shanghai, `08:00` to `24:00`; minutes from midnight inside."""

    def __init__(self, **options: Any) -> None:
        pattern = validate.Regexp(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
        super().__init__(validate=pattern, **options)

    def _serialize(self, value: Any, attr: Any, obj: Any, **options: Any) -> Any:
        return None if value is None else f"{value // 60:02}:{value % 60:02}"


class WeeklyWindowSchema(Schema):
    """A weekly window; weekday 1 is Monday."""

    weekday = Whole(1, 7, required=True)
    start = ClockTime(required=True, data_key="from")
    end = ClockTime(required=True, data_key="to")

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if {"start", "end"} <= data.keys() and data["start"] >= data["end"]:
            raise ma.ValidationError("结束要晚于开始", "to")


class QuietHoursSchema(Schema):
    """When not to be asked, each day; it may run over midnight."""

    start = ClockTime(required=True, data_key="from")
    end = ClockTime(required=True, data_key="to")


class TimeOffSchema(Schema):
    """A time away."""

    start = Moment(required=True, data_key="from")
    end = Moment(required=True, data_key="to")

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if {"start", "end"} <= data.keys() and data["start"] >= data["end"]:
            raise ma.ValidationError("结束要晚于开始", "to")


class AvailabilityInSchema(Schema):
    """A volunteer's times; the fields that are sent are replaced."""

    windows = fields.List(fields.Nested(WeeklyWindowSchema), validate=validate.Length(max=50))
    time_off = fields.List(fields.Nested(TimeOffSchema), validate=validate.Length(max=50))
    max_open_tasks = Whole(0, 20)
    quiet_hours = fields.Nested(QuietHoursSchema, allow_none=True)

    @ma.post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "windows" in data:
            data["windows"] = [
                (w["weekday"] - 1, minute(w["start"]), minute(w["end"])) for w in data["windows"]
            ]
        if "time_off" in data:
            data["time_off"] = [(off["start"], off["end"]) for off in data["time_off"]]
        if data.get("quiet_hours"):
            quiet = data["quiet_hours"]
            data["quiet_hours"] = (minute(quiet["start"]), minute(quiet["end"]))
        return data


class AvailabilitySchema(Shape):
    """A volunteer's times as they are."""

    windows = fields.List(fields.Nested(WeeklyWindowSchema), required=True)
    time_off = fields.List(fields.Nested(TimeOffSchema), required=True)
    max_open_tasks = fields.Integer(required=True)
    quiet_hours = fields.Nested(QuietHoursSchema, required=True, allow_none=True)
    version = fields.Integer(required=True)
