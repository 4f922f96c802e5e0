"""The one function by which anything changes state, and the types its tables are made of.

Order of checks: may the caller know of it (404), may she do this (403), is it the version she
saw (412), is the state right (409), are the conditions met (422). The change, its event, its
due times and its outbox rows are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, outbox
from village.access import Actor
from village.db import insert_sql, json_rows, table
from village.errors import Forbidden, NotFound, StaleVersion, WrongState
from village.ids import new_id
from village.models import DueTime, Event
from village.relations import REQUESTER, SYSTEM

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)

START = "-"
# A row that is only pointed at (a notice is written of it) is not locked out meanwhile: telling
# people and their answering would else wait for each other.
LOCK: dict[str, Any] = {"key_share": True}


class Subject(Protocol):
    """A row that a machine moves."""

    id: UUID
    status: str
    version: int


@dataclass(frozen=True)
class Tell:
    """A notice: who hears of the transition, by which template (None: a line in the inbox)."""

    audience: str
    template: str | None = None
    push: bool = True


@dataclass
class Step:
    """A transition under way: what guards and effects look at."""

    session: Session
    row: Any
    transition: Transition
    actor: Actor
    role: str
    payload: Mapping[str, Any]
    now: datetime
    event_id: UUID = field(default_factory=new_id)
    data: dict[str, Any] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)  # kinds of due times, before those of `due`
    jobs: list[str] = field(default_factory=list)
    source: str = START  # the state that is left


Guard = Callable[[Step], None]
Effect = Callable[[Step], None]
Condition = Callable[[Any], bool]


@dataclass(frozen=True)
class Transition:
    """A row of a workflow table. `rule` is the row of `domain/workflows.md` that it follows."""

    action: str
    sources: tuple[str, ...]
    target: str
    who: tuple[str, ...]
    rule: str
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    tell: tuple[Tell, ...] = ()
    when: Condition | None = None
    keeps: tuple[str, ...] = ()  # names of payload fields that the event records


class Machine:
    """A kind of work: its table, how its rows are locked, and how callers relate to them."""

    name: str
    permission: str  # asked of every caller before it is asked whose action it is
    states: tuple[str, ...]
    rows: tuple[Transition, ...]

    def lock(self, session: Session, subject_id: UUID) -> Any:
        """Return the row, locked until the end of the transaction; None if there is none."""
        raise NotImplementedError

    def relations(self, session: Session, actor: Actor, row: Any) -> frozenset[str]:
        """Return the caller's relations to the row."""
        raise NotImplementedError

    def insert(self, session: Session, row: Any) -> None:
        """Write a new row; by Core, since intake is the hottest path."""
        session.execute(sa.insert(table(type(row))), column_values(row))

    def request_id(self, row: Any) -> UUID:
        """Return the request whose timeline the events belong to."""
        raise NotImplementedError

    def entered(self, step: Step, source: str) -> None:
        """Do what entering a state means for every transition, such as its due times."""

    def actions(self) -> tuple[str, ...]:
        """Return the names of all actions that people take, in the table's order."""
        named = {row.action: None for row in self.rows if row.who != (SYSTEM,)}
        return tuple(named)

    def find(self, action: str, row: Any, relations: frozenset[str]) -> Transition | None:
        """Return the transition that `action` means for these relations in the present state."""
        ways = self._by_state.get(row.status, {}).get(action, ())
        return next((way for way in ways if _is_open(way, row, relations)), None)

    def refusing(self, session: Session, actor: Actor, row: Any) -> Collection[Guard]:
        """Return the guards that refuse this caller whatever she sends."""
        return ()

    def allowed_actions(
        self, row: Any, relations: frozenset[str], refusing: Collection[Guard] = ()
    ) -> list[str]:
        """Return what the caller may do now, before conditions on what she sends.

        `refusing`: guards that are known to refuse her.
        """
        here = self._by_state.get(row.status, {})
        found = ((action, self.find(action, row, relations)) for action in here)
        refused = set(refusing)
        mine = ((a, way) for a, way in found if way is not None and way.who != (SYSTEM,))
        return [a for a, way in mine if refused.isdisjoint(way.guards)]

    @cached_property
    def _by_state(self) -> Mapping[str, Ways]:
        """What leads out of each state, by action: every answer about a request asks for it."""
        order = dict.fromkeys((*self.actions(), *(row.action for row in self.rows)))
        named = {name: [way for way in self.rows if way.action == name] for name in order}
        states = {state for row in self.rows for state in row.sources}
        return {state: _leaving(state, named) for state in states}


Ways = Mapping[str, Sequence[Transition]]


def _leaving(state: str, named: Ways) -> Ways:
    found = {
        action: [way for way in ways if state in way.sources] for action, ways in named.items()
    }
    return {action: ways for action, ways in found.items() if ways}


def _is_open(way: Transition, row: Any, relations: frozenset[str]) -> bool:
    return not relations.isdisjoint(way.who) and (way.when is None or way.when(row))


def apply(
    session: Session,
    machine: Machine,
    subject_id: UUID,
    action: str,
    *,
    actor: Actor,
    payload: Mapping[str, Any] | None = None,
    if_match: int | None = None,
) -> Any:
    """Take `action` on a subject and return its row as it now is.

    Raises NotFound, Forbidden, StaleVersion, WrongState, or what a guard raises (GuardFailed,
    Recused, LostRace); the caller's transaction must then be rolled back.
    """
    row = machine.lock(session, subject_id)
    if row is None:
        raise NotFound
    return advance(session, machine, row, action, actor=actor, payload=payload, if_match=if_match)


