"""What placing and listing orders costs when a thousand are stored, a hundred thousand, a million.

The sizes follow one another in one database; it cannot shrink again. So the floor of a figure is what it was at a
thousand orders, as it would be at the pace of the moment: with every round something is measured that does not grow –
calls for one SKU in turns with each list, the bare run beside submits, a loop of additions beside CPU – and the floor
is taken times what that costs now against what it cost then. PostgreSQL's CPU is what it takes beyond what it takes
when idle. A smaller factor stores fewer orders; a larger one no more than a million.

At the smallest and the largest size PostgreSQL also tells of every statement of some whole lives, of all lists, of an
order and its timeline, and of a worker that begins with nothing to do: those that read a table from end to end which
grows with orders, and those that read many more pages than before.
"""

import asyncio
import inspect
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import httpx
from rich.console import Console
from temporalio.worker import Worker

from bench.bare import BareRuns, bare_runs
from bench.bed import SKU, Amount, Bed, bed
from bench.figures import Figure, Goal, Result
from bench.histories import Left, left_by
from bench.lives import Lives, living
from bench.load import burst
from bench.machine import additions_seconds
from bench.memory import resident_bytes
from bench.order_lists import List, listings
from bench.plans import SETTINGS, Plans, Statements, explaining, reading_more, reading_whole
from bench.stored_orders import TABLES, bytes_stored, store
from bench.submit import quoted

ABOUT = "placing and listing orders when a million are stored, and what an order leaves behind"

_SMALLEST, _LARGER = 1_000, (100_000, 1_000_000)
_LISTED, _TURNS, _ALONE, _TOGETHER, _RUNNING, _LIVES = 6, 3, 24, 96, 300, 4
_AT_ONCE = 8
_TIMES = 1.3
_SLOWER = Goal(at_most=_TIMES)
_FEWER = Goal(at_least=round(1 / _TIMES, 2))
_NONE = Goal(at_most=0, of_ratio=False)
_MANY_TIMES = 3.0
_REST_SECONDS, _IDLE_SECONDS = 2.0, 4.0
_SETTINGS = {
    "ORDERSAGA_POLICIES": json.dumps({"standard": {"payment_seconds": 86400, "after_sales_seconds": 1}}),
    "ORDERSAGA_AUDIT__CHECKPOINT_SECONDS": "3",
    "ORDERSAGA_RECONCILIATION__INTERVAL_SECONDS": "0",
}
"""Unpaid orders stay; windows close at once; checkpoints are made while statements are watched; books are not compared,
which is no part of an order."""


@dataclass(slots=True)
class Size:
    """What was measured with so many stored orders: a value for each round. `paces` are what the floor goes by."""

    orders: int
    bytes: int
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    paces: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statements: Statements = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lap:
    """CPU seconds of PostgreSQL in so many seconds."""

    cpu: float
    seconds: float

    def less(self, idle: "Lap") -> float:
        """Milliseconds of CPU beyond what idleness would have cost."""
        return 1000 * (self.cpu - idle.cpu * self.seconds / idle.seconds)


class Clock:
    """Tells of the time since it was last asked."""

    def __init__(self, stand: Bed) -> None:
        self._stand = stand
        self._last = self._now()

    def lap(self) -> Lap:
        (cpu, at), self._last = self._last, self._now()
        return Lap(self._last[0] - cpu, self._last[1] - at)

    def _now(self) -> tuple[float, float]:
        return self._stand.cpu()["postgres"], time.monotonic()


async def measure(amount: Amount) -> Result:
    async with (
        bed(amount, _SETTINGS, postgres=SETTINGS) as stand,
        explaining(stand.stack) as plans,
        bare_runs(stand.stack) as bare,
        living(stand.stack, _LIVES) as lives,
    ):
        await lives.whole(_LIVES)  # connections are opened and caches filled
        left = [await left_by(bare.client, number) for number in lives.numbers]
        memory = await _memory(stand, amount.of(_RUNNING))
        sizes = [size async for size in _sizes(stand, plans, bare, lives)]
    return Result(
        name="growth",
        about=ABOUT,
        figures=[*_compared(sizes), *_read(sizes), *_of_an_order(left, memory)],
        beside=_beside(sizes),
    )


async def _sizes(stand: Bed, plans: Plans, bare: BareRuns, lives: Lives) -> AsyncIterator[Size]:
    console, before = Console(highlight=False), 0
    larger = [min(orders, max(2 * _SMALLEST, stand.amount.of(orders))) for orders in _LARGER]
    for orders in (_SMALLEST, *larger):
        with console.status(f"growth: storing orders, {orders:,} in all"):
            await store(stand.stack.addresses.database, before=before, until=orders)
        size, before = Size(orders, await bytes_stored(stand.stack.addresses.database)), orders
        lists = {name: call for one in listings(stand.api) for name, call in (await one.pages()).items()}
        for _ in stand.rounds(f"growth, {orders:,} stored"):
            await _round(stand, bare, lists, size)
        if orders in (_SMALLEST, larger[-1]):
            with console.status("growth: looking at statements"):
                size.statements = await _statements(stand, plans, lives, lists)
        yield size


