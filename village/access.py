"""Who may do what, and which fields each audience sees: asked of the matrix, deny by default.

How a caller stands to an object (`relations`), whether that opens a permission (`matrix`), and
which of the object's fields she then sees. PUBLIC, ANYONE and LOOPBACK are asked at the door; the
others by the use case, once it knows the object (`require`) or for a list of objects (`offices`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from village.errors import Forbidden, NotFound
from village.matrix import HIDDEN, MATRIX
from village.relations import (
    ABOVE,
    CHAIR,
    CLERK,
    ENTERER,
    GLASS,
    HEAD,
    MEDIATOR,
    NEIGHBOUR,
    ON_DUTY,
    OWNER,
    PUBLIC,
    REQUESTER,
    STAND_IN,
    SYSTEM,
    VOLUNTEER,
)
from village.safe_path import is_safe_path

# The relation that an office gives within its scope.
OFFICES: dict[str, str] = {"head": HEAD, "deputy": HEAD, "chair": CHAIR, "mediator": MEDIATOR}
CLERK_OFFICE = "clerk"


# Nobody's business yet, what is none of the village's, and the whole of what was split into
# parts for different eyes: she alone may know what she asked.
HERS_ALONE = ("draft", "not_ours", "split")

# Sensitivity tags of a request's fields, by audience.
META, CONTENT, IDENTITY, EVIDENCE = "meta", "content", "identity", "evidence"
# Why it was routed so, in words, is for those who decide; what it means to her, for her alone.
GROUNDS, OWN = "grounds", "own"

REQUEST_VIEWS: dict[str, frozenset[str]] = {
    REQUESTER: frozenset({META, CONTENT, IDENTITY, EVIDENCE, OWN}),
    ENTERER: frozenset({META, CONTENT, IDENTITY, EVIDENCE, OWN}),
    MEDIATOR: frozenset({META, CONTENT, IDENTITY, EVIDENCE, GROUNDS}),
    HEAD: frozenset({META, CONTENT, IDENTITY, EVIDENCE, GROUNDS}),
    CHAIR: frozenset({META, CONTENT, IDENTITY, EVIDENCE, GROUNDS}),
    STAND_IN: frozenset({META, CONTENT, IDENTITY, EVIDENCE, GROUNDS}),
    ON_DUTY: frozenset({META, CONTENT, IDENTITY, EVIDENCE, GROUNDS}),
    ABOVE: frozenset({META, CONTENT}),
    VOLUNTEER: frozenset({META}),
    GLASS: frozenset({META, CONTENT}),
}


@dataclass(frozen=True)
class Grant:
    """An office in its term: role, unit, and station where the role has one."""

    role: str
    unit: str
    station: str | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with her offices in term, or the system (`person_id` is None)."""

    person_id: UUID | None
    name: str = ""
    village: str | None = None
    grants: tuple[Grant, ...] = ()
    volunteer: bool = False
    consent: str | None = None
    family_id: UUID | None = None

    def heads(self, village: str, station: str | None) -> bool:
        """Tell whether she is head or deputy of the station; None: of any in the village."""
        return any(
            grant.role in ("head", "deputy")
            and grant.unit == village
            and station in (None, grant.station)
            for grant in self.grants
        )

    def chairs(self, village: str) -> bool:
        """Tell whether she chairs the village's association."""
        return Grant("chair", village) in self.grants

    def mediates(self, village: str, station: str | None) -> bool:
        """Tell whether she is an accredited mediator of the village's mediation station."""
        return station == "mediation" and any(
            grant.role == "mediator" and grant.unit == village for grant in self.grants
        )


THE_SYSTEM = Actor(person_id=None, name="系统")


class Located(Protocol):
    """What lies in a village, at a station or (None) not yet at one."""

    village_code: str
    station: str | None


class RequestLike(Located, Protocol):
    """What this module needs to know of a request."""

    requester_id: UUID
    proxy_id: UUID | None
    hide_me: bool
    sealed: bool
    status: str
    emergency: dict[str, Any] | None
    waits_for: str | None


def station_relations(actor: Actor, village: str, station: str | None) -> frozenset[str]:
    """Return the caller's relations to a station."""
    found = set()
    if actor.heads(village, station):
        found.add(HEAD)
    if actor.chairs(village):
        found.add(CHAIR)
    return frozenset(found)


def owner_relations(actor: Actor, owner_id: UUID | None) -> frozenset[str]:
    """Return the caller's relation to what belongs to one person alone."""
    mine = owner_id is not None and owner_id == actor.person_id
    return frozenset({OWNER} if mine else ())


