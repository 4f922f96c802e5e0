"""An installation's own model: read where it is, and never in the way of the packaged one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.routing import model, texts
from dispatch.routing.train import train

SOME = [line for line in texts.lines() if line.topic in ("lamps", "rubbish")]


@pytest.fixture(scope="module")
def trained() -> str:
    return train(seed=1, written=SOME)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    model.configure(tmp_path / "routing.tsv")
    yield tmp_path / "routing.tsv"
    model.configure(None)


def version() -> str:
    found = model.current()
    assert found is not None
    return found.version


def packaged() -> str:
    model_of_all, _ = model.load()
    assert model_of_all is not None
    return model_of_all.version


def test_without_a_file_the_packaged_model_decides(place: Path) -> None:
    assert not place.exists()
    assert (version(), model.state().state) == (packaged(), "ok")


def test_the_own_model_decides_as_soon_as_it_is_there(place: Path, trained: str) -> None:
    assert version() == packaged()
    place.write_text(trained, encoding="utf-8")
    assert version() == model.parse(trained).version != packaged()
    assert model.state().version == version()
    place.unlink()
    assert version() == packaged()


def test_a_newer_one_takes_its_place(place: Path, trained: str) -> None:
    place.write_text(trained, encoding="utf-8")
    assert version() != packaged()
    place.write_text(Path(str(model.packaged())).read_text(encoding="utf-8"), encoding="utf-8")
    assert version() == packaged()


@pytest.mark.parametrize("damage", ["", "no model", "cut"])
def test_a_broken_one_is_said_to_be_broken_and_the_packaged_one_decides(
    place: Path, trained: str, damage: str
) -> None:
    place.write_text(trained[: len(trained) // 2] if damage == "cut" else damage, encoding="utf-8")
    assert version() == packaged()
    stands = model.state()
    assert (stands.state, stands.version) == ("broken", None)
    assert stands.detail.startswith("routing.tsv: ")


def test_a_folder_in_its_place_is_broken_too(place: Path) -> None:
    place.mkdir()
    assert (version(), model.state().state) == (packaged(), "broken")


def test_another_model_decides_only_while_it_is_tried(trained: str) -> None:
    before = version()
    with model.using(model.parse(trained)):
        assert version() == model.parse(trained).version
    assert version() == before
