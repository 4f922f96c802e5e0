"""Requests in and out; every field is tagged with its sensitivity."""

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
from service.schemas.files import RequestFileSchema, file_ids
from service.schemas.grounds import (
    AdviceSchema,
    AsksSchema,
    GroundsSchema,
    NumberSchema,
    PartSchema,
    RoutingSchema,
)
from village.access import CONTENT, EVIDENCE, GROUNDS, IDENTITY, OWN
from village.parties import ABOUT
from village.privacy import mask_name
from village.request_lists import QUEUE_VIEWS
from village.requests import ACTIONS, RequestView
from village.stations import KINDS, PRIORITIES, SOURCES, SUSPEND_REASONS
from village.timeline import status_text
from village.workflow.request import REQUEST

CONTENT_FIELD = {"sens": CONTENT}
EVIDENCE_FIELD = {"sens": EVIDENCE}
IDENTITY_FIELD = {"sens": IDENTITY}
NAMED = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
SOLVED = ("yes", "partly", "no")
HELPED = ("yes", "no")
WAITS = ("mediation", "council", "referral", "authority", "supervision", "safe_path",
         "unconfirmed_danger")  # fmt: skip


class PlaceSchema(Schema):
    """A place; coordinates keep the datum in which they were measured."""

    name = Line(100, required=True)
    lat = fields.Float(validate=validate.Range(-90, 90))
    lng = fields.Float(validate=validate.Range(-180, 180))
    coord = fields.String(validate=validate.OneOf(("gcj02", "wgs84")))

    @ma.validates_schema
    def _complete(self, data: dict[str, Any], **_: Any) -> None:
        given = {"lat", "lng", "coord"} & data.keys()
        if given and len(given) < 3:
            raise ma.ValidationError("经度、纬度和坐标系要一起给")


class OnBehalfSchema(Schema):
    """The person served, and how she agreed."""

    name = Line(40, required=True)
    consent_how = fields.String(
        required=True, validate=validate.OneOf(("oral", "written", "guardian", "urgent"))
    )


def about_office() -> fields.List[str]:
    """Whose office here it is about: heard on the safe path alone, and they are told nothing."""
    office = fields.String(validate=validate.OneOf(tuple(ABOUT)))
    return fields.List(office, load_default=[], validate=validate.Length(max=len(ABOUT)))


class RequestInSchema(Schema):
    """`POST /requests`: a village and a sentence, written or spoken, are enough."""

    village = Code(20, required=True)
    category = Code(20, load_default=None, allow_none=True)
    text = Text(2000, shortest=0, load_default="")  # or a voice among the files
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)
    answers = fields.Dict(keys=Line(40), load_default=dict)
    files = file_ids()
    on_behalf_of = fields.Nested(OnBehalfSchema, load_default=None, allow_none=True)
    hide_me = Flag(load_default=False)
    consent_version = Code(20, load_default=None, allow_none=True)
    emergency_confirmed = Flag(load_default=None, allow_none=True)
    about_office = about_office()

    @ma.validates("answers")
    def _plain_answers(self, answers: dict[str, Any], **_: Any) -> None:
        if len(answers) > 30 or not all(_is_plain(value) for value in answers.values()):
            raise ma.ValidationError("答案格式不对")


def _is_plain(value: Any) -> bool:
    """Scalars, lists of them, and the small objects of the forms (a period, a guardian)."""
    if isinstance(value, list):
        return len(value) <= 20 and all(_is_scalar(item) for item in value)
    if isinstance(value, dict):
        return len(value) <= 5 and all(map(_is_scalar, (*value, *value.values())))
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 1000 and "\0" not in value
    if isinstance(value, bool) or value is None:
        return True
    return isinstance(value, int | float) and abs(value) < 1e15


class EmergencyAnswerSchema(Schema):
    """The answer to the emergency question."""

    danger_now = Flag(required=True)
    about_office = about_office()


class EmergencySchema(Shape):
    """The question that an emergency word raised."""

    kind = fields.String(required=True)
    question = fields.String(required=True)
    numbers = fields.List(fields.Nested(NumberSchema), required=True)
    safe_path = fields.Boolean(required=True, dump_default=False)
    answer_by = fields.String(required=True, metadata={"format": "date-time"})
    danger_now = fields.Boolean(required=True, allow_none=True)


