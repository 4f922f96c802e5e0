"""Requests: writing one, finding them, and every action of the workflow's table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import desk, intake
from service.door import Call, Door, View
from service.schemas.actions import PAYLOADS
from service.schemas.base import dump_page, dump_seen, window_of
from service.schemas.requests import (
    EmergencyAnswerSchema,
    RequestInSchema,
    RequestItemSchema,
    RequestPageSchema,
    RequestQuery,
    RequestSchema,
    StandardAnswersSchema,
    TimelineSchema,
)
from service.schemas.similar import SimilarInSchema, SimilarListSchema, SimilarSchema
from village import clock, request_lists, requests, similar, standard_answers
from village.access import CONTENT, META
from village.relations import REQUESTER
from village.requests import RequestView
from village.timeline import PRESENT, sentence

door = Door("requests", __name__, url_prefix="/requests", description="诉求")
LISTS = {
    "mine": request_lists.list_mine,
    "entered": request_lists.list_entered,
    "station": request_lists.list_station,
    "village": request_lists.list_village,
    "stand_in": request_lists.list_stand_in,
    "escalated": request_lists.list_escalated,
    "on_duty": request_lists.list_on_duty,
}


def dump_request(seen: RequestView) -> dict[str, Any]:
    """Return the body of a request, as its reader may see it."""
    body = dump_seen(RequestSchema, seen, seen.seen)
    if seen.request.status == "draft" and "routing" in body:
        body["routing"]["decision"] = "emergency"
    return body


@door.open(
    "POST", "", permission="request.create", body=RequestInSchema, returns=RequestSchema,
    status=201, limit="submit",
)  # fmt: skip
def submit(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Write what is wrong; a village and a sentence are enough."""
    request = intake.submit(call.session, call.actor, call.context.catalog, sent)
    return dump_request(requests.view(call.session, call.actor, request))


@door.open("GET", "", permission="request.list", query=RequestQuery, returns=RequestPageSchema)
def list_requests(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """Find one's own requests, those entered for others, or those of one's offices."""
    page = LISTS[query["scope"]](call.session, call.actor, window_of(query), query)
    return dump_requests(page)


def dump_requests(page: Any) -> dict[str, Any]:
    """Return the body of a page of requests, each as its reader may see it."""
    return dump_page(page, (dump_seen(RequestItemSchema, seen, seen.seen) for seen in page.items))


@door.open(
    "POST", "/similar", permission="request.find_similar", body=SimilarInSchema,
    returns=SimilarListSchema, limit="preview",
)  # fmt: skip
def find_similar(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Look before sending: what a neighbour may have written already, without her words."""
    wanted = similar.Wanted(**sent, at=clock.now())
    found = similar.before_submitting(call.session, call.actor, wanted)
    return _dump_similar(found, frozenset({META}))


@door.open(
    "GET", "/<uuid:request_id>/similar", permission="request.similar", returns=SimilarListSchema
)
def read_similar(call: Call, request_id: UUID) -> dict[str, Any]:
    """What the station may have already, with the words in which it was written."""
    found = similar.of_request(call.session, call.actor, request_id)
    return _dump_similar(found, frozenset({META, CONTENT}))


def _dump_similar(found: list[similar.Similar], seen: frozenset[str]) -> dict[str, Any]:
    return {"items": [dump_seen(SimilarSchema, one, seen) for one in found]}


@door.open(
    "GET", "/<uuid:request_id>/answers", permission="request.answers",
    returns=StandardAnswersSchema,
)  # fmt: skip
def read_answers(call: Call, request_id: UUID) -> dict[str, Any]:
    """Sentences to take instead of writing one's own, for what may be done now."""
    found = standard_answers.offered(call.session, call.actor, request_id)
    body: dict[str, Any] = StandardAnswersSchema().dump({"items": found})
    return body


@door.open("GET", "/<uuid:request_id>", permission="request.read", returns=RequestSchema)
def read_request(call: Call, request_id: UUID) -> dict[str, Any]:
    """One request, as far as the caller may see it."""
    return dump_request(requests.read(call.session, call.actor, request_id))


@door.open(
    "GET", "/<uuid:request_id>/timeline", permission="request.timeline", returns=TimelineSchema
)
def read_timeline(call: Call, request_id: UUID) -> dict[str, Any]:
    """What has happened to a request, in plain words."""
    seen, events = requests.timeline(call.session, call.actor, request_id)
    mine = REQUESTER in seen.relations
    names = {
        station.kind: station.name
        for station in call.context.catalog.stations.values()
        if station.village_code == seen.request.village_code
    }
    names[PRESENT] = names.get(seen.request.station or "", "")
    items = [
        {
            "at": event.at,
            "action": event.action,
            "by": event.actor_role,
            "text": sentence(
                event,
                station_names=names,
                for_requester=mine,
                with_words=CONTENT in seen.seen,
            ),
        }
        for event in events
    ]
    body: dict[str, Any] = TimelineSchema().dump({"items": items})
    return body


@door.open(
    "POST", "/<uuid:request_id>/emergency", permission="request.act",
    body=EmergencyAnswerSchema, returns=RequestSchema, versioned=True,
)  # fmt: skip
def answer_emergency(call: Call, sent: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Answer the emergency question: yes goes to the rescue services, no goes on its way."""
    request = intake.answer_emergency(
        call.session,
        call.actor,
        call.context.catalog,
        request_id,
        danger_now=sent["danger_now"],
        about_office=sent["about_office"],
        if_match=call.if_match,
    )
    return dump_request(requests.after(call.session, call.actor, request))


def _action(action: str) -> View:
    def take(call: Call, sent: dict[str, Any], request_id: UUID) -> dict[str, Any]:
        request = desk.act(
            call.session,
            call.actor,
            call.context.catalog,
            request_id,
            action,
            sent,
            if_match=call.if_match,
        )
        return dump_request(requests.after(call.session, call.actor, request))

    take.__doc__ = PAYLOADS[action].__doc__
    return take


for _name in PAYLOADS:
    door.open(
        "POST",
        f"/<uuid:request_id>/{_name}",
        permission="request.act",
        body=PAYLOADS[_name],
        returns=RequestSchema,
        versioned=True,
        name=f"request_{_name}",
    )(_action(_name))
