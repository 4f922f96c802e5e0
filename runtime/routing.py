"""The commands `wuzhan routing …`: judge and train what sends a text to a station."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

SOURCE = click.Path(exists=True, dir_okay=False, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)


@click.group()
def routing() -> None:
    """Judge and train the way from a text to a station."""


@routing.command()
@click.argument("source", type=SOURCE, metavar="IN.jsonl")
@click.argument("target", type=TARGET, metavar="OUT.jsonl")
@click.option("--force", is_flag=True, help="Never leave it to a person: no label is null.")
def predict(source: Path, target: Path, force: bool) -> None:
    """Write what becomes of each {"id", "text"}, without a chosen category."""
    from dispatch.routing.predict import predict_rows

    _as_installed()
    answers = predict_rows(_rows(source, "id", "text"), force=force)
    _write_whole(target, (json.dumps(row, ensure_ascii=False) + "\n" for row in answers))


@routing.command()
@click.argument("source", type=SOURCE, metavar="FILE.jsonl")
def evaluate(source: Path) -> None:
    """Print how good routing is on labelled messages {"text", "label", "secondary", "slice"}."""
    from dispatch.routing import evaluate as measures

    _as_installed()
    cases = measures.judge(_rows(source, "text", "label"))
    for name, value in measures.figures(cases).items():
        click.echo(f"{name:<24}{_figure(name, value)}")
    _table("recall", [(label, f"{share:.3f}") for label, share in measures.recalls(cases).items()])
    _table(
        "slice: messages, strict, lenient",
        [
            (name, f"{size:>4}  {strict:.3f}  {lenient:.3f}")
            for name, (size, strict, lenient) in measures.slices(cases).items()
        ],
    )
    _table(
        "calibration: confidence, messages, mean, lenient",
        [
            (f"{low:.2f}-{high:.2f}", f"{size:>4}  {sure:.3f}  {right:.3f}")
            for low, high, size, sure, right in measures.calibration(cases)
        ],
    )
    _table(
        "not acceptable: label, answer (forced)",
        [(label, f"{answer:<14}{times:>4}") for label, answer, times in measures.confusions(cases)],
    )


def _as_installed() -> None:
    """Let the installation's own model decide where it has one, as production does, and say so."""
    from dispatch.routing import model
    from runtime import settings

    model.configure(settings.load().own_model)
    stands = model.state()
    click.echo(f"model: {stands.version or stands.state} ({stands.detail})", err=True)


@routing.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day, as in 2026-11-25.")
@click.option("--village", help="Code of one natural village; else all of them.")
def report(since: datetime | None, village: str | None) -> None:
    """Print how routing did, from what people corrected: figures, no texts."""
    from runtime.corrections import print_report

    print_report(since, village)


@routing.command()
@click.option("--output", "--out", type=TARGET, help="Another file than the usual one.")
@click.option("--check", is_flag=True, help="Only say whether the packaged file comes out again.")
@click.option("--with-corrections", is_flag=True, help="Learn from this installation's too.")
def train(output: Path | None, check: bool, with_corrections: bool) -> None:
    """Train the model and its second head from the texts in the package; takes two minutes.

    With corrections, the model is this installation's own, and is written only if it does no
    worse than the present one on requests that are held back and on the packaged cases.
    """
    if with_corrections and check:
        raise click.UsageError("--check compares the packaged model alone.")
    if with_corrections:
        from runtime.corrections import train_locally

        train_locally(output)
    else:
        _train_packaged(output, check=check)


def _train_packaged(output: Path | None, *, check: bool) -> None:
    from dispatch.routing import model
    from dispatch.routing.labels import LABELS, SAFE_LABELS
    from dispatch.routing.train import train as learn
    from dispatch.routing.train import train_safe

    place = output or Path(str(model.packaged()))
    made = [(place, learn(), LABELS), (place.parent / model.SAFE_FILE, train_safe(), SAFE_LABELS)]
    for target, text, labels in made:
        if check and not (target.is_file() and target.read_text(encoding="utf-8") == text):
            raise click.ClickException(f"{target} is not what the texts give.")
        if not check:
            _write_whole(target, [text])
        click.echo(f"{model.parse(text, labels).version}: {target}")


def _write_whole(target: Path, lines: Iterable[str]) -> None:
    """Write beside `target` and put it in its place at the end: never a half-written file."""
    try:
        with tempfile.TemporaryDirectory(prefix=".wuzhan-", dir=target.parent) as beside:
            place = Path(beside) / target.name
            with place.open("w", encoding="utf-8", errors="backslashreplace") as out:
                out.writelines(lines)
            place.replace(target)
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}.") from error


def _figure(name: str, value: float) -> str:
    if name == "messages":
        return f"{value:.0f}"
    return f"{value:.2f}" if name.startswith("ms_") else f"{value:.4f}"


def _table(title: str, rows: list[tuple[str, str]]) -> None:
    click.echo(f"\n{title}")
    for name, values in rows:
        click.echo(f"  {name:<22}{values}")


def _rows(source: Path, *needed: str) -> Iterator[dict[str, Any]]:
    # by line feeds alone: a villager's text may hold other characters that end lines
    for number, line in enumerate(_text(source).split("\n"), start=1):
        if line.strip():
            yield _row(source, number, line, needed)


def _text(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{source} is not UTF-8.") from error


def _row(source: Path, number: int, line: str, needed: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise click.ClickException(f"{source}, line {number}: no JSON ({error.msg}).") from error
    if not isinstance(row, dict) or not all(name in row for name in needed):
        raise click.ClickException(f"{source}, line {number}: needs {', '.join(needed)}.")
    if not isinstance(row["text"], str):
        raise click.ClickException(f"{source}, line {number}: text is no string.")
    return row
