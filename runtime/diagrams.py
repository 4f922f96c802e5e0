"""The workflow tables as pages for people: a diagram, and the rows as the engine reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from runtime.settings import REPOSITORY
from village.catalog import files
from village.timeline import words
from village.workflow.engine import START, Machine, Tell, Transition
from village.workflow.hour_certificate import CERTIFICATE
from village.workflow.offer import OFFER
from village.workflow.registration import REGISTRATION
from village.workflow.request import REQUEST
from village.workflow.service_record import RECORD

FOLDER = REPOSITORY / "docs" / "workflows"
MACHINES: tuple[Machine, ...] = (REQUEST, OFFER, REGISTRATION, RECORD, CERTIFICATE)
STATUS_WORDS = {"request": "status"}  # of the others the words are under the machine's name
TITLES = {
    "request": "诉求 request",
    "offer": "邀请 offer",
    "registration": "志愿者登记 registration",
    "service_record": "志愿服务时长 service_record",
    "hour_certificate": "志愿服务记录证明 hour_certificate",
}
COLUMNS = ("action", "from", "to", "who", "rule", "conditions", "notices")
MANY = 6  # arrows of one meaning; more of them hide the others
PREFACE = """\
Written by `wuzhan workflows --write` from `village/workflow/{name}.py`. Rules (R1 …, 3.8) are rows
of the domain's workflow tables. Of two rows with one action, the upper one is taken where its
conditions hold. A notice names its template where it is also pushed to the phone."""


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {f"{machine.name}.md": page(machine) for machine in MACHINES}


def write() -> None:
    """Write the pages into the repository."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def page(machine: Machine) -> str:
    """Return a machine's page."""
    parts = (f"# {TITLES[machine.name]}", _preface(machine), *_diagram(machine), _table(machine))
    return "\n\n".join(parts) + "\n"


def _preface(machine: Machine) -> str:
    return PREFACE.format(name=machine.name)


def _diagram(machine: Machine) -> Iterator[str]:
    drawn, crowded = _arrows(machine)
    states = [f'state "{_state(machine, state)}" as {state}' for state in machine.states]
    arrows = [f"{one} --> {other}: {', '.join(said)}" for (one, other), said in drawn.items()]
    left = {source for row in machine.rows for source in row.sources}
    ends = [f"{state} --> [*]" for state in machine.states if state not in left]
    yield "\n    ".join(["```mermaid\nstateDiagram-v2", *states, *arrows, *ends]) + "\n```"
    if crowded:
        said = "、".join(f"`{action}` → {_state(machine, to)}" for action, to in crowded)
        yield f"Not drawn, since they lead there from nearly every state: {said}."


def _arrows(
    machine: Machine,
) -> tuple[dict[tuple[str, str], list[str]], list[tuple[str, str]]]:
    """Return the actions of every arrow in the table's order, and what would be too many arrows."""
    ways: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for row in machine.rows:
        for source in row.sources:
            ways[row.action, row.target]["[*]" if source == START else source] = None
    drawn: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (action, target), sources in ways.items():
        for source in sources if len(sources) < MANY else ():
            drawn[source, target].append(action)
    return drawn, [way for way, sources in ways.items() if len(sources) >= MANY]


def _table(machine: Machine) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_cells(machine, row) for row in machine.rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cells(machine: Machine, row: Transition) -> Iterator[str]:
    yield f"`{row.action}`"
    yield "、".join("–" if s == START else _state(machine, s) for s in row.sources)
    yield _state(machine, row.target)
    yield "、".join(_relation(who) for who in row.who)
    yield row.rule
    conditions = [*([row.when] if row.when else []), *row.guards]
    yield " ".join(_first_line(condition) for condition in conditions)
    yield "<br>".join(_notice(machine, row, tell) for tell in row.tell)


def _state(machine: Machine, state: str) -> str:
    return f"{words()[STATUS_WORDS.get(machine.name, machine.name), state]} {state}"


def _relation(who: str) -> str:
    return words()["relation", who]


def _first_line(condition: Callable[..., object]) -> str:
    return (condition.__doc__ or "").strip().splitlines()[0]


def _notice(machine: Machine, row: Transition, tell: Tell) -> str:
    title = _title(machine.name, row, tell.audience)
    pushed = f" {tell.template}" if tell.template and tell.push else ""
    return f"{_relation(tell.audience)}「{title}」{pushed}"


def _title(machine: str, row: Transition, audience: str) -> str:
    for notice in files.read("notices"):
        known = (notice["machine"], notice["action"], notice["audience"])
        if (
            known == (machine, row.action, audience)
            and notice["source"] in ("", *row.sources)
            and notice["target"] in ("", row.target)
        ):
            return notice["title"]
    raise KeyError(machine, row.action, audience)
