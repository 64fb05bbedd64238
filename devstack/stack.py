"""The embedded stack: real servers and the project's own processes, started, watched and stopped as one."""

import asyncio
import signal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack import logs, postgres
from devstack.children import BOOT_ATTEMPTS, Children
from devstack.errors import BootFailed
from devstack.events import Event, Report, Stage, unheard
from devstack.folder import DataFolder
from devstack.lock import FolderLock
from devstack.options import StackOptions
from devstack.ports import Ports, is_free
from devstack.processes import Program
from devstack.programs import Programs
from devstack.ready import Addresses, write_addresses
from devstack.roster import SERVERS_RANK, Roster, orphans, stop_orphan, stop_rank
from devstack.secrets import load_or_generate_secrets
from devstack.servers import Servers, metrics_part
from devstack.temporal import NAMESPACE, temporal_address, temporal_ui
from devstack.together import together


class Stack:
    """`async with Stack(options) as stack:` starts on entry and stops on exit; `supervise` restarts what dies.

    Raises a `StackError` whose message is for people; whatever was started is stopped before it leaves `start`.
    """

    def __init__(self, options: StackOptions, report: Report | None = None) -> None:
        self.options = options
        self.folder = DataFolder(options.data_dir)
        self._report = report or unheard
        self._lock = FolderLock(self.folder)
        self._roster = Roster(self.folder.processes)
        self._children = Children(self._roster, self._report, self._publish_addresses)
        self._servers: Servers | None = None
        self._watching: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What the project's processes are given beside the user's own variables."""
        return self._started.environment()

    @property
    def addresses(self) -> Addresses:
        """As in the ready file. With `servers_only` the API's address is the one that it would have."""
        servers, decided = self._started, self.environment
        return Addresses(
            api=servers.api,
            temporal=temporal_address(servers.ports),
            temporal_ui=temporal_ui(servers.ports),
            namespace=NAMESPACE,
            database=decided["ORDERSAGA_DATABASE_URL"],
            redis=decided["ORDERSAGA_REDIS_URL"],
            data_dir=str(self.folder.root),
            pids=self._children.pids,
            metrics=servers.metrics(self.options.workers),
        )

    async def start(self) -> None:
        """Start every part and return when each is truly ready. When it fails or is cancelled, nothing runs on."""
        self.folder.prepare()
        self._lock.acquire()
        try:
            self._withdraw_addresses()
            await self._recover()
            logs.rotate(self.folder.logs)
            await self._start_servers()
            if not self.options.servers_only:
                await self.migrate(seed=True)
                await self._start_programs()
            self._publish_addresses()
        except BaseException:
            await self.stop()
            raise

    async def migrate(self, *, seed: bool = False) -> None:
        """Bring the database's tables and Temporal's search attributes to this version; `seed` also seeds."""
        # One process for both: loading our modules is most of what either costs.
        await self._children.run(self._programs.step("migrate", *(("--seed",) if seed else ())))

    async def supervise(self) -> None:
        """Restart what dies, with a growing delay, until cancelled or stopped."""
        keeping = (self._children.keep(name) for name in self._children.names)
        self._watching = watching = asyncio.ensure_future(together(*keeping, logs.keep_small(self.folder.logs)))
        try:
            await asyncio.wait({watching})
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        if not watching.cancelled():
            watching.result()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal one part, as named in `addresses.pids`."""
        self._children.send(name, number)

    def pause(self, name: str) -> None:
        """Let one part hang: it keeps its connections and answers nobody, until `resume` or `restart`."""
        self._children.pause(name)

    def resume(self, name: str) -> None:
        self._children.resume(name)

    async def exited(self, name: str, timeout: float) -> int | None:
        """Wait for a part's end: its exit code (negative: by a signal), or `None` when it still runs."""
        return await self._children.exited(name, timeout)

    async def restart(self, name: str) -> None:
        """Stop a part, if it runs, and start it again on the same ports; returns when it is ready."""
        await self._children.restart(name)

    def hurry(self) -> None:
        """Do not wait for orderly ends any longer: kill."""
        self._children.hurry()

    async def stop(self) -> None:
        """Stop everything in order. Does nothing when nothing runs. Being cancelled does not leave it half done."""
        ending = asyncio.ensure_future(self._end())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await asyncio.wait({ending})
            raise

    async def _end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._lock.held:
            self._withdraw_addresses()
            await self._children.stop(self._children.names)
            self._roster.clear()
            self._lock.release()

    async def _recover(self) -> None:
        """Stop what a killed `up` left running, and remove the pid files that it left behind."""
        for entry in orphans(self.folder.processes):
            self._note(entry.part, f"left running by an `up` that was killed: stopping process {entry.pid}")
            await stop_orphan(entry)
        unrecorded = postgres.left_behind(self.folder)
        if unrecorded is not None:
            await stop_orphan(unrecorded)
            postgres.left_behind(self.folder)
        self._roster.clear()

    async def _start_servers(self) -> None:
        secrets = load_or_generate_secrets(self.folder.secrets)
        self._servers = servers = Servers(self.folder, self.options, secrets, Ports(self.options.port), self._note)
        servers.take("api")
        boot = self._children.boot
        await together(self._start_postgres(), boot(servers.valkey_program), boot(servers.temporal_program))

    async def _start_postgres(self) -> None:
        making = self._started.initdb_program()
        if making is not None:
            await self._children.run(making)
            postgres.finish_initdb(self.folder)
        await self._children.boot(self._started.postgres_program)
        await self._started.ensure_database()

    async def _start_programs(self) -> None:
        """The project's own parts. Should the API's port be taken meanwhile, all of them again with another."""
        for attempt in range(1, BOOT_ATTEMPTS + 1):
            try:
                await self._boot_programs()
            except BootFailed as failure:
                await self._children.stop([name for name in self._children.names if stop_rank(name) < SERVERS_RANK])
                lost_its_port = failure.part == "api" and not is_free(self._started.ports["api"])
                if not lost_its_port or attempt == BOOT_ATTEMPTS:
                    raise
                self._started.take("api")
            else:
                return

    async def _boot_programs(self) -> None:
        programs, boot = self._programs, self._children.boot
        workers = [boot(partial(self._worker, number)) for number in range(1, self.options.workers + 1)]
        await together(boot(programs.api), *workers)
        if self.options.simulate:
            await boot(programs.simulate)

    def _worker(self, number: int) -> Program:
        """Its metrics port is chosen at each try, so that one that was taken meanwhile is replaced."""
        part = metrics_part(number)
        self._started.take(part)
        return self._programs.worker(number, self._started.ports[part])

    @property
    def _started(self) -> Servers:
        if self._servers is None:
            raise RuntimeError("the stack was not started")
        return self._servers

    @property
    def _programs(self) -> Programs:
        return Programs(self.folder, self.options.command, self.environment)

    def _note(self, part: str, text: str) -> None:
        self._report(Event(part, Stage.NOTE, text))

    def _publish_addresses(self) -> None:
        for path in self._ready_files:
            write_addresses(path, self.addresses)

    def _withdraw_addresses(self) -> None:
        for path in self._ready_files:
            path.unlink(missing_ok=True)

    @property
    def _ready_files(self) -> list[Path]:
        return [self.folder.ready, *([self.options.ready_file] if self.options.ready_file else [])]
