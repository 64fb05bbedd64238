"""One stack per data folder: an advisory lock that the operating system drops when its holder dies, however it dies."""

import contextlib
import fcntl
import json
import os
from pathlib import Path

from devstack.errors import AlreadyRunning, FolderUnusable
from devstack.folder import DataFolder


class FolderLock:
    """Held from `acquire` to `release`. The file stays, since removing it would race with the next holder."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Raises `AlreadyRunning` with the holder's pid and API address."""
        try:
            descriptor = os.open(self._folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FolderUnusable(
                f"{self._folder.lock} cannot be opened: {error.strerror}. If another account ran a stack in this "
                "folder, run as that one, or choose another folder with --data-dir."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning(
                self._folder.root, pid=holder(self._folder.lock), api=_api(self._folder.ready)
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid()}).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock. One that may not be opened is somebody else's: taken as held."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> int | None:
    """The pid that the lock's holder wrote."""
    return _number(_stored(path).get("pid"))


def _api(ready: Path) -> str | None:
    address = _stored(ready).get("api")
    return address if isinstance(address, str) else None


def _stored(path: Path) -> dict[str, object]:
    with contextlib.suppress(OSError, ValueError):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(stored, dict):
            return stored
    return {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
