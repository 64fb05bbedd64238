"""Starting `up` as a process of its own, and seeing what runs for a data folder, without asking the stack."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

Found = TypeVar("Found")

_BOOT_SECONDS = 60.0


def until(condition: Callable[[], Found | None], timeout: float = _BOOT_SECONDS) -> Found:
    """What `condition` answers as soon as that is true."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {timeout} s")
        time.sleep(0.05)
    return found


@dataclass
class Up:
    """One `up` with stand-ins: its folder, its process, what it printed."""

    folder: Path
    process: subprocess.Popen[bytes]
    output: Path
    port: int

    @property
    def ready_file(self) -> Path:
        return self.folder.parent / "ready.json"

    def ready(self) -> dict[str, object]:
        """The ready file, waited for; fails at once when `up` ends instead."""

        def read() -> dict[str, object] | None:
            assert self.process.poll() is None, self.printed()
            with contextlib.suppress(FileNotFoundError):
                return dict(json.loads(self.ready_file.read_text()))
            return None

        return until(read)

    def pids(self) -> dict[str, int]:
        pids = self.ready()["pids"]
        assert isinstance(pids, dict)
        return pids

    def printed(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> None:
        """Wait until it printed this."""

        def said() -> bool:
            assert text in self.printed() or self.process.poll() is None, self.printed()
            return text in self.printed()

        until(said)

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_BOOT_SECONDS)


def start_up(
    folder: Path, *, port: int = 0, output: Path | None = None, environment: Mapping[str, str] | None = None
) -> Up:
    output = output or folder.parent / "output"
    command = [sys.executable, "-m", "tests.integration.devstack_up", str(folder), str(port)]
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command, stdout=file, stderr=file, env={**os.environ, **(environment or {})}
        )
    return Up(folder, process, output, port)


@contextlib.contextmanager
def running_up(
    folder: Path, *, port: int = 0, broken: str = "", stubborn: str = "", slow: str = "", waiting: str = ""
) -> Iterator[Up]:
    """An `up` that is stopped at the end, with whatever a killed one left. The last four name misbehaving parts."""
    behaviour = {
        "STAND_IN_BROKEN": broken,
        "STAND_IN_STUBBORN": stubborn,
        "STAND_IN_SLOW": slow,
        "STAND_IN_WAITING": waiting,
    }
    up = start_up(folder, port=port, environment=behaviour)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.terminate()
            up.process.wait(_BOOT_SECONDS)
        for process in processes_of(folder):
            process.kill()


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every living process that names the folder in its command line, its environment or as its working folder."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _names(process, str(folder))]


def _names(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        told = [*process.cmdline(), process.environ().get("ORDERSAGA_DATA_DIR", ""), process.cwd()]
    except psutil.Error:
        return False
    return any(folder in text for text in told)
