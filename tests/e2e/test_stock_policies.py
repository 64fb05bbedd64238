"""When units are taken, at submit or at payment, and from whose stock, through HTTP (R-STK-1, R-TYPE-2, S5)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.unhurried import UnhurriedShop
from tests.shop import TAIPEI, Document, Person, Shop, items, refused, succeeded, twd, until

NOT_HELD = "stock_not_guaranteed"


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody is too late to pay."""
    return unhurried


async def scarce(shop: Shop, on_hand: int = 1) -> str:
    """A SKU whose units are deducted when they are paid."""
    return await shop.shelves(on_hand, stock_policy="deduct_at_payment")


def codes(warned: Document) -> list[str]:
    return [warning["code"] for warning in warned["warnings"]]


async def kinds_told(person: Person, order_no: str) -> list[str]:
    told = (await person.get("/v1/notifications?limit=200"))["items"]
    return [item["kind"] for item in told if item["order_no"] == order_no]


async def test_units_that_are_not_held_are_warned_of_until_they_are_paid(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await scarce(shop, 5)
    held = await shop.shelves(5)
    quote = await shop.previews(buyer, (sku, 2), (held, 1))
    assert [(warning["code"], warning["sku"]) for warning in quote["warnings"]] == [(NOT_HELD, sku)]
    order = await shop.submits(buyer, quote, payment_channel="card")
    (opened,) = order["payments"]
    assert codes(opened) == [NOT_HELD]
    assert (await shop.stock(sku), await shop.stock(held)) == ((5, 0), (5, 1))
    payment = await shop.attempts(buyer, order["order_no"])
    assert [(warning["code"], warning["line_no"]) for warning in payment["warnings"]] == [(NOT_HELD, 1)]
    succeeded(await shop.simulates(payment))
    paid = await shop.until(order["order_no"], "in_production")
    assert [codes(shown) for shown in paid["payments"]] == [[], []]
    assert await shop.stock(sku) == (5, 2)


async def test_a_promotion_may_say_it_of_the_lines_that_it_is_applied_to(shop: Shop) -> None:
    sku, other = await shop.shelves(5), await shop.shelves(5)
    promotion = {
        "name": "Cheaper, and not held",
        "effect": {"kind": "percentage", "basis_points": 1_000},
        "scope": {"skus": [sku]},
        "stock_policy": "deduct_at_payment",
    }
    entered = await shop.operator.put(f"/v1/admin/promotions/{sku}-later", promotion)
    assert entered["stock_policy"] == "deduct_at_payment"
    buyer = shop.buyer()
    quote = await shop.previews(buyer, (sku, 1), (other, 1))
    assert [(warning["code"], warning["sku"]) for warning in quote["warnings"]] == [(NOT_HELD, sku)]
    await shop.submits(buyer, quote)
    assert (await shop.stock(sku), await shop.stock(other)) == ((5, 0), (5, 1))


async def test_what_is_gone_at_submit_is_refused_and_a_fresh_quote_says_so(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await scarce(shop)
    quote = await shop.previews(buyer, (sku, 1))
    await shop.shelves(0, sku=sku, stock_policy="deduct_at_payment")
    async with shop.nothing_changes(buyer, sku):
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
        problem = refused(answer, 409, "out_of_stock")
    assert problem["items"] == [{"sku": sku, "requested": 1, "available": 0}]
    assert "insufficient_stock" in codes(problem["quote"])


async def test_what_is_gone_at_the_cashier_is_refused_and_the_buyer_may_cancel_or_wait(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await scarce(shop)
    order_no = await shop.places(buyer, (sku, 1))
    await shop.shelves(0, sku=sku, stock_policy="deduct_at_payment")
    answer = await buyer.ask("POST", f"/v1/orders/{order_no}/payments", {"channel": "card"}, key="once")
    refused(answer, 409, "out_of_stock")
    assert (await buyer.order(order_no))["payments"] == []
    await shop.shelves(1, sku=sku, stock_policy="deduct_at_payment")
    again = await buyer.post(f"/v1/orders/{order_no}/payments", {"channel": "card"}, key="once")
    assert codes(again) == [NOT_HELD], "the refusal was no answer to keep"
    assert await buyer.post(f"/v1/orders/{order_no}/payments", {"channel": "card"}, key="once") == again
    cancelled = await buyer.post(f"/v1/orders/{order_no}/cancel")
    assert cancelled["status"] == "cancelled"
    assert await shop.stock(sku) == (1, 0)


async def test_of_six_who_pay_for_the_last_two_units_four_are_refunded_once_and_all_are_told(shop: Shop) -> None:
    sku = await scarce(shop, 2)
    buyers = [shop.buyer(f"rival-{number}") for number in range(6)]
    order_nos = await asyncio.gather(*(shop.places(buyer, (sku, 1)) for buyer in buyers))
    payments = await asyncio.gather(*(shop.attempts(*pair) for pair in zip(buyers, order_nos, strict=True)))
    await asyncio.gather(*(shop.simulates(payment) for payment in payments))
    ended = await asyncio.gather(*(shop.until(order_no, "in_production", "refunded") for order_no in order_nos))
    assert sorted(order["system_status"] for order in ended) == ["in_production"] * 2 + ["refunded"] * 4
    assert await shop.stock(sku) == (2, 2)
    merchant = shop.merchant()
    for buyer, order in zip(buyers, ended, strict=True):
        order_no, lost = order["order_no"], order["system_status"] == "refunded"
        refunds = [(refund["amount"], refund["reason"], refund["state"]) for refund in order["refunds"]]
        assert refunds == ([(twd(16_000), "out_of_stock", "succeeded")] if lost else [])
        told = await kinds_told(buyer, order_no)
        assert sorted(told) == (["out_of_stock_refunded", "refunded"] if lost else [])
        assert await kinds_told(merchant, order_no) == (["sale_lost_out_of_stock"] if lost else [])
        audit = await shop.operator.get(f"/v1/orders/{order_no}/audit")
        assert audit["verified"], audit
    assert (await shop.merchant("other").get("/v1/notifications"))["items"] == []


async def test_a_campaign_sells_what_is_set_aside_for_it_and_no_more(shop: Shop) -> None:
    buyer, sku, place = shop.buyer(), await shop.shelves(5), shop.warehouse_id()
    code, now = f"{sku}-noon", datetime.now(UTC)
    campaign = {
        "order_type": "flash_sale",
        "name": "Noon",
        "sku": sku,
        "price": twd(5_000),
        "starts_at": (now - timedelta(minutes=1)).isoformat(),
        "ends_at": (now + timedelta(hours=1)).isoformat(),
    }
    path = f"/v1/admin/campaigns/{code}"
    refused(await shop.operator.ask("PUT", path, campaign | {"stock": {place: 6}}), 409, "out_of_stock")
    refused(await shop.operator.ask("GET", path), 404, "not_found")
    assert (await shop.operator.put(path, campaign | {"stock": {place: 2}}))["stock"] == {place: 2}
    assert (await shop.operator.put(path, campaign))["stock"] == {place: 2}, "it keeps what it has"

    wanted = {"items": items((sku, 3)), "address": TAIPEI, "order_type": "flash_sale"}
    refused(await buyer.ask("POST", "/v1/quotes", wanted), 409, "sold_out")
    order_no = await shop.places(buyer, (sku, 2), order_type="flash_sale")
    assert codes(await shop.previews(buyer, (sku, 3))) == []
    assert codes(await shop.previews(buyer, (sku, 4))) == ["insufficient_stock"], "the general shelf has three"

    found = await shop.operator.get(f"/v1/admin/stock/{sku}")
    (pool,) = found["pools"]
    assert (pool["campaign"], pool["on_hand"], pool["reserved"], pool["available"]) == (code, 2, 2, 0)
    assert await shop.stock(sku) == (5, 2)
    refused(await shop.operator.ask("PUT", path, campaign | {"stock": {place: 1}}), 409, "stock_below_reserved")
    await shop.shelves(5, sku=sku)
    assert await shop.stock(sku) == (5, 2), "the same count again makes no units"

    await buyer.post(f"/v1/orders/{order_no}/cancel")
    await until(lambda: shop.stock(sku), lambda held: held == (5, 0))
    found = await shop.operator.get(f"/v1/admin/stock/{sku}")
    assert [(item["on_hand"], item["available"]) for item in found["pools"]] == [(2, 2)]
