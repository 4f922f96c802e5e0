"""Offers and tasks, as the invited and as the station meet them; the inbox."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import (
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
from service.schemas.files import file_ids
from service.schemas.requests import NAMED
from village.exclusions import KINDS, TIES, WORD
from village.parties import MOST
from village.relations import CHAIR, HEAD
from village.tasks import PART_ACTIONS, STATES, TaskView
from village.wishes import REASONS
from village.workflow.offer import OFFER

MAYBE_NAMED = {**NAMED, "type": ["object", "null"]}
ANSWERS = ("accept", "decline", "stand_by", "stand_down")
RISK_NOTICES = (
    "没有特别的危险",
    "请注意安全，量力而行",
    "有一定风险：须成年并有保险，戴好防护，两人以上",
    "风险较高：只做力所能及的部分，听从现场负责人安排",
)


class WhenSchema(Shape):
    """The time within which the work is to be done."""

    start = Moment(attribute="starts_at", data_key="from", required=True)
    end = Moment(attribute="ends_at", data_key="to", required=True)


class WhySchema(Shape):
    """Why she was asked: about herself, never about others."""

    kind = fields.String(required=True)
    text = fields.String(required=True)


class OfferSchema(Shape):
    """An invitation: what, roughly where, and when; yes and no are both fine."""

    id = fields.UUID(attribute="offer.id", required=True)
    task = fields.UUID(attribute="task.id", required=True)
    station = fields.String(attribute="task.station", required=True)
    what = fields.String(attribute="task.what", required=True)
    place = fields.String(attribute="village_name", required=True)
    when = fields.Nested(WhenSchema, attribute="task", required=True)
    minutes = fields.Integer(attribute="task.minutes", required=True)
    people_needed = fields.Integer(attribute="task.people_needed", required=True)
    risk = fields.Integer(attribute="task.risk", required=True)
    risk_notice = fields.Function(
        lambda seen: RISK_NOTICES[seen.task.risk], required=True, metadata={"type": "string"}
    )
    priority = fields.String(required=True)
    expires_at = Moment(attribute="offer.expires_at", required=True)
    wave = fields.Integer(attribute="offer.wave", required=True)
    status = fields.String(
        attribute="offer.status", required=True, validate=validate.OneOf(OFFER.states)
    )
    why = fields.List(fields.Nested(WhySchema), required=True)
    reason = fields.String(attribute="offer.reason", required=True, allow_none=True)
    stands_by = fields.Boolean(attribute="offer.stands_by", required=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ANSWERS)), required=True)
    version = fields.Integer(attribute="offer.version", required=True)


OfferPageSchema = page_of(OfferSchema, "OfferPage")


class OfferQuery(WindowQuery):
    """Which of one's offers; `open` are those to which yes still counts."""

    status = fields.String(validate=validate.OneOf(("open", *OFFER.states)))


class AcceptOfferSchema(Schema):
    """A yes: when she will be there, and since when the tap waited for a network."""

    arrival = Moment(allow_none=True, load_default=None)
    offline_since = Moment(allow_none=True, load_default=None)


class DeclineOfferSchema(Schema):
    """A no needs no reason; one changes only what she is asked in future, and is hers alone."""

    reason = fields.String(allow_none=True, load_default=None, validate=validate.OneOf(REASONS))
    until = Moment(allow_none=True, load_default=None)


class TooCloseSchema(Schema):
    """How she is close to the villager: a relative, a contractor, or a party to the matter."""

    kind = fields.String(required=True, validate=validate.OneOf(TIES))


class ExclusionInSchema(Schema):
    """Who must not be asked; a villager's own word (`word`) needs no reason."""

    person = fields.UUID(required=True)
    kind = fields.String(load_default=WORD, validate=validate.OneOf(KINDS))


class PartyInSchema(Schema):
    """One party: whom the system knows, a household by its code, or a name as it is spoken."""

    person = fields.UUID()
    household = Line(40)
    name = Line(40)

    @ma.validates_schema
    def _one(self, data: dict[str, object], **_: object) -> None:
        if len(data) != 1:
            raise ma.ValidationError("每一位只填一样：人、户号或者姓名")


class PartiesInSchema(Schema):
    """All parties besides who asks; they take the place of those that the caller sees."""

    parties = fields.List(
        fields.Nested(PartyInSchema), required=True, validate=validate.Length(max=MOST)
    )


class PartySchema(Shape):
    """A party; `known` false: nobody here is meant, and nobody is left out for it by itself.

    `by`: who wrote it down.
    """

    person = fields.UUID(required=True, allow_none=True)
    household = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    known = fields.Boolean(required=True)
    by = fields.String(required=True, allow_none=True)


