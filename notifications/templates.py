"""The words of a message: titles and sentences from `notices.csv`, values for WeChat's templates.

A lock screen is read by the whole household. Nothing here takes a word that a person wrote,
or a person's name; a category is named only where its name gives nothing away (6.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from notifications.scene import Scene
from village import timeline
from village.catalog import files
from village.workflow.engine import START, Tell
from wechat.values import Value, format_value

TWO_DAYS_HOURS = 48
QUIET_FLAGS = frozenset({"nopub", "confid"})


@dataclass(frozen=True)
class Span:
    """From one moment to another, as WeChat's `time` takes it too."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Message:
    """A line for the inbox, and the values for a template, by logical field, ready to send."""

    title: str
    text: str
    template: str | None
    fields: dict[str, str]


def compose(scene: Scene, tell: Tell, why: str = "recused") -> Message:
    """Return what `tell`'s audience reads of an event.

    `why`: why no chair decides (`recusal.why_no_chair`), for who stands in for her.
    """
    row = notice(scene, tell.audience)
    values = facts(scene, tell.audience, row)
    plain = {name: _fit(kinds()[name], value) for name, value in values.items()}
    reason = timeline.word("no_chair", why)
    return Message(
        title=row["title"],
        text=row["text"].format_map({**plain, "why": reason}),
        template=tell.template,
        fields={name: plain[name] for name in fields_of(tell.template)},
    )


def notice(scene: Scene, audience: str) -> files.Row:
    """Return the words for an audience of an event; an empty cell stands for any state."""
    event = scene.event
    source, target = event.from_status or START, event.to_status
    return find_notice(event.machine, event.action, audience, source, target)


@cache
def find_notice(machine: str, action: str, audience: str, source: str, target: str) -> files.Row:
    """Return the row of `notices.csv` for a transition; StopIteration if there is none."""
    return next(
        row
        for row in files.read("notices")
        if (row["machine"], row["action"], row["audience"]) == (machine, action, audience)
        and row["source"] in ("", source)
        and row["target"] in ("", target)
    )


@cache
def fields_of(template: str | None) -> tuple[str, ...]:
    """Return the logical fields of a template, in its order."""
    rows = files.read("notification_templates")
    return tuple(row["field"] for row in rows if row["tpl"] == template)


@cache
def kinds() -> Mapping[str, str]:
    """Return the kind of value of each logical field; it is the same in every template."""
    return {row["field"]: row["kind"] for row in files.read("notification_templates")}


def facts(scene: Scene, audience: str, row: files.Row) -> dict[str, Value | Span]:
    """Return the values that sentences and templates speak of, by logical field."""
    matter = matter_of(scene, audience)
    return {
        "matter": matter,
        "task": matter,
        "status": _status(scene),
        "left": _left(scene),
        "level": timeline.word("level", scene.request.priority),
        "no": scene.request.number,
        "unit": _unit(scene),
        "place": scene.village,
        "due": _due(scene, row["due"]),
        "when": _when(scene),
        "who": f"志愿者{len(scene.places)}人",
        "tip": row["tip"],
    }


def matter_of(scene: Scene, audience: str) -> str:
    """Return how an audience's messages call the request."""
    if is_neutral(scene):
        return timeline.word("neutral", audience)
    if scene.category is None:
        return timeline.word("unsorted", audience)
    return scene.category.zh


def is_neutral(scene: Scene) -> bool:
    """Tell whether messages must not even name the category: sealed, confidential, or telling."""
    request, category = scene.request, scene.category
    if request.neutral or request.sealed:
        return True
    if category is None:
        return scene.station_kind == "mediation"
    return (
        category.code.startswith("MED-")
        or not QUIET_FLAGS.isdisjoint(category.flags)
        or _is_telling(category.zh)
    )


def _is_telling(text: str) -> bool:
    return any(kind == "quiet" and word in text for (kind, _), word in timeline.words().items())


def _unit(scene: Scene) -> str:
    station = scene.station
    if station is None or is_neutral(scene) or _is_telling(station.name):
        return scene.village + timeline.word("unit", "association")
    return station.name


def _status(scene: Scene) -> str:
    word = timeline.words().get(("clock", scene.event.action))
    if word is not None:
        return word
    if scene.event.machine == "request":
        return timeline.status_text(scene.event.to_status)
    return timeline.status_text(scene.request.status)


def _left(scene: Scene) -> str:
    """Return how much time the limit that the event speaks of still has, in words."""
    respond = scene.event.action.startswith("response")
    due = _due(scene, "respond" if respond else "resolve")
    hours = int((due - scene.event.at) / timedelta(hours=1))
    if due <= scene.event.at:
        return timeline.word("left", "none")
    if hours < 1:
        return timeline.word("left", "minutes")
    count, unit = (hours, "hours") if hours < TWO_DAYS_HOURS else (hours // 24, "days")
    return timeline.word("left", unit).format(count=count)


def _due(scene: Scene, which: str) -> datetime:
    request = scene.request
    if which == "receive":
        by = scene.event.data.get("receive_by")
        return datetime.fromisoformat(by) if by else scene.event.at
    respond, resolve = request.first_response_due, request.resolve_due
    wanted = (respond, resolve) if which == "respond" else (resolve, respond)
    return wanted[0] or wanted[1] or scene.event.at


def _when(scene: Scene) -> Value | Span:
    """When somebody comes: to the villager the time that was promised, else the task's window."""
    promised = [place.arrival for place in scene.places if place.arrival]
    if promised and scene.offer is None:
        return min(promised)
    task, at = scene.task, scene.event.at
    return Span(max(task.starts_at, min(at, task.ends_at)), task.ends_at) if task else at


def _fit(kind: str, value: Value | Span) -> str:
    if isinstance(value, Span):
        return "~".join(format_value(kind, moment) for moment in (value.starts, value.ends))
    return format_value(kind, value)
