"""Neighbours that are away, or hang, and orders that are stuck: the others go on (R-OPS-2, W1)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from temporalio.client import Client, WorkflowHandle

from devstack.stack import Stack
from ordersaga.domain.messages import OrderStart, order_workflow_id
from tests.chaos.conftest import LONG
from tests.e2e.broken_stack import LONGEST, decided, kill, revive
from tests.shop import Person, Shop, refused, succeeded

pytestmark = pytest.mark.timeout(400 if LONG else 200)

OUTAGE = 60.0 if LONG else 9.0
"""Seconds: longer than a step is tried in its workflow task, and than an order may await its payment or receipt."""
CROWD = 25
FEW = 5
"""So many pay at once: each of them has seconds only, from when it began to be placed."""


@pytest.mark.parametrize("how", ["dead", "hung"] if LONG else ["dead"])
async def test_a_database_that_was_away_holds_up_neither_old_orders_nor_new_ones(
    frail: Stack, frail_shop: Shop, how: str
) -> None:
    """Fifty orders come to a deadline while nothing can be written, with four slots for workflow tasks."""
    shop, buyer = frail_shop, frail_shop.buyer()
    sku = await shop.shelves(on_hand=1000)
    few = asyncio.Semaphore(FEW)
    paid = await asyncio.gather(*(buys(shop, f"paid-{number}", sku, few) for number in range(CROWD)))
    produced = await asyncio.gather(*(shop.until(order_no, "in_production") for order_no in paid))
    shipped = await asyncio.gather(*(shop.runs_parcels(order) for order in produced))
    unpaid = await asyncio.gather(*(places(shop, f"unpaid-{number}", sku) for number in range(CROWD)))
    quote = await shop.previews(buyer, (sku, 2))
    async with away(frail) if how == "dead" else hanging(frail, "postgres"):
        await asyncio.sleep(OUTAGE)  # not a wait for something: the outage itself

    back = time.monotonic()
    placed = await decided(buyer, quote, "k")
    new = str(succeeded(placed)["order_no"])
    took = time.monotonic() - back
    await pays(shop, buyer, new)
    await shop.until(new, "in_production", within=LONGEST)
    sent = time.monotonic() - back
    await asyncio.gather(*(shop.until(order_no, "payment_timed_out", within=LONGEST) for order_no in unpaid))
    await asyncio.gather(*(shop.until(order["order_no"], "completed", within=LONGEST) for order in shipped))
    print(
        f"after {OUTAGE:.0f} s with a {how} database: a new order was placed {took:.2f} s later, in production after "
        f"{sent:.2f} s, the last of {2 * CROWD} old ones ended after {time.monotonic() - back:.2f} s"
    )
    assert await shop.stock(sku) == (1000 - CROWD, 2)


async def places(shop: Shop, name: str, sku: str) -> str:
    """One of many that come at once, some of whom are asked to come again."""
    buyer = shop.buyer(name)
    answer = await decided(buyer, await shop.previews(buyer, (sku, 1)), "k")
    return str(succeeded(answer)["order_no"])


async def pays(shop: Shop, buyer: Person, order_no: str) -> None:
    body = {"channel": "card"}
    succeeded(await shop.simulates(succeeded(await buyer.insists(f"/v1/orders/{order_no}/payments", body, key="pay"))))


async def buys(shop: Shop, name: str, sku: str, few: asyncio.Semaphore) -> str:
    async with few:
        order_no = await places(shop, name, sku)
        await pays(shop, shop.buyer(name), order_no)
    return order_no


@asynccontextmanager
async def away(stack: Stack) -> AsyncIterator[None]:
    await kill(stack, "postgres")
    try:
        yield
    finally:
        await revive(stack, "postgres")


@asynccontextmanager
async def hanging(stack: Stack, part: str) -> AsyncIterator[None]:
    stack.pause(part)
    try:
        yield
    finally:
        stack.resume(part)


@pytest.mark.parametrize("part", ["postgres", "temporal"])
async def test_a_submit_to_a_hung_neighbour_is_asked_to_come_again(frail: Stack, frail_shop: Shop, part: str) -> None:
    shop, buyer = frail_shop, frail_shop.buyer()
    sku = await shop.shelves(on_hand=9)
    quote = await shop.previews(buyer, (sku, 1))
    async with hanging(frail, part):
        answer, orders, goods, ready, alive = await asyncio.gather(
            buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]}, key="k"),
            *(buyer.ask("GET", path) for path in ("/v1/orders", "/v1/skus", "/readyz", "/healthz")),
        )
    comes_again(answer)
    for read in (orders, goods):
        succeeded(read) if part == "temporal" else comes_again(read)
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert (await decided(buyer, quote, "k")).status_code == 201
    assert await shop.stock(sku) == (9, 1)


async def test_nobody_waits_for_a_hung_redis(frail: Stack, frail_shop: Shop) -> None:
    sku = await frail_shop.shelves(on_hand=9)
    async with hanging(frail, "valkey"):
        quote = await frail_shop.previews(frail_shop.buyer(), (sku, 1))
        await frail_shop.submits(frail_shop.buyer(), quote)
    assert await frail_shop.stock(sku) == (9, 1)


def comes_again(answer: httpx.Response) -> None:
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_orders_whose_steps_or_tasks_fail_for_ever_hold_up_no_other(frail: Stack, frail_shop: Shop) -> None:
    """More stuck orders than slots: a refused write fails a step, a table that is not there the task itself."""
    shop = frail_shop
    sku = await shop.shelves(on_hand=99)
    addresses = frail.addresses
    temporal = await Client.connect(addresses.temporal, namespace=addresses.namespace)
    stuck = await asyncio.gather(*(places(shop, f"stuck-{number}", sku) for number in range(6)))
    async with nothing_packed(frail, stuck):
        wedged = await asyncio.gather(*(wedge(temporal, f"wedged-{shop.mark}-{number}") for number in range(6)))
        await asyncio.gather(*(pays(shop, shop.buyer(f"stuck-{n}"), order_no) for n, order_no in enumerate(stuck)))
        await asyncio.gather(*(shop.until(order_no, "paid", within=LONGEST) for order_no in stuck))
        await shop.runs_parcels(await shop.produces(shop.buyer(), (sku, 1)))
        assert {await shop.system_status(order_no) for order_no in stuck} == {"paid"}
    for handle in wedged:
        await handle.terminate()
    freed = await asyncio.gather(*(shop.until(order_no, "in_production", within=LONGEST) for order_no in stuck))
    await asyncio.gather(*(shop.runs_parcels(order) for order in freed))


async def wedge(temporal: Client, order_no: str) -> WorkflowHandle[Any, Any]:
    """A run whose very first task fails whenever it is tried."""
    start = OrderStart(order_no=order_no, order_type="standard", table_version=99, policy_version=1, placing_seconds=60)
    return await temporal.start_workflow("StandardOrder", start, id=order_workflow_id(order_no), task_queue="orders")


@asynccontextmanager
async def nothing_packed(stack: Stack, order_nos: list[str]) -> AsyncIterator[None]:
    """The database refuses the parcels of these orders, again and again."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    numbers = ", ".join(f"'{order_no}'" for order_no in order_nos)
    try:
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON parcels FOR EACH ROW "
            f"WHEN (NEW.order_no IN ({numbers})) EXECUTE FUNCTION refuse()",
            timeout=10,
        )
        try:
            yield
        finally:
            await connection.execute("DROP FUNCTION refuse CASCADE", timeout=10)
    finally:
        await connection.close(timeout=10)
