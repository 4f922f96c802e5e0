"""Who has no account is phoned: her notices become calls for a person to make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from notifications.scene import Scene
from notifications.templates import compose
from village import assisted, calls
from village.relations import ENTERER
from village.workflow.engine import LOCK, Tell


def hold(session: Session, scenes: Iterable[Scene]) -> None:
    """Let claims that are under way end first, or wait: their notices go to one of the two.

    The requests are locked by id, so that no two who tell wait for each other.
    """
    held = {scene.request for scene in scenes if scene.request.proxy_id is not None}
    for request in sorted(held, key=lambda one: one.id):
        session.refresh(request, with_for_update=LOCK)


def ask(session: Session, scene: Scene, heard: Mapping[UUID, Tell]) -> None:
    """Ask somebody to phone the requester, if she is told of the event and cannot read it.

    Who entered the request tells her of her own step while she speaks with her.
    """
    request, event = scene.request, scene.event
    tell = heard.get(request.requester_id)
    if request.proxy_id is None or tell is None or event.actor_role == ENTERER:
        return
    if assisted.has_account(session, request.requester_id):
        return
    message = compose(scene, tell)
    solved = event.to_status == "resolved"
    calls.put(session, request, event.id, title=message.title, text=message.text, solved=solved)
