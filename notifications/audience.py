"""Who hears of an event: each notice's audience as people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from notifications.scene import Scene
from village import clock, duty
from village.models import Follow, RoleGrant
from village.public_face import is_comparable
from village.relations import ABOVE, CHAIR, HEAD, INVITED, REQUESTER, STAND_IN
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow.engine import Tell
from village.workflow.request_duty import DUTY, PHONE

VOLUNTEERS, FOLLOWERS = "volunteers", "followers"
AUDIENCES = (
    REQUESTER, HEAD, CHAIR, STAND_IN, INVITED, VOLUNTEERS, FOLLOWERS, ABOVE, DUTY, PHONE,
)  # fmt: skip
OFFICES: Mapping[str, tuple[str, ...]] = {HEAD: ("head", "deputy"), CHAIR: ("chair",)}


class Officer(NamedTuple):
    """A person with an office of a village in its term."""

    village: str
    role: str
    station: str | None
    person_id: UUID


def hearers(session: Session, scenes: Sequence[Scene]) -> list[dict[UUID, Tell]]:
    """Return who hears of each, and by which notice; a person in two audiences hears as the first.

    Who acted knows it already: of her own step she hears no more than a requester's receipt.
    """
    officers = _officers(session, scenes)
    return [_hearers(session, scene, officers) for scene in scenes]


def _hearers(session: Session, scene: Scene, officers: Iterable[Officer]) -> dict[UUID, Tell]:
    others = _others(session, scene) | _chairs_of_safe_path(session, scene)
    heard: dict[UUID, Tell] = {}
    for tell in scene.tells:
        if tell.audience == CHAIR and (others.get(STAND_IN) or _is_asked_above(scene)):
            continue  # others have been asked: she must keep out of it, or it went past her
        known = tell.audience in others
        heard_by = others[tell.audience] if known else _people(session, scene, officers, tell)
        for person_id in heard_by:
            if person_id != scene.event.actor_id or _is_receipt(scene, tell):
                heard.setdefault(person_id, tell)
    return heard


def _is_asked_above(scene: Scene) -> bool:
    event = scene.event
    return event.action == "escalate" and event.data["rung"] != CHAIR


def _is_receipt(scene: Scene, tell: Tell) -> bool:
    return tell.audience == REQUESTER == scene.event.actor_role


def _people(session: Session, scene: Scene, officers: Iterable[Officer], tell: Tell) -> list[UUID]:
    audience = tell.audience
    if audience == REQUESTER:
        return [scene.request.requester_id]
    if audience == INVITED:
        return [scene.offer.person_id] if scene.offer else []
    if audience == VOLUNTEERS:
        return [place.person_id for place in scene.places if place.person_id]
    if _never_seen(scene):
        return []
    found = [
        officer.person_id
        for officer in officers
        if officer.role in OFFICES[audience] and _is_concerned(officer, scene)
    ]
    if not is_safe_path(scene.request):
        return found
    return [one for one in found if not recusal.is_tied(session, one, scene.request)]


def _is_concerned(officer: Officer, scene: Scene) -> bool:
    """Where no station was found, danger is every head's concern (R30), the rest the chair's.

    So is what takes the safe path: no head may read it (2.10).
    """
    if officer.village != scene.request.village_code:
        return False
    if officer.role == "chair":
        return True
    if scene.station_kind is None:
        return scene.request.emergency is not None and not is_safe_path(scene.request)
    return officer.station == scene.station_kind


_OFFICERS = (
    sa.select(RoleGrant.unit_code, RoleGrant.role, RoleGrant.station, RoleGrant.person_id)
    .where(
        RoleGrant.unit_code == sa.any_(sa.bindparam("villages", type_=postgresql.ARRAY(sa.Text))),
        RoleGrant.role.in_([role for roles in OFFICES.values() for role in roles]),
        RoleGrant.valid_from <= sa.bindparam("now"),
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > sa.bindparam("now")),
    )
    .order_by(RoleGrant.person_id)
)


def _officers(session: Session, scenes: Sequence[Scene]) -> list[Officer]:
    villages = {
        scene.request.village_code
        for scene in scenes
        if any(tell.audience in OFFICES for tell in scene.tells)
    }
    if not villages:
        return []
    found = session.execute(_OFFICERS, {"villages": list(villages), "now": clock.now()})
    return [Officer(*row) for row in found]


def _others(session: Session, scene: Scene) -> dict[str, list[UUID]]:
    """Return the audiences that are read from the database, each only where it is told."""
    asked = {tell.audience for tell in scene.tells}
    found = {
        FOLLOWERS: _followers,
        STAND_IN: _stand_ins,
        ABOVE: _above,
        DUTY: _on_duty,
        PHONE: _to_phone,
    }
    return {name: find(session, scene) for name, find in found.items() if name in asked}


def _chairs_of_safe_path(session: Session, scene: Scene) -> dict[str, list[UUID]]:
    """Return the chair whom no party is close to, or who stands in for her: he may be a party."""
    told = any(tell.audience == CHAIR for tell in scene.tells)
    if not told or not is_safe_path(scene.request) or _never_seen(scene):
        return {}
    return {CHAIR: recusal.on_rung(session, scene.request, CHAIR) or _stand_ins(session, scene)}


def _stand_ins(session: Session, scene: Scene) -> list[UUID]:
    return recusal.stand_ins(session, scene.request)


def _above(session: Session, scene: Scene) -> list[UUID]:
    rung = scene.event.data.get("rung")  # a second reopening is no escalation, the third is
    return [] if rung in (None, "chair") else recusal.on_rung(session, scene.request, rung)


def _on_duty(session: Session, scene: Scene) -> list[UUID]:
    """Return who of the rung is to look; on the last one, who stands in and so can read it."""
    rung = scene.event.data["rung"]
    if rung == duty.CLERK_RUNG:
        return _stand_ins(session, scene) if scene.event.to_status == "triage" else []
    return duty.called(session, scene.request, rung, scene.event.at)


def _to_phone(session: Session, scene: Scene) -> list[UUID]:
    """Return the clerks, once it is they who are called: they phone, and need not look."""
    rung = scene.event.data["rung"]
    if rung != duty.CLERK_RUNG:
        return []
    return duty.called(session, scene.request, rung, scene.event.at)


def _followers(session: Session, scene: Scene) -> list[UUID]:
    """Return who said 我也是, as long as neighbours may know of the request at all."""
    if not is_comparable(scene.request, scene.category):
        return []
    found = sa.select(Follow.person_id).where(Follow.request_id == scene.request.id)
    return list(session.scalars(found.order_by(Follow.person_id)))


def _never_seen(scene: Scene) -> bool:
    """A draft that was taken back is nobody's business."""
    return scene.event.from_status == "draft" and scene.event.to_status == "withdrawn"
