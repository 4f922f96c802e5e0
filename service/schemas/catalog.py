"""Villages, stations, categories, and what a phone needs at its start."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Shape
from service.schemas.grounds import AdviceSchema
from village.stations import KINDS, PRIORITIES


class VillageItemSchema(Shape):
    """A natural village."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    committee = fields.String(
        required=True, allow_none=True, metadata={"description": "code of the unit above it"}
    )


class VillagesSchema(Shape):
    """All natural villages; there are few."""

    items = fields.List(fields.Nested(VillageItemSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class StationSchema(Shape):
    """A station, addressed `{village}.{kind}`."""

    id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    name = fields.String(required=True)


class StationsSchema(Shape):
    """The five stations of a village."""

    items = fields.List(fields.Nested(StationSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DirectoryEntrySchema(AdviceSchema):
    """A kind of matter that is another office's."""

    title = fields.String(required=True)


class DirectorySchema(Shape):
    """The county's directory."""

    items = fields.List(fields.Nested(DirectoryEntrySchema), required=True)


class TaskCardOutSchema(Shape):
    """The default task card of a category."""

    people = fields.Integer(required=True)
    skills = fields.List(fields.String(), required=True)
    risk = fields.Integer(required=True)
    minutes = fields.Integer(required=True)
    window_days = fields.Integer(required=True)
    at_once = fields.Boolean(required=True)


class CategorySchema(Shape):
    """What may be asked for; `form` is a JSON Schema of `answers`."""

    code = fields.String(required=True)
    station = fields.String(required=True, validate=validate.OneOf(KINDS))
    name = fields.String(required=True)
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    first_response_hours = fields.Integer(required=True)
    resolve_days = fields.Integer(required=True)
    flags = fields.List(fields.String(), required=True)
    next_step = fields.String(required=True)
    task_card = fields.Nested(
        TaskCardOutSchema, required=True, allow_none=True,
        metadata={"description": "null where the next step is nothing for volunteers"},
    )  # fmt: skip
    form = fields.Dict(required=True)
    open = fields.Boolean(
        required=True, metadata={"description": "false: its impact assessment is not entered"}
    )


class CategoriesSchema(Shape):
    """The categories, in their order; there are few enough for one page."""

    items = fields.List(fields.Nested(CategorySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CategoryQuery(Shape):
    """Which station's."""

    station = fields.String(validate=validate.OneOf(KINDS))

    class Meta:
        """Other words in an address are somebody else's."""

        unknown = ma.EXCLUDE


class CategoryNameSchema(Shape):
    """A category's name, for a picker."""

    code = fields.String(required=True)
    station = fields.String(required=True)
    name = fields.String(required=True)
    open = fields.Boolean(required=True)


class DemoPersonSchema(Shape):
    """Somebody to log in as, in a demo."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    role_label = fields.String(required=True)


class BootstrapSchema(Shape):
    """One call at the phone's start."""

    villages = fields.List(fields.Nested(VillageItemSchema), required=True)
    categories = fields.List(fields.Nested(CategoryNameSchema), required=True)
    station_names = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    certified_skills = fields.List(fields.String(), required=True)
    privacy_version = fields.String(required=True)
    templates = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), required=True
    )
    lexicon_version = fields.String(required=True)
    unread = fields.Integer(required=True, allow_none=True)
    demo_people = fields.List(fields.Nested(DemoPersonSchema))
