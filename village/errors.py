"""Everything that can go wrong in the domain: one tree, the docstring is the message.

The service floor has one table from class to HTTP status; Chinese titles are in
`catalog/data/problem_titles.csv`, keyed by `code`.
"""

from __future__ import annotations

from typing import Any


class WuzhanError(Exception):
    """Something is not possible."""

    code = "error"
    retryable = False
    keeps_changes = False  # True: what was written on the way to the refusal stays

    def __init__(self, code: str | None = None, detail: str | None = None, **extra: Any) -> None:
        """Take a more exact `code` and `detail`; `extra` goes into the problem body as it is."""
        self.code = code or type(self).code
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.extra = extra
        super().__init__(self.detail)


class NotFound(WuzhanError):
    """Unknown, or not yours to know."""

    code = "not_found"


class Forbidden(WuzhanError):
    """You may read this, but not do that."""

    code = "forbidden"


class Recused(Forbidden):
    """You are a party to this matter, or close to one; another person must act."""

    code = "recused"


class WrongState(WuzhanError):
    """The action is not possible in the present state."""

    code = "transition_not_allowed"


class LostRace(WuzhanError):
    """Somebody was faster, or the matter has moved on."""

    code = "lost_race"


class TooLate(LostRace):
    """Others were faster; what was said is kept all the same."""

    code = "filled"
    keeps_changes = True


class StaleVersion(WuzhanError):
    """The object has changed since you read it."""

    code = "stale_version"


class GuardFailed(WuzhanError):
    """A condition of this step is not met."""

    code = "guard_failed"


class Invalid(WuzhanError):
    """A value is missing or wrong; `errors` maps field to messages."""

    code = "invalid"


class Unauthenticated(WuzhanError):
    """No token, or not a good one."""

    code = "unauthenticated"


class TooMany(WuzhanError):
    """More calls than one person or one address may make; `after_seconds` says when to return."""

    code = "too_many_requests"
    retryable = True

    def __init__(self, after_seconds: int) -> None:
        """Take the seconds after which the next call will be let in."""
        super().__init__()
        self.after_seconds = after_seconds


class Unavailable(WuzhanError):
    """Something that this needs does not answer at the moment."""

    code = "unavailable"
    retryable = True
