"""Who stands how to a volunteer's registration, who decides on it, and how each of them sees it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lines
from village.access import Actor, Grant
from village.eligibility import adult_until
from village.errors import NotFound
from village.models import OrgUnit, Person, Registration, RoleGrant, Station, Volunteer
from village.models.requests import RUNGS
from village.paging import Page, Window, cut, decode
from village.relations import ANYONE, CHAIR, CLERK, HEAD, OWNER, STAND_IN
from village.workflow import recusal
from village.workflow.engine import START
from village.workflow.registration import OPEN, REGISTRATION, Applicant


@dataclass(frozen=True)
class View:
    """A person's volunteering as one caller meets it."""

    who: Applicant
    name: str
    volunteer: Volunteer | None
    relations: frozenset[str]
    birth_year: int | None = None

    @property
    def status(self) -> str | None:
        """Her state; None for who never applied."""
        return None if self.who.status == START else self.who.status

    @property
    def registration(self) -> Registration:
        """What she applied with; who came by the roster has none. Raises NotFound."""
        if self.who.registration is None:
            raise NotFound
        return self.who.registration

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do now."""
        return REGISTRATION.may(self.who, self.relations)

    @property
    def waits_for(self) -> str | None:
        """Who must do something next: `guardian`, `association`, `training`, `review`."""
        known = self.who.registration
        if self.who.status == "guardian_pending" and known and known.guardian_at is None:
            return "guardian"
        others = {"applied": "association", "guardian_pending": "association"}
        return {**others, "verified": "training", "objected": "review"}.get(self.who.status)


def applicant(session: Session, person: Person, volunteer: Volunteer | None) -> Applicant:
    """Return what the table is asked about."""
    mine = sa.select(Registration, _wants_training()).where(Registration.person_id == person.id)
    known = session.execute(mine).one_or_none()
    return _applicant(person, volunteer, *(known or (None, False)))


def _applicant(
    person: Person, volunteer: Volunteer | None, known: Registration | None, needed: bool
) -> Applicant:
    minor = person.birth_year is None or person.birth_year > adult_until(clock.now())
    if volunteer is None:
        return Applicant(person.id, START, known, minor)
    return Applicant(
        person.id, volunteer.status, known, minor, volunteer.trained_until, training_needed=needed
    )


def _wants_training() -> sa.ColumnElement[bool]:
    here = Station.village_code == Registration.village_code, Station.training_needed
    return sa.exists().where(*here, Station.kind == sa.any_(Registration.stations))


# ---------------------------------------------------------------- who


def relations_of(session: Session, actor: Actor, view: View, village: str) -> frozenset[str]:
    """Return how the caller stands to somebody's registration in a village (4.2).

    Heads of the stations that she chose read it; the chair decides, or the rung above where no
    chair may; the clerk (or the rung above her) an objection. Who is too close does nothing of it.
    """
    known, me = view.who.registration, actor.person_id
    if known is None or known.village_code != village or me is None:
        return frozenset()
    if recusal.is_too_close(session, me, view.who.person_id):
        return frozenset()
    return _relations(actor, view.who, known, _free_offices(session, [view.who.person_id]))


def _relations(actor: Actor, who: Applicant, known: Registration, free: Offices) -> frozenset[str]:
    village, objected = known.village_code, who.status == "objected"
    found = {HEAD} if any(actor.heads(village, kind) for kind in known.stations) else set()
    if actor.chairs(village):
        found.add(CHAIR)
    office = _first(free.get(who.person_id, ()), 1 if objected else 0)
    if office in actor.grants and who.status in OPEN:
        found.add(CLERK if objected else STAND_IN)
    return frozenset(found)


Offices = dict[UUID, list[tuple[Grant, UUID]]]


def _free_offices(session: Session, people: Collection[UUID]) -> Offices:
    """Return by applicant the offices of the ladder, and who holds them and is not too close."""
    rungs = [
        sa.and_(RoleGrant.role == role, RoleGrant.unit_code == unit)
        for rung, role in enumerate(RUNGS)
        for unit in (recusal.unit_above(Registration.village_code, rung),)
    ]
    apart = ~recusal.too_close(RoleGrant.person_id, Registration.person_id)
    found = (
        sa.select(Registration.person_id, RoleGrant.role, RoleGrant.unit_code, RoleGrant.person_id)
        .join(RoleGrant, sa.or_(*rungs))
        .where(Registration.person_id.in_(people), *recusal.in_term(RoleGrant), apart)
        .distinct()
    )
    free: Offices = {}
    for applicant_id, role, unit, holder in session.execute(found):
        free.setdefault(applicant_id, []).append((Grant(role, unit), holder))
    return free


def _first(free: Collection[tuple[Grant, UUID]], rung: int) -> Grant | None:
    """Return the lowest office from a rung upwards."""
    at = {RUNGS.index(grant.role): grant for grant, _ in free}
    return next((at[place] for place in sorted(at) if place >= rung), None)


def tell_deciders(
    session: Session, registration: Registration, kind: str, *, rung: int = 0
) -> None:
    """Write a line to who must decide; the heads of the stations she chose hear of it, too."""
    free = _free_offices(session, [registration.person_id]).get(registration.person_id, [])
    office = _first(free, rung)
    people = {holder for grant, holder in free if grant == office}
    if rung == 0:
        for station in registration.stations:
            people |= set(lines.officers(session, registration.village_code, station))
    village = session.get_one(OrgUnit, registration.village_code).name
    lines.tell(session, people - {registration.person_id}, kind, place=village)


# ---------------------------------------------------------------- reading


def read_mine(session: Session, actor: Actor) -> View:
    """Return the caller's own volunteering; its state is START for who never applied."""
    access.require("volunteer.mine", frozenset({ANYONE}))
    person = session.get_one(Person, actor.person_id)
    volunteer = session.get(Volunteer, person.id)
    who = applicant(session, person, volunteer)
    return View(who, person.name, volunteer, frozenset({OWNER}), person.birth_year)


