"""Whether the walk would see it, if a hard rule were forgotten: `make mutants`, some minutes.

It plays `test_any_time` once for each filter of `dispatch.candidates`, and each check of a yes in
`village.claim`, with that one switched off, and prints who found out. It is no part of `make test`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest

from dispatch import borders, candidates, invariants, situation
from dispatch.asking_rules import RULES
from dispatch.work import NEXT_VILLAGE
from village import claim

TUPLES = (
    "OF_THE_TASK", "OF_THE_KIND", "OF_THE_TIME", "WHOLE_TIME", "OF_THE_MOMENT", "AT_ONCE", "AGAIN",
)  # fmt: skip
WALK = "tests/dispatch/test_any_time.py"
QUESTIONS = (*invariants.QUESTIONS, *RULES)
REFUSED = ("too close", "uq_offers_task_id_person_id", "may not do this work", "ex_places_overlap")


def _forget_filter(name: str) -> None:
    """In every room that keeps such a tuple under its name."""
    rooms = [room for room in sys.modules.values() if room.__name__.startswith("dispatch.")]
    for room, every in product(rooms, TUPLES):
        if hasattr(room, every):
            kept = tuple(one for one in getattr(room, every) if one.__name__ != name)
            setattr(room, every, kept)


def _instead(module: Any, name: str, does: Callable[..., Any]) -> Callable[[], None]:
    return lambda: setattr(module, name, does)


def _always(module: Any, name: str, answer: Any) -> Callable[[], None]:
    return _instead(module, name, lambda *_, **__: answer)


FILTERS = [one.__name__ for one in candidates.AT_ONCE]
MUTANTS: dict[str, Callable[[], None]] = {
    **{name: partial(_forget_filter, name) for name in FILTERS},
    "the heads' word": _always(situation, "_widest", NEXT_VILLAGE),
    "who lends comes first": _instead(borders, "leave", lambda _, works, *__, **___: list(works)),
    "yes: skill": _always(claim, "has_skills", True),
    "yes: insurance": _always(claim, "is_insured", True),
    "yes: age": _always(claim, "is_old_enough", True),
    "yes: accreditation": _always(claim, "_mediates", True),
    "yes: overlap": _always(claim, "is_free", None),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The rule to forget."""
    parser.addoption("--forget", choices=sorted(MUTANTS))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Forget it once everything is imported."""
    MUTANTS[session.config.getoption("--forget")]()


def play(name: str) -> str:
    """Play the walk without this rule; return what has seen it."""
    plugin = ("-p", "tests.dispatch.mutants", "-p", "no:cacheprovider", "--forget", name)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *plugin, WALK]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return "NOT SEEN"
    found = [one for one in (*QUESTIONS, *REFUSED) if re.search(rf"\b{one}\b", done.stdout)]
    return ", ".join(found) or done.stdout.strip().splitlines()[-1]


def main(names: list[str]) -> int:
    """Print a line a rule; return how many nobody has seen."""
    unseen = 0
    for name in names or list(MUTANTS):
        found = play(name)
        unseen += found == "NOT SEEN"
        sys.stdout.write(f"{name:24} {found}\n")
        sys.stdout.flush()
    return unseen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
