"""What every schema shares: strict numbers, texts that the database can hold, and the dump."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import marshmallow as ma
from marshmallow import fields, validate

from village.access import META
from village.clock import SHANGHAI
from village.paging import Page, Window
from village.phones import normal

INVISIBLE = " \t\r\n\u3000\u200b\u200c\u200d\u2060\ufeff"
ENDS_LINE = ("Cc", "Zl", "Zp")
TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def no_nul(value: str) -> None:
    """Refuse what PostgreSQL cannot store, and characters that no keyboard makes."""
    if any(char < " " and char not in "\n\r\t" for char in value):
        raise ma.ValidationError("含有不能保存的字符")


def one_line(value: str) -> None:
    """Refuse what ends a line, and marks that turn the order of what is read around it."""
    if any(unicodedata.category(char) in ENDS_LINE or char in TURNS for char in value):
        raise ma.ValidationError("只能写一行，不能有换行或看不见的控制符号")


class Text(fields.String):
    """A text between two lengths, in code points, without control characters."""

    def __init__(self, longest: int, shortest: int = 1, **options: Any) -> None:
        length = validate.Length(min=shortest or None, max=longest)
        super().__init__(validate=[length, no_nul], **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        return super()._deserialize(value, attr, data, **options).strip(INVISIBLE)


class Line(Text):
    """A name or another short text of one line: it stands in lists, messages and on paper."""

    def __init__(self, longest: int, shortest: int = 1, **options: Any) -> None:
        super().__init__(longest, shortest, **options)
        self.validators.append(one_line)


class Code(fields.String):
    """A short identifier of ours."""

    def __init__(self, longest: int = 64, **options: Any) -> None:
        super().__init__(validate=validate.Regexp(rf"^[A-Za-z0-9_.-]{{1,{longest}}}$"), **options)


class PhoneNumber(fields.String):
    """A mobile or fixed phone as people write it; its digits inside."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        written = super()._deserialize(value, attr, data, **options)
        found = normal(written) if len(written) <= 30 else None
        if found is None:
            raise ma.ValidationError("请填11位手机号，或带区号的电话")
        return found


class Whole(fields.Integer):
    """A whole number within bounds; neither "7" nor 7.5 is one."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(lowest, highest), **options)

    def _validated(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Flag(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.AwareDateTime):
    """A time with its offset, ISO 8601; dumped in Shanghai's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _serialize(self, value: Any, attr: Any, obj: Any, **options: Any) -> Any:
        return None if value is None else value.astimezone(SHANGHAI).isoformat()

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        if not isinstance(value, str) or len(value) > 40:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        moment = super()._deserialize(value, attr, data, **options)
        if not 2000 < moment.year < 2200:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        return moment


class Shape(ma.Schema):
    """What an endpoint takes or answers: a constant, which is never changed once it is made.

    flask-smorest copies all of an endpoint's for each of its answers; that took more than half
    of the time in which the service starts.
    """

    def __deepcopy__(self, _memo: object) -> Self:
        return self


class Schema(Shape):
    """Unknown fields are refused in bodies; order is that of the declaration."""

    class Meta:
        """Say no to what was not asked for."""

        unknown = ma.RAISE


class Empty(Schema):
    """A body without fields."""


class Count(fields.Integer):
    """A whole number in an address: digits, and nothing else that Python reads as a number."""

    def _validated(self, value: Any) -> Any:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._validated(value[:9])


class Switch(fields.Boolean):
    """`true` or `false` in an address."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **options)


class WindowQuery(Shape):
    """`limit` and `cursor` of a list."""

    limit = Count(load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default=None, allow_none=False, validate=[validate.Length(1, 400), no_nul]
    )

    class Meta:
        """Other words in an address are somebody else's."""

        unknown = ma.EXCLUDE


def window_of(query: dict[str, Any]) -> Window:
    """Return the window that a list was asked for."""
    return Window(query["limit"], query["cursor"])


def page_of(item: type[ma.Schema], name: str) -> type[ma.Schema]:
    """Return the schema of a page of `item`."""
    page: type[ma.Schema] = ma.Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=name,
    )
    return page


def dump_page(page: Page[Any], items: Iterable[Any]) -> dict[str, Any]:
    """Return the body of a page whose items are dumped already."""
    return {"items": list(items), "next_cursor": page.next_cursor}


def dump_seen(schema: type[ma.Schema], obj: Any, seen: frozenset[str]) -> dict[str, Any]:
    """Dump `obj` without the fields whose sensitivity its reader does not see.

    A field's tag is its metadata `sens`; a field without one is META.
    """
    dumped: dict[str, Any] = _narrowed(schema, seen).dump(obj)
    return dumped


@cache
def _narrowed(schema: type[ma.Schema], seen: frozenset[str]) -> ma.Schema:
    declared = schema().fields
    names = [n for n, field in declared.items() if field.metadata.get("sens", META) in seen]
    return schema(only=names)
