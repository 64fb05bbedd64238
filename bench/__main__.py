"""`ordersaga bench`, and `make bench`: what an order costs, each figure beside its floor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from bench.bed import Amount
from bench.figures import Result
from bench.machine import described
from bench.report import show, write
from devstack.signals import stop_on_signals

BENCHMARKS: Mapping[str, str] = {
    "submit": "bench.submit",
    "life": "bench.life",
    "preview": "bench.preview",
    "sold_out": "bench.sold_out",
    "hot_sku": "bench.hot_sku",
    "growth": "bench.growth",
    "counts": "bench.counts",
}
"""Name → the module that has `ABOUT` and `measure`, in the order in which they run."""
_REPORT = Path("bench-report.json")

Measure = Callable[[Amount], Awaitable[Result]]


def _names() -> str:
    return "\n\n".join(f"{name}: {import_module(module).ABOUT}" for name, module in BENCHMARKS.items())


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="which; all if none is named")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="how often ours and the floor take turns")] = 3,
    factor: Annotated[float, typer.Option(min=0.05, max=20, help="more or fewer calls in a round")] = 1.0,
    output: Annotated[Path, typer.Option(help="where the report is written as JSON")] = _REPORT,
) -> None:
    wanted = names or list(BENCHMARKS)
    for name in wanted:
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    console = Console(highlight=False)
    amount = Amount(rounds=rounds, factor=factor)
    machine, results = described(), []
    for name in wanted:
        result = asyncio.run(_measured(name, amount))
        show(console, result)
        results.append(result)
        write(output, machine, results)
    missed = [figure.name for result in results for figure in result.figures if figure.is_met is False]
    console.print(f"{output} has every round. " + (f"Missed: {'; '.join(missed)}." if missed else "No goal missed."))


async def _measured(name: str, amount: Amount) -> Result:
    stop_on_signals(lambda: None)  # stacks are not left behind
    measure = cast(Measure, import_module(BENCHMARKS[name]).measure)
    return await measure(amount)


main.__doc__ = f"Measure on an embedded stack of its own. Bounded in count and time.\n\n{_names()}"

if __name__ == "__main__":
    typer.run(main)
