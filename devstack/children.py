"""The children of one stack: started one by one until ready, watched and revived while it runs, stopped in order."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import groupby

from devstack.errors import BootFailed
from devstack.events import Event, Report, Stage
from devstack.processes import Child, Program, end_session, ended
from devstack.roster import Roster, stop_rank

BOOT_ATTEMPTS = 3
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_LIVED_WELL_SECONDS = 60.0


class Children:
    """`changed` is called after a child was replaced by a new one that is ready."""

    def __init__(self, roster: Roster, report: Report, changed: Callable[[], None]) -> None:
        self._roster = roster
        self._report = report
        self._changed = changed
        self._children: dict[str, Child] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._hurry = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return list(self._children)

    @property
    def pids(self) -> dict[str, int]:
        return {name: child.pid for name, child in self._children.items()}

    def send(self, name: str, number: signal.Signals) -> None:
        self._children[name].send(number)

    def pause(self, name: str) -> None:
        self._children[name].pause()

    def resume(self, name: str) -> None:
        self._children[name].resume()

    async def exited(self, name: str, timeout: float | None = None) -> int | None:
        return await self._children[name].exited(timeout)

    def hurry(self) -> None:
        """From now on nothing is waited for: what is stopped is killed."""
        self._hurry.set()

    async def run(self, program: Program) -> None:
        """Run a program to its end. Raises `BootFailed` when that is not a good one."""
        self._report(Event(program.name, Stage.STARTING))
        child = await self._spawn(program)
        try:
            code = await child.exited(program.boot_seconds)
        finally:
            await child.stop(self._hurry)
            del self._children[program.name]
        if code is None:
            why = f"has not ended after {program.boot_seconds:g} s"
            raise BootFailed(program.name, why, log=program.log, tail=child.tail())
        if code != 0:
            raise BootFailed(program.name, ended(code), log=program.log, tail=child.tail())
        self._report(Event(program.name, Stage.READY))

    async def boot(self, make: Callable[[], Program]) -> None:
        """Start a part and wait until it is ready. One that dies is tried again, made anew; the last failure counts."""
        for attempt in range(1, BOOT_ATTEMPTS + 1):
            program = make()
            self._report(Event(program.name, Stage.STARTING))
            child = await self._spawn(program)
            try:
                await child.until_ready()
            except BootFailed as failure:
                if child.running or attempt == BOOT_ATTEMPTS:
                    raise
                self._report(Event(program.name, Stage.DIED, f"{failure.why}; trying again"))
                await asyncio.sleep(_FIRST_DELAY * attempt)
            else:
                self._report(Event(program.name, Stage.READY, program.where))
                return

    async def restart(self, name: str) -> None:
        """Stop a part, if it runs, and start the same again; returns when it is ready, else raises `BootFailed`."""
        async with self._turns[name]:
            old = self._children[name]
            await old.stop(self._hurry)
            # PostgreSQL's children outlive a killed server for a moment, and no other starts until they are gone.
            await self.boot(lambda: old.program)
            self._changed()

    async def keep(self, name: str) -> None:
        """Restart this part whenever it dies, later each time unless it lived well, until cancelled."""
        delay, loop = _FIRST_DELAY, asyncio.get_running_loop()
        while True:
            child, since = self._children[name], loop.time()
            code = await child.exited()
            async with self._turns[name]:
                if self._children[name] is not child:
                    continue  # restarted on purpose
                delay = _FIRST_DELAY if loop.time() - since > _LIVED_WELL_SECONDS else delay
                self._report(Event(name, Stage.DIED, f"{ended(code)}; restarting in {delay:g} s\n{child.tail(8)}"))
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
                await self._revive(child)

    async def stop(self, names: Iterable[str]) -> None:
        """Stop these in order, what asks before what answers; those of one rank at once."""
        for _, group in groupby(sorted(names, key=stop_rank), key=stop_rank):
            await asyncio.gather(*(self._stop(name) for name in group))

    async def _revive(self, dead: Child) -> None:
        end_session(dead.pid)
        child = await self._spawn(dead.program)
        try:
            await child.until_ready()
        except BootFailed:
            await child.stop(self._hurry)  # `keep` finds it dead and tries again, later
            return
        self._changed()
        self._report(Event(child.program.name, Stage.READY, child.program.where))

    async def _spawn(self, program: Program) -> Child:
        child = self._children[program.name] = await Child.spawn(program, self._roster)
        return child

    async def _stop(self, name: str) -> None:
        self._report(Event(name, Stage.STOPPING))
        await self._children[name].stop(self._hurry)
        self._report(Event(name, Stage.STOPPED))
        del self._children[name]
