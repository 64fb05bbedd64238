"""Crashes: whatever is killed, and when, no accepted order is lost and nothing stays held (R-OPS-2, W1, W2)."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest

from devstack.stack import Stack
from tests.e2e.broken_stack import LONGEST, decided, kill, revive
from tests.shop import Document, Person, Shop, callers_of, refused, until

pytestmark = pytest.mark.timeout(240)

CROWD = 16
CLAIMS = 6


@pytest.fixture
async def shop(fragile: Stack) -> AsyncIterator[Shop]:
    async with callers_of(fragile.addresses.api) as http:
        yield await Shop.open(fragile, http)


@pytest.mark.parametrize("part", ["api", "worker-1", "temporal", "postgres", "valkey"])
async def test_submits_in_flight_when_a_part_is_killed_are_placed_once_or_hold_nothing(
    fragile: Stack, shop: Shop, part: str
) -> None:
    sku = await shop.shelves(on_hand=CROWD - 2)
    buyers = [shop.buyer(f"buyer-{number}") for number in range(CROWD)]
    quotes = [await shop.previews(buyer, (sku, 1)) for buyer in buyers]
    submits = [asyncio.create_task(decided(buyer, quote, "k")) for buyer, quote in zip(buyers, quotes, strict=True)]
    await asyncio.wait(submits, return_when=asyncio.FIRST_COMPLETED)
    await kill(fragile, part)
    await revive(fragile, part)
    answers = await asyncio.gather(*submits)

    placed = 0
    for buyer, quote, answer in zip(buyers, quotes, answers, strict=True):
        again = await decided(buyer, quote, "k")
        assert again.status_code == answer.status_code
        if answer.status_code == 201:
            placed += 1
            assert again.json() == answer.json()
            assert await buyer.orders() == [answer.json()["order_no"]]
        else:
            refused(answer, 409, str(answer.json()["code"]))
            assert answer.json()["code"] in ("out_of_stock", "placing_timed_out")
            assert await buyer.orders() == []
    assert placed > 0
    # What was refused because it came too late may still be given back by a run that goes on now.
    await until(lambda: shop.stock(sku), lambda stock: stock == (CROWD - 2, placed), LONGEST)


async def test_without_redis_a_quote_is_still_one_order(fragile: Stack, shop: Shop) -> None:
    await kill(fragile, "valkey")
    try:
        buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
        quote = await shop.previews(buyer, (sku, 1))
        keys = [None, None, "a", "a", "b", "c"]
        body = {"quote_token": quote["quote_token"]}
        answers = await asyncio.gather(*(buyer.insists("/v1/orders", body, key=key) for key in keys))
        (order_no,) = {answer.json()["order_no"] for answer in answers}
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert await buyer.orders() == [order_no]
        assert await shop.stock(sku) == (5, 1)
        ready = await shop.http.get("/readyz")
        assert (ready.status_code, ready.json()["redis"]) == (200, False)
    finally:
        await revive(fragile, "valkey")


async def test_without_the_database_callers_are_asked_to_come_back(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 1))
    await kill(fragile, "postgres")
    try:
        for method, path, body in (
            ("POST", "/v1/orders", {"quote_token": quote["quote_token"]}),
            ("GET", "/v1/orders", None),
            ("GET", f"/v1/skus/{sku}", None),
        ):
            answer = await buyer.ask(method, path, body)
            refused(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert (await shop.http.get("/readyz")).status_code == 503
        assert (await shop.http.get("/healthz")).status_code == 200
    finally:
        await revive(fragile, "postgres")
    assert (await decided(buyer, quote, "k")).status_code == 201
    assert await shop.stock(sku) == (5, 1)


async def test_a_submit_without_a_worker_can_be_resumed(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 1))
    await kill(fragile, "worker-1")
    try:
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]}, key="k")
        refused(answer, 503 if answer.status_code == 503 else 409, answer.json()["code"])
        assert answer.json()["code"] in ("unavailable", "request_in_flight")
        assert await buyer.orders() == [], "what was not placed is no order"
    finally:
        await revive(fragile, "worker-1")
    assert (await decided(buyer, quote, "k")).status_code == 201
    assert await shop.stock(sku) == (5, 1)


async def test_a_label_that_was_reported_fixes_the_address_though_no_worker_has_applied_it(
    fragile: Stack, shop: Shop
) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order = await shop.produces(buyer, (sku, 1))
    path = f"/v1/orders/{order['order_no']}"
    await kill(fragile, "worker-1")
    try:
        await buyer.patch(f"{path}/receiver", {"city": "Tainan"})
        await shop.reports(order["parcels"][0], "label_printed")
        assert (await buyer.order(order["order_no"]))["parcels"][0]["state"] == "created"
        for what, change in (("receiver", {"city": "Taipei"}), ("delivery-note", {"note": "ring twice"})):
            refused(await buyer.ask("PATCH", f"{path}/{what}", change), 409, "action_not_allowed")
    finally:
        await revive(fragile, "worker-1")
    seen = await until(partial(buyer.order, order["order_no"]), lambda seen: is_at(seen, "label_printed"), LONGEST)
    assert (seen["receiver"]["city"], seen["delivery_note"]) == ("Tainan", None)


def is_at(order: Document, state: str) -> bool:
    return bool(order["parcels"][0]["state"] == state)


@pytest.mark.parametrize("part", ["temporal", "postgres"])
async def test_orders_go_on_when_a_part_comes_back(fragile: Stack, shop: Shop, part: str) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=9)
    unpaid = await shop.places(buyer, (sku, 1))
    order = await shop.produces(buyer, (sku, 2))
    await kill(fragile, part)
    await revive(fragile, part)
    await shop.pays(buyer, unpaid)
    await asyncio.gather(shop.runs_parcels(order), complete(shop, unpaid))
    await shop.until(order["order_no"], "completed", within=LONGEST)
    assert await shop.stock(sku) == (6, 0)


async def complete(shop: Shop, order_no: str) -> None:
    await shop.runs_parcels(await shop.until(order_no, "in_production", within=LONGEST))
    await shop.until(order_no, "completed", within=LONGEST)


async def test_reports_that_come_while_temporal_is_away_are_delivered_later(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=9)
    unpaid = await shop.places(buyer, (sku, 1))
    payment = await shop.attempts(buyer, unpaid)
    order = await shop.produces(buyer, (sku, 2))
    cancelled = await shop.places(buyer, (sku, 3))
    too_late = await shop.attempts(buyer, cancelled)
    await buyer.post(f"/v1/orders/{cancelled}/cancel")
    await kill(fragile, "temporal")
    try:
        assert (await shop.simulates(payment)).status_code == 200
        assert (await shop.simulates(too_late, late=True)).status_code == 200
        await shop.reports(order["parcels"][0], "handed_over", "delivered")
    finally:
        await revive(fragile, "temporal")
    await shop.until(unpaid, "in_production", within=LONGEST)
    await shop.until(order["order_no"], "completed", within=LONGEST)
    await refunded(shop, cancelled)
    assert await shop.stock(sku) == (7, 1)


@pytest.mark.parametrize("part", ["api", "worker-1", "postgres"])
async def test_money_goes_back_once_when_a_part_is_killed_in_the_middle_of_refunds(
    fragile: Stack, shop: Shop, part: str
) -> None:
    """The sandbox provider is served by the API, and dies with it."""
    sku = await shop.shelves(on_hand=2 * CLAIMS)
    buyers = [shop.buyer(f"claimant-{number}") for number in range(CLAIMS)]
    cases = await asyncio.gather(*(claimed(shop, buyer, sku) for buyer in buyers))
    decisions = [asyncio.create_task(approved(shop, case_no)) for case_no in cases]
    await asyncio.wait(decisions, return_when=asyncio.FIRST_COMPLETED)
    await kill(fragile, part)
    await revive(fragile, part)
    await asyncio.gather(*decisions)
    for buyer, case_no in zip(buyers, cases, strict=True):
        path = f"/v1/after-sales/{case_no}"
        case = await until(partial(buyer.get, path), lambda case: case["status"] == "refunded", LONGEST)
        (payment,) = (await buyer.order(case["order_no"]))["payments"]
        (refund,) = case["refunds"]
        assert refund["state"] == "succeeded"
        assert refund["amount"] == payment["refunded"]
        assert await paid_back(fragile, payment["payment_id"]) == [refund["amount"]["amount"]]


async def claimed(shop: Shop, buyer: Person, sku: str) -> str:
    """A refund of one of two units that are on their way. The case's number."""
    order = await shop.produces(buyer, (sku, 2))
    await shop.reports(order["parcels"][0], "handed_over")
    await shop.until(order["order_no"], "shipped", within=LONGEST)
    claim = {"kind": "refund", "lines": [{"line_no": 1, "quantity": 1}], "reason": "defective"}
    return str((await buyer.post(f"/v1/orders/{order['order_no']}/after-sales", claim))["case_no"])


