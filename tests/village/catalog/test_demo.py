from __future__ import annotations

from collections import Counter
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, identities
from village.catalog import demo, loader
from village.catalog.demo import person_id
from village.catalog.entries import subscription_moments
from village.catalog.files import read
from village.models import (
    AvailabilityWindow,
    Category,
    ConflictDeclaration,
    Consent,
    Membership,
    NotificationTemplate,
    OrgUnit,
    Person,
    RoleGrant,
    Station,
    Volunteer,
    WechatIdentity,
)

FULL_VILLAGES = ("990101", "990105")
ALL = (
    AvailabilityWindow,
    Category,
    ConflictDeclaration,
    Consent,
    Membership,
    NotificationTemplate,
    OrgUnit,
    Person,
    RoleGrant,
    Station,
    Volunteer,
    WechatIdentity,
)


def counts(session: Session) -> dict[str, int]:
    return {
        model.__name__: session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
        for model in ALL
    }


def heads(session: Session, role: str) -> set[tuple[str, str | None]]:
    grants = session.scalars(sa.select(RoleGrant).where(RoleGrant.role == role))
    return {(grant.unit_code, grant.station) for grant in grants}


def test_the_catalog_is_whole(session: Session) -> None:
    found = counts(session)
    assert (found["Category"], found["Station"], found["OrgUnit"]) == (60, 40, 17)
    assert found["NotificationTemplate"] == 24


def test_seeding_again_changes_nothing(session: Session) -> None:
    before = counts(session)
    loader.load(session)
    assert demo.seed(session) == 0
    assert counts(session) == before
    assert all(before.values())


def test_seeding_again_leaves_people_as_they_have_become(session: Session) -> None:
    someone = person_id("u007")
    mine = AvailabilityWindow.person_id == someone
    session.execute(sa.delete(AvailabilityWindow).where(mine))
    session.execute(sa.update(Person).where(Person.id == someone).values(name="刘小荷"))
    demo.seed(session)
    windows = sa.select(sa.func.count()).select_from(AvailabilityWindow).where(mine)
    assert session.scalar(windows) == 0
    assert session.get_one(Person, someone).name == "刘小荷"


def test_loading_again_brings_a_category_back_to_the_file(session: Session) -> None:
    session.execute(sa.update(Category).where(Category.code == "PUB-03").values(zh="灯"))
    loader.load(session)
    assert session.get_one(Category, "PUB-03").zh == "路灯故障"


def test_an_installation_may_have_template_ids_of_its_own(session: Session) -> None:
    loader.load(session, {"N10": "a-real-id"})
    listed = sa.select(NotificationTemplate.code, NotificationTemplate.wechat_template_id)
    found = {row.code: row.wechat_template_id for row in session.execute(listed)}
    assert found["N10"] == "a-real-id"
    assert found["N02"] == "demo-template-N02"
    assert "a-real-id" in subscription_moments({"N10": "a-real-id"})["on_accept"]


def test_every_station_has_a_head_and_every_village_a_chair(session: Session) -> None:
    stations = {(row["village"], row["kind"]) for row in read("stations")}
    assert heads(session, "head") == stations
    assert heads(session, "chair") == {(row["village_code"], None) for row in read("villages")}
    deputies = {key for key in stations if key[0] in FULL_VILLAGES}
    assert heads(session, "deputy") == deputies


def test_offices_are_in_term_for_at_least_a_year(session: Session) -> None:
    year = clock.now() + timedelta(days=365)
    for grant in session.scalars(sa.select(RoleGrant)):
        assert grant.valid_from < clock.now()
        assert grant.valid_to is None or grant.valid_to > year


def test_every_station_of_the_full_villages_can_ask_three_adults_on_any_day(
    session: Session,
) -> None:
    now = clock.now()
    soon = (now + timedelta(days=60)).date()
    askable = (
        sa.select(Membership.village_code, Membership.station, AvailabilityWindow.weekday)
        .join(Volunteer, Volunteer.person_id == Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .join(AvailabilityWindow, AvailabilityWindow.person_id == Membership.person_id)
        .where(Volunteer.insured_until > soon, Person.birth_year < now.year - 18)
        .where(AvailabilityWindow.from_minute <= 8 * 60, AvailabilityWindow.to_minute >= 20 * 60)
    )
    found = Counter((village, kind, day) for village, kind, day in session.execute(askable))
    for row in read("stations"):
        if row["village"] in FULL_VILLAGES:
            assert all(found[row["village"], row["kind"], day] >= 3 for day in range(7)), row


def test_every_station_of_the_full_villages_has_four_volunteers(session: Session) -> None:
    found = Counter(
        (member.village_code, member.station) for member in session.scalars(sa.select(Membership))
    )
    assert len(found) == 10
    assert min(found.values()) >= 4


def test_the_minor_has_her_guardian_s_consent_and_no_insurance(session: Session) -> None:
    minor = session.get_one(Volunteer, person_id("u018"))
    age = clock.now().year - (session.get_one(Person, minor.person_id).birth_year or 0)
    assert (minor.guardian_consent, minor.insured_until, age) == (True, None, 16)
    consent = sa.select(Consent).where(Consent.person_id == minor.person_id)
    assert session.scalars(consent).one().document == "guardian"


def test_the_brothers_are_declared(session: Session) -> None:
    kin = session.get(ConflictDeclaration, (person_id("u061"), person_id("u006")))
    assert kin is not None
    assert kin.kind == "kin"


def test_everybody_can_log_in_through_the_stand_in(session: Session) -> None:
    of_hers = session.scalars(sa.select(WechatIdentity).where(identities.is_of("demo-u007"))).one()
    assert of_hers.person_id == person_id("u007")
    assert identities.openid_of(of_hers) == "demo-u007"
    assert counts(session)["WechatIdentity"] == counts(session)["Person"]
