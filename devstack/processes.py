"""Programs as child processes, each in a session of its own: a Ctrl-C at the terminal reaches only the parent."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from devstack.account import AS_WE_ARE, Account
from devstack.errors import BootFailed
from devstack.roster import Roster

Probe = Callable[[int], Awaitable[object]]
"""Called with the pid until it returns; raises as long as the program is not ready."""

_PROBE_SECONDS = 5.0
_BETWEEN_PROBES = 0.05
_LOG_TAIL = 20


async def always_ready(_pid: int) -> None:
    """The probe of a program that is ready as soon as it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how to know that it is ready. `environment` is the whole environment, not an addition."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    probe: Probe = always_ready
    where: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    boot_seconds: float = 60.0
    account: Account = AS_WE_ARE
    cwd: Path | None = None


class Child:
    """One process of a program, from its start to its end."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, roster: Roster) -> None:
        self.program = program
        self._process = process
        self._roster = roster
        self._exit = asyncio.create_task(process.wait())
        self._paused: list[psutil.Process] = []
        roster.add(program.name, process.pid, program.stop_signal)

    @classmethod
    async def spawn(cls, program: Program, roster: Roster) -> "Child":
        account = program.account
        with program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *account.prefix,
                *program.command,
                env=dict(program.environment),
                cwd=program.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.uid is None else (),
            )
        return cls(program, process, roster)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone, not its session. Nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def pause(self) -> None:
        """Let it hang, with everything that it started: it keeps its connections and answers nobody."""
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(self.pid)
            self._suspend(leader)  # first, so that it starts nothing more
            for follower in leader.children(recursive=True):
                self._suspend(follower)

    def resume(self) -> None:
        """Let go on what `pause` stopped; nothing happens when nothing is."""
        while self._paused:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._paused.pop().resume()

    def _suspend(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
            self._paused.append(process)

    async def exited(self, timeout: float | None = None) -> int | None:
        """The exit code, negative for a signal; `None` when it still runs after `timeout` seconds."""
        await asyncio.wait({self._exit}, timeout=timeout)
        if not self._exit.done():
            return None
        self._roster.remove(self.program.name, self.pid)
        return self._exit.result()

    async def until_ready(self) -> None:
        """Raises `BootFailed` when it dies or does not become ready in its time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.program.boot_seconds
        while (error := await self._probe()) is not None:
            if loop.time() > deadline:
                why = f"is not ready after {self.program.boot_seconds:g} s ({error!r})"
                raise BootFailed(self.program.name, why, log=self.program.log, tail=self.tail())
            await self.exited(_BETWEEN_PROBES)

    async def _probe(self) -> BaseException | None:
        """One try: `None` when ready, else why not. Raises `BootFailed` when the process is gone."""
        trying = asyncio.ensure_future(asyncio.wait_for(self.program.probe(self.pid), _PROBE_SECONDS))
        try:
            await asyncio.wait({trying, self._exit}, return_when=asyncio.FIRST_COMPLETED)
            if self._exit.done():
                code = await self.exited()
                raise BootFailed(self.program.name, ended(code), log=self.program.log, tail=self.tail())
            return trying.exception()
        finally:
            if not trying.done():
                trying.cancel()
                await asyncio.wait({trying})

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask it to end, wait as long as its program grants, then kill it and whatever it left in its session.

        `hurry` set means that nobody wants to wait any longer.
        """
        self.resume()
        if self.running:
            self.send(self.program.stop_signal)
            self.send(signal.SIGCONT)  # one that was paused hears nothing
            hurried = asyncio.ensure_future(hurry.wait())
            await asyncio.wait(
                {self._exit, hurried}, timeout=self.program.stop_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            hurried.cancel()
        end_session(self.pid)
        await self.exited()

    def tail(self, lines: int = _LOG_TAIL) -> str:
        """The last lines of the log."""
        return tail_of(self.program.log, lines)


def end_session(pid: int) -> None:
    """Kill what is left in the session that `pid` led. A number in use by a session is not given to a new process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def ended(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "still runs"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def tail_of(log: Path, lines: int = _LOG_TAIL) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])
