"""`ordersaga chaos`: customers by the public API while parts are killed and hung, then every promise is checked."""

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from devstack.errors import StackError

if TYPE_CHECKING:
    from cli.experiment.plan import Plan

_WIDTH_OF_A_FILE = 140
_INTERRUPTED = 130


def chaos(
    minutes: Annotated[float, typer.Option(min=0.05, max=24 * 60, help="How long parts break.")] = 2.0,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed is the same plan; drawn if left out.")] = None,
    orders_per_second: Annotated[float, typer.Option(min=0.1, max=100, help="Customers per second.")] = 2.0,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the stack's data and logs there; a temporary folder if left out.")
    ] = None,
) -> None:
    """Start a stack, place random orders, kill and hang its parts, then check that every promise was kept.

    Exits with 1 when a promise was broken, with 130 when it was stopped before the end.
    """
    from cli.experiment.plan import draw_plan

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)
    drawn = secrets.randbelow(10**6) if seed is None else seed
    plan = draw_plan(drawn, seconds=minutes * 60, orders_per_second=orders_per_second)
    if data_dir is not None:
        raise typer.Exit(asyncio.run(_chaos(console, plan, data_dir.absolute())))
    with tempfile.TemporaryDirectory(prefix="ordersaga-chaos-") as folder:
        # PostgreSQL may run as another account, which has to get through here; the secrets stay their owner's.
        Path(folder).chmod(0o755)
        code = asyncio.run(_chaos(console, plan, Path(folder) / "data"))
    raise typer.Exit(code)


async def _chaos(console: Console, plan: "Plan", data_dir: Path) -> int:
    """The exit code."""
    # Only here: these load the clients of three servers, which the other commands can do without.
    from cli.experiment.conduct import Experiment
    from cli.experiment.report import ProgressWatcher, show_outcome, show_plan
    from devstack.display import Display
    from devstack.options import StackOptions
    from devstack.signals import stop_on_signals
    from devstack.stack import Stack

    display = Display(console)
    stack = Stack(StackOptions(data_dir=data_dir, port=0, profile="demo", simulate=False))
    told_to_stop = stop_on_signals(stack.hurry)
    try:
        show_plan(console, plan)
        await stack.start()
        with ProgressWatcher(console) as watcher:
            outcome = await Experiment(stack, plan, watcher).run()
    except asyncio.CancelledError:
        if not told_to_stop.is_set():
            raise
        console.print(f"Stopped before the end: nothing is said about seed {plan.seed}.")
        return _INTERRUPTED
    except StackError as error:
        display.show_error(error)
        return 1
    finally:
        await stack.stop()
    show_outcome(console, outcome)
    return 0 if outcome.good else 1