class SplitOffSchema(Shape):
    """A request that was made of a part."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REQUEST.states))
    status_text = fields.Function(
        lambda part: status_text(part.status), metadata={"type": "string"}, required=True
    )
    station = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))


class DeadlinesSchema(Shape):
    """The two clocks of a request."""

    first_response_due = Moment(required=True, allow_none=True)
    resolve_due = Moment(required=True, allow_none=True)


class RequestSchema(Shape):
    """A request, as far as its reader may see it: fields that she may not see are left out."""

    id = fields.UUID(attribute="request.id", required=True)
    number = fields.String(attribute="request.number", required=True)
    status = fields.String(
        attribute="request.status", required=True, validate=validate.OneOf(REQUEST.states)
    )
    status_text = fields.Function(
        lambda seen: status_text(seen.request.status), metadata={"type": "string"}, required=True
    )
    village = fields.String(attribute="request.village_code", required=True)
    station = fields.String(
        attribute="request.station", required=True, allow_none=True,
        validate=validate.OneOf(KINDS),
    )  # fmt: skip
    category = fields.String(attribute="request.category", required=True, allow_none=True)
    priority = fields.String(
        attribute="request.priority", required=True, validate=validate.OneOf(PRIORITIES)
    )
    text = fields.String(attribute="request.text", metadata=CONTENT_FIELD)
    place = fields.Nested(
        PlaceSchema, attribute="request.place", allow_none=True, metadata=CONTENT_FIELD
    )
    answers = fields.Dict(metadata=CONTENT_FIELD)
    files = fields.List(fields.Nested(RequestFileSchema), metadata=CONTENT_FIELD)
    file_count = fields.Integer(attribute="request.file_count", metadata=CONTENT_FIELD)
    hide_me = fields.Boolean(attribute="request.hide_me", required=True)
    on_behalf_of = fields.Nested(
        OnBehalfSchema, attribute="request.on_behalf_of", allow_none=True, metadata=IDENTITY_FIELD
    )
    source = fields.String(
        attribute="request.source", required=True, allow_none=True, validate=validate.OneOf(SOURCES)
    )
    requester = fields.Method("_requester", metadata={**IDENTITY_FIELD, **NAMED})
    routing = fields.Nested(RoutingSchema, attribute="request.routing", metadata=EVIDENCE_FIELD)
    parts = fields.List(
        fields.Nested(PartSchema), attribute="request.routing.parts", dump_default=list,
        metadata=CONTENT_FIELD,
    )  # fmt: skip
    split_from = fields.String(allow_none=True)
    split_into = fields.List(fields.Nested(SplitOffSchema), metadata={"sens": OWN})
    grounds = fields.Nested(GroundsSchema, metadata={"sens": GROUNDS})
    told = fields.List(fields.String(), metadata={"sens": OWN})
    asks = fields.Nested(AsksSchema, allow_none=True, metadata={"sens": OWN})
    emergency = fields.Nested(
        EmergencySchema, attribute="request.emergency", allow_none=True, metadata=CONTENT_FIELD
    )
    advice = fields.List(
        fields.Nested(AdviceSchema), attribute="request.advice", allow_none=True,
        metadata=CONTENT_FIELD,
    )  # fmt: skip
    helped = fields.String(
        attribute="request.helped", allow_none=True, validate=validate.OneOf(HELPED),
        metadata=CONTENT_FIELD,
    )  # fmt: skip
    deadlines = fields.Nested(DeadlinesSchema, attribute="request", required=True)
    assigned = fields.List(fields.String(), required=True)
    waits_for = fields.String(
        attribute="request.waits_for", required=True, allow_none=True,
        validate=validate.OneOf(WAITS),
    )  # fmt: skip
    merged_into = fields.UUID(attribute="request.merged_into", required=True, allow_none=True)
    followers = fields.Integer(attribute="request.followers", required=True)
    no_volunteer = fields.Boolean(attribute="request.no_volunteer", required=True)
    suspend_reason = fields.String(
        attribute="request.suspend_reason", required=True, allow_none=True,
        validate=validate.OneOf(SUSPEND_REASONS),
    )  # fmt: skip
    suspended_until = fields.Date(
        attribute="request.suspended_until", required=True, allow_none=True
    )
    question = fields.String(attribute="request.question", allow_none=True, metadata=CONTENT_FIELD)
    result = fields.String(attribute="request.result", allow_none=True, metadata=CONTENT_FIELD)
    solved = fields.String(
        attribute="request.solved", required=True, allow_none=True, validate=validate.OneOf(SOLVED)
    )
    rating = fields.Integer(
        attribute="request.rating", required=True, allow_none=True, validate=validate.Range(1, 5)
    )
    created_at = Moment(attribute="request.created_at", required=True)
    version = fields.Integer(attribute="request.version", required=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)

    def _requester(self, seen: RequestView) -> dict[str, str]:
        return {"name": seen.requester_name}


class RequestItemSchema(RequestSchema):
    """A request in a list: names are masked."""

    class Meta:
        """What it was split from or into, and came with, is looked up for one request alone."""

        exclude = ("split_from", "split_into", "files")

    def _requester(self, seen: RequestView) -> dict[str, str]:
        return {"name": mask_name(seen.requester_name)}


RequestPageSchema = page_of(RequestItemSchema, "RequestPage")


class EventSchema(Shape):
    """A line of the timeline, in plain words."""

    at = Moment(required=True)
    action = fields.String(required=True)
    text = fields.String(required=True)
    by = fields.String(required=True)


class TimelineSchema(Shape):
    """What has happened, oldest first."""

    items = fields.List(fields.Nested(EventSchema), required=True)


class StandardAnswerSchema(ma.Schema):
    """A sentence for a field of an action's body."""

    code = fields.String(required=True)
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    field = fields.String(required=True)
    text = fields.String(required=True)


class StandardAnswersSchema(ma.Schema):
    """Those of the request's own kind first."""

    items = fields.List(fields.Nested(StandardAnswerSchema), required=True)


class RequestQuery(WindowQuery):
    """Filters of `GET /requests`."""

    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(
            ("mine", "entered", "station", "village", "stand_in", "escalated", "on_duty")
        ),
    )
    status = fields.String(validate=validate.OneOf(REQUEST.states))
    station = fields.String(validate=validate.OneOf(KINDS))
    category = Code(20)
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    overdue = Switch()
    unassigned = Switch()


class QueueQuery(WindowQuery):
    """Which part of a queue."""

    view = fields.String(load_default="open", validate=validate.OneOf(QUEUE_VIEWS))


class TaskCardSchema(Schema):
    """What the head changes on the category's default card."""

    what = Line(60)
    people_needed = Whole(1, 20)
    skills = fields.List(Line(20), validate=validate.Length(max=10))
    risk = Whole(0, 3)
    minutes = Whole(1, 1440)
    starts_at = Moment()
    ends_at = Moment()
    place = fields.Nested(PlaceSchema, allow_none=True)
