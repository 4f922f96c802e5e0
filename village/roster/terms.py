"""What a file changes in a person's offices, and which of them she may not hold together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from village.clock import SHANGHAI
from village.ids import new_id
from village.models import RoleGrant
from village.offices import Held, by_role
from village.roster.changes import (
    CHANGED,
    NEW,
    OFFICE,
    SAME,
    Change,
    Write,
    differing,
    end_of,
    start_of,
    years_later,
)
from village.roster.entries import Post, Term
from village.roster.lines import Line
from village.roster.people import Wanted
from village.roster.state import Known, State

FIELDS = {"valid_from": "since", "valid_to": "until"}


@dataclass(frozen=True)
class Office:
    """An office as it will be: where the file says it (None: it is there and stays), and how."""

    held: Held
    line: Line | None
    change: Change | None


def offices(state: State, wanted: Wanted, person_id: UUID) -> list[Office]:
    """Return the offices that she will have: those of the file, and those she has besides."""
    known, found, named = state.grants.get(person_id, []), list[Office](), set[UUID]()
    for post, said in wanted.posts.items():
        grant = _same(known, post, said.value, state.now)
        if grant is not None:
            named.add(grant.id)
        found.append(_office(state, person_id, post, said.value, said.line, grant))
    found += [Office(held(grant), None, None) for grant in known if grant.id not in named]
    return found


def _same(known: list[Known], post: Post, term: Term, now: datetime) -> Known | None:
    """The grant that the file means: of that first day, or else the one that has not ended."""
    mine = [grant for grant in known if Post(grant.role, grant.unit_code, grant.station) == post]
    since = start_of(term.since) if term.since else None
    return next(
        (
            grant
            for wanted in (lambda g: g.valid_from == since, lambda g: _runs(g, now))
            for grant in mine
            if wanted(grant)
        ),
        None,
    )


def _runs(grant: Known, now: datetime) -> bool:
    return grant.valid_to is None or grant.valid_to > now


def _office(
    state: State, person_id: UUID, post: Post, term: Term, line: Line, grant: Known | None
) -> Office:
    if grant is None:
        return _new(person_id, post, term, line, state.now)
    changed = differing(_said(term), grant)
    old = held(grant)
    since, until = changed.get("valid_from", old.since), changed.get("valid_to", old.until)
    fields = tuple(FIELDS[name] for name in changed)
    writes = (Write(RoleGrant, changed, {"id": grant.id}),) if changed else ()
    change = Change(OFFICE, CHANGED if changed else SAME, line, fields, writes)
    return Office(Held(old.role, old.unit, since, until), line, change)


def _new(person_id: UUID, post: Post, term: Term, line: Line, now: datetime) -> Office:
    """An office from the day of the import, for as long as the statute says, unless said."""
    first = term.since or now.astimezone(SHANGHAI).date()
    years = by_role()[post.role]["term_years"]
    last = term.until or (years_later(first, int(years)) if years else None)
    since, until = start_of(first), end_of(last) if last else None
    values: dict[str, Any] = {
        "id": new_id(),
        "person_id": person_id,
        "role": post.role,
        "unit_code": post.unit,
    }
    values |= {"station": post.station, "valid_from": since, "valid_to": until}
    write = Write(RoleGrant, values)
    change = Change(OFFICE, NEW, line, ("roles",), (write,))
    return Office(Held(post.role, post.unit, since, until), line, change)


def _said(term: Term) -> dict[str, datetime]:
    said = {}
    if term.since is not None:
        said["valid_from"] = start_of(term.since)
    if term.until is not None:
        said["valid_to"] = end_of(term.until)
    return said


def held(grant: Known) -> Held:
    """Return the office that a grant gives."""
    return Held(grant.role, grant.unit_code, grant.valid_from, grant.valid_to)
