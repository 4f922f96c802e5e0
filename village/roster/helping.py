"""What a file changes in a person's volunteering: stations, skills, papers, insurance, consent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from village.catalog.entries import weekly_windows
from village.ids import new_id
from village.models import AvailabilityWindow, Certificate, Consent, Membership, Volunteer
from village.roster.changes import CHANGED, NEW, SAME, VOLUNTEER, Change, Write, differing
from village.roster.people import Wanted
from village.roster.state import State

GUARDIAN, ON_PAPER = "guardian", "paper"
FACTS = ("insured_until", "trained_until", "guardian_consent")
Found = Iterator[tuple[str, Write]]  # the field of the file that changes, and what to write


def change(state: State, wanted: Wanted, person_id: UUID, village: str) -> Change:
    """Return what becomes of the volunteer `person_id`, who lives in `village`.

    Her hours are written only before she can have said them herself. A station that she has
    left stays left, and somebody who has paused or left is not brought back.
    """
    found = [
        *_facts(state, wanted, person_id),
        *_memberships(state, wanted, person_id, village),
        *_papers(state, wanted, person_id),
        *_hours(state, wanted, person_id),
    ]
    fields = tuple(dict.fromkeys(name for name, _ in found))
    how = (CHANGED if found else SAME) if person_id in state.volunteers else NEW
    writes = tuple(dict.fromkeys(write for _, write in found))
    return Change(VOLUNTEER, how, wanted.helps or wanted.line, fields, writes)


def _facts(state: State, wanted: Wanted, person_id: UUID) -> Found:
    said: dict[str, Any] = {name: wanted.get(name) for name in FACTS if name in wanted.facts}
    skills, known = _skills(wanted), state.volunteers.get(person_id)
    if known is None:
        values = {"person_id": person_id, "status": "active", "skills": skills, "version": 1}
        values |= {"guardian_consent": False, "max_open_tasks": 2}
        yield "roles", Write(Volunteer, values | said)
        agreed = said.get("guardian_consent", False)
    else:
        if skills and set(skills) != set(known.skills):
            said["skills"] = skills
        changed = differing(said, known)
        if changed:
            values = {**changed, "version": known.version + 1}
            write = Write(Volunteer, values, {"person_id": person_id})
            yield from dict.fromkeys(changed, write).items()
        agreed = changed.get("guardian_consent")
    if agreed or (known is not None and agreed is False):
        yield "guardian_consent", _consent(state, person_id, accepted=agreed)


def _skills(wanted: Wanted) -> list[str]:
    """Her skills, those that a paper proves among them."""
    proven = [
        skill
        for skill in wanted.certificates
        if not any(own.startswith(skill) for own in wanted.skills)
    ]
    return [*wanted.skills, *proven]


def _consent(state: State, person_id: UUID, *, accepted: bool) -> Write:
    values = {"id": new_id(), "person_id": person_id, "document": GUARDIAN, "version": ON_PAPER}
    return Write(Consent, {**values, "accepted": accepted, "at": state.now})


def _memberships(state: State, wanted: Wanted, person_id: UUID, village: str) -> Found:
    for kind in wanted.stations:
        if (person_id, village, kind) not in state.memberships:
            values = {"person_id": person_id, "village_code": village, "station": kind}
            yield "station", Write(Membership, {**values, "active": True, "since": state.now})


def _papers(state: State, wanted: Wanted, person_id: UUID) -> Found:
    until = wanted.get("certified_until")
    for skill in wanted.certificates:
        key = {"person_id": person_id, "skill": skill}
        seen = {"valid_until": until, "checked_at": state.now}
        if (person_id, skill) not in state.certificates:
            yield "certificates", Write(Certificate, key | seen)
        elif until not in (None, state.certificates[person_id, skill]):
            yield "certified_until", Write(Certificate, seen, key)


def _hours(state: State, wanted: Wanted, person_id: UUID) -> Found:
    phrase = wanted.get("availability")
    if phrase is None or person_id in state.own_hours:
        return
    for weekday, start, end in weekly_windows(phrase):
        values = {"person_id": person_id, "weekday": weekday}
        times = {"from_minute": start, "to_minute": end}
        yield "availability", Write(AvailabilityWindow, values | times)
