"""`wuzhan keys`: made once, changed while everything stays readable, and refused when wrong."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from runtime.cli import main
from village import clock, identities, keyed, keys, sealing
from village.catalog.demo import person_id
from village.db import transaction
from village.models import Request, WechatIdentity


def done(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments])


@pytest.fixture
def own(
    county: sa.Engine, tmp_path: Path, keys_of_all: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the keys for a county of one's own."""
    path = tmp_path / keys.FILE
    path.write_bytes(keys_of_all.read_bytes())
    monkeypatch.setenv("WUZHAN_KEYS_FILE", str(path))
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    keys.configure(path)
    yield path
    keys.configure(keys_of_all)


def write(engine: sa.Engine, **answers: object) -> Request:
    request = Request(
        id=uuid4(), number=str(uuid4()), village_code="990101", requester_id=person_id("u041"),
        text="x", hide_me=False, sealed=False, neutral=False, status="submitted", priority="P3",
        routing={}, created_at=clock.now(),
    )  # fmt: skip
    sealing.write(request, answers)
    with transaction(engine) as session:
        session.add(request)
    return request


def opened(engine: sa.Engine, request: Request) -> dict[str, object]:
    with transaction(engine) as session:
        return sealing.opened(session.get_one(Request, request.id))


def plain_identity(engine: sa.Engine) -> None:
    """One as the release before wrote it."""
    with transaction(engine) as session:
        session.add(
            WechatIdentity(openid="o-old", person_id=person_id("u042"), created_at=clock.now())
        )


def test_rotation_brings_every_row_under_the_new_key(
    own: Path, county: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed, "BATCH", 50)  # 152 identities: several batches
    request = write(county, mobility="卧床")
    plain_identity(county)
    with transaction(county) as session:
        plain = session.get_one(Request, write(county).id)
        plain.answers = {"event_kind": "疾病", "needs": ["做饭"]}  # of the release before
    result = done("rotate")
    assert result.exit_code == 0, result.output
    ring = keys.ring()
    assert (ring.current.number, bool(ring.keys[1].retired_at)) == (2, True)
    assert opened(county, request) == {"mobility": "卧床"}
    assert opened(county, plain) == {"event_kind": "疾病"}
    with transaction(county) as session:
        assert keyed.stale(session) == 0
        assert session.get_one(Request, plain.id).answers == {"needs": ["做饭"]}
        found = session.scalars(sa.select(WechatIdentity).where(identities.is_of("o-old"))).one()
        assert (found.openid, identities.openid_of(found)) == (None, "o-old")
    assert "retired" in done("list").output


def test_a_rotation_that_was_ended_goes_on(own: Path, county: sa.Engine) -> None:
    request = write(county, mobility="卧床")
    assert "Key 2" in done("add").output
    with transaction(county) as session:
        before = keyed.stale(session)
    next(keyed.seal_anew(county))  # and then the power went
    assert "rows sealed anew by key 2" in done("rotate").output
    assert set(keys.ring().keys) == {1, 2}
    assert opened(county, request) == {"mobility": "卧床"}
    assert before > 1


def test_the_list_shows_no_key(own: Path, county: sa.Engine) -> None:
    shown = done("list").output
    assert keys.ring().current.fingerprint in shown
    assert not [
        secret for secret in own.read_text().split('"') if len(secret) > 40 and secret in shown
    ]


def test_nothing_starts_without_the_keys_nor_with_anothers(own: Path, county: sa.Engine) -> None:
    def seed() -> Result:
        return CliRunner().invoke(main, ["seed"])

    assert seed().exit_code == 0
    own.unlink()
    refused = seed()
    assert (refused.exit_code, "wuzhan keys make" in refused.output) == (1, True)
    assert "is made" in done("make").output
    assert "there already" in done("make").output
    refused = seed()
    assert (refused.exit_code, "not that of this database" in refused.output) == (1, True)


def test_the_launch_check_lists_what_is_missing_until_it_is_entered(county: sa.Engine) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    assert run("launch-check").exit_code == 0
    assert "closed" in run("assessment", "revoke", "F-CARE").output
    missing = run("launch-check")
    assert missing.exit_code == 1
    assert "missing  F-CARE  关着：AID-01" in missing.output
    facts = ("--handler", "村委会", "--contact", "村办", "--by", "甲", "--summary", "见柜")
    refused = run("assessment", "enter", "F-WORK", *facts, "--on", "2026-01-02")
    assert (refused.exit_code, "no level-3 form" in refused.output) == (1, True)
    assert "is open" in run("assessment", "enter", "F-CARE", *facts, "--on", "2026-01-02").output
    assert run("launch-check").exit_code == 0
