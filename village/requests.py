"""Reading a request by its id: what it is to who asks (`request_lists` has the lists)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village import access, access_log, files, glass, grounds, sealing
from village.access import CONTENT, IDENTITY, Actor
from village.errors import NotFound
from village.files import Shown
from village.models import Event, Person, Place, Request, Task
from village.relations import ABOVE, GLASS, REQUESTER
from village.workflow import recusal, request_advice
from village.workflow.request import REQUEST
from village.workflow.request_words import open_question

# Both answers to the emergency question are one call of the API.
SAID_AS = {"danger": "emergency", "no_danger": "emergency"}
ACTIONS = tuple(dict.fromkeys(SAID_AS.get(action, action) for action in REQUEST.actions()))


@dataclass(frozen=True)
class RequestView:
    """A request as one caller meets it."""

    request: Request
    relations: frozenset[str]
    requester_name: str
    assigned: tuple[str, ...]
    recused: bool  # she must keep out of it, whatever her office (3.0)
    level3: Mapping[str, Any] = field(default_factory=dict)  # in lists there is nothing of it
    split_from: str | None = None
    split_into: tuple[Request, ...] = ()
    files: tuple[Shown, ...] = ()

    @property
    def answers(self) -> dict[str, Any]:
        """What she answered the form, as far as it was opened for the caller."""
        return {**self.request.answers, **self.level3}

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do with it now."""
        refusing = [recusal.not_recused] if self.recused else []
        if request_advice.is_tip_off(self.request):
            refusing.append(request_advice.may_be_kept)
        allowed = REQUEST.allowed_actions(self.request, self.relations, refusing)
        return list(dict.fromkeys(SAID_AS.get(action, action) for action in allowed))

    @property
    def grounds(self) -> dict[str, Any]:
        """Why it was routed so, in words."""
        return grounds.of(self.request)

    @property
    def told(self) -> list[str]:
        """What that means to her who wrote, in plain sentences."""
        apart = self.split_into and self.request.status == "not_ours"
        return [*grounds.told(self.request), *([grounds.word("told_apart")] if apart else [])]

    @property
    def asks(self) -> dict[str, Any] | None:
        """What she may still answer about her category."""
        mine = "recategorise" in self.allowed_actions
        return open_question(self.request) if mine else None

    @property
    def seen(self) -> frozenset[str]:
        """The sensitivity tags that the caller sees; who has just let it go sees its state."""
        return access.request_view(self.request, self.relations) or frozenset({access.META})


def read(session: Session, actor: Actor, request_id: UUID) -> RequestView:
    """Return a request that the caller may read. Raises NotFound for every other."""
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound
    return view(session, actor, request)


def view(session: Session, actor: Actor, request: Request) -> RequestView:
    """Return the request as the caller meets it. Raises NotFound when she may not."""
    seen = after(session, actor, request)
    access.require("request.read", seen.relations)
    return seen


def after(session: Session, actor: Actor, request: Request) -> RequestView:
    """Return the request to who has just acted on it, even if it is out of her hands now."""
    relations = REQUEST.relations(session, actor, request)
    if glass.opens(session, actor, request):
        relations |= {GLASS}
    name, recused = _requester(session, actor, request)
    assigned = () if request.status in NOBODY_YET else tuple(workers(session, [request.id]))
    return RequestView(
        request,
        relations,
        name,
        tuple(name for _, name in assigned),
        recused,
        _opened(session, actor, request, relations),
        split_from=_number(session, request.parent_id) if request.parent_id else None,
        split_into=tuple(_parts(session, request.id)) if request.status in CUT else (),
        files=tuple(files.of_request(session, request)),
    )


def _opened(
    session: Session, actor: Actor, request: Request, relations: frozenset[str]
) -> Mapping[str, Any]:
    """Open level-3 answers for who may read them; another's read is noted for her.

    So is a look at who she is, where she asked not to be named (the chair's alone).
    """
    seen = access.request_view(request, relations)
    level3 = sealing.opened(request) if CONTENT in seen else {}
    if REQUESTER in relations:
        return level3
    if relations == {ABOVE}:  # as little of her as will do (3.7)
        return {}
    if GLASS in relations:  # every look is noted, not only that at level 3
        access_log.note(session, actor, request, GLASS, [GLASS, *level3])
        return level3
    read = [*level3, *([access_log.REPORTER] if request.hide_me and IDENTITY in seen else [])]
    if read:
        role = min(relation for relation in relations if _sees_her(request, relation))
        access_log.note(session, actor, request, role, read)
    return level3


def _sees_her(request: Request, relation: str) -> bool:
    return bool(access.request_view(request, frozenset({relation})) & {CONTENT, IDENTITY})


def _requester(session: Session, actor: Actor, request: Request) -> tuple[str, bool]:
    """Return her name, and whether the caller is too close to it."""
    if request.requester_id == actor.person_id:
        return actor.name, True
    asked = {"me": actor.person_id, "id": request.requester_id, "request": request.id}
    row = session.execute(_REQUESTER, asked).one()
    return row[0], row[1]


_ME, _REQUEST = (sa.bindparam(name, type_=sa.Uuid) for name in ("me", "request"))
_REQUESTER = sa.select(Person.name, recusal.tied(_ME, _REQUEST, Person.id)).where(
    Person.id == sa.bindparam("id", type_=sa.Uuid)
)


def _number(session: Session, request_id: UUID) -> str | None:
    return session.scalar(sa.select(Request.number).where(Request.id == request_id))


def _parts(session: Session, request_id: UUID) -> Sequence[Request]:
    parts = sa.select(Request).where(Request.parent_id == request_id)
    return session.scalars(parts.order_by(Request.id)).all()


CUT = ("split", "not_ours")  # a crime is answered, and what stood beside it is cut off
NOBODY_YET = ("draft", "submitted", "triage", "not_ours", "split")


def timeline(session: Session, actor: Actor, request_id: UUID) -> tuple[RequestView, list[Event]]:
    """Return a request and its events, oldest first; what concerns offers is left out.

    That somebody wrote down parties is for those alone who may see them.
    """
    seen = read(session, actor, request_id)
    access.require("request.timeline", seen.relations)
    events = sa.select(Event).where(Event.request_id == request_id)
    shown = sa.or_(Event.machine == "request", _of_parties(seen, actor))
    return seen, list(session.scalars(events.where(shown).order_by(Event.id)))


def _of_parties(seen: RequestView, actor: Actor) -> sa.ColumnElement[bool]:
    if seen.recused or not access.allows("request.parties", seen.relations):
        return sa.false()
    wrote = Event.machine == "party"
    all_of_them = IDENTITY in access.request_view(seen.request, seen.relations)
    return wrote if all_of_them else sa.and_(wrote, Event.actor_id == actor.person_id)


def workers(session: Session, request_ids: list[UUID]) -> Sequence[tuple[UUID, str]]:
    """Return who holds places of the requests' tasks that were not cancelled."""
    return [(row[0], row[1]) for row in session.execute(_NAMES, {"ids": request_ids})]


_NAMES = (
    sa.select(Task.request_id, Person.name)
    .join(Place, Place.task_id == Task.id)
    .join(Person, Person.id == Place.person_id)
    .where(
        Task.request_id == sa.any_(sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid))),
        Task.status != "cancelled",
    )
    .order_by(Task.id, Place.seq)
)
