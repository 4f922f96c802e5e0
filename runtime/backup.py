"""`wuzhan backup` and `wuzhan restore`: one file with database, secret key, and own model."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import psycopg
from sqlalchemy.engine import make_url

from runtime import binaries, places, settings
from runtime.settings import Settings

FORMAT = 1
MANIFEST, DUMP, KEY = "manifest.json", "database.dump", "secret_key"
MODEL = "routing.tsv"  # what the installation has learnt from its corrections, if it has
SMALL_BYTES = 64 * 1024  # more than a manifest or a key ever is
EMPTIED = (
    "drop schema public cascade; create schema public authorization pg_database_owner; "
    "grant usage on schema public to public"
)


class BackupError(click.ClickException):
    """A backup cannot be made or restored; the sentence says why and what to do."""


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def backup(target: Path, overwrite: bool) -> None:
    """Back the house up into TARGET, a file or a folder, while it runs."""
    from runtime import up

    with up.servers(settings.load()) as loaded:
        click.echo(made(loaded, target, overwrite=overwrite))
        click.echo(f"The keys are not in it: keep a copy of {loaded.own_keys} elsewhere.", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the data that is there.")
def restore(file: Path, overwrite: bool) -> None:
    """Put a backup back into an installation that does not run."""
    from runtime import up

    loaded = settings.load()
    with ExitStack() as stack:
        if loaded.database_url is None:
            stack.enter_context(up.only_one(places.prepared(loaded.data_dir)))
        folder, key = stack.enter_context(_opened(file))
        _check_key(loaded, key, overwrite=overwrite)
        _check_keys(loaded, json.loads((folder / MANIFEST).read_text()).get("keys", {}))
        _check_model(loaded, folder / MODEL, overwrite=overwrite)
        with up.servers(loaded.with_values(secret_key=key)) as reached:
            _load(str(reached.database_url), folder / DUMP, overwrite=overwrite)
        if loaded.secret_key is None:
            _keep_key(loaded.data_dir / KEY, key)
        _keep_model(loaded.own_model, folder / MODEL)
    click.echo("Restored. `wuzhan up` or `wuzhan seed` brings an older schema to this version.")


def made(loaded: Settings, target: Path, *, overwrite: bool = False) -> Path:
    """Write a backup and return its path; what was committed before the call is in it.

    The file appears whole or not at all, and only its owner can read it. In a folder it is named
    by the UTC time alone. Raises `BackupError`.
    """
    from village import clock

    if target.is_dir():
        target = target / f"wuzhan-{clock.now():%Y%m%dT%H%M%SZ}.tar"
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    if target.exists() and not overwrite:
        raise BackupError(f"{target} is there already; choose another name, or --overwrite.")
    with tempfile.TemporaryDirectory(prefix=".wuzhan-", dir=target.parent) as name:
        packed = _packed(loaded, Path(name))
        packed.chmod(0o600)
        packed.replace(target)
    return target


def _packed(loaded: Settings, folder: Path) -> Path:
    url = str(loaded.database_url)
    revision = _revision(url)
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
         f"--file={folder / DUMP}")  # fmt: skip
    (folder / KEY).write_text(str(loaded.secret_key))
    has_model = loaded.own_model.exists()
    if has_model:
        shutil.copyfile(loaded.own_model, folder / MODEL)
    facts = {
        "format": FORMAT,
        "revision": revision,
        "sha256": _digest(folder / DUMP),
        "keys": _known_keys(url),
        "model": _digest(folder / MODEL) if has_model else None,
    }
    (folder / MANIFEST).write_text(json.dumps(facts))
    packed = folder / "backup.tar"
    with packed.open("xb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as archive:
            for name in (MANIFEST, KEY, DUMP, *([MODEL] if has_model else [])):
                archive.add(folder / name, name, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())
    return packed


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out the account of whoever made the backup."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Path, str]]:
    """Yield a folder with the checked dump of a backup, and the secret key."""
    with tempfile.TemporaryDirectory(prefix=".wuzhan-", dir=file.absolute().parent) as name:
        try:
            with tarfile.open(file, "r:") as archive:
                facts = json.loads(_small(archive, MANIFEST))
                (Path(name) / MANIFEST).write_text(json.dumps(facts))
                key = _small(archive, KEY).decode("ascii")
                sums = {DUMP: facts["sha256"], MODEL: facts.get("model")}
                sums = {part: digest for part, digest in sums.items() if digest is not None}
                for part in sums:
                    with _member(archive, part) as source, (Path(name) / part).open("xb") as copy:
                        shutil.copyfileobj(source, copy)
            right = all(_digest(Path(name) / part) == digest for part, digest in sums.items())
            whole = facts["format"] == FORMAT and right
            revision = str(facts["revision"])
        except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{file} is no backup of Wuzhan, or not a whole one.") from error
        if not whole:
            raise BackupError(f"{file} is damaged; take another backup.")
        _check_revision(revision)
        yield Path(name), key


def _member(archive: tarfile.TarFile, name: str) -> tarfile.ExFileObject:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found  # type: ignore[return-value]


def _small(archive: tarfile.TarFile, name: str) -> bytes:
    with _member(archive, name) as file:
        return file.read(SMALL_BYTES)


def _check_revision(revision: str) -> None:
    from village import migrate

    if not migrate.known(revision):
        raise BackupError("The backup is of a newer version of Wuzhan; update first.")


def _check_key(loaded: Settings, key: str, *, overwrite: bool) -> None:
    place = loaded.data_dir / KEY
    if loaded.secret_key is not None:
        if loaded.secret_key != key:
            raise BackupError(
                f"WUZHAN_SECRET_KEY is not that of the backup: `tar -xOf FILE {KEY}` shows it; "
                "set it for all processes, then restore again."
            )
    elif place.exists() and place.read_text().strip() != key and not overwrite:
        raise BackupError(f"{place} differs from the backup's key; --overwrite replaces it.")


def _check_keys(loaded: Settings, needed: dict[str, str]) -> None:
    """Refuse a backup whose sealed fields nobody here could open: keys are kept apart from it."""
    from village import keyed, keys

    place = loaded.own_keys
    if needed and not place.exists():
        raise BackupError(
            f"There is no {place}: put the copy of the keys there that is kept apart from the "
            "backups, then restore again; without it personal data cannot be read."
        )
    lacking = keyed.missing(needed, keys.read(place)) if needed else []
    if lacking:
        raise BackupError(
            f"{place} lacks key {', '.join(lacking)} of this backup (or has another of that name): "
            "put the right copy there, then restore again."
        )


def _check_model(loaded: Settings, saved: Path, *, overwrite: bool) -> None:
    place = loaded.own_model
    if not saved.exists() or not place.exists() or overwrite:
        return
    if _digest(place) != _digest(saved):
        raise BackupError(f"{place} differs from the backup's model; --overwrite replaces it.")


def _keep_model(place: Path, saved: Path) -> None:
    """Put the model back that was learnt here; a backup without one leaves what is there."""
    if saved.exists():
        fresh = place.with_name(f".{MODEL}.new")
        shutil.copyfile(saved, fresh)
        fresh.replace(place)


def _keep_key(place: Path, key: str) -> None:
    fresh = place.with_name(f".{KEY}.new")
    fresh.unlink(missing_ok=True)
    settings.kept_secret(fresh, key)
    fresh.replace(place)


def _load(url: str, dump: Path, *, overwrite: bool) -> None:
    """Load a dump in one transaction: afterwards all of it is there, or all is as it was."""
    filled = _guarded(url)
    if filled and not overwrite:
        raise BackupError("The database is not empty; --overwrite replaces what is in it.")
    script = dump.with_suffix(".sql")
    _run(url, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dump),
         connected=False)  # fmt: skip
    _run(url, "psql", "--no-psqlrc", "--quiet", "--output=/dev/null", "--single-transaction",
         "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse", f"--command={EMPTIED}",
         f"--file={script}")  # fmt: skip


def _guarded(url: str) -> bool:
    """Tell whether the database holds tables; refuses one that somebody works with."""
    with _connection(url) as link:
        others = link.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).fetchone()
        tables = link.execute("select count(*) from pg_tables where schemaname = 'public'")
        if others is not None and others[0]:
            raise BackupError("The database is in use; stop api, worker and relay first.")
        found = tables.fetchone()
        return found is not None and bool(found[0])


def _revision(url: str) -> str:
    with _connection(url) as link:
        try:
            found = link.execute("select version_num from alembic_version").fetchone()
        except psycopg.errors.UndefinedTable as error:
            raise BackupError("The database is empty: there is nothing to back up.") from error
    return str(found[0]) if found else ""


def _known_keys(url: str) -> dict[str, str]:
    """Return the fingerprints of the keys that seal what is in the dump."""
    with _connection(url) as link:
        try:
            rows = link.execute("select name, fingerprint from known_keys").fetchall()
        except psycopg.errors.UndefinedTable:  # of a release before there were any
            return {}
    return {str(name): str(mark) for name, mark in rows}


def _connection(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(plain, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise BackupError("The database cannot be reached; see WUZHAN_DATABASE_URL.") from error


def _run(url: str, program: str, *arguments: str, connected: bool = True) -> None:
    # The password goes by the environment: a command line can be read by everybody.
    target = make_url(url).set(drivername="postgresql")
    where = target._replace(password=None).render_as_string(hide_password=False)
    command = [_program(program), *([f"--dbname={where}"] if connected else []), *arguments]
    password = {"PGPASSWORD": str(target.password)} if target.password else {}
    done = subprocess.run(  # noqa: S603 - our own command line
        command, env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise BackupError(f"{program} failed, nothing was changed: {reason}")


def _program(name: str) -> str:
    try:
        return str(binaries.postgres(None, name))
    except binaries.MissingPackageError:
        found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is missing: install PostgreSQL's client programs.")
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
