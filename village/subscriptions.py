"""What a person answered when WeChat asked whether we may send her a message of a kind.

A yes is good for one message; how many are left WeChat alone knows, and says so when one is sent.
Kept is the newest answer: after a refused invitation it tells that she can be reached again.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import clock, outbox
from village.access import Actor
from village.db import table
from village.errors import Invalid
from village.models import NotificationTemplate, PushGrant

ACCEPT = "accept"
ANSWERS = (ACCEPT, "reject", "ban", "filter")  # WeChat's own words
INVITATION = "N10"


def keep(session: Session, actor: Actor, results: Mapping[str, str]) -> None:
    """Keep the caller's answers by WeChat's template id.

    A yes to invitations lets the searches that lack her look again. Raises Invalid for an id that
    is none of ours.
    """
    ours = sa.select(NotificationTemplate.wechat_template_id, NotificationTemplate.code)
    asked = NotificationTemplate.wechat_template_id.in_(results)
    known = {row.wechat_template_id: row.code for row in session.execute(ours.where(asked))}
    if unknown := results.keys() - known.keys():
        raise Invalid(
            errors={"results": [f"没有这个消息模板：{one[:64]}" for one in sorted(unknown)]}
        )
    given = {known[one]: answer == ACCEPT for one, answer in results.items()}
    for code, accepted in sorted(given.items()):
        values = {"given": accepted, "at": clock.now()}
        mine = {"person_id": actor.person_id, "template": code}
        written = insert(table(PushGrant)).values(**mine, **values)
        same = [PushGrant.person_id, PushGrant.template]
        session.execute(written.on_conflict_do_update(index_elements=same, set_=values))
    if given.get(INVITATION) and actor.person_id is not None:
        outbox.put(session, "dispatch.freed", actor.person_id)
