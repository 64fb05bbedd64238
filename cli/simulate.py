"""`ordersaga simulate`: a warehouse and a carrier that act through the public API like real ones."""

import asyncio
import contextlib
import logging
import math
import signal
from typing import Annotated

import typer

from cli.connection import ApiOption, Connection, DataDirOption, connect_or_exit
from cli.simulator.simulation import Simulation


def simulate(
    data_dir: DataDirOption = None,
    api: ApiOption = None,
    step_seconds: Annotated[float, typer.Option(min=0, help="Between two steps of one parcel.")] = 0.2,
    by_hand: Annotated[
        list[str] | None,
        typer.Option(envvar="ORDERSAGA_BY_HAND", help="A warehouse to leave alone: people work there."),
    ] = None,
) -> None:
    """Play warehouse and carrier: print labels, pick, pack, hand over, carry and deliver every parcel."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_until_stopped(connect_or_exit(data_dir, api), step_seconds, frozenset(by_hand or ())))


async def _until_stopped(connection: Connection, step_seconds: float, by_hand: frozenset[str]) -> None:
    # The API may be away for as long as it likes: what is to be reported waits.
    async with connection.api(patience=math.inf, connections=8) as api:
        simulation = Simulation(
            api,
            carrier_secret=connection.carrier_secret,
            step_seconds=step_seconds,
            cares_for=lambda parcel: parcel.warehouse_id not in by_hand,
        )
        working = asyncio.create_task(simulation.run())
        for wanted in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(wanted, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working
