"""Volunteers register themselves: apply, be verified, pause, leave (3.8, 志愿服务条例 art. 7, 25).

The chair verifies (4.2); where no chair may, the committee's clerk, then the township's officer.
A decision takes five working days at most [P]; what is late is told every five days. A minor's
application waits thirty days for the guardian, and then lapses.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, claiming, clock, lines, outbox
from village.access import Actor
from village.catalog.entries import weekly_windows
from village.catalog.privacy import PRIVACY_VERSION
from village.db import table
from village.eligibility import adult_until
from village.errors import GuardFailed, Invalid, LostRace, NotFound
from village.models import (
    AvailabilityWindow,
    Consent,
    Membership,
    Person,
    Registration,
    Station,
    Volunteer,
)
from village.privacy import Keys
from village.registration_steps import decide_by, leave_stations, locked, moved, note, own
from village.registration_views import View, applicant, read_one, relations_of, tell_deciders
from village.relations import ANYONE, OWNER, SYSTEM
from village.workflow.registration import GUARDIAN, REGISTRATION

DOCUMENT = "volunteer"  # of the consents: she registers by her own will
GUARDIANS = "guardian"  # the guardian's, as the roster writes it
YOUNGEST = 14  # rules 2.3: under that only with a guardian at her side, so not by invitation
CODE_DIGITS, CODE_LIFE = 12, timedelta(days=7)
TIMES = {
    "every_day": "每天", "weekdays": "工作日", "weekends": "周末", "evenings": "晚上",
    "weekends_evenings": "周末及晚上",
}  # fmt: skip


# ---------------------------------------------------------------- applying


def apply(session: Session, actor: Actor, sent: Mapping[str, Any]) -> View:
    """Apply to be a volunteer of stations of one's own village; again after leaving.

    Raises GuardFailed `profile_needed`, Invalid for an outdated notice, who is not certainly
    fourteen, or a station that is not there; LostRace `registration_over` for who is registered.
    """
    person = session.get_one(Person, actor.person_id, with_for_update={"key_share": True})
    _check(session, person, sent)
    volunteer = session.get(Volunteer, person.id, with_for_update=True)
    who = applicant(session, person, volunteer)
    step = REGISTRATION.take(
        session, who, "apply", actor=actor, relations=frozenset({OWNER, ANYONE})
    )
    if volunteer is None:
        volunteer = Volunteer(person_id=person.id, status=step.target, skills=[])
        session.add(volunteer)
    volunteer.status, volunteer.skills = step.target, sent["skills"]
    volunteer.guardian_consent, volunteer.version = False, (volunteer.version or 0) + 1
    session.flush()
    registration = _written(session, person, sent)
    _write_times(session, person.id, sent["times"])
    agreed = {"document": DOCUMENT, "version": sent["consent_version"], "accepted": True}
    session.add(Consent(person_id=person.id, at=clock.now(), **agreed))
    note(session, person.id, "apply", person.id)
    if who.minor:
        lines.tell(session, [person.id], "volunteer_guardian")
    tell_deciders(session, registration, "volunteer_applied")
    return read_one(session, actor, person.id)


def _check(session: Session, person: Person, sent: Mapping[str, Any]) -> None:
    if sent["consent_version"] != PRIVACY_VERSION:
        raise Invalid("consent_outdated", "the notice has another version now")
    if person.village_code is None or not person.name:
        raise GuardFailed("profile_needed", "name and village come first")
    born = person.birth_year or sent["birth_year"]
    if born is None:
        raise Invalid(errors={"birth_year": ["请填出生年份，未满十八岁要监护人同意"]})
    if born > adult_until(clock.now()) + 18 - YOUNGEST:
        raise Invalid(errors={"birth_year": ["满十四岁以后才能登记，可以由家长带着一起来"]})
    person.birth_year = born
    known = sa.select(Station.kind).where(Station.village_code == person.village_code)
    if set(sent["stations"]) - set(session.scalars(known)):
        raise Invalid(errors={"stations": ["村里没有这个站"]})


def _written(session: Session, person: Person, sent: Mapping[str, Any]) -> Registration:
    """Write what she applied with over what she did before; the steps stay."""
    before = sa.select(Registration).where(Registration.person_id == person.id)
    found = session.scalar(before) or Registration(person_id=person.id)
    facts = {
        "village_code": person.village_code, "stations": sorted(set(sent["stations"])),
        "about": sent["about"], "consent_version": sent["consent_version"],
        "applied_at": clock.now(), "due_at": decide_by(),
    }  # fmt: skip
    gone = (
        "guardian_name", "guardian_how", "guardian_by", "guardian_at", "guardian_code",
        "guardian_code_ends", "verified_by", "declined_by", "declined_at", "reason", "objection",
    )  # fmt: skip
    for name, value in {**dict.fromkeys(gone), **facts}.items():
        setattr(found, name, value)
    session.add(found)
    session.flush()
    return found


def _write_times(session: Session, person_id: UUID, times: str) -> None:
    session.execute(sa.delete(AvailabilityWindow).where(AvailabilityWindow.person_id == person_id))
    rows = [
        {"person_id": person_id, "weekday": day, "from_minute": start, "to_minute": end}
        for day, start, end in weekly_windows(TIMES[times])
    ]
    session.execute(sa.insert(table(AvailabilityWindow)), rows)


# ---------------------------------------------------------------- the guardian


def new_code(session: Session, actor: Actor, keys: Keys) -> str:
    """Return the code by which a guardian agrees on her own phone; the one before is worthless.

    Raises NotFound, LostRace where no guardian is waited for.
    """
    view = own(session, actor)
    registration = view.who.registration
    if view.who.status != "guardian_pending" or registration is None:
        raise LostRace("registration_over", "no guardian is waited for")
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    registration.guardian_code = keys.digest(GUARDIAN, code)
    registration.guardian_code_ends = clock.now() + CODE_LIFE
    return code


def agree_by_code(session: Session, actor: Actor, keys: Keys, code: str) -> View:
    """Agree as the guardian, by the code on the minor's phone.

    Raises TooMany after five wrong codes within a day, `claiming.WrongSlip` for a wrong one, and
    GuardFailed `adult_needed` for who is not certainly eighteen.
    """
    claiming.refuse_who_guesses(session, actor)
    digest = keys.digest(GUARDIAN, "".join(filter(str.isdigit, code)))
    fresh = Registration.guardian_code == digest, Registration.guardian_code_ends > clock.now()
    person_id = session.scalar(sa.select(Registration.person_id).where(*fresh))
    if person_id is None or person_id == actor.person_id:
        claiming.count_wrong(session, actor)
        raise claiming.WrongSlip
    born = session.get_one(Person, actor.person_id).birth_year
    if born is None or born > adult_until(clock.now()):
        raise GuardFailed("adult_needed", "only an adult agrees for a minor")
    view = locked(session, person_id)
    mine = frozenset({GUARDIAN, ANYONE})
    _agreed(session, view, actor, "account", None, mine, permission="volunteer.consent_by_code")
    return read_one(session, actor, person_id, as_guardian=True)


def agree_on_paper(
    session: Session, actor: Actor, village: str, person_id: UUID, guardian: str
) -> View:
    """Enter that one has seen the guardian's signed paper. Raises NotFound, LostRace."""
    view = locked(session, person_id)
    mine = relations_of(session, actor, view, village)
    _agreed(session, view, actor, "paper", guardian, mine)
    return read_one(session, actor, person_id)


