from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dispatch.routing import model
from dispatch.routing.labels import LABELS
from runtime.cli import main


@pytest.fixture(autouse=True)
def _packaged_again() -> Iterator[None]:
    yield
    model.configure(None)


def written(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_predict_writes_an_answer_for_every_text(tmp_path: Path) -> None:
    source = written(
        tmp_path / "in.jsonl", [{"id": "a", "text": "路灯坏了"}, {"id": "b", "text": ""}]
    )
    target = tmp_path / "out.jsonl"
    result = CliRunner().invoke(main, ["routing", "predict", source, str(target)])
    assert result.exit_code == 0, result.output
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert set(answers[0]) == {"id", "label", "confidence", "ranked", "reasons"}
    assert answers[0]["ranked"][0] == "public_works"
    assert answers[1]["label"] is None


def test_force_leaves_nothing_to_a_person(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", [{"id": 1, "text": ""}])
    target = tmp_path / "out.jsonl"
    CliRunner().invoke(main, ["routing", "predict", source, str(target), "--force"])
    assert json.loads(target.read_text(encoding="utf-8"))["label"] in LABELS


def test_evaluate_prints_the_figures(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": "村口路灯坏了三盏", "label": "public_works", "slice": "spoken"}
    ]
    result = CliRunner().invoke(main, ["routing", "evaluate", written(tmp_path / "in.jsonl", rows)])
    assert result.exit_code == 0, result.output
    assert "strict                  1.0000" in result.output
    assert "spoken" in result.output


def test_the_installation_s_own_model_decides_as_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(
        tmp_path / "in.jsonl", [{"id": 1, "text": "路灯坏了", "label": "public_works"}]
    )
    own, target = tmp_path / "learnt.tsv", tmp_path / "out.jsonl"
    packaged = model.packaged().read_text(encoding="utf-8")
    version = str(json.loads(packaged.partition("\n")[0])["version"])
    own.write_text(packaged.replace(version, "our-own", 1), encoding="utf-8")
    monkeypatch.setenv("WUZHAN_ROUTING_MODEL", str(own))
    for command in (["predict", source, str(target)], ["evaluate", source]):
        result = CliRunner().invoke(main, ["routing", *command])
        assert result.exit_code == 0, result.output
        assert "model: our-own" in result.stderr


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [{"text": "x"}])
    result = CliRunner().invoke(main, ["routing", "evaluate", path])
    assert result.exit_code == 1
    assert "line 1: needs text, label" in result.output


def test_what_breaks_off_leaves_the_old_answers_and_nothing_beside(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "text": "路灯坏了"}\n{"id": 2}\n', encoding="utf-8")
    target = tmp_path / "out.jsonl"
    target.write_text("as it was", encoding="utf-8")
    result = CliRunner().invoke(main, ["routing", "predict", str(source), str(target)])
    assert result.exit_code == 1
    assert "line 2: needs id, text" in result.output
    assert target.read_text(encoding="utf-8") == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_no_character_of_a_text_ends_its_line_or_breaks_the_answer(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "\\ud800", "text": "路灯\u2028坏了\x85"}\n', encoding="utf-8-sig")
    target = tmp_path / "out.jsonl"
    result = CliRunner().invoke(main, ["routing", "predict", str(source), str(target)])
    assert result.exit_code == 0, result.output
    (line,) = target.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["id"] == "\ud800"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b'{"id": 1, "text": null}', "line 1: text is no string"), (b"\xff\xfe", "is not UTF-8")],
)
def test_what_is_no_file_of_messages_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(content)
    result = CliRunner().invoke(main, ["routing", "predict", str(source), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert said in result.output


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", [{"id": 1, "text": "路灯坏了"}])
    target = tmp_path / "nowhere" / "out.jsonl"
    result = CliRunner().invoke(main, ["routing", "predict", source, str(target)])
    assert result.exit_code == 1
    assert "cannot be written" in result.output
