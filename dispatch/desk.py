"""The use cases of a request's desk: actions by name, and the few that mean two steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.routing import directory
from dispatch.split import split
from village import clock, files, merging, offers, voices
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import GuardFailed, Invalid
from village.models import Category, Request, Task
from village.rule_faults import said
from village.workflow.engine import advance, apply
from village.workflow.request import REQUEST
from village.workflow.request_transfers import is_chairs

MERGING = {"merge": merging.merge, "unmerge": merging.unmerge}


def act(
    session: Session,
    actor: Actor,
    catalog: Catalog,
    request_id: UUID,
    action: str,
    payload: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> Request:
    """Take an action on a request; raises what `engine.apply` raises.

    "Not solved" is a reopening, whatever button said it; a transfer that is the chair's to decide
    asks her (R10); an answer from the directory is sent with its words; a category whose card may
    go out at once is sent out with its acceptance.
    """
    chosen = catalog.categories.get(payload.get("category") or "")
    if action == "route" and chosen is not None and not catalog.is_open(chosen):
        raise GuardFailed("category_closed", "its impact assessment is not entered yet")
    if action == "route" and _asks_chair(session, actor, request_id, payload["station"]):
        proposed = {"reason": payload["reason"], "proposed": payload["station"]}
        action, payload = "ask_chair", proposed
    payload = _worded(session, actor, action, payload)
    if action in MERGING:
        return MERGING[action](session, actor, request_id, payload, if_match=if_match)
    if action == "split":
        return split(session, actor, catalog, request_id, payload, if_match=if_match)
    if action == "confirm" and payload["solved"] == "no":
        action, payload = "reopen", {"reason": payload.get("comment") or "没有解决"}
    if action == "call_back" and payload["solved"] == "no":
        action, payload = "still_open", {"reason": payload.get("comment") or "没有解决"}
    request: Request = apply(
        session, REQUEST, request_id, action, actor=actor, payload=payload, if_match=if_match
    )
    part = files.DONE if action == "submit_result" else files.ASKED
    files.attach(session, actor, request, payload.get("files") or (), part)
    if action == "go_ahead":
        _catch_up(session, request)
    if action == "accept" and _goes_out_at_once(request, catalog.categories.get(_code(request))):
        advance(session, REQUEST, request, "dispatch", actor=actor)
    return request


def _worded(
    session: Session, actor: Actor, action: str, payload: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Give an answer the words that stand for it: the directory's, or those for a voice alone."""
    if action == "refer":
        return {**payload, "advice": [_advice(payload["referral"])]}
    return voices.worded(session, actor, payload) if action == "answer" else payload


def _advice(kind: str) -> dict[str, Any]:
    """Return a directory's answer; what is never kept here is no desk's to answer (5.2, 2.8)."""
    today = clock.now().astimezone(clock.SHANGHAI).date()
    listed = {entry.kind: entry for entry in directory.listed(today) if entry.may_keep}
    if kind not in listed:
        raise Invalid(errors={"referral": [said("referral")]})
    return listed[kind].as_advice()


def _asks_chair(session: Session, actor: Actor, request_id: UUID, station: str) -> bool:
    request = REQUEST.lock(session, request_id)
    if request is None or request.status not in ("submitted", "accepted"):
        return False
    return not actor.chairs(request.village_code) and is_chairs(session, request, station)


def _catch_up(session: Session, request: Request) -> None:
    task_id = session.scalar(
        sa.select(Task.id).where(Task.request_id == request.id, Task.status == "filled")
    )
    if task_id is not None:
        offers.catch_up(session, request.id, task_id)


def _code(request: Request) -> str:
    return request.category or ""


def _goes_out_at_once(request: Request, category: Category | None) -> bool:
    if category is None or request.waits_for or request.priority in ("P0", "P1"):
        return False
    return bool(category.task_card.get("at_once")) and "no_vol" not in category.flags
