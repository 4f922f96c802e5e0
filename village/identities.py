"""Openids: sealed at rest, and found by a keyed hash (never kept plain)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from village import keys
from village.models import WechatIdentity

OPENID = "openid"


def sealed(openid: str, person_id: UUID) -> dict[str, Any]:
    """Return the columns of a WechatIdentity for an openid; `person_id` is whose."""
    ring = keys.ring()
    return {
        "openid_hash": ring.find(OPENID, openid),
        "openid_sealed": ring.seal(openid.encode(), bound_to(person_id)),
    }


def is_of(openid: str) -> sa.ColumnElement[bool]:
    """Return what holds for the identity with this openid, also one of the release before."""
    by_hash = WechatIdentity.openid_hash == keys.ring().find(OPENID, openid)
    return sa.or_(by_hash, WechatIdentity.openid == openid)


def openid_of(identity: WechatIdentity) -> str:
    """Return the openid, to send to WeChat and nowhere else. Raises Unreadable."""
    if identity.openid_sealed is None:
        return identity.openid or ""
    return keys.ring().open(identity.openid_sealed, bound_to(identity.person_id)).decode()


def bound_to(person_id: UUID) -> str:
    """Return to what the sealed openid of a person is bound."""
    return f"{OPENID}:{person_id}"
