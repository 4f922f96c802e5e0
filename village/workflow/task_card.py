"""The task card: what a category asks of volunteers by default, and what the head changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from village import clock, hours
from village.clock import Hours
from village.db import insert_sql, json_rows
from village.errors import Invalid
from village.ids import new_id
from village.models import Category, Place, Task
from village.workflow.engine import Step

WAITING = ("mediation", "council", "referral", "authority", "supervision")
PLAIN_CARD: dict[str, Any] = {
    "people": 1,
    "skills": [],
    "risk": 0,
    "minutes": 60,
    "window_days": 7,
    "at_once": False,
}


def waits_for(category: Category) -> str | None:
    """Return the body whose step comes next, where it is not the station's own."""
    return category.next_step if category.next_step in WAITING else None


def is_dispute(category: str | None) -> bool:
    """Tell whether what lies at the mediation station is sealed (workflows 3.1).

    MED-11 and 12 are no disputes; what has no category yet is taken for one.
    """
    if category is None:
        return True
    return category.startswith("MED-") and category not in OPEN_MEDIATION


OPEN_MEDIATION = ("MED-11", "MED-12")


def card_of(category: Category | None) -> dict[str, Any]:
    """Return the default card of a category, or a plain one."""
    return {**PLAIN_CARD, **(category.task_card if category else {})}


def open_task(step: Step, category: Category | None) -> None:
    """Write the task and its places from the default card and `payload["task"]`.

    Raises Invalid for a time that has passed.
    """
    card = card_of(category)
    sent: Mapping[str, Any] = step.payload.get("task") or {}
    starts, ends = _window(sent, card, step.now, hours.of(step.session, step.row.village_code))
    task = {
        "id": new_id(),
        "request_id": step.row.id,
        "village_code": step.row.village_code,
        "station": step.row.station,
        "what": sent.get("what") or (category.zh if category else "一项互助任务"),
        "skills": sent.get("skills", card["skills"]),
        "risk": max(sent.get("risk", 0), card["risk"]),
        "minutes": sent.get("minutes", card["minutes"]),
        "people_needed": sent.get("people_needed", card["people"]),
        "place": sent.get("place") or step.row.place,
        "starts_at": starts,
        "ends_at": ends,
        "status": "open",
        "wave": 0,
        "created_at": step.now,
    }
    places = [
        {"task_id": task["id"], "seq": seq, "status": "open"}
        for seq in range(task["people_needed"])
    ]
    step.session.execute(_OPEN, {"tasks": json_rows([task]), "places": json_rows(places)})
    step.data["people_needed"] = task["people_needed"]
    step.jobs.append("dispatch.round")


_OPEN = sa.text(
    "with task as ("
    + insert_sql(
        Task, "id", "request_id", "village_code", "station", "what", "skills", "risk", "minutes",
        "people_needed", "place", "starts_at", "ends_at", "status", "wave", "created_at",
    )
    + f") {insert_sql(Place, 'task_id', 'seq', 'status')}"
)  # fmt: skip


def _window(
    sent: Mapping[str, Any], card: Mapping[str, Any], now: datetime, when: Hours
) -> tuple[datetime, datetime]:
    starts = sent.get("starts_at") or now
    ends = sent.get("ends_at") or clock.end_of_service_day(starts, card["window_days"], when)
    if ends <= max(starts, now):
        raise Invalid(errors={"task.ends_at": ["结束时间要在开始之后，而且还没有过去"]})
    if ends > now + timedelta(days=366):
        raise Invalid(errors={"task.ends_at": ["时间太远了，最多一年"]})
    return starts, ends
