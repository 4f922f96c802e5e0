"""Villages that lend each other volunteers: both sides agree, and either side may end it.

A station's agreement is made by the two heads, one for all stations by the two chairs. It only
allows that people who wish so themselves are asked by the next village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, lines, outbox, tasks
from village.access import Actor
from village.db import table
from village.errors import GuardFailed, Invalid, LostRace, NotFound
from village.ids import new_id
from village.models import OrgUnit, VillageAgreement
from village.relations import CHAIR


@dataclass(frozen=True)
class AgreementView:
    """An agreement as one side sees it."""

    agreement: VillageAgreement
    village: str
    other: str
    other_name: str
    mine_agreed: bool
    theirs_agreed: bool

    @property
    def status(self) -> str:
        """One of `proposed`, `in_force`, `ended`."""
        if self.agreement.until is not None:
            return "ended"
        return "in_force" if self.agreement.since is not None else "proposed"

    @property
    def allowed_actions(self) -> list[str]:
        """What this side may do now."""
        if self.agreement.until is not None:
            return []
        return ["end"] if self.mine_agreed else ["agree", "end"]


def list_for(session: Session, actor: Actor, village: str, kind: str) -> list[AgreementView]:
    """Return a station's agreements, and its village's for all stations, newest first."""
    access.require("agreement.list", access.station_relations(actor, village, kind))
    side = sa.or_(VillageAgreement.village_a == village, VillageAgreement.village_b == village)
    at_station = sa.or_(VillageAgreement.station == kind, VillageAgreement.station.is_(None))
    found = sa.select(VillageAgreement).where(side, at_station)
    return _views(
        session, village, session.scalars(found.order_by(VillageAgreement.id.desc())).all()
    )


def propose(
    session: Session,
    actor: Actor,
    village: str,
    kind: str | None,
    other: str,
    *,
    km: float | None,
) -> AgreementView:
    """Offer another village to lend each other people; where it has offered, this is the yes.

    `kind` None is for all stations, by the chairs. `km`: the way by road, of whoever says it
    first. Raises Invalid for what is no other village, Forbidden, and as `agree` does.
    """
    permission = "agreement.propose" if kind else "agreement.propose_village"
    access.require(permission, access.station_relations(actor, village, kind))
    if other == village or (unit := session.get(OrgUnit, other)) is None:
        raise Invalid(errors={"with": ["没有这个村"]})
    if unit.kind != "natural_village":
        raise Invalid(errors={"with": ["没有这个村"]})
    first, second = sorted((village, other))
    fresh = {"id": new_id(), "village_a": first, "village_b": second, "station": kind, "km": km}
    written = session.scalar(
        insert(table(VillageAgreement))
        .values(fresh)
        .on_conflict_do_nothing()
        .returning(table(VillageAgreement).c.id)
    )
    agreement = session.scalars(_open(first, second, kind).with_for_update()).one_or_none()
    if agreement is None:
        raise LostRace
    agreement.km = km if agreement.km is None else agreement.km
    if written is not None:
        _tell(session, other, agreement, "agreement_proposed", village)
    return _say_yes(session, actor, agreement, village)


def agree(session: Session, actor: Actor, agreement_id: UUID) -> AgreementView:
    """Say yes for one's own side; a second yes answers like the first.

    Raises NotFound, LostRace with code `agreement_over`, or GuardFailed with `way_unknown`:
    people come as far as they wish, so nobody would be lent without a distance.
    """
    agreement, village = _mine(session, actor, agreement_id)
    if agreement.until is not None:
        raise LostRace("agreement_over", "it has ended")
    return _say_yes(session, actor, agreement, village)


def end(session: Session, actor: Actor, agreement_id: UUID) -> AgreementView:
    """End it, or say no to the proposal; whoever has said yes to a task keeps to it."""
    agreement, village = _mine(session, actor, agreement_id)
    if agreement.until is None:
        agreement.until, agreement.ended_by = clock.now(), actor.person_id
        _tell(session, _other(agreement, village), agreement, "agreement_ended", village)
    session.flush()
    return _views(session, village, [agreement])[0]


def _say_yes(
    session: Session, actor: Actor, agreement: VillageAgreement, village: str
) -> AgreementView:
    if not _knows_the_way(session, agreement):
        raise GuardFailed(
            "way_unknown", "neither km nor both places are known",
            errors={"km": ["请填两个村相距多少公里"]},
        )  # fmt: skip
    now, side = clock.now(), "a" if agreement.village_a == village else "b"
    if getattr(agreement, f"agreed_{side}_by") is None:
        setattr(agreement, f"agreed_{side}_by", actor.person_id)
        setattr(agreement, f"agreed_{side}_at", now)
    both = agreement.agreed_a_by is not None and agreement.agreed_b_by is not None
    if both and agreement.since is None:
        agreement.since = now
        _tell(session, _other(agreement, village), agreement, "agreement_in_force", village)
        _look_again(session, agreement)
    session.flush()
    return _views(session, village, [agreement])[0]


def _knows_the_way(session: Session, agreement: VillageAgreement) -> bool:
    """By road, or as the crow flies between two places that are known."""
    sides = OrgUnit.code.in_((agreement.village_a, agreement.village_b))
    lost = sa.or_(OrgUnit.lat.is_(None), OrgUnit.lng.is_(None))
    return agreement.km is not None or not session.scalar(sa.select(sa.exists().where(sides, lost)))


def _look_again(session: Session, agreement: VillageAgreement) -> None:
    """Each side's searches that lack people may find them at the other's now."""
    found = tasks.lacking_people((agreement.village_a, agreement.village_b), agreement.station)
    rows = [outbox.row("dispatch.round", one) for one in session.scalars(found)]
    outbox.put_rows(session, rows)


def _mine(session: Session, actor: Actor, agreement_id: UUID) -> tuple[VillageAgreement, str]:
    """Return an agreement, locked, and the side that the caller answers for. Raises NotFound."""
    agreement = session.get(VillageAgreement, agreement_id, with_for_update=True)
    if agreement is None:
        raise NotFound
    sides = [
        (village, relations_of(actor, village, agreement.station))
        for village in (agreement.village_a, agreement.village_b)
    ]
    mine = next((village for village, relations in sides if relations), agreement.village_a)
    access.require("agreement.act", frozenset().union(*(each for _, each in sides)))
    return agreement, mine


def relations_of(actor: Actor, village: str, kind: str | None) -> frozenset[str]:
    """Return the caller's relations to one side; what is for all stations is the chairs'."""
    found = access.station_relations(actor, village, kind)
    return found if kind is not None else found & {CHAIR}


def _open(first: str, second: str, kind: str | None) -> sa.Select[VillageAgreement]:
    same = VillageAgreement.station.is_(None) if kind is None else VillageAgreement.station == kind
    return sa.select(VillageAgreement).where(
        VillageAgreement.village_a == first,
        VillageAgreement.village_b == second,
        VillageAgreement.until.is_(None),
        same,
    )


def _other(agreement: VillageAgreement, village: str) -> str:
    return agreement.village_b if agreement.village_a == village else agreement.village_a


def _tell(session: Session, to: str, agreement: VillageAgreement, kind: str, about: str) -> None:
    name = session.get_one(OrgUnit, about).name
    lines.tell(session, lines.officers(session, to, agreement.station), kind, village=name)


def _views(
    session: Session, village: str, found: Sequence[VillageAgreement]
) -> list[AgreementView]:
    others = {_other(agreement, village) for agreement in found}
    named = sa.select(OrgUnit.code, OrgUnit.name).where(OrgUnit.code.in_(others))
    names = {row.code: row.name for row in session.execute(named)}
    views = []
    for agreement in found:
        mine = agreement.agreed_a_by if agreement.village_a == village else agreement.agreed_b_by
        theirs = agreement.agreed_b_by if agreement.village_a == village else agreement.agreed_a_by
        other = _other(agreement, village)
        views.append(
            AgreementView(
                agreement, village, other, names[other], mine is not None, theirs is not None
            )
        )
    return views
