"""What an order of each type costs, counted and not timed: the same on every machine.

Orders are led through their lives, and after each stage the servers are asked what it was. What the processes do while
nothing happens is measured first and taken off.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import track

from bench.bed import Amount
from bench.costs import COUNTS, Cost, TypeCosts, show
from bench.counters import Counted, Counters, counting
from bench.figures import Figure, Result
from bench.histories import left_in
from bench.journeys import JOURNEYS, Journey
from bench.market import TOLD, Market, market
from cli.client import Api
from devstack.options import StackOptions
from devstack.stack import Stack

ABOUT = "what an order costs that is the same on every machine, its whole life long"
_ORDERS, _AT_ONCE, _MOST = 5, 5, 50
_IDLE_SECONDS = 10.0
_REPORTED_SECONDS = 2.0
"""Temporal publishes its own counts once a second."""
_COUNTING = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "10000"}
_LIMITED = {"ORDERSAGA_RATE_LIMITS__ENABLED": "true"}
"""As in production."""
_RELAYED = f"{TOLD} AND NOT EXISTS (SELECT FROM events WHERE position IS NULL)"


@dataclass(slots=True)
class Clerk:
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
        return await self.counters.read() - before


async def measure(amount: Amount) -> Result:
    orders = min(2 * amount.of(_ORDERS), _MOST)
    costs: dict[str, TypeCosts] = {}
    async with counted_stack() as stack, counting(stack.addresses) as counters, _trading(stack, counters) as shop:
        clerk = Clerk(counters)
        journeys = [journey(market=shop) for journey in JOURNEYS.values()]
        for journey in journeys:
            await journey.begin()
        await _live(journeys[0], 2)  # connections and prepared statements are there from now on
        await clerk.rest(_IDLE_SECONDS)
        for journey in track(journeys, description="counts", transient=True):
            costs[journey.order_type] = await _counted(journey, clerk, orders)
    show(costs)
    figures = [
        Figure(name=f"{order_type}, {name}", unit="per order", ours=[count(of_type.stages["whole"])])
        for order_type, of_type in costs.items()
        for name, count in COUNTS.items()
    ]
    beside = {
        "orders": orders,
        "idle_second": {"statements": clerk.idle.questions, "valkey": sum(clerk.idle.commands.values())},
        "order_types": {order_type: of_type.to_document() for order_type, of_type in costs.items()},
    }
    return Result(name="counts", about=ABOUT, figures=figures, beside=beside)


async def _live(journey: Journey, orders: int) -> None:
    await journey.place(orders)
    await journey.pay()
    await journey.complete()


async def _counted(journey: Journey, clerk: Clerk, orders: int) -> TypeCosts:
    counters = clerk.counters
    await journey.place(journey.party)
    tables = await counters.tables() if journey.order_type == "standard" else {}
    billed, so_far, stages = await counters.actions(), Counted(), {}
    for stage, work in (("placed", journey.place(orders)), ("paid", journey.pay()), ("whole", journey.complete())):
        so_far += await clerk.per_order(orders, work)
        left = await left_in(counters.temporal, *await journey.runs())
        stages[stage] = Cost(orders=orders, counted=so_far, left=left)
    await asyncio.sleep(_REPORTED_SECONDS)
    return TypeCosts(
        stages=stages,
        billed=(await counters.actions() - billed) / orders,
        grown={name: size - tables[name] for name, size in (await counters.tables()).items()} if tables else {},
    )


@asynccontextmanager
async def counted_stack() -> AsyncIterator[Stack]:
    """A stack whose PostgreSQL counts statements, and whose clock can be turned."""
    with tempfile.TemporaryDirectory(prefix="ordersaga-counts-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - PostgreSQL may run as another account, which has to get through here
        options = StackOptions(
            data_dir=Path(folder) / "data",
            port=0,
            profile="production",
            simulate=False,
            time_skipping=True,
            environment=_LIMITED,
            postgres=_COUNTING,
        )
        async with Stack(options) as stack:
            yield stack


@asynccontextmanager
async def _trading(stack: Stack, counters: Counters) -> AsyncIterator[Market]:
    decided = stack.environment
    async with (
        Api(stack.addresses.api, secret=decided["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"], patience=0) as api,
        market(
            api,
            stack.addresses.database,
            temporal=counters.temporal,
            carrier_secret=decided["ORDERSAGA_SANDBOX__CARRIER_SECRET"],
            concurrency=_AT_ONCE,
            told=_RELAYED,
        ) as found,
    ):
        yield found
