"""Carries out the faults of a plan on a running stack, and brings every part back."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from cli.experiment.faults import PARTS, Fault, Kind
from devstack.errors import BootFailed
from devstack.stack import Stack

_LOOK_SECONDS = 0.5
_KILLED_WITHIN = 30.0


class Saboteur:
    """`struck` counts what was done, by part and kind; `died` the parts that ended although nobody had killed them.

    It restarts what it killed and what died, so the stack must not be supervised besides. `told` hears each deed.
    """

    def __init__(self, stack: Stack, told: Callable[[str], None]) -> None:
        self._stack = stack
        self._told = told
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._deeds: set[asyncio.Task[None]] = set()
        self.struck: Counter[tuple[str, Kind]] = Counter()
        self.died: Counter[str] = Counter()

    async def run(self, faults: Sequence[Fault]) -> None:
        """Strike at the planned times, until the last of them. A part that is still away is struck when it is back."""
        began = asyncio.get_running_loop().time()
        for fault in faults:
            await asyncio.sleep(began + fault.at - asyncio.get_running_loop().time())
            self._deeds.add(asyncio.create_task(self._strike(fault)))

    async def keep(self) -> None:
        """Restart what dies by itself, until cancelled."""
        await asyncio.gather(*(self._keep(part) for part in PARTS))

    async def calm(self) -> None:
        """Wait until every deed is done and every part is back."""
        await asyncio.gather(*self._deeds)
        for part in PARTS:
            async with self._turns[part]:
                pass

    async def _strike(self, fault: Fault) -> None:
        async with self._turns[fault.part]:
            self.struck[fault.part, fault.kind] += 1
            self._told(f"{fault.part} {fault.kind} for {fault.seconds:.1f} s")
            if fault.kind is Kind.KILL:
                await self._kill(fault)
            else:
                await self._hang(fault)
        self._told("")

    async def _kill(self, fault: Fault) -> None:
        self._stack.kill(fault.part)
        await self._stack.exited(fault.part, _KILLED_WITHIN)
        await asyncio.sleep(fault.seconds)
        await self._revive(fault.part)

    async def _hang(self, fault: Fault) -> None:
        self._stack.pause(fault.part)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self._stack.resume(fault.part)

    async def _keep(self, part: str) -> None:
        while True:
            if await self._stack.exited(part, _LOOK_SECONDS) is not None and not self._turns[part].locked():
                async with self._turns[part]:
                    self.died[part] += 1
                    await self._revive(part)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _revive(self, part: str) -> None:
        while True:
            try:
                await self._stack.restart(part)
            except BootFailed as failure:
                # What it needs may be away just now.
                self._told(f"{part} does not start: {failure.why}")
            else:
                return
