"""Steps that were done but never recorded: a worker dies between a step's commit and its report (W2, R-OPS-2).

A table is locked so that a step stops at it; then Temporal is killed, the lock is lifted and the steps are committed,
and the worker is killed before it can tell anybody. After a restart every one of these steps runs again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from devstack.stack import Stack
from tests.e2e.broken_stack import LONGEST, decided, kill, revive, running
from tests.shop import Document, Person, Shop, callers_of, until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack of this module's own, to be broken."""
    async with running(tmp_path_factory.mktemp("lost") / "data") as stack:
        yield stack


@pytest.fixture
async def shop(fragile: Stack) -> AsyncIterator[Shop]:
    async with callers_of(fragile.addresses.api) as http:
        yield await Shop.open(fragile, http)


@asynccontextmanager
async def loses_what_it_did(stack: Stack, table: str, done: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
    """What is begun inside stops at `table`, is committed when nobody can be told, and is `done` but unrecorded."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        lock = connection.transaction()
        await lock.start()
        await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE", timeout=10)
        yield
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        await until(lambda: connection.fetchval(waiting), lambda count: bool(count))
        await kill(stack, "temporal")
        await lock.rollback()
    finally:
        await connection.close(timeout=10)
    await until(done, bool)
    await kill(stack, "worker-1")
    await asyncio.gather(revive(stack, "temporal"), revive(stack, "worker-1"))


async def completes(shop: Shop, order: Document) -> None:
    await shop.runs_parcels(order)
    await shop.until(order["order_no"], "completed", within=LONGEST)


async def told(buyer: Person, order_no: str) -> list[str]:
    return [item["action"] for item in await buyer.timeline(order_no) if item["subject"] == "order"]


async def test_an_order_recorded_unseen_is_placed_once(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 2))

    async def placed() -> bool:
        return bool(await buyer.orders())

    async with loses_what_it_did(fragile, "orders", placed):
        submit = asyncio.create_task(decided(buyer, quote, "k"))
    answer = await submit

    assert answer.status_code == 201
    order_no = answer.json()["order_no"]
    assert await buyer.orders() == [order_no]
    assert await shop.stock(sku) == (5, 2)
    await shop.pays(buyer, order_no)
    await completes(shop, await shop.until(order_no, "in_production", within=LONGEST))
    assert await shop.stock(sku) == (3, 0)


@pytest.mark.parametrize("table", ["payments", "parcels"])
async def test_a_payment_settled_and_split_unseen_is_settled_once(fragile: Stack, shop: Shop, table: str) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await shop.places(buyer, (sku, 2))
    payment = await shop.attempts(buyer, order_no)

    async def split() -> bool:
        return await shop.system_status(order_no) == "in_production"

    async with loses_what_it_did(fragile, table, split):
        await shop.simulates(payment)
    await completes(shop, await shop.until(order_no, "in_production", within=LONGEST))

    steps = await told(buyer, order_no)
    assert steps[:4] == ["submit", "confirm_payment", "split", "ship_last_parcel"]
    assert len(steps) == len(set(steps))
    assert await shop.stock(sku) == (3, 0)


async def test_a_failed_payment_settled_unseen_leaves_the_order_payable(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await shop.places(buyer, (sku, 2))
    payment = await shop.attempts(buyer, order_no)

    async def failed() -> bool:
        return await shop.system_status(order_no) == "payment_failed"

    async with loses_what_it_did(fragile, "payments", failed):
        await shop.simulates(payment, "fail")
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production", within=LONGEST)
    assert await told(buyer, order_no) == ["submit", "fail_payment", "confirm_payment", "split"]


async def test_a_cancellation_carried_out_unseen_gives_the_stock_back_once(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await shop.places(buyer, (sku, 2))

    async def cancelled() -> bool:
        return await shop.system_status(order_no) == "cancelled"

    async with loses_what_it_did(fragile, "stock_movements", cancelled):
        cancel = asyncio.create_task(buyer.ask("POST", f"/v1/orders/{order_no}/cancel", {}, key="k"))
    assert (await cancel).status_code in (200, 503)
    again = await buyer.ask("POST", f"/v1/orders/{order_no}/cancel", {}, key="k")
    assert again.status_code in (200, 409), again.text

    assert await told(buyer, order_no) == ["submit", "cancel", "confirm_cancellation"]
    assert await shop.stock(sku) == (5, 0)
    temporal = await Client.connect(fragile.addresses.temporal)
    described = await temporal.get_workflow_handle(f"order/{order_no}").describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED


async def test_a_parcel_shipped_unseen_leaves_the_shelf_once(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order = await shop.produces(buyer, (sku, 2))

    async def shipped() -> bool:
        return await shop.stock(sku) == (3, 0)

    async with loses_what_it_did(fragile, "stock_movements", shipped):
        await shop.reports(order["parcels"][0], "handed_over")
    await shop.reports(order["parcels"][0], "delivered")
    await shop.until(order["order_no"], "completed", within=LONGEST)
    assert await shop.stock(sku) == (3, 0)


async def test_a_delivery_noted_unseen_reminds_the_buyer_once(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order = await shop.produces(buyer, (sku, 2))
    await shop.reports(order["parcels"][0], "handed_over")
    await shop.until(order["order_no"], "shipped")

    async def delivered() -> bool:
        return await shop.system_status(order["order_no"]) == "delivered"

    async with loses_what_it_did(fragile, "notifications", delivered):
        await shop.reports(order["parcels"][0], "delivered")
    await shop.until(order["order_no"], "completed", within=LONGEST)
    assert len((await buyer.get("/v1/notifications"))["items"]) == 1
    assert (await told(buyer, order["order_no"]))[-2:] == ["confirm_receipt_automatically", "complete"]
