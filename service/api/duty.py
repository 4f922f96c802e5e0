"""Who is on duty, who is away, and whom a clerk is to phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.duty import (
    AbsenceInSchema,
    DutySchema,
    PhonedSchema,
    PhoneTasksSchema,
    RotaInSchema,
)
from village import phone_tasks, rota
from village.errors import NotFound

door = Door("duty", __name__, description="值班")


@door.open("GET", "/villages/<string:village>/duty", permission="duty.read", returns=DutySchema)
def read_duty(call: Call, village: str) -> dict[str, Any]:
    """The duty rota and the absences from now on."""
    _known(call, village)
    return _dump(rota.read(call.session, call.actor, village))


@door.open(
    "PUT", "/villages/<string:village>/duty", permission="duty.set", body=RotaInSchema,
    returns=DutySchema,
)  # fmt: skip
def set_rota(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Replace the rota from now on: who is called first when something urgent lies unseen."""
    _known(call, village)
    return _dump(rota.set_rota(call.session, call.actor, village, sent["shifts"]))


@door.open(
    "PUT", "/villages/<string:village>/absence", permission="duty.absence",
    body=AbsenceInSchema, returns=DutySchema,
)  # fmt: skip
def set_absence(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Say that one is away, and who covers; the chair may say it of any officer."""
    _known(call, village)
    return _dump(rota.set_absence(call.session, call.actor, village, sent))


@door.open("GET", "/phone-tasks", permission="phone_task.list", returns=PhoneTasksSchema)
def list_phone_tasks(call: Call) -> dict[str, Any]:
    """Whom the caller, as a clerk, is to phone: an urgent request lies unseen."""
    found = phone_tasks.list_mine(call.session, call.actor)
    body: dict[str, Any] = PhoneTasksSchema().dump({"items": found})
    return body


@door.open(
    "POST", "/phone-tasks/<uuid:phone_task_id>/phoned", permission="phone_task.done",
    body=PhonedSchema, status=204,
)  # fmt: skip
def done_phoning(call: Call, sent: dict[str, Any], phone_task_id: UUID) -> None:
    """Say that one has phoned, and whether somebody answered."""
    phone_tasks.done(call.session, call.actor, phone_task_id, reached=sent["reached"])


def _known(call: Call, village: str) -> None:
    if village not in call.context.catalog.villages:
        raise NotFound


def _dump(found: rota.Duty) -> dict[str, Any]:
    body: dict[str, Any] = DutySchema().dump(found)
    return body
