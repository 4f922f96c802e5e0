"""When a village's stations serve, and who is on duty."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Schema
from service.schemas.people import ClockTime, minute
from village.hours import DAYS, LEAST_MINUTES


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


class ServiceHoursSchema(ma.Schema):
    """A village's service hours as they are."""

    opens = ClockTime(required=True, data_key="from")
    closes = ClockTime(required=True, data_key="to")
    days = fields.String(required=True, validate=validate.OneOf(DAYS))
