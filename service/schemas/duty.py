"""When a village's stations serve, and who is on duty."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Flag, Moment, Schema, Shape
from service.schemas.people import ClockTime, minute
from village.hours import DAYS, LEAST_MINUTES
from village.rota import MOST_SHIFTS
from village.stations import KINDS, PRIORITIES


class ServiceHoursInSchema(Schema):
    """From when to when, every day or on working days, make-up days (调休) included."""

    opens = ClockTime(required=True, data_key="from")
    closes = ClockTime(required=True, data_key="to")
    days = fields.String(required=True, validate=validate.OneOf(DAYS))

    @ma.post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        times = {name: minute(data[name]) for name in ("opens", "closes")}
        if times["closes"] - times["opens"] < LEAST_MINUTES:
            raise ma.ValidationError("每天至少要有四个小时", "to")
        return {**data, **times}


class ServiceHoursSchema(Shape):
    """A village's service hours as they are."""

    opens = ClockTime(required=True, data_key="from")
    closes = ClockTime(required=True, data_key="to")
    days = fields.String(required=True, validate=validate.OneOf(DAYS))


class ShiftInSchema(Schema):
    """An officer's turn; `station` null: for whatever station it is."""

    person = fields.UUID(required=True)
    station = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))
    starts = Moment(required=True, data_key="from")
    ends = Moment(required=True, data_key="to")


class RotaInSchema(Schema):
    """All turns from now on; those that have ended stay."""

    shifts = fields.List(
        fields.Nested(ShiftInSchema), required=True, validate=validate.Length(max=MOST_SHIFTS)
    )


class AbsenceInSchema(Schema):
    """Who is away (null: the caller), from when to when, and who covers; `from` null: back."""

    person = fields.UUID(load_default=None, allow_none=True)
    starts = Moment(required=True, allow_none=True, data_key="from")
    ends = Moment(load_default=None, allow_none=True, data_key="to")
    cover = fields.UUID(load_default=None, allow_none=True)


class ShiftSchema(Shape):
    """A turn as it is."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)
    station = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))
    starts_at = Moment(required=True, data_key="from")
    ends_at = Moment(required=True, data_key="to")


class AbsenceSchema(Shape):
    """An absence as it is; of its reason nothing is asked or kept."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)
    starts_at = Moment(required=True, data_key="from")
    ends_at = Moment(required=True, data_key="to")
    cover = fields.UUID(required=True, allow_none=True)
    cover_name = fields.String(required=True, allow_none=True)


class DutySchema(Shape):
    """A village's rota and absences, the next ones first."""

    shifts = fields.List(fields.Nested(ShiftSchema), required=True)
    absences = fields.List(fields.Nested(AbsenceSchema), required=True)


class PhoneTaskSchema(Shape):
    """About which number to phone whom; of the matter nothing is told."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    village = fields.String(required=True)
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    created_at = Moment(required=True)
    call = fields.List(fields.String(), required=True)


class PhoneTasksSchema(Shape):
    """What a clerk is still to phone about, the oldest first."""

    items = fields.List(fields.Nested(PhoneTaskSchema), required=True)


class PhonedSchema(Schema):
    """Whether somebody answered the phone."""

    reached = Flag(required=True)
