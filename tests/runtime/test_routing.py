from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from dispatch.routing.labels import LABELS
from runtime.cli import main


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


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [{"text": "x"}])
    result = CliRunner().invoke(main, ["routing", "evaluate", path])
    assert result.exit_code == 1
    assert "line 1: needs text, label" in result.output
