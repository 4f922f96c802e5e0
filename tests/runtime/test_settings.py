from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from runtime import settings
from runtime.cli import main
from runtime.settings import Settings, SettingsError

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(settings.PREFIX):
            monkeypatch.delenv(name)


def test_without_any_variable_everything_is_local() -> None:
    loaded = settings.load()
    assert (loaded.database_url, loaded.redis_url, loaded.host) == (None, None, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("PORT", "eighty", "integer"),
        ("PORT", "70000", "65535"),
        ("DATABASE_URL", "mysql://x/y", "postgresql+psycopg://"),
        ("DATABASE_URL", "not a url", "URL"),
        ("REDIS_URL", "http://x", "redis://"),
        ("WECHAT_BASE_URL", "api.weixin.qq.com", "https://"),
        ("WECHAT_TEMPLATES", "{", "JSON"),
        ("WECHAT_TEMPLATES", '["N01"]', "JSON object"),
        ("WECHAT_TEMPLATES", '{"N99": "abc"}', "N99"),
        ("LOG_LEVEL", "chatty", "INFO"),
        ("DEMO", "perhaps", "boolean"),
        ("SECRET_KEY", "short", "16"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(f"WUZHAN_{name}", value)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    sentence = str(caught.value)
    assert sentence.startswith(f"WUZHAN_{name} ")
    assert hint in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_foreign_database_wants_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WUZHAN_DATABASE_URL", "postgresql+psycopg://u:p@db/wuzhan")
    with pytest.raises(SettingsError, match="WUZHAN_SECRET_KEY must be set"):
        settings.load()


def test_a_child_loads_the_settings_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WUZHAN_WECHAT_TEMPLATES", json.dumps({"N01": "abc"}))
    parent = settings.load().with_values(port=8123, demo=True, secret_key="k" * 16)
    for name, value in parent.environment().items():
        monkeypatch.setenv(name, value)
    assert settings.load() == parent


def test_config_masks_secrets_and_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WUZHAN_DATABASE_URL", "postgresql+psycopg://u:hidden-1@db/wuzhan")
    monkeypatch.setenv("WUZHAN_REDIS_URL", "redis://:hidden-2@cache/0")
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "hidden-3-hidden-3")
    monkeypatch.setenv("WUZHAN_WECHAT_SECRET", "hidden-4")
    shown = CliRunner().invoke(main, ["config"])
    assert shown.exit_code == 0
    assert "hidden" not in shown.output
    assert "WUZHAN_DATABASE_URL" in shown.output


def test_config_tells_a_bad_value_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WUZHAN_PORT", "0")
    shown = CliRunner().invoke(main, ["config"])
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: WUZHAN_PORT cannot be used")


def test_the_local_secret_is_made_once_and_private(tmp_path: Path) -> None:
    first = settings.local_secret_key(tmp_path)
    assert len(first) >= 32
    assert settings.local_secret_key(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_every_setting_is_in_the_manual() -> None:
    manual = OPERATE.read_text(encoding="utf-8")
    named = {f"WUZHAN_{field.name.upper()}" for field in fields(Settings)}
    assert {name for name in named if f"| `{name}` |" not in manual} == set()
