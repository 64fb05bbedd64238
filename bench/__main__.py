"""`python -m bench`: orders placed and paid on the embedded stack, with latencies and CPU time by process.

Two settings can be put side by side in one run (`--variant`): rounds alternate between two stacks, so that the ratio
holds even when the machine's speed drifts.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.cpu import cpu_seconds
from bench.orders import Buyer
from devstack.options import StackOptions
from devstack.stack import Stack

VARIANTS: Mapping[str, Mapping[str, str]] = {
    "sandboxed": {"ORDERSAGA_SANDBOXED_WORKFLOWS": "true"},
    "unsandboxed": {"ORDERSAGA_SANDBOXED_WORKFLOWS": "false"},
    "compressed": {"ORDERSAGA_TEMPORAL_COMPRESSION": "true"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One batch of orders: per second, latencies of submit in milliseconds, CPU milliseconds per order."""

    orders_per_second: float
    submit_p50_ms: float
    submit_p99_ms: float
    cpu_ms: Mapping[str, float]

    @property
    def total_cpu_ms(self) -> float:
        return sum(self.cpu_ms.values())


async def measure(stack: Stack, orders: int, concurrency: int) -> Round:
    """Place and pay `orders` orders, `concurrency` at a time."""
    before = cpu_seconds(stack.addresses.pids)
    began = time.perf_counter()
    waiting = asyncio.Queue[int]()
    for number in range(orders):
        waiting.put_nowait(number)
    latencies: list[float] = []

    async def buy() -> None:
        async with Buyer(stack) as buyer:
            while not waiting.empty():
                latencies.append(await buyer.place_and_pay(waiting.get_nowait()))

    await asyncio.gather(*(buy() for _ in range(concurrency)))
    seconds = time.perf_counter() - began
    after = cpu_seconds(stack.addresses.pids)
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return Round(
        orders_per_second=orders / seconds,
        submit_p50_ms=1000 * cuts[49],
        submit_p99_ms=1000 * cuts[98],
        cpu_ms={name: 1000 * (after[name] - before[name]) / orders for name in after},
    )


async def compare(variants: tuple[str, ...], orders: int, concurrency: int, rounds: int) -> dict[str, list[Round]]:
    results: dict[str, list[Round]] = {name: [] for name in variants}
    async with AsyncExitStack() as running:
        stacks = {}
        for name in variants:
            folder = running.enter_context(tempfile.TemporaryDirectory(prefix="ordersaga-bench-"))
            options = StackOptions(data_dir=Path(folder), port=0, simulate=False, environment=dict(VARIANTS[name]))
            stacks[name] = await running.enter_async_context(Stack(options))
            await measure(stacks[name], max(orders // 4, 4), concurrency)
        for _ in track(range(rounds), description="measuring"):
            for name, stack in stacks.items():
                results[name].append(await measure(stack, orders, concurrency))
    return results


def show(results: Mapping[str, list[Round]]) -> None:
    table = Table(title="preview + submit + pay, medians over rounds")
    table.add_column("figure")
    for name in results:
        table.add_column(name, justify="right")
    for figure in ("orders_per_second", "submit_p50_ms", "submit_p99_ms", "total_cpu_ms"):
        table.add_row(figure, *(f"{_median(rounds, figure):.1f}" for rounds in results.values()))
    processes = next(iter(results.values()))[0].cpu_ms
    for name in processes:
        cells = (f"{statistics.median(one.cpu_ms[name] for one in rounds):.1f}" for rounds in results.values())
        table.add_row(f"  cpu ms, {name}", *cells)
    Console().print(table)


def _median(rounds: list[Round], figure: str) -> float:
    return float(statistics.median(getattr(one, figure) for one in rounds))


def main(
    variant: Annotated[list[str] | None, typer.Option(help=f"one or two of {', '.join(VARIANTS)}")] = None,
    orders: Annotated[int, typer.Option(min=4, max=2000, help="orders per round")] = 100,
    concurrency: Annotated[int, typer.Option(min=1, max=64)] = 8,
    rounds: Annotated[int, typer.Option(min=1, max=20)] = 3,
    output: Annotated[Path | None, typer.Option(help="also write the rounds as JSON")] = None,
) -> None:
    """Measure placing and paying orders on the embedded stack. Bounded by orders × rounds."""
    chosen = tuple(variant or ["unsandboxed"])
    results = asyncio.run(compare(chosen, orders, concurrency, rounds))
    show(results)
    if output is not None:
        document = {name: [asdict(one) for one in rounds] for name, rounds in results.items()}
        output.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