def request_relations(
    actor: Actor,
    request: RequestLike,
    *,
    works: bool = False,
    stands_in: bool = False,
    tied: bool = False,
    above: bool = False,
) -> frozenset[str]:
    """Return the caller's relations to a request.

    `works`: she holds a place of its task; `stands_in`: for a chair who must not decide; `tied`:
    she is close to a party, and so reads no dispute as its mediator, and does not know by her
    office of what takes the safe path; `above`: her office was asked, up the ladder.
    What no station has yet is the chair's alone, since it may be about a head; danger that
    nobody has ruled out is every head's of the village (R30).
    """
    if actor.person_id is None:
        return frozenset({SYSTEM})
    found = _by_office(actor, request, tied=tied)
    if actor.person_id == request.requester_id:
        found.add(REQUESTER)
    if actor.person_id == request.proxy_id and _holds_an_office(actor):
        found.add(ENTERER)
    if request.status in HERS_ALONE:
        return frozenset(found & {REQUESTER, ENTERER})
    if request.sealed and not tied and actor.mediates(request.village_code, request.station):
        found.add(MEDIATOR)
    if works:
        found.add(VOLUNTEER)
    if stands_in:
        found.add(STAND_IN)
    if above:
        found.add(ABOVE)
    return frozenset(found)


def neighbour_relations(
    actor: Actor, request: RequestLike, known: frozenset[str], *, public: bool
) -> frozenset[str]:
    """Add to the `known` relations that of a neighbour: another's request of her own village.

    `public`: neighbours may know that there is such a request.
    """
    near = public and actor.village == request.village_code and REQUESTER not in known
    return known | {NEIGHBOUR} if near else known


def assist_relations(actor: Actor, village: str, committee: str | None) -> frozenset[str]:
    """Return the offices by which the caller may enter what was said in a village (4.2).

    `committee`: the code of the administrative village, whose clerk may too.
    """
    found = set(station_relations(actor, village, None))
    if actor.mediates(village, "mediation"):
        found.add(MEDIATOR)
    if committee is not None and Grant(CLERK_OFFICE, committee) in actor.grants:
        found.add(CLERK)
    return frozenset(found)


def _by_office(actor: Actor, request: RequestLike, *, tied: bool) -> set[str]:
    if tied and is_safe_path(request):  # who beats her may be the chair
        return set()
    found = set(station_relations(actor, request.village_code, request.station))
    if request.station is None and not _is_unconfirmed(request):
        found.discard(HEAD)
    return found


def _holds_an_office(actor: Actor) -> bool:
    """Who entered something speaks for the person as long as she is in office, no longer."""
    return any(grant.role in (*OFFICES, CLERK_OFFICE) for grant in actor.grants)


def _is_unconfirmed(request: RequestLike) -> bool:
    return request.waits_for == "unconfirmed_danger" and request.status == "submitted"


def allows(permission: str, relations: frozenset[str]) -> bool:
    """Tell whether one of the relations opens the permission; unknown permissions are shut."""
    opened = MATRIX.get(permission, frozenset())
    return PUBLIC in opened or bool(opened & relations)


def require(permission: str, relations: frozenset[str]) -> None:
    """Ask the matrix about an object. Raises NotFound for who may not know of it, Forbidden."""
    if allows(permission, relations):
        return
    behind = HIDDEN.get(permission)
    raise Forbidden if behind is None or allows(behind, relations) else NotFound


def offices(actor: Actor, permission: str) -> list[Grant]:
    """Return the caller's offices whose scopes a list is made of. Raises Forbidden for none."""
    opened = MATRIX.get(permission, frozenset())
    found = [grant for grant in actor.grants if OFFICES.get(grant.role) in opened]
    if not found:
        raise Forbidden
    return found


def request_view(request: RequestLike, relations: frozenset[str]) -> frozenset[str]:
    """Return the sensitivity tags that these relations see of this request.

    Disputes are sealed: head, who is on duty and chair see category, dates and state alone. A
    reporter who
    hid herself is hidden from the station, not from the chair who answers for it. Who entered
    a dispute, or what takes the safe path, for somebody reads no more than its state once it is
    on its way. What must
    take the safe path is read by the chair alone (or who stands in for her), who answers for the
    duty to report.
    """
    seen: set[str] = set()
    safe = is_safe_path(request)
    for relation in relations:
        tags = set(REQUEST_VIEWS.get(relation, ()))
        if safe and relation in (HEAD, MEDIATOR, ON_DUTY):
            tags &= {META}
        if relation == ENTERER and (safe or request.sealed) and request.status != "draft":
            tags &= {META}
        if relation in (GLASS, ABOVE) and (safe or request.sealed):
            tags &= {META}
        if request.sealed and not safe and relation in (HEAD, CHAIR, STAND_IN, ON_DUTY):
            tags &= {META}
        if request.hide_me and relation in (HEAD, ON_DUTY):
            tags -= {IDENTITY}
        seen |= tags
    return frozenset(seen)
