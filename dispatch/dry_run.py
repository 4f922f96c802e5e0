"""What a changed rule would have moved among a village's last requests; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.routing import danger
from dispatch.routing.labels import STATIONS
from dispatch.routing.router import NOT_OURS, Routing, route
from dispatch.routing.village_rules import Held, Matter, first, settle
from village import access, routing_rules, rule_book
from village.access import Actor
from village.catalog.cache import Catalog
from village.db import table
from village.models import Request
from village.routing_rules import ActiveRule
from village.safe_path import on_safe_path
from village.voices import is_worded

MOST_EXAMPLES = 20
MOST_CHARACTERS = 50_000  # of texts: if all of them move, one to two seconds of routing
COLUMNS = (
    "id", "number", "village_code", "station", "requester_id", "proxy_id", "text", "place",
    "status", "hide_me", "sealed", "neutral", "waits_for", "emergency", "routing",
)  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """A request that would lie elsewhere: from where to where, and what the new rule says."""

    request: Any
    origin: str
    goal: str
    why: str | None


@dataclass(frozen=True)
class DryRun:
    """How many were looked at, how many of them the rule holds for, and what would move."""

    looked_at: int
    holds_for: int
    moved: list[Moved]

    @property
    def moves(self) -> list[dict[str, Any]]:
        """From where to where how many would move, the largest first."""
        counted = Counter((one.origin, one.goal) for one in self.moved)
        order = sorted(counted.items(), key=lambda move: (-move[1], move[0]))
        return [{"origin": origin, "goal": goal, "count": many} for (origin, goal), many in order]

    @property
    def examples(self) -> list[Moved]:
        """The newest that would move, but for those whose reporters asked for discretion."""
        plain = (one for one in self.moved if not (one.request.hide_me or one.request.neutral))
        return [one for _, one in zip(range(MOST_EXAMPLES), plain, strict=False)]


@dataclass(frozen=True)
class _Trial:
    """The rules as they are and as they would be."""

    catalog: Catalog
    now: Sequence[ActiveRule]
    then: Sequence[ActiveRule]

    def move(self, request: Any) -> Moved | None:
        """Return what the change would do to a request, None where it would lie as it does."""
        matter = self.matter(request)
        before, after = first(self.now, matter), first(self.then, matter)
        if _rule(before) == _rule(after):
            return None
        screen = danger.ask(request.text)
        matter = self.matter(request, screen.kinds if screen else ())
        origin, goal = (_label(_routed(request, matter, rules)) for rules in (self.now, self.then))
        why = after.reason().text if after else None
        return None if origin == goal else Moved(request, origin, goal, why)

    def matter(self, request: Any, kinds: Sequence[str] = ()) -> Matter:
        """Return the request as rules meet it, with the category that was chosen then."""
        categories = self.catalog.categories
        chosen = categories.get(_chosen(request.routing) or "")
        return Matter(request.text, request.place, chosen, categories, kinds)


def dry_run(session: Session, actor: Actor, catalog: Catalog, sent: Mapping[str, Any]) -> DryRun:
    """Try `{village, rule}` or `{rule_id, rule?}` on the `last` requests (at most 500).

    Both ways are today's: words, model and rules as they are, without and with the change. Of
    disputes, the safe path and what was never sent not even a number is told: it would say
    whether a word is in them. A clerk, too, tries on nothing but what she may read: what she
    entered for somebody (4.2). Raises NotFound, Forbidden, Invalid.
    """
    tried = rule_book.tried(session, actor, catalog, sent)
    now = routing_rules.active(session, tried.village)
    then = [rule for rule in now if rule.id != tried.rule.id]
    if tried.active:
        then = sorted([*then, tried.rule], key=lambda rule: (rule.position, rule.id))
    trial = _Trial(catalog, now, then)
    rows = list(_readable(session.execute(_last(tried.village, sent["last"])), actor))
    holding = then if tried.active else now
    held = [_rule(first(holding, trial.matter(row))) for row in rows]
    holds_for = sum(rule is not None and rule.id == tried.rule.id for rule in held)
    return DryRun(len(rows), holds_for, [found for row in rows if (found := trial.move(row))])


def _last(village: str, last: int) -> sa.Select[*tuple[Any, ...]]:
    """The newest requests of a village that routing has put somewhere, but for secret ones."""
    rows = table(Request)
    answered = rows.c.emergency["danger_now"].astext == "false"
    return (
        sa.select(*(rows.c[name] for name in COLUMNS))
        .where(
            rows.c.village_code == village,
            rows.c.status.not_in(access.HERS_ALONE),
            ~rows.c.sealed,
            is_worded(),
            ~on_safe_path(),
            sa.or_(rows.c.emergency.is_(None), answered),
        )
        .order_by(rows.c.id.desc())
        .limit(last)
    )


def _readable(rows: Iterable[Any], actor: Actor) -> Iterator[Any]:
    """Yield the requests whose words the caller may read, until there are too many words."""
    characters = 0
    for row in rows:
        seen = access.request_view(row, access.request_relations(actor, row))
        if access.CONTENT not in seen:
            continue
        characters += len(row.text)
        if characters > MOST_CHARACTERS:
            return
        yield row


def _routed(request: Any, matter: Matter, rules: Sequence[ActiveRule]) -> Routing:
    recused = any(reason["kind"] == "recusal" for reason in request.routing["reasons"])
    return route(
        matter.text,
        matter.category,
        request.village_code,
        categories=matter.catalog,
        kinds=matter.kinds,
        own_stations=STATIONS if recused else (),
        agreed=lambda found: settle(found, rules, matter),
    )


def _label(routing: Routing) -> str:
    """Say where a request lies: a station, `triage`, `council`, `authority` or `not_ours`."""
    if routing.station is not None:
        return routing.station
    if routing.decision == NOT_OURS:
        return "authority" if routing.rule else NOT_OURS
    return "council" if routing.waits_for == "council" else routing.decision


def _chosen(routing: Mapping[str, Any]) -> str | None:
    """Return the category that the villager chose, as it was stored."""
    if routing.get("rule"):
        found = routing["rule"]["chosen"]
    else:
        found = routing["category"] if routing["by"] == "category" else None
    return None if found is None else str(found)


def _rule(held: Held | None) -> ActiveRule | None:
    return held.rule if held else None
