"""What has been kept as long as it may be (`form_fields.csv`, PIPL 19), counted and forgotten.

Each answer has its own time after the end of its request; the words go with the longest time
of the form. "Per archive rule" is the mediators' archive's business, and never ends here.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, complaint_words, forgetting, sealing
from village.catalog.files import read
from village.catalog.forms import is_level3
from village.form_times import BASE, longest, times
from village.keys import Unreadable
from village.models import Category, Person, Request
from village.safe_path import on_safe_path

log = logging.getLogger(__name__)

BATCH = 2000


@dataclass
class Due:
    """What is due: answers by (category, field), words of requests by category, complaints."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    complaints: int = 0

    @property
    def count(self) -> int:
        """How many answers, requests and complaints."""
        return self.answers.total() + self.words.total() + self.complaints


def due(session: Session) -> Due:
    """Count what is due now, by category; changes nothing."""
    found = Due(complaints=complaint_words.count_due(session))
    for request, form in session.execute(_candidates(), execution_options={"yield_per": BATCH}):
        _add(found, request, form)
    return found


def run(session: Session) -> int:
    """Forget what is due, a batch at most; return how many requests and complaints were changed.

    Words of who had herself erased go as soon as their request has ended.
    """
    words = list(session.scalars(_of_erased().limit(BATCH)))
    changed = 0
    for request, form in session.execute(
        _candidates().limit(BATCH).with_for_update(of=Request, skip_locked=True)
    ).all():
        if _words_due(request, form):
            words.append(request.id)
        else:
            changed += _drop(request, form)
    session.flush()
    forgetting.forget(session, words)
    return changed + len(words) + complaint_words.forget_due(session, BATCH)


def _candidates() -> sa.Select[Request, str]:
    """Return ended requests that hold something due, with the form of their category."""
    form = sa.func.coalesce(Category.form, BASE)
    return (
        sa.select(Request, form)
        .outerjoin(Category, Category.code == Request.category)
        .where(
            Request.forgotten_at.is_(None),
            ~on_safe_path(),
            sa.or_(*(sa.and_(form == each, _due_of(each)) for each in _forms())),
        )
        .order_by(Request.id)
    )


def _due_of(form: str) -> sa.ColumnElement[bool]:
    """Return what holds for a request of a form of which something is due."""
    whole, kept = longest(form), times(form)
    found = [_over(whole)]
    for time in {each for each in kept.values() if each is not None}:
        names = [name for name, each in kept.items() if each == time]
        asked = sa.cast(names, sa.ARRAY(sa.Text))
        found.append(sa.and_(_over(time), Request.answers.has_any(asked)))
        if any(map(is_level3, names)):
            found.append(sa.and_(_over(time), Request.sealed_answers.is_not(None)))
        if "on_behalf_of" in names:
            found.append(sa.and_(_over(time), Request.on_behalf_of.is_not(None)))
    return sa.or_(*found)


def _over(time: timedelta | None) -> sa.ColumnElement[bool]:
    return sa.false() if time is None else Request.ended_at < clock.now() - time


@cache
def _forms() -> tuple[str, ...]:
    return tuple(dict.fromkeys(row["form"] for row in read("form_fields")))


def _of_erased() -> sa.Select[UUID]:
    return (
        sa.select(Request.id)
        .join(Person, Person.id == Request.requester_id)
        .where(
            Person.erased_at.is_not(None), Request.ended_at.is_not(None),
            Request.forgotten_at.is_(None), ~on_safe_path(),
        )
    )  # fmt: skip


def _is_over(request: Request, time: timedelta | None, now: datetime) -> bool:
    return time is not None and request.ended_at is not None and request.ended_at < now - time


def _words_due(request: Request, form: str) -> bool:
    return _is_over(request, longest(form), clock.now())


def _fields_due(request: Request, form: str) -> list[str]:
    """Names of answers whose time is over; what cannot be opened waits for its key."""
    kept, now = times(form), clock.now()
    try:
        held = {**request.answers, **sealing.opened(request)}
    except Unreadable:
        log.warning("a sealed value cannot be opened", extra={"request": str(request.id)})
        return []
    held |= {"on_behalf_of": True} if request.on_behalf_of else {}
    return [name for name in held if _is_over(request, kept.get(name, longest(form)), now)]


def _add(found: Due, request: Request, form: str) -> None:
    category = request.category or "-"
    if _words_due(request, form):
        found.words[category] += 1
    for name in _fields_due(request, form):
        found.answers[category, name] += 1


def _drop(request: Request, form: str) -> bool:
    gone = set(_fields_due(request, form))
    if not gone:
        return False
    held = {**request.answers, **sealing.opened(request)}
    sealing.write(request, {name: value for name, value in held.items() if name not in gone})
    if "on_behalf_of" in gone:
        request.on_behalf_of = None
    return True
