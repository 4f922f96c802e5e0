"""Learn from what the people of this installation corrected, and keep it only if it is better.

Every fourth person's requests are held back and never learnt from; on them and on the packaged
cases together the new model must do no worse than the one in use, and on none of the sets may it
send more to a wrong station or miss an emergency. No run of characters that fewer
than three people wrote stays in the file, unless the packaged model knows it too.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID

from dispatch.routing import model, texts
from dispatch.routing.features import runs
from dispatch.routing.labelled import Labelled
from dispatch.routing.labels import EMERGENCY, STATIONS
from dispatch.routing.model import BrokenModelError, Model, checksum, parse
from dispatch.routing.phrases import FEWEST_PEOPLE
from dispatch.routing.predict import predict
from dispatch.routing.train import SEED, train
from village.catalog.files import read

HELD_BACK = 4  # every fourth person
FEWEST_HELD = 10
_MARKS = str.maketrans("", "", "[]{}|")  # the texts' own marks, which a villager may type

Case = tuple[str, str]  # text, label


class TooFewError(ValueError):
    """There are not enough corrections to judge a model by."""


@dataclass(frozen=True)
class Figures:
    """How a model does on a set: messages, forced answers right, sent wrongly without a person."""

    messages: int
    right: int
    wrong: int
    missed: int  # emergencies that are not asked about


@dataclass(frozen=True)
class Trial:
    """Both models on both sets, by the sets' names; `text` is the new model's file."""

    learnt: int
    old: Mapping[str, Figures]
    new: Mapping[str, Figures]
    text: str

    @property
    def worse(self) -> list[str]:
        """Return the names of the sets on which the new model does worse, `all` among them.

        One answer more or less on one set is chance; what was corrected must not get worse.
        """
        old, new = self.old, self.new
        found = [name for name in new if _is_risky(new[name], old[name])]
        if new["corrected"].right < old["corrected"].right:
            found.append("corrected")
        if sum(each.right for each in new.values()) < sum(each.right for each in old.values()):
            found.append("all")
        return list(dict.fromkeys(found))


def retrain(requests: Sequence[Labelled], written: Sequence[texts.Line] | None = None) -> Trial:
    """Return a model of the written texts (default: the packaged ones) and these requests.

    Raises TooFewError. The same requests give the same model.
    """
    usable = [each for each in requests if each.words and each.label is not None]
    held = [each for each in usable if is_held_back(each.person)]
    learnt = [each for each in usable if not is_held_back(each.person)]
    if sum(each.moved for each in held) < FEWEST_HELD:
        raise TooFewError(
            f"at least {FEWEST_HELD} corrected requests must be held back to judge the model"
        )
    packaged = texts.lines() if written is None else written
    text = _without(train(SEED, [*packaged, *_lines(learnt)]), _too_personal(learnt))
    sets = {"corrected": _cases(one for one in held if one.moved),
            "confirmed": _cases(one for one in held if not one.moved),
            "packaged": packaged_cases()}  # fmt: skip
    return Trial(len(learnt), _judged(sets), _judged(sets, parse(text)), text)


def is_held_back(person: UUID) -> bool:
    """Tell whether a person's requests judge the model: always the same people's."""
    return hashlib.sha256(f"{SEED} {person}".encode()).digest()[0] % HELD_BACK == 0


def packaged_cases() -> list[Case]:
    """Return the catalog's sixty texts that a station gets, or that are an emergency."""
    return [
        (row["text"], EMERGENCY if row["first_step"] == "emergency" else row["station"])
        for row in read("request_texts")
    ]


def _cases(requests: Iterable[Labelled]) -> list[Case]:
    return [(each.text, str(each.label)) for each in requests]


def _lines(requests: Sequence[Labelled]) -> list[texts.Line]:
    return [
        texts.Line(str(each.label), f"here {number}", each.text.translate(_MARKS))
        for number, each in enumerate(requests)
    ]


def _judged(sets: Mapping[str, Sequence[Case]], by: Model | None = None) -> dict[str, Figures]:
    with nullcontext() if by is None else model.using(by):
        return {name: judge(cases) for name, cases in sets.items()}


def judge(cases: Sequence[Case]) -> Figures:
    """Return the present model's figures on `cases`, through production's whole decision."""
    found = [(predict(text), label) for text, label in cases]
    return Figures(
        messages=len(cases),
        right=sum(each.forced() == label for each, label in found),
        wrong=sum(each.label in STATIONS and each.label != label for each, label in found),
        missed=sum(label == EMERGENCY and each.label != EMERGENCY for each, label in found),
    )


def _is_risky(new: Figures, old: Figures) -> bool:
    return new.wrong > old.wrong or new.missed > old.missed


# ---------------------------------------------------------------- nothing personal in the file


def _too_personal(requests: Sequence[Labelled]) -> frozenset[str]:
    """Return the runs that too few people wrote, and that the packaged model does not know."""
    writers: dict[str, set[UUID]] = defaultdict(set)
    for each in requests:
        for run in runs(each.text):
            writers[run].add(each.person)
    known = _packaged_runs()
    few = (run for run, people in writers.items() if len(people) < FEWEST_PEOPLE)
    return frozenset(run for run in few if run not in known)


def _packaged_runs() -> frozenset[str]:
    try:
        return frozenset(parse(model.packaged().read_text(encoding="utf-8")).known())
    except (BrokenModelError, OSError, UnicodeDecodeError):
        return frozenset()


def _without(text: str, dropped: frozenset[str]) -> str:
    """Return the model's file without these runs, under a version of its own."""
    first, _, body = text.partition("\n")
    kept = "".join(
        line for line in body.splitlines(keepends=True) if line.partition("\t")[0] not in dropped
    )
    header = json.loads(first)
    number = header["version"].partition("-")[0]
    facts = {"version": f"{number}-{checksum(kept)[:8]}-local", "sha256": checksum(kept)}
    return json.dumps({**header, **facts}) + "\n" + kept
