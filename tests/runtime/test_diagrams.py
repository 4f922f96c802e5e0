from __future__ import annotations

import re

from click.testing import CliRunner

from runtime import diagrams
from runtime.cli import main
from village import timeline
from village.workflow.engine import START
from village.workflow.request import REQUEST


def test_the_pages_are_those_of_the_tables() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in diagrams.FOLDER.iterdir()}
    assert written == diagrams.pages(), "run `wuzhan workflows --write`"


def test_the_diagram_has_every_state_and_every_arrow() -> None:
    page = diagrams.page(REQUEST)
    drawn = re.findall(r"^    (\S+) --> (\S+): (.+)$", page, re.MULTILINE)
    arrows = {(one, other, action) for one, other, said in drawn for action in said.split(", ")}
    rows = {
        ("[*]" if source == START else source, row.target, row.action)
        for row in REQUEST.rows
        for source in row.sources
    }
    assert arrows <= rows
    (left_out,) = re.findall(r"^Not drawn.*$", page, re.MULTILINE)
    for target, action in {(target, action) for _, target, action in rows - arrows}:
        assert f"`{action}` → {timeline.status_text(target)} {target}" in left_out
    assert {state for state in REQUEST.states if f'" as {state}\n' in page} == set(REQUEST.states)


def test_the_table_has_every_row_with_all_that_it_says() -> None:
    rows = [line for line in diagrams.page(REQUEST).splitlines() if line.startswith("| `")]
    assert len(rows) == len(REQUEST.rows)
    assert {line.count("|") for line in rows} == {len(diagrams.COLUMNS) + 1}
    late = next(line for line in rows if "`no_danger` | 已提交" in line)
    assert "站长「村民说没有危险」" in late
    assert "村民「已受理」 N02" in rows[[row.action for row in REQUEST.rows].index("accept")]


def test_the_command_prints_the_pages() -> None:
    shown = CliRunner().invoke(main, ["workflows"])
    assert (shown.exit_code, shown.output) == (0, "\n".join(diagrams.pages().values()))
