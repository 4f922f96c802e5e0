"""Several matters in one message: where one ends and the next begins, if that is clear.

A suggestion and no more: whoever wrote it, or has to decide, splits by a tap. The parts are
pieces of the text as it is, so that none of it is lost. The words that part matters are those
of `parting_words.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

from dispatch.routing.classifier import policy
from dispatch.routing.labels import NONE
from dispatch.routing.router import NOT_OURS, ROUTED, Routing
from dispatch.routing.rules import is_never_queued, score
from village.catalog.files import read

MOST_PARTS = 6
MOST_BLOCKS = 12  # more of them are a letter that tells one story
_CLAUSE = re.compile(r"(?<=[。！？!?；;，,\n 　])")

Read = Callable[[str], tuple[str | None, str | None]]


@dataclass(frozen=True)
class Part:
    """A piece of the text that is a matter of its own, and the station that it speaks of.

    `station` is None for what is no village matter (`none` is true) or is not clear.
    """

    text: str
    station: str | None
    category: str | None
    none: bool = False


@dataclass(frozen=True)
class _Piece:
    text: str
    label: str | None
    category: str | None
    numbered: bool = False

    def continues(self, before: _Piece) -> bool:
        """Nothing says that this is another matter than the one before."""
        if self.label is None:
            return not self.numbered
        if before.label is None:
            return not before.numbered
        known = {self.category, before.category} - {None}
        return self.label == before.label and len(known) < 2

    def with_next(self, after: _Piece) -> _Piece:
        """Both as one piece; the first that has a label gives it."""
        named = self if self.label else after
        category = named.category or (after.category if after.label == named.label else None)
        return replace(
            named, text=self.text + after.text, category=category, numbered=self.numbered
        )


def parts(text: str, alone: Callable[[str], Routing]) -> list[Part]:
    """Return the matters of `text`, two to six; none where it is one matter or that is unclear.

    `alone` routes a piece as if it were all that was written. The texts of the parts, one after
    the other, are `text`.
    """

    def routed(piece: str) -> tuple[str | None, str | None]:
        found = alone(piece)
        sure = {ROUTED: found.station, NOT_OURS: NONE}
        return sure.get(found.decision), found.category

    blocks = _cut(text, _starts())
    found = _join(blocks, routed) if 1 < len(blocks) <= MOST_BLOCKS else []
    if not found and len(text) < policy("letter"):
        found = _join(_cut(text, _CLAUSE), _by_words)
        found = found if all(routed(piece.text)[0] == piece.label for piece in found) else []
    return [_part(piece, routed(piece.text)[1]) for piece in found]


def rest(matters: Sequence[Part]) -> list[Part]:
    """Return what is clearly the stations' where the whole is never queued (5.2, 2.8).

    A station gets nothing that may belong to the crime: a part counts where its own words name
    the station, and where the crime follows without a word such as 还有, from first to last.
    """
    pairs = zip_longest(matters, matters[1:])
    return [part for part, after in pairs if part.station and _is_clear(part, after)]


def _is_clear(part: Part, after: Part | None) -> bool:
    if score(part.text).clear_winner() != part.station:
        return False
    if after is None or not after.none or _begins(after.text):
        return True
    clauses = _cut(part.text, _CLAUSE)
    return all(_by_words(clause)[0] == part.station for clause in (clauses[0], clauses[-1]))


def _begins(text: str) -> bool:
    return any(parting(kind).match(text) for kind in ("next", "number"))


def _cut(text: str, where: re.Pattern[str]) -> list[str]:
    return [piece for piece in where.split(text) if piece]


def _by_words(clause: str) -> tuple[str | None, str | None]:
    """A clause names a station at most: two categories in a breath are one matter.

    What a county's rule never queues is named whatever else is told of it.
    """
    if is_never_queued(clause):
        return NONE, None
    aside = parting("aside").search(clause)
    return None if aside else score(clause).clear_winner(), None


def _join(texts: list[str], read_piece: Read) -> list[_Piece]:
    """Join pieces that go on with the matter before; none if fewer than two matters are left."""
    joined: list[_Piece] = []
    for piece in _pieces(texts, read_piece):
        if joined and piece.continues(joined[-1]):
            joined[-1] = joined[-1].with_next(piece)
        else:
            joined.append(piece)
    clear = {(piece.label, piece.category) for piece in joined if piece.label}
    return joined if len(clear) > 1 and len(joined) <= MOST_PARTS else []


def _pieces(texts: list[str], read_piece: Read) -> Iterator[_Piece]:
    for text in texts:
        label, category = read_piece(text)
        yield _Piece(text, label, category, bool(parting("number").match(text)))


def _part(piece: _Piece, category: str | None) -> Part:
    is_none = piece.label == NONE
    return Part(piece.text, None if is_none else piece.label, category, is_none)


@cache
def _starts() -> re.Pattern[str]:
    """Where a piece begins that says so itself: "besides", or a number."""
    said = "|".join(parting(kind).pattern for kind in ("next", "number"))
    return re.compile(rf"(?<=[。！？!?；;，,：:\n 　])(?=(?:{said}))")


@cache
def parting(kind: str) -> re.Pattern[str]:
    """Return the words of a kind of `parting_words.csv`."""
    return re.compile(next(row["pattern"] for row in read("parting_words") if row["kind"] == kind))