def advance(
    session: Session,
    machine: Machine,
    row: Any,
    action: str,
    *,
    actor: Actor,
    payload: Mapping[str, Any] | None = None,
    if_match: int | None = None,
) -> Any:
    """Take `action` on a row that this transaction has locked; as `apply`."""
    relations = machine.relations(session, actor, row)
    access.require(machine.permission, relations)
    _check(machine, row, action, relations, if_match)
    transition = machine.find(action, row, relations)
    if transition is None:
        allowed = machine.allowed_actions(row, relations, machine.refusing(session, actor, row))
        raise WrongState(current_status=row.status, version=row.version, allowed_actions=allowed)
    role = next(relation for relation in transition.who if relation in relations)
    source = row.status
    step = Step(session, row, transition, actor, role, payload or {}, clock.now(), source=source)
    for guard in transition.guards:
        guard(step)
    row.status = transition.target
    row.version += 1
    finish(machine, step, source)
    return row


def attempt(
    session: Session, machine: Machine, subject_id: UUID, action: str, **options: Any
) -> Any | None:
    """Apply a step of the system's; None where the state has moved on, which is no error."""
    try:
        return apply(session, machine, subject_id, action, actor=access.THE_SYSTEM, **options)
    except (WrongState, NotFound):
        return None


def _check(
    machine: Machine, row: Any, action: str, relations: frozenset[str], if_match: int | None
) -> None:
    openers = {who for known in machine.rows if known.action == action for who in known.who}
    if not relations & openers:
        raise Forbidden
    if if_match is not None and if_match != row.version:
        raise StaleVersion(version=row.version, current_status=row.status)


def start(
    session: Session,
    machine: Machine,
    row: Any,
    action: str,
    *,
    actor: Actor,
    payload: Mapping[str, Any] | None = None,
    role: str = REQUESTER,
) -> Any:
    """Insert a new subject by a transition from START; `row` is transient and stays detached.

    `role`: as what a person does it; who has no person is the system.
    """
    role = SYSTEM if actor.person_id is None else role
    row.status, row.version = START, 1
    transition = machine.find(action, row, frozenset({role}))
    if transition is None:
        raise WrongState
    step = Step(session, row, transition, actor, role, payload or {}, clock.now())
    for guard in transition.guards:
        guard(step)
    row.status = transition.target
    finish(machine, step, START)
    return row


def finish(machine: Machine, step: Step, source: str) -> None:
    """Write what every transition leaves: the row, its due times, the event, outbox rows."""
    machine.entered(step, source)
    for effect in step.transition.effects:
        effect(step)
    if source == START:
        machine.insert(step.session, step.row)
    else:
        step.session.flush()
    left = {
        "now": step.now,
        "request_id": machine.request_id(step.row),
        "cancelled": list(step.cancelled),
        "due_times": json_rows(_due_rows(machine, step)),
        "events": json_rows([_event(machine, step, source)]),
        "outbox": json_rows(_outbox_rows(machine, step)),
    }
    step.session.execute(_LEAVE, left)


_GONE = """
    update due_times set cancelled_at = :now
    where request_id = :request_id and kind = any(cast(:cancelled as text[]))
        and fired_at is null and cancelled_at is null
"""
_DUE = insert_sql(DueTime, "id", "request_id", "kind", "due_at")
_EVENT = insert_sql(
    Event, "id", "request_id", "machine", "subject_id", "action", "from_status", "to_status",
    "actor_id", "actor_role", "data", "trace", "at",
)  # fmt: skip
# One statement, since every step of everything ends with it.
_LEAVE = sa.text(f"with gone as ({_GONE}), due as ({_DUE}), event as ({_EVENT}) {outbox.INSERT}")


def column_values(row: Any) -> dict[str, Any]:
    """Return the values of a transient row by column."""
    return {column.key: getattr(row, column.key) for column in table(type(row)).columns}


def _due_rows(machine: Machine, step: Step) -> list[dict[str, Any]]:
    request_id = machine.request_id(step.row)
    return [
        {"id": new_id(), "request_id": request_id, "kind": kind, "due_at": at}
        for kind, at in step.due.items()
    ]


def _outbox_rows(machine: Machine, step: Step) -> list[dict[str, Any]]:
    trace, request_id = trace_id.get(), machine.request_id(step.row)
    rows = [outbox.row(job, request_id, trace=trace) for job in step.jobs]
    if step.transition.tell:
        rows.append(outbox.row("notify.tell", step.event_id, trace=trace))
    return rows


def _event(machine: Machine, step: Step, source: str) -> dict[str, Any]:
    kept = {name: step.payload[name] for name in step.transition.keeps if name in step.payload}
    return {
        "id": step.event_id,
        "request_id": machine.request_id(step.row),
        "machine": machine.name,
        "subject_id": step.row.id,
        "action": step.transition.action,
        "from_status": None if source == START else source,
        "to_status": step.transition.target,
        "actor_id": step.actor.person_id,
        "actor_role": step.role,
        "data": {**kept, **step.data},
        "trace": trace_id.get(),
        "at": step.now,
    }
