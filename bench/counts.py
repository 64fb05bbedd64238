"""`python -m bench.counts`: what one order costs, counted and not timed.

Orders are placed and paid, their parcels brought to the door step by step, their receipt confirmed; then the servers
are asked what that was. What the processes do while nothing happens is measured first and taken off.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from bench.costs import Costs, show
from bench.counters import Counted, Counters, counting
from bench.histories import left_by
from bench.lives import living
from devstack.options import StackOptions
from devstack.stack import Stack

_POLICIES = {"standard": {"payment_seconds": 300, "confirm_seconds": 300, "after_sales_seconds": 2}}
"""The buyer confirms the receipt, and the window for complaints closes by its timer."""
_REPORTED_SECONDS = 2.0
"""Temporal publishes its own counts once a second."""


@dataclass(slots=True)
class Counting:
    """Counts while something is done, less what idleness would have cost."""

    counters: Counters
    idle: Counted = field(default_factory=Counted)

    async def rest(self, seconds: float) -> None:
        """Learn what a second costs with nothing to do."""
        self.idle = (await self._during(asyncio.sleep(seconds))).times(1 / seconds)

    async def per_order(self, orders: int, work: Awaitable[object]) -> Counted:
        began = time.monotonic()
        counted = await self._during(work)
        return (counted - self.idle.times(time.monotonic() - began)).times(1 / orders)

    async def _during(self, work: Awaitable[object]) -> Counted:
        before = await self.counters.read()
        await work
        await asyncio.sleep(_REPORTED_SECONDS)
        return await self.counters.read() - before


async def count(orders: int, concurrency: int, idle_seconds: float) -> Costs:
    async with running() as stack, counting(stack.addresses) as counters, living(stack, concurrency) as life:
        await life.whole(4)  # connections, caches and prepared statements are there from now on
        tables = await counters.tables()
        clerk = Counting(counters)
        await clerk.rest(idle_seconds)
        paid = await clerk.per_order(orders, life.until_paid(orders))
        completed = await clerk.per_order(orders, life.until_completed())
        left = [await left_by(counters.temporal, number) for number in life.numbers]
        return Costs.of(orders, clerk.idle, paid, completed, left, before=tables, after=await counters.tables())


@asynccontextmanager
async def running() -> AsyncIterator[Stack]:
    """A stack whose PostgreSQL counts statements, which it does from its second start on."""
    with tempfile.TemporaryDirectory(prefix="ordersaga-counts-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - PostgreSQL may run as another account, which has to get through here
        data = Path(folder) / "data"
        async with Stack(StackOptions(data_dir=data, port=0, servers_only=True)) as servers:
            await Counters.prepare(servers.addresses.database)
        environment = {"ORDERSAGA_POLICIES": json.dumps(_POLICIES)}
        options = StackOptions(data_dir=data, port=0, profile="production", simulate=False, environment=environment)
        async with Stack(options) as stack:
            yield stack


def main(
    orders: Annotated[int, typer.Option(min=1, max=1000)] = 40,
    concurrency: Annotated[int, typer.Option(min=1, max=32)] = 4,
    idle_seconds: Annotated[float, typer.Option(min=1, max=300)] = 15,
    output: Annotated[Path | None, typer.Option(help="also write everything as JSON")] = None,
) -> None:
    """Count what a standard order with one parcel costs, from preview to completion."""
    costs = asyncio.run(count(orders, concurrency, idle_seconds))
    show(costs)
    if output is not None:
        output.write_text(json.dumps(costs.to_document(), indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
