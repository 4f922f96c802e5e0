"""Please phone: telling who has no account what an inbox would tell her."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.calls import CallAnswersSchema, CallDoneSchema, CallListSchema, CallSchema
from village import callbacks, calls

door = Door("calls", __name__, url_prefix="/calls", description="要打的电话")


@door.open("GET", "", permission="call.list", returns=CallListSchema)
def list_calls(call: Call) -> dict[str, Any]:
    """The calls that the caller is asked to make, the oldest first."""
    found = calls.list_mine(call.session, call.actor)
    body: dict[str, Any] = CallListSchema().dump({"items": found})
    return body


@door.open("GET", "/<uuid:call_id>", permission="call.read", returns=CallSchema)
def read_call(call: Call, call_id: UUID) -> dict[str, Any]:
    """One call, with whom to call."""
    body: dict[str, Any] = CallSchema().dump(calls.read(call.session, call.actor, call_id))
    return body


@door.open(
    "POST", "/<uuid:call_id>/done", permission="call.done", body=CallDoneSchema,
    returns=CallSchema,
)  # fmt: skip
def finish_call(call: Call, sent: dict[str, bool], call_id: UUID) -> dict[str, Any]:
    """Say that she was told; or that nobody answered, and it stays to be done."""
    seen = calls.done(call.session, call.actor, call_id, reached=sent["reached"])
    body: dict[str, Any] = CallSchema().dump(seen)
    return body


@door.open(
    "POST", "/<uuid:call_id>/answers", permission="call.done", body=CallAnswersSchema,
    returns=CallSchema,
)  # fmt: skip
def keep_answers(call: Call, sent: dict[str, Any], call_id: UUID) -> dict[str, Any]:
    """Keep what she said when she was drawn to be asked; "not solved" has it done again."""
    seen = callbacks.record(call.session, call.actor, call_id, sent)
    body: dict[str, Any] = CallSchema().dump(seen)
    return body
