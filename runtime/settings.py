"""Settings: one frozen object read from ``WUZHAN_*`` environment variables."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import cast

from environs import Env, EnvError, EnvValidationError, ValidationError, validate
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from village import keys, workdays
from village.catalog.files import read

PREFIX = "WUZHAN_"
REPOSITORY = Path(__file__).resolve().parent.parent
MASK = "********"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SECRETS = frozenset({"secret_key", "wechat_secret"})
URLS = frozenset({"database_url", "redis_url"})


class SettingsError(Exception):
    """A setting has a value the house cannot start with."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What differs from one installation to the next; each field is ``WUZHAN_<NAME>``."""

    database_url: str | None
    redis_url: str | None
    data_dir: Path
    host: str
    port: int
    secret_key: str | None
    clock_file: Path | None
    routing_model: Path | None
    calendar_file: Path | None
    keys_file: Path | None
    wechat_base_url: str
    wechat_appid: str
    wechat_secret: str
    wechat_templates: Mapping[str, str] | None
    demo: bool
    h5_dir: Path
    log_level: str
    workers: int
    api_processes: int
    outbox_lease_seconds: int
    rate_scale: float
    trusted_proxies: str

    def with_values(self, **values: object) -> Settings:
        """Return a copy in which the given fields have other values."""
        return replace(self, **values)  # type: ignore[arg-type]

    @property
    def own_model(self) -> Path:
        """Where this installation's own routing model is, once it has been trained."""
        return self.routing_model or self.data_dir / "routing.tsv"

    @property
    def own_calendar(self) -> Path:
        """Where this installation's own years of holidays are, once somebody has written them."""
        return self.calendar_file or self.data_dir / workdays.FILE

    @property
    def own_keys(self) -> Path:
        """Where the keys are that seal personal data: apart from the database and its backups."""
        return self.keys_file or self.data_dir / keys.FILE

    def environment(self) -> dict[str, str]:
        """Return the variables that make a child process load these same settings."""
        return dict(_variables(self))


def load() -> Settings:
    """Read and check all settings; `SettingsError` says in one sentence what is wrong."""
    try:
        settings = _read(Env(prefix=PREFIX))
    except EnvError as error:
        raise SettingsError(_sentence(error)) from error
    if settings.database_url is not None and settings.secret_key is None:
        raise SettingsError(
            "WUZHAN_SECRET_KEY must be set when WUZHAN_DATABASE_URL is: "
            "all processes of an installation have to agree on it."
        )
    return settings


def shown(settings: Settings) -> dict[str, str]:
    """Return every setting as text for people, with secrets and passwords masked."""
    return {
        field.name: _masked(field.name, getattr(settings, field.name)) for field in fields(settings)
    }


def local_secret_key(data_dir: Path) -> str:
    """Return the key kept in DATA/secret_key, made on first use and readable by its owner only."""
    return kept_secret(data_dir / "secret_key")


def kept_secret(path: Path, first: str | None = None) -> str:
    """Return the secret in this file; where there is none, write `first` or a random one (0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(first or secrets.token_urlsafe(32))
    return path.read_text().strip()


def _read(env: Env) -> Settings:
    positive = validate.Range(min=1, max=64)
    return Settings(
        database_url=env.str("DATABASE_URL", None, validate=_database_url),
        redis_url=env.str("REDIS_URL", None, validate=_redis_url),
        data_dir=Path(env.str("DATA_DIR", ".wuzhan")),
        host=env.str("HOST", "127.0.0.1"),
        port=env.int("PORT", 8000, validate=validate.Range(min=1, max=65535)),
        secret_key=env.str("SECRET_KEY", None, validate=validate.Length(min=16)),
        clock_file=_path(env.str("CLOCK_FILE", None)),
        routing_model=_path(env.str("ROUTING_MODEL", None)),
        calendar_file=_path(env.str("CALENDAR_FILE", None)),
        keys_file=_path(env.str("KEYS_FILE", None)),
        wechat_base_url=env.str("WECHAT_BASE_URL", "https://api.weixin.qq.com", validate=_http_url),
        wechat_appid=env.str("WECHAT_APPID", ""),
        wechat_secret=env.str("WECHAT_SECRET", ""),
        wechat_templates=cast(
            "dict[str, str] | None", env.json("WECHAT_TEMPLATES", None, validate=_template_ids)
        ),
        demo=env.bool("DEMO", False),
        h5_dir=Path(env.str("H5_DIR", str(REPOSITORY / "miniprogram/dist/build/h5"))),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LOG_LEVELS)),
        workers=env.int("WORKERS", 1, validate=positive),
        api_processes=env.int("API_PROCESSES", 2, validate=positive),
        outbox_lease_seconds=env.int(
            "OUTBOX_LEASE_SECONDS", 30, validate=validate.Range(min=1, max=3600)
        ),
        rate_scale=env.float("RATE_SCALE", 1.0, validate=validate.Range(min=0.1, max=1000)),
        trusted_proxies=env.str("TRUSTED_PROXIES", "", validate=_networks),
    )


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a comma-separated text; ValueError for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _database_url(text: str) -> None:
    try:
        backend = make_url(text).drivername
    except ArgumentError as error:
        raise ValidationError("it is not a URL") from error
    if backend != "postgresql+psycopg":
        raise ValidationError("it must start with postgresql+psycopg://")


def _redis_url(text: str) -> None:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("it must start with redis://, rediss:// or unix://")


def _http_url(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise ValidationError("it must start with http:// or https://")


def _networks(text: str) -> None:
    try:
        networks(text)
    except ValueError as error:
        raise ValidationError("it must be addresses or networks, with commas between") from error


def _template_ids(value: object) -> None:
    texts = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if not texts:
        raise ValidationError("it must be a JSON object of template name to template id")
    unknown = set(cast("dict[str, str]", value)) - {row["tpl"] for row in read("wechat_templates")}
    if unknown:
        raise ValidationError(f"there is no template {', '.join(sorted(unknown))}")


def _sentence(error: EnvError) -> str:
    name = str(error).split('"')[1]
    details = error.error_messages if isinstance(error, EnvValidationError) else [str(error)]
    parts = details if isinstance(details, list) else [str(details)]
    return f"{name} cannot be used: {'; '.join(str(part).rstrip('.') for part in parts)}."


def _variables(settings: Settings) -> Iterator[tuple[str, str]]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value is None:
            continue
        text = json.dumps(value) if isinstance(value, Mapping) else str(value)
        yield PREFIX + field.name.upper(), text


def _masked(name: str, value: object) -> str:
    if value is None or value == "":
        return "-"
    if name in SECRETS:
        return MASK
    if name in URLS:
        return make_url(str(value)).render_as_string(hide_password=True)
    return str(value)
