"""What an operator is given says what the code does: compose.yaml, env.example, both READMEs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from copy import copy
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from runtime import settings
from runtime.cli import main
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
OURS = ("seed", "api", "worker", "relay")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TOLD = re.compile(r"(?:\bwuzhan|run --rm(?: --volume \S+)? api) ([a-z].*)$")
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
SECRETS = {"POSTGRES_PASSWORD", "WUZHAN_SECRET_KEY", "WUZHAN_WECHAT_SECRET"}
KNOWN = {f"{settings.PREFIX}{field.name.upper()}" for field in fields(Settings)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    return found


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """All commands in the blocks of a page, without what is said about them."""
    lines = "".join(BLOCK.findall(text(name))).splitlines()
    return [" ".join(shlex.split(line, comments=True)) for line in lines]


def wuzhan(name: str) -> Iterator[list[str]]:
    """The arguments of every `wuzhan` that the page tells to run, in blocks and between words."""
    inline = re.findall(r"`(?:\.venv/bin/)?wuzhan ([^`]*)`", text(name))
    for line in (*commands(name), *(f"wuzhan {words}" for words in inline)):
        if (found := TOLD.search(line)) is not None:
            yield shlex.split(found[1])


def parsed(arguments: list[str]) -> click.Context:
    """Parse a command line as the command does; raises where there is no such thing."""
    context = main.make_context("wuzhan", list(arguments), resilient_parsing=False)
    return _parsed_sub(main, context)


def _parsed_sub(group: click.Group, context: click.Context) -> click.Context:
    name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command = copy(command)  # other tests run it as it is
    command.params = [_of_any_file(parameter) for parameter in command.params]
    found = command.make_context(name, rest, parent=context)
    below = isinstance(command, click.Group) and (found._protected_args or found.args)
    return _parsed_sub(command, found) if below else found


def _of_any_file(parameter: click.Parameter) -> click.Parameter:
    """What a file is called differs; whether it is there is not the page's matter."""
    parameter = copy(parameter)
    if isinstance(parameter.type, click.Path):
        parameter.type = click.Path()
    return parameter


def test_every_process_of_compose_is_a_command_of_ours(compose: dict[str, Any]) -> None:
    for name in OURS:
        parsed(compose["services"][name]["command"])
    with pytest.raises(click.UsageError, match="No such command"):
        parsed(["workers"])


def test_every_process_that_the_house_needs_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*OURS, "postgres", "valkey", "archive"}
    assert {service.get("restart") for service in compose["services"].values()} == {
        "unless-stopped", "no",
    }  # fmt: skip


def test_every_variable_of_compose_is_a_setting_and_documented(compose: dict[str, Any]) -> None:
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= KNOWN
    asked = {found[0] for found in VARIABLE.findall(text("compose.yaml"))}
    assert asked <= {*KNOWN, "POSTGRES_PASSWORD", "WUZHAN_VERSION"}
    given = {line.partition("=")[0] for line in text("env.example").splitlines() if "=" in line}
    assert asked - {"WUZHAN_VERSION"} == {name for name in given if not name.startswith("#")}


def test_no_secret_has_a_default() -> None:
    found = VARIABLE.findall(text("compose.yaml"))
    assert {name for name, _, _ in found} >= SECRETS
    assert {sign for name, sign, _ in found if name in SECRETS} == {"?"}
    for name in SECRETS:
        assert re.search(rf"^{name}=$", text("env.example"), re.MULTILINE)


def test_the_settings_of_compose_can_be_loaded(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = dict.fromkeys(SECRETS, "of-tests-alone-0123456789")
    filled |= {"WUZHAN_WECHAT_APPID": "wx1", "WUZHAN_WECHAT_TEMPLATES": '{"N01": "x"}'}
    for name, value in compose["services"]["api"]["environment"].items():
        monkeypatch.setenv(name, VARIABLE.sub(lambda m: filled.get(m[1], m[3]), value))
    loaded = settings.load()
    assert loaded.database_url is not None
    assert "@postgres/wuzhan" in loaded.database_url
    assert loaded.redis_url == "redis://valkey/0"
    assert not loaded.demo


def test_only_the_api_is_published_and_to_this_machine_alone(compose: dict[str, Any]) -> None:
    published = {n: s["ports"] for n, s in compose["services"].items() if "ports" in s}
    assert published == {"api": ["127.0.0.1:${WUZHAN_PORT:-8000}:8000"]}
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_what_must_last_lies_on_volumes(compose: dict[str, Any]) -> None:
    used = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
    }
    assert used == set(compose["volumes"])
    for place in ("/var/lib/wuzhan/data", "/var/lib/wuzhan/backups"):
        # Docker gives a new volume the owner of the folder that the image has there.
        assert re.search(rf"install --directory --owner=10001[^\n]* {place}\b", text("Dockerfile"))


def test_valkey_keeps_what_it_is_given(compose: dict[str, Any]) -> None:
    flags = compose["services"]["valkey"]["command"]
    pairs = dict(zip(flags[1::2], flags[2::2], strict=True))
    assert (pairs["--maxmemory-policy"], pairs["--appendonly"]) == ("noeviction", "yes")


def test_the_servers_are_waited_for_and_the_schema_too(compose: dict[str, Any]) -> None:
    for name in ("postgres", "valkey"):
        assert compose["services"][name]["healthcheck"]["test"][0] == "CMD"
    for name in ("api", "worker", "relay"):
        waits = compose["services"][name]["depends_on"]
        assert waits["seed"] == {"condition": "service_completed_successfully"}
        assert waits["postgres"] == waits["valkey"] == {"condition": "service_healthy"}


def test_the_image_dumps_no_newer_server_than_its_programs_know(compose: dict[str, Any]) -> None:
    # Debian 13, below python:3.13-slim, has PostgreSQL 17's client.
    assert compose["services"]["postgres"]["image"] == "postgres:17"
    assert "postgresql-client" in text("Dockerfile")


def test_both_readmes_tell_the_same_commands() -> None:
    assert len(commands("README.md")) > 10
    assert commands("README.zh-CN.md") == commands("README.md")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_every_command_of_a_readme_exists(page: str, compose: dict[str, Any]) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    for line in commands(page):
        if line.startswith("make "):
            assert line.split()[1] in targets
        if line.startswith("docker compose "):
            named = set(re.findall(r"\b(?:api|workers?|relay|seed|postgres|valkey)\b", line))
            assert named <= set(compose["services"])
    told = list(wuzhan(page))
    assert {arguments[0] for arguments in told} >= {"demo", "doctor", "backup", "restore"}
    for arguments in told:
        parsed(arguments)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_every_page_that_a_readme_leads_to_is_there(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", text(page)):
        assert (ROOT / target).exists(), target
