"""Policies by name and version: `paced_strict-1`; their parameters stand in `settings.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dispatch.calibration import Calibration
from dispatch.policies import broadcast, nearest, paced, robin
from dispatch.policies.common import Decision, Minutes, People, Settings, Task

Decide = Callable[[Minutes, Iterable[Task], People, Settings], Decision]

DEFAULT, FALLBACK = "paced_strict-1", "robin_rested-1"
RULES: dict[str, Decide] = {
    "paced_strict": paced.decide,
    "robin_rested": robin.decide,
    "nearest": nearest.decide,
    "broadcast": broadcast.decide,
}


@dataclass(frozen=True)
class Policy:
    """A rule with the parameters of one version."""

    version: str
    rule: Decide
    settings: Settings

    def decide(self, now: Minutes, tasks: Iterable[Task], volunteers: People) -> Decision:
        """Return the offers that are due, and when to look at each task again."""
        return self.rule(now, tasks, volunteers, self.settings)


@cache
def versions() -> tuple[str, ...]:
    """Return all versions."""
    return tuple(_settings())


@cache
def choices() -> tuple[str, ...]:
    """Return the versions that a village can choose: all but the demonstration's."""
    return tuple(one for one in versions() if not _bare(one).endswith("_demo"))


@cache
def load(name: str) -> Policy:
    """Return a policy by its version, or the newest of that name; KeyError if there is none."""
    version = max((one for one in versions() if name in (one, _bare(one))), key=_number, default="")
    settings = _settings()[version or name]
    return Policy(version, RULES[settings["policy"]], settings)


def _bare(version: str) -> str:
    return version.rpartition("-")[0]


def _number(version: str) -> int:
    return int(version.rpartition("-")[2])


def choose(version: str, calibration: Calibration | None) -> Policy:
    """Return the policy of that name, or the fallback where it needs a model that is no good."""
    policy = load(version)
    if policy.settings.get("needs_model") and (calibration is None or not calibration.useful):
        return load(FALLBACK)
    return policy


@cache
def _settings() -> dict[str, Settings]:
    text = files(__package__).joinpath("settings.toml").read_text("utf-8")
    return tomllib.loads(text)