async def approved(shop: Shop, case_no: str) -> None:
    """Approve, again and again with the same key, until there is an answer that does not ask to come back."""
    decision = {"decision": "approve", "note": "it is broken"}

    async def decide() -> httpx.Response | None:
        try:
            answer = await shop.merchant().ask("POST", f"/v1/after-sales/{case_no}/decision", decision, key="k")
        except httpx.TransportError:
            return None
        return None if answer.status_code >= 500 else answer

    answer = await until(decide, lambda answer: answer is not None, LONGEST)
    assert answer is not None
    assert answer.status_code == 200, answer.text


async def paid_back(stack: Stack, payment_id: str) -> list[int]:
    """What the provider's own books say that it paid back."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        rows = await connection.fetch(
            "SELECT amount FROM sandbox_refunds WHERE payment_id = $1 AND failure IS NULL", payment_id
        )
    finally:
        await connection.close()
    return [row["amount"] for row in rows]


async def test_after_everything_was_killed_a_new_start_goes_on_with_every_order(fragile: Stack, shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=9)
    unpaid = await shop.places(buyer, (sku, 1))
    produced = await shop.produces(buyer, (sku, 2))
    shipped = await shop.produces(buyer, (sku, 3))
    await shop.reports(shipped["parcels"][0], "handed_over")
    await shop.until(shipped["order_no"], "shipped")
    other = shop.buyer("bob")
    cancelled = await shop.places(other, (sku, 1))
    too_late = await shop.attempts(other, cancelled)
    await other.post(f"/v1/orders/{cancelled}/cancel")
    await shop.simulates(too_late, late=True, refunds={"delay_s": 15, "times": 0})
    await until(
        lambda: other.order(cancelled),
        lambda order: [item["state"] for item in order["refunds"]] == ["sent"],
        LONGEST,
    )
    for part in list(fragile.addresses.pids):
        await kill(fragile, part)
    async with asyncio.timeout(LONGEST):
        await fragile.stop()
        await fragile.start()

    async with callers_of(fragile.addresses.api) as http:
        shop.http = http
        buyer = shop.buyer()
        assert sorted(await buyer.orders()) == sorted([unpaid, produced["order_no"], shipped["order_no"]])
        assert await shop.stock(sku) == (6, 3)
        await shop.pays(buyer, unpaid)
        await asyncio.gather(
            complete(shop, unpaid),
            complete(shop, produced["order_no"]),
            deliver(shop, shipped),
            refunded(shop, cancelled),
        )
        assert await shop.stock(sku) == (3, 0)


async def refunded(shop: Shop, order_no: str) -> None:
    """Whatever was killed on the way, the one payment comes back, once."""
    await until(
        lambda: shop.operator.order(order_no),
        lambda order: [item["state"] for item in order["refunds"]] == ["succeeded"],
        LONGEST,
    )
    # An order's payments are read before its refunds: who saw the refund may have seen the payment as it was before.
    order = await shop.operator.order(order_no)
    assert [item["refunded"] for item in order["payments"]] == [item["received"] for item in order["payments"]]


async def deliver(shop: Shop, order: Document) -> None:
    await shop.reports(order["parcels"][0], "delivered")
    await shop.until(order["order_no"], "completed", within=LONGEST)