class PartiesSchema(Shape):
    """The parties besides who asks, as far as the caller may see them."""

    items = fields.List(fields.Nested(PartySchema), required=True)


class NameableSchema(Shape):
    """A volunteer by name; `at_station`: of the station that has the request."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)
    at_station = fields.Boolean(required=True)


class ExcludedSchema(Shape):
    """Whom the caller has named already, and why; she may take it back."""

    person = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)


class NameablesSchema(Shape):
    """Whom the caller may name, those of the station first; and whom she has named."""

    items = fields.List(fields.Nested(NameableSchema), required=True)
    said = fields.List(fields.Nested(ExcludedSchema), required=True)


class ContactSchema(Shape):
    """Whom to ask for, from acceptance to completion and a day."""

    name = fields.String(required=True)


class HelperSchema(Shape):
    """Who said yes, and when she will be there; nothing of those who did not."""

    name = fields.String(required=True)
    arrival = Moment(required=True, allow_none=True)
    accepted_at = Moment(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf(("taken", "checked_in", "completed"))
    )


class TaskSchema(Shape):
    """A task card; details and contact only for those who work on it, and for a time."""

    id = fields.UUID(attribute="task.id", required=True)
    offer = fields.UUID(
        attribute="offer.id", required=True, allow_none=True, dump_default=None,
        metadata={"description": "the caller's own"},
    )  # fmt: skip
    request = fields.UUID(attribute="task.request_id", required=True)
    station = fields.String(attribute="task.station", required=True)
    village = fields.String(attribute="task.village_code", required=True)
    what = fields.String(attribute="task.what", required=True)
    when = fields.Nested(WhenSchema, attribute="task", required=True)
    minutes = fields.Integer(attribute="task.minutes", required=True)
    risk = fields.Integer(attribute="task.risk", required=True)
    people_needed = fields.Integer(attribute="task.people_needed", required=True)
    people_accepted = fields.Method("_accepted", required=True, metadata={"type": "integer"})
    people = fields.List(fields.Nested(HelperSchema), required=True)
    arrival = Moment(required=True, allow_none=True)
    status = fields.Method("_status", required=True, metadata={"type": "string", "enum": STATES})
    place = fields.Method("_place", required=True, metadata={"type": ["object", "null"]})
    details = fields.Method("_details", required=True, metadata={"type": ["string", "null"]})
    contact = fields.Method(
        "_contact", required=True, metadata={**NAMED, "type": ["object", "null"]}
    )
    allowed_actions = fields.List(
        fields.String(validate=validate.OneOf(PART_ACTIONS)), required=True
    )

    def _accepted(self, seen: TaskView) -> int:
        return sum(place.status != "open" for place in seen.places)

    def _status(self, seen: TaskView) -> str:
        return seen.offer.status if seen.offer is not None else seen.task.status

    def _place(self, seen: TaskView) -> dict[str, Any] | None:
        return seen.task.place if self._sees_all(seen) else None

    def _details(self, seen: TaskView) -> str | None:
        return seen.request.text if self._sees_all(seen) else None

    def _contact(self, seen: TaskView) -> dict[str, str] | None:
        if seen.requester_name is None or not self._sees_all(seen):
            return None
        return {"name": seen.requester_name}

    def _sees_all(self, seen: TaskView) -> bool:
        answers_for_it = bool(seen.relations & {HEAD, CHAIR})
        return not seen.request.sealed and (seen.shows_contact or answers_for_it)


TaskPageSchema = page_of(TaskSchema, "TaskPage")


class TaskQuery(WindowQuery):
    """Whose tasks; `request`: those of one request alone."""

    request = fields.UUID(load_default=None)
    scope = fields.String(load_default="mine", validate=validate.OneOf(("mine", "station")))


class CompleteSchema(Schema):
    """What was done, and how long it took."""

    result = Text(1000, required=True)
    minutes = Whole(1, 1440, required=True)
    files = file_ids()


class NotificationSchema(Shape):
    """A line of the inbox."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    created_at = Moment(required=True)
    read_at = Moment(required=True, allow_none=True)
    request = fields.UUID(attribute="request_id", required=True, allow_none=True)
    offer = fields.UUID(attribute="offer_id", required=True, allow_none=True)


NotificationPageSchema = page_of(NotificationSchema, "NotificationPage")


class NotificationQuery(WindowQuery):
    """All, or those that were not read."""

    unread = Switch(load_default=None, allow_none=False)


class ReadAllSchema(Shape):
    """How many lines were marked."""

    marked = fields.Integer(required=True)
