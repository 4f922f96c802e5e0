"""Insurance, training and certificates of a station's volunteers: one enters, another confirms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.api.agreements import station_of
from service.door import Call, Door
from service.schemas.papers import PaperInSchema, PaperSchema, PapersSchema
from village import papers

PATH = "/stations/<string:station>/volunteers/<uuid:person_id>/papers"

door = Door("papers", __name__, description="志愿者的保险、培训和证书")


@door.open("GET", PATH, permission="paper.list", returns=PapersSchema)
def list_papers(call: Call, station: str, person_id: UUID) -> dict[str, Any]:
    """A volunteer's papers."""
    found = papers.list_of(call.session, call.actor, *_at(call, station), person_id)
    body: dict[str, Any] = PapersSchema().dump({"items": found})
    return body


@door.open(
    "POST", PATH, permission="paper.enter", body=PaperInSchema, returns=PaperSchema, status=201
)
def enter_paper(call: Call, sent: dict[str, Any], station: str, person_id: UUID) -> dict[str, Any]:
    """Enter what one was shown; it counts when another has confirmed it."""
    return _dump(papers.enter(call.session, call.actor, *_at(call, station), person_id, sent))


@door.open(
    "POST", f"{PATH}/<uuid:paper_id>/confirm", permission="paper.confirm", returns=PaperSchema
)
def confirm_paper(call: Call, station: str, person_id: UUID, paper_id: UUID) -> dict[str, Any]:
    """Confirm it as the second person."""
    return _dump(papers.confirm(call.session, call.actor, *_at(call, station), person_id, paper_id))


@door.open("POST", f"{PATH}/<uuid:paper_id>/revoke", permission="paper.enter", returns=PaperSchema)
def revoke_paper(call: Call, station: str, person_id: UUID, paper_id: UUID) -> dict[str, Any]:
    """Take a paper back."""
    return _dump(papers.revoke(call.session, call.actor, *_at(call, station), person_id, paper_id))


def _at(call: Call, station: str) -> tuple[str, str]:
    found = station_of(call, station)
    return found.village_code, found.kind


def _dump(paper: Any) -> dict[str, Any]:
    body: dict[str, Any] = PaperSchema().dump(paper)
    return body
