"""`ordersaga replay-orders`: the orders of a marketplace, placed and seen through by the public API."""

import asyncio
import contextlib
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.client import ApiProblem, ApiUnreachable
from cli.connection import ApiOption, Connection, DataDirOption, connect_or_exit
from cli.marketplace.orders import MarketplaceOrder
from cli.marketplace.placing import Pace
from cli.marketplace.reading import FILES, read_marketplace
from cli.marketplace.replay import Replay, replay
from cli.marketplace.report import ProgressWatcher, show_malformed, show_replay
from cli.simulator.simulation import Simulation, simulating


def replay_orders(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help=f"Holds {', '.join(FILES)}.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many orders.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Orders being placed at any moment.")] = 8,
    patience: Annotated[
        float, typer.Option(min=1, help="Give up when no order has got on for so many seconds.")
    ] = 120.0,
    simulate: Annotated[
        bool | None,
        typer.Option("--simulate/--no-simulate", help="Carry the parcels; by itself when the stack does not."),
    ] = None,
    data_dir: DataDirOption = None,
    api: ApiOption = None,
) -> None:
    """Place marketplace orders in Olist's CSV form and compare what comes of them with the data, to the cent.

    Exits with 1 when an order failed, an amount differs or the stock ledger does not add up.
    """
    console = Console()
    try:
        read = read_marketplace(folder)
    except OSError as error:
        typer.secho(f"{error.filename}: {error.strerror}", fg="red", err=True)
        raise typer.Exit(2) from error
    show_malformed(console, read)
    connection = connect_or_exit(data_dir, api)
    orders = read.orders[:limit]
    inside = not connection.simulated if simulate is None else simulate
    try:
        played = asyncio.run(_replay(console, connection, orders, concurrency, patience, inside))
    except (ApiProblem, ApiUnreachable) as error:
        typer.secho(f"the replay cannot begin: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
    show_replay(console, played, read)
    raise typer.Exit(0 if played.good else 1)


async def _replay(
    console: Console,
    connection: Connection,
    orders: tuple[MarketplaceOrder, ...],
    concurrency: int,
    patience: float,
    inside: bool,
) -> Replay:
    async with connection.api(connections=2 * concurrency + 8) as api, contextlib.AsyncExitStack() as beside:
        watcher = beside.enter_context(ProgressWatcher(console, len(orders)))
        if inside:
            console.print("No simulated warehouse runs with this stack: the parcels are carried from here.")
            simulation = Simulation(
                api,
                carrier_secret=connection.carrier_secret,
                cares_for=lambda parcel: parcel.order_no in watcher.order_nos,
            )
            await beside.enter_async_context(simulating(simulation))
        return await replay(
            api, orders, run=secrets.token_hex(6), concurrency=concurrency, pace=Pace(patience), watcher=watcher
        )
