"""Becoming a volunteer, pausing and leaving; verifying who applied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.api.agreements import station_of
from service.door import Call, Door
from service.schemas.base import Empty, WindowQuery, dump_page, window_of
from service.schemas.volunteers import (
    ApplicantPageSchema,
    ApplicantSchema,
    ApplySchema,
    DeclineSchema,
    GuardedSchema,
    GuardianCodeInSchema,
    GuardianCodeSchema,
    GuardianPaperSchema,
    ObjectionSchema,
    TrainingSchema,
    VolunteerSchema,
)
from service.slips import spaced
from village import registration_views, registrations, volunteering
from village.errors import NotFound
from village.registration_views import View

MINE = "/me/volunteer"
ALL = "/villages/<string:village>/volunteers"
ONE = f"{ALL}/<uuid:person_id>"
TRAINING = "/stations/<string:station>/training"

door = Door("volunteers", __name__, description="志愿者登记")


@door.open("GET", MINE, permission="volunteer.mine", returns=VolunteerSchema)
def read_volunteer(call: Call) -> dict[str, Any]:
    """One's own volunteering; `status` is null for who never applied."""
    return _mine(registration_views.read_mine(call.session, call.actor))


@door.open(
    "POST", MINE, permission="volunteer.apply", body=ApplySchema, returns=VolunteerSchema,
    status=201, limit="assist",
)  # fmt: skip
def apply(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Apply to be a volunteer, by one's own will."""
    return _mine(registrations.apply(call.session, call.actor, sent))


@door.open("POST", f"{MINE}/pause", permission="volunteer.own", returns=VolunteerSchema)
def pause(call: Call) -> dict[str, Any]:
    """Not be asked for a while, without a reason."""
    return _mine(volunteering.pause(call.session, call.actor))


@door.open("POST", f"{MINE}/resume", permission="volunteer.own", returns=VolunteerSchema)
def resume(call: Call) -> dict[str, Any]:
    """Be asked again."""
    return _mine(volunteering.resume(call.session, call.actor))


@door.open("POST", f"{MINE}/leave", permission="volunteer.own", returns=VolunteerSchema)
def leave(call: Call) -> dict[str, Any]:
    """Stop, without a reason: invitations and places go back to others."""
    return _mine(volunteering.leave(call.session, call.actor))


@door.open(
    "POST", f"{MINE}/object", permission="volunteer.own", body=ObjectionSchema,
    returns=VolunteerSchema,
)  # fmt: skip
def object_to(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Say why one does not agree with being declined."""
    return _mine(volunteering.object_to(call.session, call.actor, sent["text"]))


@door.open(
    "POST", f"{MINE}/guardian-code", permission="volunteer.own", body=Empty,
    returns=GuardianCodeSchema, stored=False,
)  # fmt: skip
def new_code(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """A code for the guardian's phone, for a week."""
    code = registrations.new_code(call.session, call.actor, call.context.keys)
    body: dict[str, Any] = GuardianCodeSchema().dump({"code": spaced(code)})
    return body


@door.open(
    "POST", "/guardian-consents", permission="volunteer.consent_by_code",
    body=GuardianCodeInSchema, returns=GuardedSchema, stored=False, limit="claim",
)  # fmt: skip
def agree(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Agree, as the guardian, that a minor is a volunteer."""
    code = sent["code"]
    found = registrations.agree_by_code(call.session, call.actor, call.context.keys, code)
    body: dict[str, Any] = GuardedSchema().dump(found)
    return body


@door.open(
    "GET", ALL, permission="volunteer.list", query=WindowQuery, returns=ApplicantPageSchema,
    name="list_applicants",
)  # fmt: skip
def list_applicants(call: Call, query: dict[str, Any], village: str) -> dict[str, Any]:
    """Registrations that wait for somebody, the oldest first."""
    _known(call, village)
    page = registration_views.list_open(call.session, call.actor, village, window_of(query))
    return dump_page(page, (ApplicantSchema().dump(view) for view in page.items))


@door.open("GET", ONE, permission="volunteer.read", returns=ApplicantSchema)
def read_applicant(call: Call, village: str, person_id: UUID) -> dict[str, Any]:
    """One registration."""
    return _seen(registrations.read(call.session, call.actor, village, person_id))


@door.open(
    "POST", f"{ONE}/consent", permission="volunteer.consent", body=GuardianPaperSchema,
    returns=ApplicantSchema,
)  # fmt: skip
def enter_consent(
    call: Call, sent: dict[str, Any], village: str, person_id: UUID
) -> dict[str, Any]:
    """Enter that one has seen the guardian's signed paper."""
    return _seen(registrations.agree_on_paper(call.session, call.actor, village, person_id, **sent))


@door.open("POST", f"{ONE}/verify", permission="volunteer.decide", returns=ApplicantSchema)
def verify(call: Call, village: str, person_id: UUID) -> dict[str, Any]:
    """Say that she is who she says."""
    return _seen(registrations.verify(call.session, call.actor, village, person_id))


@door.open(
    "POST", f"{ONE}/decline", permission="volunteer.decide", body=DeclineSchema,
    returns=ApplicantSchema,
)  # fmt: skip
def decline(call: Call, sent: dict[str, Any], village: str, person_id: UUID) -> dict[str, Any]:
    """Decline, with a reason that she reads."""
    return _seen(registrations.decline(call.session, call.actor, village, person_id, **sent))


@door.open("POST", f"{ONE}/admit", permission="volunteer.review", returns=ApplicantSchema)
def admit(call: Call, village: str, person_id: UUID) -> dict[str, Any]:
    """Have a declined registration looked at again."""
    return _seen(registrations.review(call.session, call.actor, village, person_id, "admit"))


@door.open("POST", f"{ONE}/uphold", permission="volunteer.review", returns=ApplicantSchema)
def uphold(call: Call, village: str, person_id: UUID) -> dict[str, Any]:
    """Leave it at that."""
    return _seen(registrations.review(call.session, call.actor, village, person_id, "uphold"))


@door.open("GET", TRAINING, permission="station.training", returns=TrainingSchema)
def read_training(call: Call, station: str) -> dict[str, Any]:
    """Whether a station wants a training first."""
    return _needed(registrations.training(call.session, call.actor, station_of(call, station)))


@door.open(
    "PUT", TRAINING, permission="station.training", body=TrainingSchema, returns=TrainingSchema
)
def set_training(call: Call, sent: dict[str, Any], station: str) -> dict[str, Any]:
    """Say whether it does."""
    at = station_of(call, station)
    return _needed(registrations.set_training(call.session, call.actor, at, **sent))


def _known(call: Call, village: str) -> None:
    if village not in call.context.catalog.villages:
        raise NotFound


def _mine(view: View) -> dict[str, Any]:
    body: dict[str, Any] = VolunteerSchema().dump(view)
    return body


def _seen(view: View) -> dict[str, Any]:
    body: dict[str, Any] = ApplicantSchema().dump(view)
    return body


def _needed(needed: bool) -> dict[str, Any]:
    body: dict[str, Any] = TrainingSchema().dump({"needed": needed})
    return body
