"""Orders placed per second and how long a submit takes, beside a bare workflow that takes the same messages.

What is timed is `POST /v1/orders` with a quote that was made before. The floor is a start with an update that answers
at once, a signal, and the end of the run: two messages more than a submit, which stops at the first.
"""

import secrets
from collections import defaultdict
from functools import partial

from bench.bare import BareRuns, bare_runs
from bench.bed import ADDRESS, SKU, Amount, Bed, bed, spent
from bench.figures import Figure, Goal, Result
from bench.load import Burst, Call, burst
from cli.client import Caller, JsonObject
from cli.purchase import goods, preview, submit

ABOUT = "orders placed per second over HTTP, and how long it takes"

_ORDERS = {1: 40, 8: 160, 32: 320}
"""Concurrency → orders in a round."""
_LONG = {"ORDERSAGA_POLICIES": '{"standard": {"payment_seconds": 86400}}'}
_GOALS = {
    (1, "p50"): Goal(at_most=1.6),
    (32, "per second"): Goal(at_least=0.6),
}


async def measure(amount: Amount) -> Result:
    ours: dict[tuple[int, str], list[float]] = defaultdict(list)
    floor: dict[tuple[int, str], list[float]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    async with bed(amount, _LONG) as stand, bare_runs(stand.stack) as bare:
        await _round(stand, bare, 8, 24)  # connections are opened and caches filled
        for _ in stand.rounds("submit"):
            for concurrency, orders in _ORDERS.items():
                placed, told, costs = await _round(stand, bare, concurrency, amount.of(orders))
                for found, of in ((placed, ours), (told, floor)):
                    of[concurrency, "per second"].append(found.per_second)
                    of[concurrency, "p50"].append(found.p50_ms)
                    of[concurrency, "p99"].append(found.p99_ms)
                for name, milliseconds in costs.items():
                    cpu[f"{name}, {concurrency} at once"].append(milliseconds)
    figures = [
        Figure(
            name=f"submit, {concurrency} at once, {what}",
            unit="orders/s" if what == "per second" else "ms",
            ours=values,
            floor=floor[concurrency, what],
            goal=_GOALS.get((concurrency, what)),
        )
        for (concurrency, what), values in ours.items()
    ]
    return Result(name="submit", about=ABOUT, figures=figures, beside={"cpu_ms_per_order": cpu})


async def _round(stand: Bed, bare: BareRuns, concurrency: int, orders: int) -> tuple[Burst, Burst, dict[str, float]]:
    """Ours, the floor's, and the CPU milliseconds per order of each process of both."""
    calls = await quoted(stand, orders)
    before = stand.cpu()
    placed = await burst(calls, concurrency)
    between = stand.cpu(bare=bare.pid)
    told = await bare.burst(orders, concurrency)
    after = stand.cpu(bare=bare.pid)
    costs = spent(before, {name: between[name] for name in before}, orders)
    floors = spent(between, after, orders)
    return placed, told, costs | {f"floor's {name}": floors[name] for name in ("temporal", "bare")}


async def quoted(stand: Bed, orders: int) -> list[Call]:
    """Submits of so many buyers, each with a quote of its own."""
    ready: list[tuple[Caller, JsonObject]] = []

    async def quote() -> None:
        buyer = stand.api.buyer(f"bench-{secrets.token_hex(8)}")
        ready.append((buyer, await preview(buyer, goods((SKU, 1)), ADDRESS)))

    await burst([quote] * orders, 8)
    return [partial(submit, buyer, made) for buyer, made in ready]
