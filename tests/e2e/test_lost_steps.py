"""Steps that were done but never recorded: a worker dies between a step's commit and its report (W2, R-OPS-2).

A table is locked so that several runs stop at it; then Temporal is killed, the lock is lifted and the steps are
committed, and the worker is killed before it can tell anybody. After a restart every one of these steps runs again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from devstack.stack import Stack
from tests.e2e.broken_stack import LONGEST, decided, kill, revive
from tests.marketing import Marketing, off
from tests.shop import Document, Person, Shop, callers_of, moved_the_order, succeeded, twd, until

pytestmark = pytest.mark.timeout(240)

OFF = 1_000
"""What a coupon, and what a promotion takes off an order, in cents."""

Done = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Bereaved:
    """Five orders of two units of a SKU of their own, each with a step that was done and never recorded.

    Each has a coupon, and a share of a promotion with a budget.
    """

    shop: Shop
    marketing: Marketing
    coupons: dict[str, str]
    skus: dict[str, str]
    paid: str
    failed: str
    cancelled: str
    shipped: Document
    submitted: httpx.Response

    @property
    def buyer(self) -> Person:
        return self.shop.buyer()

    async def stock(self, name: str) -> tuple[int, int]:
        return await self.shop.stock(self.skus[name])

    async def offers(self, name: str) -> tuple[str, int]:
        """The state of an order's coupon, and how often its promotion was used."""
        states = await self.marketing.coupon_states(self.buyer)
        promotion = await self.shop.operator.get(f"/v1/admin/promotions/{self.marketing.code(name)}")
        assert promotion["spent"]["amount"] == OFF * promotion["used"], promotion
        return states[self.coupons[name]], promotion["used"]

    async def told(self, order_no: str) -> list[str]:
        return [item["action"] for item in await self.buyer.timeline(order_no) if moved_the_order(item)]

    async def completes(self, order_no: str) -> None:
        await self.shop.runs_parcels(await self.shop.until(order_no, "in_production", within=LONGEST))
        await self.shop.until(order_no, "completed", within=LONGEST)


@pytest.fixture(scope="module")
async def bereaved(fragile: Stack) -> AsyncIterator[Bereaved]:
    """All of it at once: starting again after a dead worker takes a workflow task's ten seconds each time."""
    async with callers_of(fragile.addresses.api) as http:
        shop = await Shop.open(fragile, http)
        yield await bereave(fragile, shop)


async def bereave(stack: Stack, shop: Shop) -> Bereaved:
    buyer, marketing = shop.buyer(), Marketing(shop)
    names = ("paid", "failed", "cancelled", "shipped", "submitted")
    skus = {name: await shop.shelves(on_hand=5) for name in names}
    coupons = {name: await marketing.grants(name, off(OFF), skus[name], to=buyer) for name in names}
    for name in names:
        await marketing.promotes(name, off(OFF), skus[name], budget=twd(5 * OFF))
    paid, failed, cancelled = [await shop.places(buyer, (skus[name], 2)) for name in names[:3]]
    shipped = await shop.produces(buyer, (skus["shipped"], 2))
    quote = await shop.previews(buyer, (skus["submitted"], 2))
    paying, failing = await shop.attempts(buyer, paid), await shop.attempts(buyer, failed)

    async def done() -> bool:
        states = [await shop.system_status(order_no) for order_no in (paid, failed, cancelled)]
        return (
            states == ["in_production", "payment_failed", "cancelled"]
            and len(await buyer.orders()) == 5
            and await shop.stock(skus["shipped"]) == (3, 0)
        )

    async with nobody_is_told(stack, runs=5, done=done):
        submit = asyncio.create_task(decided(buyer, quote, "k"))
        cancel = asyncio.create_task(buyer.ask("POST", f"/v1/orders/{cancelled}/cancel", {}, key="k"))
        await asyncio.gather(
            shop.simulates(paying), shop.simulates(failing, "fail"), shop.reports(shipped["parcels"][0], "handed_over")
        )
    assert (await cancel).status_code in (200, 503)
    return Bereaved(shop, marketing, coupons, skus, paid, failed, cancelled, shipped, await submit)


@asynccontextmanager
async def nobody_is_told(stack: Stack, *, runs: int, done: Done) -> AsyncIterator[None]:
    """What so many runs begin inside is committed when nobody can be told; then the only one who knows is killed."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE transitions IN EXCLUSIVE MODE", timeout=10)
        yield
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        await until(lambda: connection.fetchval(waiting), lambda count: bool(count >= runs))
        await kill(stack, "temporal")
        await lock.rollback()
    finally:
        await connection.close(timeout=10)
    await until(done, bool)
    await kill(stack, "worker-1")
    await asyncio.gather(revive(stack, "temporal"), revive(stack, "worker-1"))


async def test_an_order_recorded_unseen_is_placed_once_and_goes_on(bereaved: Bereaved) -> None:
    order_no = succeeded(bereaved.submitted)["order_no"]
    assert (await bereaved.buyer.orders()).count(order_no) == 1
    assert await bereaved.stock("submitted") == (5, 2)
    assert await bereaved.offers("submitted") == ("locked", 1)
    await bereaved.shop.pays(bereaved.buyer, order_no)
    await bereaved.completes(order_no)
    assert await bereaved.stock("submitted") == (3, 0)
    assert await bereaved.offers("submitted") == ("used", 1)


async def test_a_payment_settled_and_an_order_split_unseen_are_so_once(bereaved: Bereaved) -> None:
    await bereaved.completes(bereaved.paid)
    steps = await bereaved.told(bereaved.paid)
    assert steps[:4] == ["submit", "confirm_payment", "split", "ship_last_parcel"]
    assert len(steps) == len(set(steps))
    assert await bereaved.stock("paid") == (3, 0)
    assert await bereaved.offers("paid") == ("used", 1)


async def test_a_failed_payment_settled_unseen_leaves_the_order_payable(bereaved: Bereaved) -> None:
    assert await bereaved.offers("failed") == ("locked", 1)
    await bereaved.shop.pays(bereaved.buyer, bereaved.failed)
    await bereaved.shop.until(bereaved.failed, "in_production", within=LONGEST)
    assert await bereaved.told(bereaved.failed) == ["submit", "fail_payment", "confirm_payment", "split"]
    assert await bereaved.offers("failed") == ("used", 1)


async def test_a_cancellation_carried_out_unseen_gives_everything_back_once(bereaved: Bereaved) -> None:
    addresses = bereaved.shop.stack.addresses
    temporal = await Client.connect(addresses.temporal, namespace=addresses.namespace)
    handle = temporal.get_workflow_handle(f"order/{bereaved.cancelled}")
    await until(handle.describe, lambda run: run.status is WorkflowExecutionStatus.COMPLETED)
    assert await bereaved.told(bereaved.cancelled) == ["submit", "cancel", "confirm_cancellation"]
    assert await bereaved.stock("cancelled") == (5, 0)
    assert await bereaved.offers("cancelled") == ("returned", 0)


async def test_a_parcel_shipped_unseen_leaves_the_shelf_once(bereaved: Bereaved) -> None:
    await bereaved.shop.reports(bereaved.shipped["parcels"][0], "delivered")
    await bereaved.shop.until(bereaved.shipped["order_no"], "completed", within=LONGEST)
    assert await bereaved.stock("shipped") == (3, 0)
