"""`ordersaga up`: the embedded stack, kept running until it is told to stop."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.connection import DataDirOption
from devstack.errors import AlreadyRunning, StackError
from devstack.folder import chosen_data_dir
from devstack.options import StackOptions


def up(
    data_dir: DataDirOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The API's port; 0 takes any free ports for everything.")
    ] = 8000,
    profile: Annotated[
        Literal["demo", "production"], typer.Option(help="Timers in seconds (demo) or in minutes and days.")
    ] = "demo",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    simulate: Annotated[
        bool, typer.Option("--simulate/--no-simulate", help="Run a simulated warehouse and carrier.")
    ] = True,
    ready_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write addresses and pids there as JSON when all is ready."),
    ] = None,
) -> None:
    """Start PostgreSQL, Valkey, Temporal, the API and the workers, and keep them running.

    State lives in the data folder and survives restarts, running orders included.

    Ctrl-C stops everything in order, a second Ctrl-C kills.

    What dies is restarted. Ports that are taken are replaced by free ones.
    """
    options = StackOptions(
        data_dir=chosen_data_dir(data_dir),
        port=port,
        profile=profile,
        workers=workers,
        simulate=simulate,
        ready_file=ready_file.absolute() if ready_file else None,
    )
    raise typer.Exit(asyncio.run(run(options)))


async def run(options: StackOptions) -> int:
    """The exit code: 0 after a stop by signal, 2 when the folder is in use, 1 when something failed."""
    # Only here: these load the clients of three servers, which the other commands can do without.
    from devstack.display import Display
    from devstack.signals import stop_on_signals
    from devstack.stack import Stack

    display = Display()
    stack = Stack(options, display)
    told_to_stop = stop_on_signals(stack.hurry)
    try:
        with display:
            await stack.start()
        display.show_addresses(stack.addresses)
        await stack.supervise()
    except asyncio.CancelledError:
        if not told_to_stop.is_set():
            raise
    except StackError as error:
        display.show_error(error)
        return 2 if isinstance(error, AlreadyRunning) else 1
    finally:
        await stack.stop()
    display.show_end()
    return 0
