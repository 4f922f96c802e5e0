"""The caller herself: profile, village, consents, and when she may be asked."""

from __future__ import annotations

from typing import Any

from service.door import Call, Door
from service.me import describe
from service.schemas.people import (
    AvailabilityInSchema,
    AvailabilitySchema,
    ConsentInSchema,
    ConsentListSchema,
    ConsentSchema,
    PersonSchema,
    PhoneCodeSchema,
    PhoneInSchema,
    PhoneSchema,
    ProfileSchema,
    SubscriptionsInSchema,
    VillageSchema,
)
from village import availability, consents, people, phones, subscriptions
from village.errors import Invalid, Unavailable
from wechat.errors import LoginCodeInvalid, WechatError

door = Door("me", __name__, url_prefix="/me", description="我自己")


def _me(call: Call) -> dict[str, Any]:
    call.session.flush()
    if call.actor.family_id is None:
        raise Invalid
    actor = people.load_actor(call.session, call.actor.family_id)
    body: dict[str, Any] = PersonSchema().dump(describe(call.context, actor))
    return body


@door.open("GET", "", permission="me.read", returns=PersonSchema, name="read_me")
def read_me(call: Call) -> dict[str, Any]:
    """Who the caller is: name, village, offices, and what is still needed of her."""
    body: dict[str, Any] = PersonSchema().dump(describe(call.context, call.actor))
    return body


@door.open("PUT", "/profile", permission="me.update", body=ProfileSchema, returns=PersonSchema)
def set_profile(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Replace the profile's fields that are sent."""
    people.set_profile(call.session, call.actor, sent)
    return _me(call)


@door.open("PUT", "/village", permission="me.update", body=VillageSchema, returns=PersonSchema)
def set_village(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Say in which natural village one lives."""
    people.set_village(call.session, call.actor, sent["village"])
    return _me(call)


@door.open(
    "POST", "/consents", permission="me.update", body=ConsentInSchema, returns=ConsentSchema,
    status=201,
)  # fmt: skip
def add_consent(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Accept a document's version, or take the consent back: what is optional stops at once."""
    body: dict[str, Any] = ConsentSchema().dump(consents.answer(call.session, call.actor, **sent))
    return body


@door.open("GET", "/consents", permission="me.read", returns=ConsentListSchema)
def list_consents(call: Call) -> dict[str, Any]:
    """What one is asked to agree to, what one has said, and what a no would mean."""
    found = consents.list_mine(call.session, call.actor)
    body: dict[str, Any] = ConsentListSchema().dump({"items": found})
    return body


@door.open("POST", "/subscriptions", permission="me.update", body=SubscriptionsInSchema, status=204)
def keep_subscriptions(call: Call, sent: dict[str, Any]) -> None:
    """Say what one answered when WeChat asked whether messages of some kinds may come."""
    subscriptions.keep(call.session, call.actor, sent["results"])


@door.open("GET", "/phone", permission="me.read", returns=PhoneSchema)
def read_phone(call: Call) -> dict[str, Any]:
    """The caller's number, masked."""
    return _phone(phones.read(call.session, call.actor))


@door.open("PUT", "/phone", permission="me.update", body=PhoneInSchema, returns=PhoneSchema)
def set_phone(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Say by which number one can be phoned; typed, it proves nothing."""
    return _phone(phones.put(call.session, call.actor, sent["number"], verified=False))


@door.open(
    "POST", "/phone", permission="me.update", body=PhoneCodeSchema, returns=PhoneSchema,
    stored=False, limit="claim",
)  # fmt: skip
def prove_phone(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Let WeChat say which number is the caller's, by the code of its phone button."""
    try:
        number = phones.normal(call.context.wechat.phone_number(sent["code"]))
    except LoginCodeInvalid as error:
        raise Invalid("phone_code_invalid", "WeChat refused the code") from error
    except WechatError as error:
        raise Unavailable("unavailable", "WeChat does not answer") from error
    if number is None:
        raise Invalid("phone_code_invalid", "it is no number of this country")
    return _phone(phones.put(call.session, call.actor, number, verified=True))


@door.open("DELETE", "/phone", permission="me.update", status=204)
def drop_phone(call: Call) -> None:
    """Take one's number back."""
    phones.drop(call.session, call.actor)


def _phone(person: Any) -> dict[str, Any]:
    number = phones.of(person)
    verified = person.phone_verified_at is not None
    body: dict[str, Any] = PhoneSchema().dump(
        {"number": number and phones.mask(number), "verified": verified}
    )
    return body


def _times(found: availability.Availability) -> dict[str, Any]:
    quiet = found.quiet_hours
    body: dict[str, Any] = AvailabilitySchema().dump(
        {
            "windows": [
                {"weekday": day + 1, "start": start, "end": end}
                for day, start, end in found.windows
            ],
            "time_off": [{"start": start, "end": end} for start, end in found.time_off],
            "max_open_tasks": found.max_open_tasks,
            "quiet_hours": quiet and {"start": quiet[0], "end": quiet[1]},
            "version": found.version,
        }
    )
    return body


@door.open("GET", "/availability", permission="availability.read", returns=AvailabilitySchema)
def read_availability(call: Call) -> dict[str, Any]:
    """When the caller may be asked; 404 for who is no volunteer."""
    return _times(availability.get(call.session, call.actor))


@door.open(
    "PUT", "/availability", permission="availability.update", body=AvailabilityInSchema,
    returns=AvailabilitySchema, versioned=True,
)  # fmt: skip
def set_availability(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Replace the times that are sent; nobody else sees them."""
    return _times(availability.put(call.session, call.actor, sent, if_match=call.if_match))
