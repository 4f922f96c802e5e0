"""Several matters in one request become requests of their own: nothing said is lost.

The request that was written stays hers alone, whole and as it was; each part is a request with
its own station, number and way, that knows where it comes from (`parent_id`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from village.errors import GuardFailed, Invalid
from village.models import Request
from village.safe_path import is_safe_path
from village.workflow import request_limits as limits
from village.workflow.engine import Step


def is_open_to_staff(request: Request) -> bool:
    """What its station may not read, or must be careful with, its station does not cut."""
    return not request.sealed and not is_safe_path(request)


def holds_all(step: Step) -> None:
    """Two parts or more, which together are what she said, in her order."""
    parts = step.payload.get("parts") or []
    if len(parts) < 2:
        raise GuardFailed("nothing_to_split", "say where one matter ends and the next begins")
    texts = [part["text"] for part in parts]
    if _bare(texts) != _bare([step.row.text]) or not all(map(str.strip, texts)):
        raise Invalid(errors={"parts": ["几段合起来要和原来的话一样"]})


def count_parts(step: Step) -> None:
    """Keep of how many matters it was made."""
    step.data["parts"] = len(step.payload["parts"])


def keep_clock(step: Step) -> None:
    """She has waited since she wrote: the clocks of a part begin when those of the whole did."""
    limits.start_limits(replace(step, now=step.payload["since"]))


def _bare(texts: Iterable[str]) -> str:
    return "".join("".join(texts).split())
