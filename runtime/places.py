"""Where the embedded servers live, and as whom: reachable folders, short socket paths."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with a closing zero.
SOCKET_PATH_BYTES = 100
SHELTERS = (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """The operating-system account a server runs as when we are root; PostgreSQL refuses root."""

    uid: int
    gid: int


def prepared(data_dir: Path) -> Path:
    """Return DATA as an absolute path; a new one can be listed by its owner only."""
    data_dir = data_dir.expanduser().absolute()
    if not data_dir.exists():
        data_dir.mkdir(parents=True)
        # Passing through is allowed: as root the database below belongs to another account.
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return data_dir.resolve()


def postgres_home(data_dir: Path) -> tuple[Path, Account | None]:
    """Return the folder that holds the cluster and the account that owns it (None: ourselves).

    As root under a parent that the account cannot pass (such as root's own home), the folder lies
    elsewhere and DATA/postgres is a link to it; no foreign folder has its permissions changed.
    """
    place = data_dir / "postgres"
    if place.is_symlink() and not place.exists():
        raise FileNotFoundError(
            f"{place} leads to {place.readlink()}, which is gone; "
            "remove the link to begin with an empty database."
        )
    if place.exists():
        return place.resolve(), _owner(place)
    account = service_account()
    if account is None or reachable(data_dir, account):
        place.mkdir(mode=0o700)
        give(place, account)
        return place, account
    home = Path(tempfile.mkdtemp(prefix="data-", dir=shelter()))
    give(home, account)
    place.symlink_to(home)
    return home, account


def _owner(place: Path) -> Account | None:
    status = place.stat()
    if os.geteuid() != 0:
        return None
    return Account(status.st_uid, status.st_gid)


def service_account() -> Account | None:
    """Return whom to run PostgreSQL as: ourselves (None), or for root an account without rights."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise FileNotFoundError(
        "PostgreSQL refuses to run as root, and there is no account 'nobody' to use."
    )


def reachable(path: Path, account: Account) -> bool:
    """Tell whether the account may pass through this folder and all above it."""
    return all(_may_pass(folder, account) for folder in (path, *path.parents))


def _may_pass(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def shelter() -> Path:
    """Return a folder every account can pass, for what cannot lie in DATA; for root only."""
    for parent in SHELTERS:
        if parent.is_dir() and os.access(parent, os.W_OK):
            folder = parent / "wuzhan"
            folder.mkdir(mode=0o755, exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                return folder
    raise FileNotFoundError("There is no folder that PostgreSQL's account could reach.")


def socket_folder(home: Path, name: str, account: Account | None) -> Path:
    """Return a folder for a server's socket: `home`, or if that is too long a noted short one."""
    if len(os.fsencode(home / name)) <= SOCKET_PATH_BYTES:
        return home
    memo = home / "socket_folder"
    if memo.exists() and Path(memo.read_text()).is_dir():
        return Path(memo.read_text())
    # Not the usual temporary folder: TMPDIR may itself be long.
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-", dir="/tmp"))
    give(folder, account)
    memo.write_text(str(folder))
    return folder


def give(path: Path, account: Account | None) -> None:
    """Make the account the owner of this file or folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; a missing one is fine."""
    if path.exists():
        shutil.rmtree(path)


def answers(path: Path) -> bool:
    """Tell whether a server listens on this Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(2.0)
        try:
            link.connect(str(path))
        except OSError:
            return False
        return True


def alive(pid: int) -> bool:
    """Tell whether a process runs; one dead but not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def end_with_parent() -> None:
    """Ask the kernel to interrupt this process when its parent dies, even by SIGKILL (Linux only).

    Both servers and all our processes take SIGINT as the order to stop quickly and cleanly; what
    a shell starts in the background ignores it, and would pass that on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
