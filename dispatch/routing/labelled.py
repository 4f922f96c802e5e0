"""Requests as labels: where routing sent them, and where people found that they belong.

A transfer, a decision in triage, a refusal as "no village matter" and an acceptance each say it
(R5, R6, R10, R11, R31). Read from the database alone; nothing is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.routing.labels import NONE
from village.models import Event, Person, Request
from village.safe_path import is_safe_path
from village.voices import is_unheard

TRIAGE = "triage"
PERSON = "person"  # the villager answered which station: nothing that routing decided
BATCH = 500
STEPS = ("route", "accept", "reject", "refer", "keep")

Step = tuple[str, str | None, str | None, str | None]  # action, station, category, reason


@dataclass(frozen=True)
class Labelled:
    """A request: where routing sent it, by what, and where it belongs (None: nobody has said).

    `sent_to` is a station, `triage` or `none`. `words` says whether its text may be looked at
    for rules and training: never what is sealed, takes the safe path or is confidential.
    """

    person: UUID
    text: str
    sent_to: str
    by: str
    label: str | None
    category: str | None
    words: bool

    @property
    def moved(self) -> bool:
        """People found that it belongs elsewhere than routing said, or where it could not say."""
        return self.label is not None and self.label != self.sent_to


def read(
    session: Session, *, since: datetime | None = None, village: str | None = None
) -> list[Labelled]:
    """Return the requests written since then, in one village or all, oldest first.

    What takes the safe path is left out altogether: it is in no count either. So is a voice
    without words: routing could not err.
    """
    wanted = _select().where(Request.status != "draft")
    if since is not None:
        wanted = wanted.where(Request.created_at >= since)
    if village is not None:
        wanted = wanted.where(Request.village_code == village)
    rows = session.execute(wanted.order_by(Request.id).execution_options(yield_per=BATCH))
    return list(_labelled(rows))


def names(session: Session) -> frozenset[str]:
    """Return the names of all people, and their given names: no phrase with one is shown."""
    whole = {name for name in session.scalars(sa.select(Person.name)) if len(name) > 1}
    return frozenset(whole | {name[1:] for name in whole if len(name) > 2})


def _select() -> sa.Select[*tuple[Any, ...]]:
    data = Event.data
    step = sa.func.jsonb_build_array(
        Event.action, data["station"].astext, data["category"].astext, data["reason"].astext
    )
    steps = (
        sa.select(sa.func.jsonb_agg(sa.dialects.postgresql.aggregate_order_by(step, Event.id)))
        .where(Event.request_id == Request.id, Event.machine == "request", Event.action.in_(STEPS))
        .correlate(Request)
        .scalar_subquery()
    )
    return sa.select(Request, steps)


def _labelled(rows: Iterator[Any] | Any) -> Iterator[Labelled]:
    for request, steps in rows:
        if is_safe_path(request) or is_unheard(request) or request.forgotten_at is not None:
            continue
        label, category = _decided(request, steps or [])
        yield Labelled(
            person=request.requester_id,
            text=request.text,
            sent_to=_sent_to(request.routing),
            by=str(request.routing.get("by")),
            label=label,
            category=category,
            words=_may_learn(request),
        )


def _sent_to(routing: Mapping[str, Any]) -> str:
    if routing["decision"] == "routed":
        return str(routing["station"])
    return NONE if routing["decision"] == "not_ours" else TRIAGE


def _decided(request: Request, steps: Sequence[Step]) -> tuple[str | None, str | None]:
    """Return the label and the category that people gave last; a later step corrects a former."""
    label, category = (NONE if request.helped == "yes" else None), None
    for action, station, chosen, reason in steps:
        if action in ("refer", "keep"):  # what she has kept is somebody's to say again
            label = NONE if action == "refer" else None
        elif action == "reject":
            label = NONE if reason == "not_village_matter" else None
        elif station is not None:
            label, category = station, chosen or category
    return label, category


def _may_learn(request: Request) -> bool:
    forgotten = any(not each["may_keep"] for each in request.advice or ())
    secret = request.sealed or request.neutral or request.hide_me or forgotten
    return not secret and request.status != "withdrawn"
