"""`ordersaga simulate` against a running stack: parcels are carried to the door, across its own restarts."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.client import Api
from cli.walkthrough.stage import Actor, Stage
from devstack.secrets import load_secrets
from devstack.stack import Stack
from tests.shop import PATIENCE


@asynccontextmanager
async def simulator(stack: Stack, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command as a process; at the end it is stopped as a terminal or a supervisor would, and must obey."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "simulate", "--data-dir", str(stack.folder.root), *options)
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0


@asynccontextmanager
async def scene(stack: Stack) -> AsyncIterator[Stage]:
    secret = load_secrets(stack.folder.secrets).development_secret
    async with Api(stack.addresses.api, secret=secret) as api:
        yield Stage(api, stack.addresses, "simulator")


async def bought(buyer: Actor) -> str:
    order_no = await buyer.place(("BOOK-ATLAS", 1), ("TEA-POT-CLAY", 1))
    await buyer.pay(order_no)
    return order_no


async def test_parcels_are_carried_to_the_door_even_when_another_simulator_has_to_take_over(stack: Stack) -> None:
    async with scene(stack) as stage:
        ben = stage.buyer("ben")
        async with simulator(stack, "--step-seconds", "1"):
            order_no = await bought(ben)
            await stage.until(
                "a parcel is on its way",
                lambda: ben.order(order_no),
                lambda order: any(parcel["state"] not in ("created", "delivered") for parcel in order["parcels"]),
                within=PATIENCE,
            )
        async with simulator(stack, "--step-seconds", "0"):
            order = await ben.sees(order_no, "completed", within=PATIENCE)
        timeline = await ben.timeline(order_no)
    assert [parcel["state"] for parcel in order["parcels"]] == ["delivered"] * 2
    by = {item["action"]: item["actor_role"] for item in timeline}
    assert by["handed_over"] == "warehouse"
    assert by["delivered"] == "carrier"