def read_one(session: Session, actor: Actor, person_id: UUID, *, as_guardian: bool = False) -> View:
    """Return somebody's volunteering as the caller meets it after a step."""
    session.flush()
    person, volunteer = session.get_one(Person, person_id), session.get_one(Volunteer, person_id)
    bare = View(applicant(session, person, volunteer), person.name, volunteer, frozenset())
    known = bare.who.registration
    if actor.person_id == person_id:
        mine = frozenset({OWNER})
    elif as_guardian or known is None:
        mine = frozenset()
    else:
        mine = relations_of(session, actor, bare, known.village_code)
    return View(bare.who, person.name, volunteer, mine, person.birth_year)


def list_open(session: Session, actor: Actor, village: str, window: Window) -> Page[View]:
    """Return a village's registrations that wait for somebody, as far as the caller reads them.

    Raises Forbidden for who holds no office there.
    """
    access.require("volunteer.list", _offices(session, actor, village))
    close = recusal.too_close(sa.literal(actor.person_id, sa.Uuid()), Registration.person_id)
    found = (
        sa.select(Registration, Person, Volunteer, _wants_training())
        .join(Person, Person.id == Registration.person_id)
        .join(Volunteer, Volunteer.person_id == Registration.person_id)
        .where(Registration.village_code == village, Volunteer.status.in_(OPEN), ~close)
    )
    if window.cursor:
        found = found.where(Registration.id > UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(found.order_by(Registration.id).limit(window.limit + 1)).all()
    page = cut(rows, window, lambda row: [str(row[0].id)])
    free = _free_offices(session, [row[0].person_id for row in page.items])
    views = [_listed(actor, free, *row) for row in page.items]
    return Page([view for view in views if view.relations], page.next_cursor)


def _listed(
    actor: Actor, free: Offices, known: Registration, person: Person, volunteer: Volunteer,
    needed: bool,
) -> View:  # fmt: skip
    who = _applicant(person, volunteer, known, needed)
    mine = _relations(actor, who, known, free)
    return View(who, person.name, volunteer, mine, person.birth_year)


def _offices(session: Session, actor: Actor, village: str) -> frozenset[str]:
    found = set(access.station_relations(actor, village, None))
    if recusal.stands_above(session, actor, village):
        found.add(STAND_IN)
    return frozenset(found)
