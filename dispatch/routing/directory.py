"""Where to go with what is no village matter: who is responsible, and how to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from dispatch.routing.rules import may_keep, village_rule
from village.catalog.files import Row, parts, read

GENERAL = "general"


@dataclass(frozen=True)
class Referral:
    """An answer to show, to copy or to print; `valid_until` is when the county must look again."""

    kind: str
    title: str
    office: str
    numbers: list[tuple[str, str]]
    answer: str
    take_along: str
    valid_until: date
    may_keep: bool

    def as_advice(self) -> dict[str, Any]:
        """Return the referral as the body of an answer: `{kind, body, phone, numbers, text, …}`.

        `may_keep` is false for tip-offs and crimes, which the village never queues.
        """
        return {
            "kind": self.kind,
            "body": self.office,
            "phone": self.numbers[0][1],
            "numbers": [{"label": label, "number": number} for label, number in self.numbers],
            "text": self.answer,
            "printable": self.as_text(),
            "may_keep": self.may_keep,
        }

    def as_text(self) -> str:
        """Return the referral as lines that can be copied or printed."""
        numbers = "；".join(f"{label} {number}" for label, number in self.numbers)
        return (
            f"{self.title}\n{self.answer}\n找谁：{self.office}\n电话：{numbers}\n"
            f"请带上：{self.take_along}\n"
        )


def refer(text: str, today: date) -> Referral:
    """Return the referral for a text that is no village matter.

    The kind is the one that a rule names, else whose words occur most in `text`; a row that is
    not valid on `today` is not shown: then, as where no word helps, the general hotline is
    (which never runs out).
    """
    return refer_to(_kind(text), today)


def refer_to(kind: str, today: date) -> Referral:
    """Return the referral of a kind of the directory, or, out of its time, the general one."""
    row = _rows()[kind]
    return _referral(row if _is_valid(row, today) else _rows()[GENERAL])


def listed(today: date) -> list[Referral]:
    """Return the whole directory as it holds on `today`, in its order."""
    found = (_referral(row) for row in _rows().values() if _is_valid(row, today))
    return list(found)


def is_tip_off(text: str) -> bool:
    """Tell whether the text is of a kind that the village never queues: crimes, tip-offs."""
    return not may_keep(_kind(text))


def expired(today: date) -> list[str]:
    """Return the kinds that the county has to check, because their time is over."""
    return [
        kind for kind, row in _rows().items() if date.fromisoformat(row["valid_until"]) < today
    ]  # fmt: skip


def _kind(text: str) -> str:
    """Return what the county's rule names, so that a number fits the decision; else by words."""
    rule = village_rule(text, "")
    return rule.directory if rule and rule.directory else _kind_by_words(text)


def _kind_by_words(text: str) -> str:
    points: dict[str, float] = {}
    for row in read("directory_words"):
        found = sum(word in text for word in parts(row["words"]))
        points[row["kind"]] = points.get(row["kind"], 0.0) + found * float(row["weight"])
    best = max(points, key=lambda kind: points[kind])
    return best if points[best] else GENERAL


def _is_valid(row: Row, today: date) -> bool:
    begins, ends = (date.fromisoformat(row[name]) for name in ("valid_from", "valid_until"))
    return begins <= today <= ends


def _referral(row: Row) -> Referral:
    pairs = (pair.split("=") for pair in parts(row["numbers"]))
    return Referral(
        kind=row["kind"],
        title=row["zh"],
        office=row["office"],
        numbers=[(label, number) for label, number in pairs],
        answer=row["answer"],
        take_along=row["take_along"],
        valid_until=date.fromisoformat(row["valid_until"]),
        may_keep=may_keep(row["kind"]),
    )


@cache
def _rows() -> dict[str, Row]:
    return {row["kind"]: row for row in read("directory")}
