"""A process that is told to stop says so, finishes what is under way, and leaves with 0; orders go on elsewhere."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client

from ordersaga.domain.messages import order_workflow_id
from tests.integration.observed_processes import Observed, Processes
from tests.shop import until

LONGEST = 40.0
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


def status_of(http: httpx.AsyncClient, url: str) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        return (await http.get(url)).status_code

    return ask


@asynccontextmanager
async def order_locked(processes: Processes, order_no: str) -> AsyncIterator[asyncpg.Connection]:
    """Steps on this order wait as long as the block lasts."""
    connection = await asyncpg.connect(processes.database, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM orders WHERE order_no = $1 FOR UPDATE", order_no, timeout=10)
            yield connection
    finally:
        await connection.close(timeout=10)


async def test_a_worker_finishes_its_step_and_the_order_goes_on_after_it(observed: Observed, temporal: Client) -> None:
    processes, shop = observed.processes, observed.processes.shop
    buyer = shop.buyer("drained")
    order_no = await shop.places(buyer, (await shop.shelves(), 1))
    attempt = await shop.attempts(buyer, order_no)
    ready = status_of(processes.http, f"{processes.worker}/readyz")
    async with order_locked(processes, order_no) as connection:
        assert (await shop.simulates(attempt)).status_code == 200

        async def tries_patiently() -> bool:
            described = await temporal.get_workflow_handle(order_workflow_id(order_no)).describe()
            return any(step.state == STARTED for step in described.raw_description.pending_activities)

        async def waits() -> bool:
            found = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return bool(await connection.fetch(found, timeout=10))

        # The short try of the step is given up after three seconds, before a slow machine has stopped the worker.
        await until(tries_patiently, bool, LONGEST)
        await until(waits, bool, LONGEST)
        assert await ready() == 200
        processes.children.send("worker-1", signal.SIGTERM)
        await until(ready, lambda status: status == 503, LONGEST)
    assert await processes.children.exited("worker-1", LONGEST) == 0
    assert (await shop.operator.order(order_no))["payments"][0]["state"] == "succeeded", "it ended with its step done"
    await processes.children.restart("worker-1")
    order = await shop.until(order_no, "in_production", within=LONGEST)
    await shop.runs_parcels(order)
    actions = [item["action"] for item in await buyer.timeline(order_no)]
    assert actions.count("confirm_payment") == 1


async def test_an_api_is_not_ready_any_more_and_serves_until_it_leaves(observed: Observed) -> None:
    processes, shop = observed.processes, observed.processes.shop
    buyer = shop.buyer("watching")
    order_no = await shop.places(buyer, (await shop.shelves(), 1))
    path, token = f"/v1/orders/{order_no}/events", {"Authorization": f"Bearer {buyer.token}"}
    async with asyncio.timeout(LONGEST):
        async with processes.http.stream("GET", path, headers=token) as watched:
            lines = watched.aiter_lines()
            assert "retry" in await anext(lines)
            processes.children.send("api", signal.SIGTERM)
            assert "event: end" not in [line async for line in lines], "who watches is sent to another API"
        await until(status_of(processes.http, "/readyz"), lambda status: status == 503, LONGEST)
        assert (await processes.http.get("/readyz")).json()["draining"] is True
        assert (await processes.http.get("/v1/skus")).status_code == 200
        processes.children.send("api", signal.SIGTERM)
        assert await processes.children.exited("api", LONGEST) == 0
        await processes.children.restart("api")
    assert (await processes.http.get("/readyz")).status_code == 200
