"""Registrations of volunteers, in and out."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Line, Moment, Schema, Shape, Text, Whole, page_of
from village.registrations import TIMES
from village.stations import KINDS, VOLUNTEER_STATES
from village.workflow.registration import REGISTRATION

ACTIONS = tuple(REGISTRATION.permissions)
WAITS = ("guardian", "association", "training", "review")
STATION = validate.OneOf(KINDS)


class ApplySchema(Schema):
    """What one would like to do, and when; `birth_year` where it is not in the profile yet."""

    stations = fields.List(
        fields.String(validate=STATION), required=True, validate=validate.Length(1, len(KINDS))
    )
    times = fields.String(required=True, validate=validate.OneOf(tuple(TIMES)))
    skills = fields.List(Line(20), load_default=list, validate=validate.Length(max=10))
    about = Text(300, load_default=None, allow_none=True)
    birth_year = Whole(1900, 2100, load_default=None, allow_none=True)
    consent_version = Code(20, required=True)


class DeclineSchema(Schema):
    """Why, in words that she reads."""

    reason = Line(200, required=True)


class ObjectionSchema(Schema):
    """Why she does not agree."""

    text = Text(500, required=True)


class GuardianPaperSchema(Schema):
    """Who signed the paper that one has seen."""

    guardian = Line(20, required=True)


class GuardianCodeInSchema(Schema):
    """The code on the minor's phone."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[0-9 ]{12,20}$"))


class GuardianCodeSchema(Shape):
    """The code that a guardian types on her own phone."""

    code = fields.String(required=True)


class GuardedSchema(Shape):
    """For whom one has agreed."""

    name = fields.String(required=True)
    stations = fields.List(
        fields.String(validate=STATION), attribute="who.registration.stations", required=True
    )


class TrainingSchema(Schema):
    """Whether a station wants a training of who registers, before she is asked."""

    needed = Flag(required=True)


class VolunteerSchema(Shape):
    """A person's volunteering, to herself; who came by the roster has no application."""

    status = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(VOLUNTEER_STATES)
    )
    waits_for = fields.String(required=True, allow_none=True, validate=validate.OneOf(WAITS))
    stations = fields.Function(
        lambda view: view.who.registration.stations if view.who.registration else [],
        required=True, metadata={"type": "array", "items": {"type": "string"}},
    )  # fmt: skip
    about = fields.String(
        attribute="who.registration.about", required=True, allow_none=True, dump_default=None
    )
    skills = fields.List(
        fields.String(), attribute="volunteer.skills", required=True, dump_default=list
    )
    minor = fields.Boolean(attribute="who.minor", required=True)
    guardian_at = Moment(
        attribute="who.registration.guardian_at", required=True, allow_none=True,
        dump_default=None,
    )  # fmt: skip
    due_at = Moment(
        attribute="who.registration.due_at", required=True, allow_none=True, dump_default=None
    )
    reason = fields.String(
        attribute="who.registration.reason", required=True, allow_none=True, dump_default=None
    )
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)


class ApplicantSchema(VolunteerSchema):
    """A registration to who reads it by office: name and year of birth, to know her by."""

    person = fields.UUID(attribute="who.person_id", required=True)
    name = fields.String(required=True)
    birth_year = fields.Integer(required=True, allow_none=True)
    guardian = fields.String(
        attribute="who.registration.guardian_name", required=True, allow_none=True
    )
    objection = fields.String(
        attribute="who.registration.objection", required=True, allow_none=True
    )


ApplicantPageSchema = page_of(ApplicantSchema, "ApplicantPageSchema")
