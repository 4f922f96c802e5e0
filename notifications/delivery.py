"""Bringing a line to a phone through WeChat: at most once, and never with a connection held.

A delivery goes pending → sending → sent, or failed, or unavailable; what WeChat certainly did
not take goes back to pending and is tried again later. A delivery that is found `sending` is
in somebody's hands or was lost in them: it is never sent a second time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from notifications.ledger import DELIVER
from village import clock, consents, identities, outbox
from village.catalog.privacy import WECHAT_PUSH
from village.db import transaction
from village.models import Delivery, Notification, NotificationTemplate, WechatIdentity
from wechat.client import WechatClient
from wechat.errors import NotSubscribed, RateLimited, Unavailable, WechatError

log = logging.getLogger(__name__)

RETRY_SECONDS = (0, 30, 120, 600, 1800, 7200)
UNKNOWN_OUTCOME = "unknown_outcome"
PAGES = {
    "requester": "pages/say/say",
    "volunteer": "pages/offers/offers",
    "station_head": "pages/queue/queue",
}


class Context(Protocol):
    """What the jobs of this room work with."""

    engine: sa.Engine
    wechat: WechatClient


@dataclass(frozen=True)
class Letter:
    """All that a call to WeChat needs, read before the database is let go."""

    delivery_id: UUID
    attempt: int
    openid: str
    template_id: str
    data: dict[str, str]
    page: str | None


@dataclass(frozen=True)
class Outcome:
    """How a try ended; `retry_in` where another one may succeed."""

    status: str
    provider_id: str | None = None
    error: str | None = None
    retry_in: timedelta | None = None


def begin(session: Session, delivery_id: UUID) -> Letter | None:
    """Take a pending delivery into hand; None when there is nothing (more) to send."""
    delivery = session.get_one(Delivery, delivery_id, with_for_update=True)
    if delivery.status != "pending":
        return None
    found: Any = session.execute(_contents(delivery)).one()  # there may be no identity
    notification, template, identity, wanted = found
    if wanted is False:
        _close(delivery, Outcome("unavailable", error="consent_withdrawn"))
        return None
    if identity is None:
        _close(delivery, Outcome("unavailable", error="no_openid"))
        return None
    delivery.status = "sending"
    delivery.attempts += 1
    data = {entry["key"]: notification.fields[entry["field"]] for entry in template.fields}
    return Letter(
        delivery_id,
        delivery.attempts,
        identities.openid_of(identity),
        template.wechat_template_id,
        data,
        PAGES.get(template.audience),
    )


def _contents(
    delivery: Delivery,
) -> sa.Select[Notification, NotificationTemplate, WechatIdentity, bool]:
    return (
        sa.select(
            Notification,
            NotificationTemplate,
            WechatIdentity,
            consents.newest(Notification.person_id, WECHAT_PUSH),
        )
        .join(NotificationTemplate, NotificationTemplate.code == Notification.template)
        .outerjoin(WechatIdentity, WechatIdentity.person_id == Notification.person_id)
        .where(Notification.id == delivery.notification_id)
        .order_by(WechatIdentity.created_at.desc())
        .limit(1)
    )


def send(context: Context, letter: Letter) -> None:
    """Call WeChat, then record how it ended in a transaction of its own."""
    outcome = _call(context.wechat, letter)
    with transaction(context.engine) as session:
        delivery = session.get_one(Delivery, letter.delivery_id, with_for_update=True)
        if delivery.status != "sending":  # it took so long that the sweep has closed it
            return
        _close(delivery, outcome)
        if outcome.retry_in is not None:
            outbox.put(session, DELIVER, delivery.id, delay=outcome.retry_in)


def _call(wechat: WechatClient, letter: Letter) -> Outcome:
    try:
        msgid = wechat.send_subscribe_message(
            letter.openid, letter.template_id, letter.data, letter.page
        )
    except WechatError as error:
        outcome = judge(error, letter.attempt)
        _report(letter, error, outcome)
        return outcome
    return Outcome("sent", provider_id=msgid)


def judge(error: WechatError, attempt: int) -> Outcome:
    """Return what a refusal of the `attempt`-th try (from 1) means for the delivery."""
    code = str(error.code)
    if isinstance(error, NotSubscribed):
        return Outcome("unavailable", error=code)
    if isinstance(error, Unavailable) and error.maybe_done:
        return Outcome("failed", error=UNKNOWN_OUTCOME)
    if not error.retryable or attempt > len(RETRY_SECONDS):
        return Outcome("failed", error=code)
    seconds = RETRY_SECONDS[attempt - 1]
    if isinstance(error, RateLimited):
        seconds = max(seconds, error.delay_seconds)
    return Outcome("pending", error=code, retry_in=timedelta(seconds=seconds))


def _report(letter: Letter, error: WechatError, outcome: Outcome) -> None:
    """Call for a person where a message is lost; a missing grant is everyday life."""
    facts = {"delivery_id": str(letter.delivery_id), "attempt": letter.attempt, "why": str(error)}
    if outcome.status == "failed":
        log.error("message not delivered", extra=facts)
    else:
        log.info("message not delivered yet", extra=facts)


def _close(delivery: Delivery, outcome: Outcome) -> None:
    delivery.status = outcome.status
    delivery.provider_id, delivery.error = outcome.provider_id, outcome.error
    if outcome.retry_in is None:
        delivery.finished_at = clock.now()