async def _round(stand: Bed, bare: BareRuns, lists: Mapping[str, List], size: Size) -> None:
    size.paces["additions"].append(additions_seconds())
    clock, sku = Clock(stand), partial(stand.api.nobody().get, f"/v1/skus/{SKU}")
    await asyncio.sleep(_REST_SECONDS)  # what the processes ask while nobody asks them
    idle = clock.lap()
    listed = 0.0
    for name, call in lists.items():
        beside: list[float] = []
        ours: list[float] = []
        for _ in range(_TURNS):
            beside += (await burst([sku] * _LISTED, 1)).latencies
            clock.lap()
            ours += (await burst([call] * _LISTED, 1)).latencies
            listed += clock.lap().less(idle)
        size.paces[f"list: {name}"].append(1000 * median(beside))
        size.values[f"list: {name}"].append(1000 * median(ours))
    size.values["list: PostgreSQL's CPU"].append(listed / (_TURNS * _LISTED * len(lists)))

    alone, together = await quoted(stand, stand.amount.of(_ALONE)), await quoted(stand, stand.amount.of(_TOGETHER))
    clock.lap()
    size.values["submit: 1 at once, p50"].append((await burst(alone, 1)).p50_ms)
    size.values[f"submit: {_AT_ONCE} at once"].append((await burst(together, _AT_ONCE)).per_second)
    size.values["submit: PostgreSQL's CPU"].append(clock.lap().less(idle) / (len(alone) + len(together)))
    size.paces["submits alone"].append((await bare.burst(len(alone), 1)).p50_ms)
    size.paces["submits together"].append((await bare.burst(len(together), _AT_ONCE)).per_second)


async def _memory(stand: Bed, runs: int) -> dict[str, float]:
    """Megabytes by which a thousand more unpaid orders enlarge each process; as many as are added were there before."""
    pids = stand.stack.addresses.pids
    await burst(await quoted(stand, runs), _AT_ONCE)
    submits = await quoted(stand, runs)
    before = resident_bytes(pids)
    await burst(submits, _AT_ONCE)
    after = resident_bytes(pids)
    return {name.partition("-")[0]: (after[name] - before[name]) / runs * 1000 / 2**20 for name in pids}


async def _statements(stand: Bed, plans: Plans, lives: Lives, lists: Mapping[str, List]) -> Statements:
    """What all processes ask while orders live, are listed and looked at, and a worker begins and is scraped."""
    async with plans.during() as found:
        await lives.whole(_LIVES)
        for call in lists.values():
            await call()
        for number, buyer in lives.buyers.items():
            for caller in (buyer, stand.api.operator("bench"), stand.api.merchant("ordersaga")):
                await caller.get(f"/v1/orders/{number}")
                await caller.get(f"/v1/orders/{number}/timeline")
        for name in stand.stack.addresses.pids:
            if name.startswith("worker"):
                await stand.stack.restart(name)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            for address in stand.stack.addresses.metrics.values():
                (await http.get(address)).raise_for_status()
        await asyncio.sleep(_IDLE_SECONDS)  # this is what is watched: loops that find nothing to do
    return found


def _compared(sizes: Sequence[Size]) -> Iterator[Figure]:
    smallest, largest = sizes[0], sizes[-1]
    for name, values in largest.values.items():
        rate = name == f"submit: {_AT_ONCE} at once"
        yield Figure(
            name=f"{name}, {largest.orders:,} stored",
            unit="orders/s" if rate else "ms",
            ours=values,
            floor=_at_the_pace(smallest, largest, name),
            goal=_FEWER if rate else _SLOWER,
        )


def _at_the_pace(then: Size, now: Size, name: str) -> list[float]:
    pace = {"submit: 1 at once, p50": "submits alone", f"submit: {_AT_ONCE} at once": "submits together"}.get(
        name, "additions" if name.endswith("CPU") else name
    )
    paces = zip(then.values[name], then.paces[pace], now.paces[pace], strict=True)
    return [value * here / there for value, there, here in paces]


def _read(sizes: Sequence[Size]) -> Iterator[Figure]:
    smallest, largest = sizes[0].statements, sizes[-1].statements
    yield Figure(
        name="statements that read a growing table from end to end",
        unit=f"of {len(largest)}",
        ours=[len(reading_whole(largest, TABLES))],
        goal=_NONE,
    )
    yield Figure(
        name=f"statements that read over {_MANY_TIMES:g} times the pages",
        unit=f"of {len(largest)}",
        ours=[len(reading_more(smallest, largest, _MANY_TIMES))],
    )


def _of_an_order(left: Sequence[Left], memory: Mapping[str, float]) -> Iterator[Figure]:
    yield Figure(name="history of a whole life", unit="events", ours=[one.events.total() for one in left])
    yield Figure(name="history of a whole life", unit="bytes", ours=[one.bytes for one in left])
    for name in ("worker", "temporal"):
        yield Figure(name=f"memory of 1,000 unpaid orders in {name}", unit="MiB", ours=[memory[name]])


def _beside(sizes: Sequence[Size]) -> dict[str, Any]:
    smallest, largest = sizes[0].statements, sizes[-1].statements
    return {
        "sizes": [
            {"orders": size.orders, "bytes": size.bytes, "values": size.values, "paces": size.paces} for size in sizes
        ],
        "reading_whole_tables": reading_whole(largest, TABLES),
        "reading_more_pages": reading_more(smallest, largest, _MANY_TIMES),
        "max_cached_workflows": inspect.signature(Worker).parameters["max_cached_workflows"].default,
    }
