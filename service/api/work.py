"""What volunteers do: invitations, and the tasks that they said yes to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import answers
from service.door import Call, Door
from service.schemas.actions import MaybeReasonSchema
from service.schemas.base import Empty, dump_page, window_of
from service.schemas.work import (
    AcceptOfferSchema,
    CompleteSchema,
    DeclineOfferSchema,
    ExclusionInSchema,
    NameablesSchema,
    OfferPageSchema,
    OfferQuery,
    OfferSchema,
    PartiesInSchema,
    PartiesSchema,
    TaskPageSchema,
    TaskQuery,
    TaskSchema,
    TooCloseSchema,
)
from village import exclusions, invitations, nameable, offers, parties, reserve, tasks

door = Door("work", __name__, description="邀请与任务")


@door.open("GET", "/offers", permission="offer.list", query=OfferQuery, returns=OfferPageSchema)
def list_offers(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """The caller's invitations, newest first."""
    page = invitations.list_offers(
        call.session, call.actor, window_of(query), status=query.get("status")
    )
    return dump_page(page, OfferSchema(many=True).dump(page.items))


@door.open(
    "POST", "/offers/<uuid:offer_id>/accept", permission="offer.answer",
    body=AcceptOfferSchema, returns=TaskSchema, versioned=True,
)  # fmt: skip
def accept_offer(call: Call, sent: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """Say yes: the first ones get the places; the answer is the task card."""
    offer = answers.accept(call.session, call.actor, offer_id, **sent, if_match=call.if_match)
    return _card(call, offer.task_id)


@door.open(
    "POST", "/offers/<uuid:offer_id>/decline", permission="offer.answer",
    body=DeclineOfferSchema, returns=OfferSchema, versioned=True,
)  # fmt: skip
def decline_offer(call: Call, sent: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """Say no, free of consequence; nobody else sees it."""
    answers.decline(call.session, call.actor, offer_id, **sent, if_match=call.if_match)
    return _offer(call, offer_id)


@door.open(
    "POST", "/offers/<uuid:offer_id>/stand_by", permission="offer.answer", body=Empty,
    returns=OfferSchema,
)  # fmt: skip
def stand_by(call: Call, sent: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """Say that one would step in; she is asked first when a place opens again."""
    answers.stand_by(call.session, call.actor, offer_id)
    return _offer(call, offer_id)


@door.open(
    "POST", "/offers/<uuid:offer_id>/stand_down", permission="offer.answer", body=Empty,
    returns=OfferSchema,
)  # fmt: skip
def stand_down(call: Call, sent: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """Take that back, free of consequence."""
    reserve.stand_down(call.session, call.actor, offer_id)
    return _offer(call, offer_id)


@door.open(
    "POST", "/offers/<uuid:offer_id>/too_close", permission="offer.answer", body=TooCloseSchema,
    returns=OfferSchema,
)  # fmt: skip
def declare_tie(call: Call, sent: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """Say that one is too close to the villager: one is not asked for her matters any more."""
    exclusions.declare(call.session, call.actor, offer_id, sent["kind"])
    return _offer(call, offer_id)


@door.open("DELETE", "/offers/<uuid:offer_id>/too_close", permission="offer.answer", status=204)
def take_tie_back(call: Call, offer_id: UUID) -> None:
    """Take that back; 422 `tie_stays` for who holds an office."""
    exclusions.undeclare(call.session, call.actor, offer_id)


@door.open(
    "GET", "/requests/<uuid:request_id>/exclusions", permission="request.exclude",
    returns=NameablesSchema,
)  # fmt: skip
def list_nameable(call: Call, request_id: UUID) -> dict[str, Any]:
    """Whom the caller may name so: those whom she knows anyway, never what others have said."""
    found = nameable.who(call.session, call.actor, request_id)
    said = exclusions.said(call.session, call.actor, request_id)
    body: dict[str, Any] = NameablesSchema().dump({"items": found, "said": said})
    return body


@door.open(
    "POST", "/requests/<uuid:request_id>/exclusions", permission="request.exclude",
    body=ExclusionInSchema, status=204,
)  # fmt: skip
def exclude(call: Call, sent: dict[str, Any], request_id: UUID) -> None:
    """Say who must not help with a request: by a tie, or by the villager's word alone."""
    exclusions.exclude(call.session, call.actor, request_id, sent["person"], sent["kind"])


@door.open(
    "DELETE", "/requests/<uuid:request_id>/exclusions/<uuid:person_id>",
    permission="request.exclude", status=204,
)  # fmt: skip
def readmit(call: Call, request_id: UUID, person_id: UUID) -> None:
    """Take back what the caller has said of her; what others have said stays, and is not told."""
    exclusions.readmit(call.session, call.actor, request_id, person_id)


@door.open(
    "GET", "/requests/<uuid:request_id>/parties", permission="request.parties",
    returns=PartiesSchema,
)  # fmt: skip
def read_parties(call: Call, request_id: UUID) -> dict[str, Any]:
    """Who else is a party; of a dispute head and chair see what they have entered."""
    body: dict[str, Any] = PartiesSchema().dump(
        {"items": parties.read(call.session, call.actor, request_id)}
    )
    return body


@door.open(
    "PUT", "/requests/<uuid:request_id>/parties", permission="request.parties",
    body=PartiesInSchema, returns=PartiesSchema,
)  # fmt: skip
def put_parties(call: Call, sent: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Say who else is a party: she, her household and kin are asked for nothing of it."""
    found = parties.replace(call.session, call.actor, request_id, sent["parties"])
    body: dict[str, Any] = PartiesSchema().dump({"items": found})
    return body


def _offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    call.session.flush()
    body: dict[str, Any] = OfferSchema().dump(
        invitations.read_offer(call.session, call.actor, offer_id)
    )
    return body


@door.open("GET", "/tasks", permission="task.list", query=TaskQuery, returns=TaskPageSchema)
def list_tasks(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """The caller's tasks, or those of her stations, newest first."""
    read = tasks.list_mine if query["scope"] == "mine" else tasks.list_station
    page = read(call.session, call.actor, window_of(query), request_id=query["request"])
    return dump_page(page, TaskSchema(many=True).dump(page.items))


@door.open("GET", "/tasks/<uuid:task_id>", permission="task.read", returns=TaskSchema)
def read_task(call: Call, task_id: UUID) -> dict[str, Any]:
    """A task card."""
    return _card(call, task_id)


@door.open(
    "POST", "/tasks/<uuid:task_id>/check_in", permission="task.work", body=Empty,
    returns=TaskSchema,
)  # fmt: skip
def check_in(call: Call, sent: dict[str, Any], task_id: UUID) -> dict[str, Any]:
    """Say that one is there."""
    offers.check_in(call.session, call.actor, task_id)
    return _card(call, task_id)


@door.open(
    "POST", "/tasks/<uuid:task_id>/complete", permission="task.work", body=CompleteSchema,
    returns=TaskSchema,
)  # fmt: skip
def complete(call: Call, sent: dict[str, Any], task_id: UUID) -> dict[str, Any]:
    """Say what was done, and how long it took."""
    offers.complete(
        call.session, call.actor, task_id, result=sent["result"], minutes=sent["minutes"],
        file_ids=sent["files"],
    )  # fmt: skip
    return _card(call, task_id)


@door.open(
    "POST", "/tasks/<uuid:task_id>/release", permission="task.work", body=MaybeReasonSchema,
    status=204,
)  # fmt: skip
def release(call: Call, sent: dict[str, Any], task_id: UUID) -> None:
    """Give the place back, without a penalty."""
    offers.release(call.session, call.actor, task_id, reason=sent.get("reason"))


def _card(call: Call, task_id: UUID) -> dict[str, Any]:
    call.session.flush()
    body: dict[str, Any] = TaskSchema().dump(tasks.read(call.session, call.actor, task_id))
    return body
