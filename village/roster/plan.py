"""What a file would change: every person, volunteer and office new, changed, or as it is.

Pure: it reads a `State` and writes nothing. What the file leaves blank stays, and nothing is
taken away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from village import keys, phones
from village.ids import new_id
from village.models import Person
from village.offices import Held, by_role, clashes, kin_clashes
from village.roster import helping, terms
from village.roster.changes import CHANGED, NEW, PERSON, SAME, Change, Write, differing
from village.roster.faults import Fault
from village.roster.people import Wanted
from village.roster.places import Places
from village.roster.state import Known, Relative, State
from village.roster.terms import Office
from village.roster.texts import said

GIVEN = "r-"  # begins the code of who came without one
COLUMNS = {
    "code": "code",
    "name": "name",
    "village": "village_code",
    "birth_year": "birth_year",
    "household": "household",
}


@dataclass
class Plan:
    """All changes, or all faults; a plan with faults is never carried out."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class _Officer:
    person_id: UUID
    home: Relative
    offices: list[Office]


def make(state: State, places: Places, people: Iterable[Wanted]) -> Plan:
    """Return what is to be done for the people of a file."""
    plan = Plan()
    officers = {
        person_id: _Officer(person_id, home, _present(state, person_id))
        for person_id, home in state.homes.items()
    }
    named = set[UUID]()
    for wanted in people:
        fault, known = _match(state, wanted)
        if fault is None and known is not None and known.id in named:
            fault = wanted.line.fault("code", said("same_name"))
        if fault is not None:
            plan.faults.append(fault)
            continue
        person_id = known.id if known is not None else new_id()
        named.add(person_id)
        officer = _plan_one(state, plan, wanted, known, person_id)
        if officer.offices:
            officers[person_id] = officer
    plan.faults += _clashes(places, officers, state)
    return plan


def _present(state: State, person_id: UUID) -> list[Office]:
    return [Office(terms.held(grant), None, None) for grant in state.grants.get(person_id, [])]


def _match(state: State, wanted: Wanted) -> tuple[Fault | None, Known]:
    """Find her by her code; else by village and name among those who have none of the office's."""
    known = state.by_code.get(wanted.code or "")
    if known is not None:
        other = wanted.home[0] not in (None, known.village_code) and wanted.home[1] != known.name
        return (wanted.line.fault("code", said("code_village_name")) if other else None), known
    found = state.by_home.get(wanted.home, [])
    if wanted.code is not None:
        found = [one for one in found if one.code.startswith(GIVEN)]
    if len(found) > 1:
        return wanted.line.fault("code", said("same_name")), None
    return None, next(iter(found), None)


def _plan_one(state: State, plan: Plan, wanted: Wanted, known: Known, person_id: UUID) -> _Officer:
    plan.changes.append(_person(state, wanted, known, person_id))
    if wanted.helps is not None:
        village = wanted.get("village")
        plan.changes.append(helping.change(state, wanted, person_id, village))
    offices = terms.offices(state, wanted, person_id)
    for office in offices:
        if office.change is not None:
            plan.changes.append(office.change)
            if office.held.until is not None and office.held.until <= office.held.since:
                plan.faults.append(office.change.line.fault("until", said("term_order")))
    village = wanted.get("village") or (known.village_code if known else None)
    household = wanted.get("household") or (known.household if known else None)
    return _Officer(person_id, Relative(village, household), offices)


def _person(state: State, wanted: Wanted, known: Known, person_id: UUID) -> Change:
    given = {name: wanted.facts[name].value for name in COLUMNS if name in wanted.facts}
    given |= {"code": wanted.code} if wanted.code else {}
    said_ = {COLUMNS[name]: value for name, value in given.items()}
    if known is None or known.phone_verified_at is None:  # her own word stands before the file's
        given |= {"phone": wanted.get("phone")} if _is_new_phone(wanted, known) else {}
    said_ |= phones.sealed(person_id, given["phone"]) if "phone" in given else {}
    if known is None:
        blank = dict.fromkeys(COLUMNS.values())
        values = {**blank, "code": f"{GIVEN}{person_id.hex}", **said_}
        write = Write(Person, {"id": person_id, **values, "created_at": state.now})
        return Change(PERSON, NEW, wanted.line, tuple(given), (write,))
    changed = differing(said_, known)
    if not changed:
        return Change(PERSON, SAME, wanted.line)
    fields = tuple(name for name in given if COLUMNS.get(name, "phone_hash") in changed)
    return Change(PERSON, CHANGED, wanted.line, fields, (Write(Person, changed, {"id": known.id}),))


def _is_new_phone(wanted: Wanted, known: Known) -> bool:
    number = wanted.get("phone")
    if number is None:
        return False
    return known is None or keys.ring().find(phones.PHONE, number) != bytes(known.phone_hash or b"")


def _clashes(places: Places, officers: dict[UUID, _Officer], state: State) -> list[Fault]:
    """What one person, or near relatives, would hold together, where the file says one of both."""
    households = defaultdict[Relative, set[UUID]](set)
    for officer in officers.values():
        if officer.home.village and officer.home.household:
            households[officer.home].add(officer.person_id)
    found = list[Fault]()
    for officer in officers.values():
        found += _own_clashes(places, officer)
        near = households[officer.home] | state.kin.get(officer.person_id, set())
        for other in near - {officer.person_id}:
            if other in officers:
                found += _kin_clashes(places, officer, officers[other])
    return list(dict.fromkeys(found))


def _own_clashes(places: Places, officer: _Officer) -> Iterator[Fault]:
    lines = {id(office.held): office.line for office in officer.offices}
    for one, other in clashes([office.held for office in officer.offices], places.near):
        line = lines[id(other)] or lines[id(one)]
        if line is not None:
            yield line.fault("roles", said("incompatible", one=_label(one), other=_label(other)))


def _kin_clashes(places: Places, officer: _Officer, other: _Officer) -> Iterator[Fault]:
    lines = {id(office.held): office.line for office in officer.offices}
    mine, theirs = ([office.held for office in one.offices] for one in (officer, other))
    for one, two in kin_clashes(mine, theirs, places.near):
        line = lines[id(one)]
        if line is not None:
            yield line.fault("roles", said("incompatible_kin", one=_label(one), other=_label(two)))


def _label(held: Held) -> str:
    return by_role()[held.role]["zh"]