def _agreed(
    session: Session, view: View, actor: Actor, how: str, name: str | None,
    mine: frozenset[str], **asked: str,
) -> None:  # fmt: skip
    REGISTRATION.take(session, view.who, "consent", actor=actor, relations=mine, **asked)
    registration = view.registration
    registration.guardian_how, registration.guardian_name = how, name
    registration.guardian_by, registration.guardian_at = actor.person_id, clock.now()
    registration.guardian_code = registration.guardian_code_ends = None
    registration.due_at = decide_by()
    agreed = {"document": GUARDIANS, "version": how, "accepted": True, "at": clock.now()}
    session.add(Consent(person_id=view.who.person_id, **agreed))
    session.get_one(Volunteer, view.who.person_id).guardian_consent = True
    note(session, view.who.person_id, "consent", actor.person_id)
    tell_deciders(session, registration, "volunteer_applied")


# ---------------------------------------------------------------- the association


def verify(session: Session, actor: Actor, village: str, person_id: UUID) -> View:
    """Say that she is who she says; she is asked from then on, or after her training.

    Raises NotFound, Forbidden, LostRace, GuardFailed `guardian_needed`, `second_person_needed`.
    """
    view = _decided(session, actor, village, person_id, "verify")
    view.registration.verified_by, view.registration.due_at = actor.person_id, None
    for station in view.registration.stations:
        _join(session, person_id, view.registration.village_code, station)
    session.flush()
    if not try_activate(session, person_id):
        lines.tell(session, [person_id], "volunteer_training")
    return read_one(session, actor, person_id)


