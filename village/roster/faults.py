"""What is wrong with a file, in the office's words: a place and a reason, never the value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from village.roster.texts import said


class Fault(NamedTuple):
    """A sheet, a row as Excel counts it, the header of a column ("" for the row), a reason."""

    sheet: str
    row: int
    column: str
    reason: str


class UnreadableError(Exception):
    """The file as a whole cannot be read; the message says why and what to do."""

    def __init__(self, code: str, **values: Any) -> None:
        """Take the code of a sentence in `roster_texts.csv` and what stands in it."""
        self.code = code
        super().__init__(said(code, **values))


class RefusedError(Exception):
    """Rows are wrong; nothing was written. `faults` has them all, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Take what was found."""
        self.faults = tuple(faults)
        super().__init__(f"{len(self.faults)} faults")


class CellError(Exception):
    """A cell cannot be used; the message is the reason."""

    def __init__(self, code: str, **values: Any) -> None:
        """Take the code of a sentence in `roster_texts.csv` and what stands in it."""
        super().__init__(said(code, **values))
