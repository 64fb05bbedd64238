"""Where orders are led through their lives: the API, and what tells that a step is over."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from bench.counters import connect
from bench.load import Call, burst
from cli.client import Api, JsonObject

MERCHANT, WAREHOUSE = "counted", "counted-1"
TOLD = """
SELECT NOT EXISTS (SELECT FROM inbox WHERE delivered_at IS NULL AND workflow_id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM sandbox_callbacks WHERE delivered_at IS NULL AND given_up_at IS NULL) /* bench */
"""
"""Whether every report reached its run."""
_PATIENCE = 60.0
_PAUSE = 0.02
_PASSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """`pool` asks about all orders at once, by statements that are marked as not to be counted.

    So many calls are under way at a time as `concurrency` says. `told` asks whether nobody has to hear anything.
    """

    api: Api
    pool: Any
    temporal: Client
    carrier_secret: str
    concurrency: int = 1
    told: str = TOLD

    async def opens(self) -> None:
        """A merchant and a warehouse."""
        nothing = {"amount": 0, "currency": "TWD"}
        shipping = {"standard": {"base": nothing, "per_kg": nothing}}
        where = {"country": "TW", "region": "Taipei", "city": "Taipei", "postal_code": "100"}
        await self.enters(f"merchants/{MERCHANT}", {"name": "Counted", "shipping": shipping})
        await self.enters(f"warehouses/{WAREHOUSE}", {"name": "Counted", **where})

    async def enters(self, what: str, document: JsonObject) -> None:
        """As an operator."""
        await self.api.operator("counts").put(f"/v1/admin/{what}", document)

    async def together(self, calls: Iterable[Call]) -> None:
        await burst(list(calls), self.concurrency)

    async def until(self, question: str, *about: object) -> None:
        """Wait until PostgreSQL says yes."""
        deadline = time.monotonic() + _PATIENCE
        while not await self.pool.fetchval(question, *about):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{question}: {about}")
            await asyncio.sleep(_PAUSE)

    async def at_rest(self, runs: Sequence[str]) -> None:
        """Wait until nobody is to be told anything, and none of these runs has a task; twice, as news take a while."""
        passes = 0
        deadline = time.monotonic() + _PATIENCE
        while passes < _PASSES:
            passes = passes + 1 if await self._rest(runs) else 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"these come to no rest: {', '.join(runs)}")
            await asyncio.sleep(_PAUSE)

    async def _rest(self, runs: Sequence[str]) -> bool:
        if not await self.pool.fetchval(self.told):
            return False
        return all(await asyncio.gather(*map(self._rests, runs)))

    async def _rests(self, run: str) -> bool:
        try:
            described = await self.temporal.get_workflow_handle(run).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return True  # who begins it was told, or has not to be told yet
            raise
        return not described.raw_description.HasField("pending_workflow_task")

    async def turn(self, runs: Sequence[str], time: timedelta) -> None:
        """Turn the clock of these runs."""
        skipper = TimeSkipper(self.temporal)
        handles = map(self.temporal.get_workflow_handle, runs)
        await self.together(partial(skipper.fast_forward, handle, time) for handle in handles)


@asynccontextmanager
async def market(api: Api, database: str, **rest: Any) -> AsyncIterator[Market]:
    """An open one; `database` is the address of the API's."""
    pool = await connect(database)
    try:
        found = Market(api=api, pool=pool, **rest)
        await found.opens()
        yield found
    finally:
        await pool.close()