def _join(session: Session, person_id: UUID, village: str, station: str) -> None:
    at = {"person_id": person_id, "village_code": village, "station": station}
    member = session.get(Membership, tuple(at.values())) or Membership(**at, since=clock.now())
    member.active = True
    session.add(member)


def try_activate(session: Session, person_id: UUID) -> bool:
    """Let a verified volunteer be asked from now on, if no training is lacking."""
    view = locked(session, person_id)
    if REGISTRATION.find("activate", view.who, frozenset({SYSTEM})) is None:
        return view.who.status == "active"
    moved(session, view, "activate", "active", None)
    lines.tell(session, [person_id], "volunteer_active")
    outbox.put(session, "dispatch.freed", person_id)
    return True


def decline(session: Session, actor: Actor, village: str, person_id: UUID, reason: str) -> View:
    """Decline with a reason, which she reads and may object to. Raises as `verify`."""
    view = _decided(session, actor, village, person_id, "decline")
    registration = view.registration
    registration.declined_by, registration.declined_at = actor.person_id, clock.now()
    registration.reason, registration.due_at = reason, None
    leave_stations(session, person_id)
    lines.tell(session, [person_id], "volunteer_declined", reason=reason)
    return read_one(session, actor, person_id)


def review(session: Session, actor: Actor, village: str, person_id: UUID, step: str) -> View:
    """Judge an objection: `admit` her to be looked at again, or `uphold`. Raises as `verify`."""
    view = _decided(session, actor, village, person_id, step)
    registration = view.registration
    registration.due_at = decide_by() if step == "admit" else None
    lines.tell(session, [person_id], f"volunteer_{step}")
    if step == "admit":
        tell_deciders(session, registration, "volunteer_applied")
    return read_one(session, actor, person_id)


def _decided(session: Session, actor: Actor, village: str, person_id: UUID, step: str) -> View:
    view = locked(session, person_id)
    mine = relations_of(session, actor, view, village)
    found = REGISTRATION.take(session, view.who, step, actor=actor, relations=mine)
    moved(session, view, step, found.target, actor.person_id)
    return view


def read(session: Session, actor: Actor, village: str, person_id: UUID) -> View:
    """Return a registration to who may read it. Raises NotFound."""
    if session.get(Volunteer, person_id) is None:
        raise NotFound
    view = read_one(session, actor, person_id)
    access.require("volunteer.read", relations_of(session, actor, view, village))
    return view


def training(session: Session, actor: Actor, at: Station) -> bool:
    """Tell whether a station wants a training of who registers. Raises Forbidden."""
    access.require("station.training", access.station_relations(actor, at.village_code, at.kind))
    return session.get_one(Station, (at.village_code, at.kind)).training_needed


def set_training(session: Session, actor: Actor, at: Station, *, needed: bool) -> bool:
    """Say so for a station; who waits for a training that is no longer wanted, waits no more."""
    training(session, actor, at)
    station = session.get_one(Station, (at.village_code, at.kind))
    station.training_needed = needed
    session.flush()
    waits = sa.select(Registration.person_id).join(
        Volunteer, Volunteer.person_id == Registration.person_id
    )
    waits = waits.where(
        Registration.village_code == at.village_code, Volunteer.status == "verified",
        Registration.stations.contains([at.kind]),
    )  # fmt: skip
    for person_id in session.scalars(waits.order_by(Registration.id)).all():
        try_activate(session, person_id)
    return needed
