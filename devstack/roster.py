"""Who runs: the folder's children by pid and creation time, so that a later `up` finds those that a killed one left."""

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from devstack.folder import write_atomically

_STOP_SECONDS = 20.0
_SAME_MOMENT = 2.0
"""A creation time is derived from the boot time, which moves a little when the clock is set."""

_LAST_TO_STOP = ("temporal", "valkey", "postgres")
SERVERS_RANK = 3


@dataclass(frozen=True, slots=True)
class Entry:
    part: str
    pid: int
    created: float
    stop_signal: int


def stop_rank(part: str) -> int:
    """The order of stopping: what asks before what answers. The simulator, the API, the workers, then the servers."""
    if part in _LAST_TO_STOP:
        return SERVERS_RANK + _LAST_TO_STOP.index(part)
    return 2 if part.startswith("worker") else 1 if part == "api" else 0


class Roster:
    """The record of one stack's processes, on disk before anybody relies on them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[int, Entry] = {}

    def add(self, part: str, pid: int, stop_signal: signal.Signals) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            self._entries[pid] = Entry(part, pid, psutil.Process(pid).create_time(), stop_signal)
            self._write()

    def remove(self, part: str, pid: int) -> None:
        if self._entries.pop(pid, None) is not None:
            self._write()

    def clear(self) -> None:
        self._entries.clear()
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        write_atomically(self._path, json.dumps([asdict(entry) for entry in self._entries.values()], indent=2) + "\n")


def orphans(path: Path) -> list[Entry]:
    """The recorded processes that still live, in the order in which they are to be stopped."""
    try:
        stored = [Entry(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
    return sorted((entry for entry in stored if _lives(entry)), key=lambda entry: stop_rank(entry.part))


async def stop_orphan(entry: Entry, *, timeout: float = _STOP_SECONDS) -> None:
    """As its own parent would have: its stop signal, a bounded wait, then SIGKILL for its whole session."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(entry.pid, entry.stop_signal)
    if not await _gone(entry, timeout):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(entry.pid, signal.SIGKILL)
        await _gone(entry, 5.0)


async def _gone(entry: Entry, timeout: float) -> bool:
    deadline = asyncio.get_running_loop().time() + timeout
    while _lives(entry):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def _lives(entry: Entry) -> bool:
    try:
        process = psutil.Process(entry.pid)
        same = abs(process.create_time() - entry.created) < _SAME_MOMENT
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
