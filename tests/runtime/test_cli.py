from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from runtime import cli
from village import migrate
from village.db import create_engine
from village.models.messages import QUEUES
from village.models.people import Person


@pytest.fixture
def elsewhere(empty_database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings that name an empty database of one's own."""
    monkeypatch.setenv("WUZHAN_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", redis_url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    return empty_database_url


def wuzhan(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    return result


def people(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as link:
        count = link.scalar(sa.select(sa.func.count()).select_from(Person))
    engine.dispose()
    return int(count or 0)


def test_migrate_brings_an_empty_database_to_the_newest_schema(elsewhere: str) -> None:
    wuzhan("migrate")
    engine = create_engine(elsewhere)
    assert migrate.current(engine) == migrate.head()
    engine.dispose()


def test_seeding_the_demo_twice_adds_nothing(elsewhere: str) -> None:
    wuzhan("seed", "--demo")
    first = people(elsewhere)
    wuzhan("seed", "--demo")
    assert people(elsewhere) == first > 0


def test_a_village_office_is_seeded_without_demo_people(elsewhere: str) -> None:
    wuzhan("seed", "--no-demo")
    assert people(elsewhere) == 0


def test_the_contract_is_printed_without_any_server() -> None:
    document = json.loads(wuzhan("openapi").output)
    assert document["openapi"].startswith("3.1")


def test_a_worker_can_be_asked_for_on_every_queue() -> None:
    assert set(cli.QUEUES) == set(QUEUES)


def test_dispatch_simulate_prints_a_table_and_a_chart(tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text('{"villages": 2, "weeks": 1, "seeds": 2, "policies": ["robin_rested"]}')
    assert wuzhan("dispatch", "simulate", str(file)).output.count("robin_rested") == 6


def test_dispatch_simulate_names_the_field_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_text('{"weeks": -1}')
    result = CliRunner().invoke(cli.main, ["dispatch", "simulate", str(file)])
    assert result.exit_code == 2
    assert result.output == "Error: odd.json: weeks: must lie between 1 and 104\n"


def test_dispatch_rebuild_says_how_much_there_was(elsewhere: str) -> None:
    wuzhan("seed", "--demo")
    said = wuzhan("dispatch", "rebuild").output
    assert said == "0 answers and silences, 0 tallies, 0 mended\n"


def test_dispatch_rebuild_of_a_database_without_our_tables_says_what_to_do(elsewhere: str) -> None:
    result = CliRunner().invoke(cli.main, ["dispatch", "rebuild"])
    assert result.exit_code == 1
    assert "wuzhan migrate" in result.output


REPLAY = ("dispatch", "replay", "--from", "2026-11-25", "--to")
FIRST_DAY = ("dispatch", "replay", "--from", "0001-01-01", "--to", "0001-01-01")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*REPLAY, "2026-11-24", "--policy", "nearest"), "before the first"),
        ((*REPLAY, "2026-11-25", "--policy", "best"), "There is no policy best"),
        ((*REPLAY, "2026-11-25", "--policy", "nearest", "--village", "x"), "no village x"),
        ((*REPLAY, "2026-11-25", "--policy", "nearest"), "No rounds are recorded"),
        ((*REPLAY, "9999-12-31", "--policy", "nearest"), "No rounds are recorded"),
        ((*FIRST_DAY, "--policy", "nearest"), "No rounds are recorded"),
        ((*REPLAY, "tomorrow", "--policy", "nearest"), "does not match the format"),
        ((*REPLAY, "2026-11-25"), "Missing option '--policy'"),
    ],
)
def test_dispatch_replay_says_in_a_sentence_what_it_cannot_do(
    arguments: tuple[str, ...], said: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WUZHAN_DATABASE_URL", database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    result = CliRunner().invoke(cli.main, arguments)
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert said in result.output
