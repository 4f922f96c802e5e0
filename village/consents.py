"""Consents: by document and version, each answer kept, and what a no does at once (PIPL 14-16, 29).

Only the privacy notice is needed to be served. What is optional stops with the withdrawal: the
sealed answers are gone, and no message goes to WeChat any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, outbox
from village.access import Actor
from village.catalog.files import Row
from village.catalog.privacy import SENSITIVE, WECHAT_PUSH, documents
from village.errors import GuardFailed, Invalid
from village.models import Consent, Request


@dataclass(frozen=True)
class Asked:
    """A document as its person meets it: `answer` is her newest, None before she has given one."""

    row: Row
    answer: Consent | None

    @property
    def accepted(self) -> bool | None:
        """Whether she agrees to the version in force; None: she has not been asked about it."""
        if self.answer is None or (self.answer.accepted and self.is_outdated):
            return None
        return self.answer.accepted

    @property
    def is_outdated(self) -> bool:
        """She has agreed to another version than the one in force."""
        return self.answer is not None and self.answer.version != self.row["version"]


def list_mine(session: Session, actor: Actor) -> list[Asked]:
    """Return every document, with the caller's newest answer."""
    mine = sa.select(Consent).where(Consent.person_id == actor.person_id)
    oldest_first = session.scalars(mine.order_by(Consent.at, Consent.id))
    answers = {consent.document: consent for consent in oldest_first}
    return [Asked(row, answers.get(name)) for name, row in documents().items()]


def answer(
    session: Session, actor: Actor, document: str, version: str, *, accepted: bool
) -> Consent:
    """Keep an answer; a no to what is optional stops it at once.

    Raises Invalid `consent_outdated` for a yes to another version than the one in force.
    """
    if accepted and version != documents()[document]["version"]:
        raise Invalid("consent_outdated", "the notice has another version now")
    consent = Consent(
        person_id=actor.person_id,
        document=document,
        version=version,
        accepted=accepted,
        at=clock.now(),
    )
    session.add(consent)
    effects = BEGINS if accepted else STOPS
    if document in effects and actor.person_id is not None:
        effects[document](session, actor.person_id)
    return consent


def _forget_answers(session: Session, person_id: UUID) -> None:
    gone = sa.update(Request).where(
        Request.requester_id == person_id, Request.sealed_answers.is_not(None)
    )
    session.execute(gone.values(sealed_answers=None, version=Request.version + 1))


def _reach_again(session: Session, person_id: UUID) -> None:
    """The searches that lack her may ask her again."""
    outbox.put(session, "dispatch.freed", person_id)


BEGINS: Mapping[str, Callable[[Session, UUID], None]] = {WECHAT_PUSH: _reach_again}
STOPS: Mapping[str, Callable[[Session, UUID], None]] = {SENSITIVE: _forget_answers}


def newest(person_id: sa.SQLColumnExpression[UUID], document: str) -> sa.ScalarSelect[bool]:
    """Return a person's newest answer to a document, null where she has given none."""
    return (
        sa.select(Consent.accepted)
        .where(Consent.person_id == person_id, Consent.document == document)
        .order_by(Consent.at.desc(), Consent.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def require_sensitive(session: Session, person_id: UUID | None) -> None:
    """Raise GuardFailed unless she has agreed, apart from all else, to level-3 answers (29)."""
    given = newest(sa.literal(person_id, sa.Uuid), SENSITIVE)
    if not session.scalar(sa.select(given)):
        raise GuardFailed(
            "sensitive_consent_needed", "agree to sensitive answers, or leave them out"
        )
