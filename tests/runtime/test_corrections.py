"""`wuzhan routing report` and `train --with-corrections` on a database with corrections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dispatch.routing import model, texts
from dispatch.routing.corrections import is_held_back
from dispatch.routing.train import SEED, train
from runtime import settings
from runtime.cli import main
from tests.dispatch.routing.village_words import moved, performances, stayed, villagers
from tests.village.town import VILLAGE, Town, stepped
from village.db import create_engine

SOME = [line for line in texts.lines() if line.topic in ("lamps", "rubbish")]


@pytest.fixture
def town(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """Settings that name a village's database; its own model would lie in `tmp_path`."""
    monkeypatch.setenv("WUZHAN_DATABASE_URL", database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", redis_url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("WUZHAN_DATA_DIR", str(tmp_path))
    engine = create_engine(database_url)
    with stepped(tmp_path):
        town = Town(engine)
        town.build()
        yield town
    engine.dispose()
    model.configure(None)


@pytest.fixture
def few_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of few texts, and the model that they give: training takes seconds."""
    place = tmp_path / "packaged.tsv"
    place.write_text(train(SEED, SOME), encoding="utf-8")
    monkeypatch.setattr(texts, "lines", lambda: SOME)
    monkeypatch.setattr(model, "packaged", lambda: place)
    model.load.cache_clear()
    yield
    monkeypatch.undo()
    model.load.cache_clear()


def wuzhan(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["routing", *arguments])


def correct(town: Town, held: int) -> None:
    """People whose requests were passed on, so many of them that they judge the model."""
    people = villagers(town, 4 * held + 20)
    judges = [each for each in people if each.person_id and is_held_back(each.person_id)]
    others = [each for each in people if each not in judges]
    for person, text in performances([*judges[:held], *others[: 2 * held]]):
        moved(town, person, text)


def test_the_report_is_printed_from_the_database(town: Town) -> None:
    for person, text in performances(villagers(town, 5)):
        moved(town, person, text)
    for person in villagers(town, 5):
        stayed(town, person, "村口路灯不亮，缺人手")
    result = wuzhan("report", "--village", VILLAGE, "--since", "2026-11-01")
    assert result.exit_code == 0, result.output
    assert "public_works -> culture" in result.output
    assert "雷公寨" in result.output
    assert "requests                0" in wuzhan("report", "--since", "2027-01-01").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--village", "nowhere"), "no village nowhere"), (("--since", "yesterday"), "yesterday")],
)
def test_a_village_or_day_that_is_none_is_said(
    town: Town, arguments: tuple[str, str], said: str
) -> None:
    result = wuzhan("report", *arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_a_better_model_is_written_where_the_service_reads_it(
    town: Town, few_texts: None, tmp_path: Path
) -> None:
    correct(town, 12)
    result = wuzhan("train", "--with-corrections")
    assert result.exit_code == 0, result.output
    place = tmp_path / "routing.tsv"
    assert settings.load().own_model == place
    found = model.current()
    assert found is not None
    assert found.version == model.parse(place.read_text(encoding="utf-8")).version
    assert found.version in result.output
    assert place.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.glob("routing*")) == ["routing.tsv"]
    assert "雷公寨" not in result.output


def test_a_worse_one_is_refused_with_its_figures_and_not_written(
    town: Town, few_texts: None, tmp_path: Path
) -> None:
    """Those who are learnt from say the contrary of those who are held back."""
    people = villagers(town, 90)
    for person, text in performances(people):
        held = is_held_back(person.person_id) if person.person_id else False
        moved(town, person, f"路灯不亮，{text}", "culture" if held else "sanitation")
    own = tmp_path / "own.tsv"
    own.write_text(train(SEED, [*SOME, *_culture()]), encoding="utf-8")
    model.configure(own)
    before = own.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WUZHAN_ROUTING_MODEL", str(own))
        result = wuzhan("train", "--with-corrections")
    assert result.exit_code == 1, result.output
    assert "worse on: corrected" in result.output
    assert "right" in result.output
    assert own.read_bytes() == before


def _culture() -> list[texts.Line]:
    said = (
        "雷公寨锣鼓要搬",
        "雷公寨戏服要熨",
        "路灯不亮，雷公寨灯笼要挂",
        "雷公寨舞龙要排，缺人手",
    )
    return [texts.Line("culture", f"play {n}", text) for n, text in enumerate(said * 5)]


def test_too_few_corrections_write_nothing(town: Town, tmp_path: Path) -> None:
    result = wuzhan("train", "--with-corrections", "--out", str(tmp_path / "new.tsv"))
    assert result.exit_code == 1
    assert "at least 10 corrected requests" in result.output
    assert not (tmp_path / "new.tsv").exists()


def test_a_check_is_for_the_packaged_model_alone() -> None:
    assert wuzhan("train", "--with-corrections", "--check").exit_code == 2
