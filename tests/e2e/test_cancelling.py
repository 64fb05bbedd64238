"""Cancelling before payment: the stock comes back, the provider is told, and money that comes late is seen."""

import asyncio

from tests.callbacks import provider_reports
from tests.shop import Person, Shop, refused, succeeded, twd, until


async def ordered(shop: Shop, quantity: int = 2) -> tuple[Person, str, str]:
    """A buyer, their unpaid order and its SKU."""
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    return buyer, await shop.places(buyer, (sku, quantity)), sku


def path_of(order_no: str) -> str:
    return f"/v1/orders/{order_no}/cancel"


async def test_a_cancelled_order_gives_its_stock_back(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    assert await shop.stock(sku) == (5, 2)
    order = await buyer.post(path_of(order_no), {"reason": "changed my mind"})
    assert order["status"] == "cancelled"
    assert await shop.stock(sku) == (5, 0)
    assert await shop.system_status(order_no) == "cancelled"
    told = [(item["action"], item["actor_role"]) for item in await buyer.timeline(order_no)]
    assert told == [("submit", "buyer"), ("cancel", "buyer"), ("confirm_cancellation", "system")]


async def test_what_the_buyer_wrote_is_kept_beside_the_transition(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    await buyer.post(path_of(order_no), {"reason": "買錯了"})
    timeline = await shop.operator.timeline(order_no)
    assert next(item["reason"] for item in timeline if item["action"] == "cancel") == "買錯了"


async def test_an_order_needs_no_body_to_be_cancelled_and_operators_may_cancel_too(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    cancelled = succeeded(await shop.operator.ask("POST", path_of(order_no)))
    assert cancelled["system_status"] == "cancelled"
    assert (await buyer.order(order_no))["status"] == "cancelled"
    assert await shop.stock(sku) == (5, 0)


async def test_cancelling_again_is_refused_and_releases_nothing_twice(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    other = await shop.places(shop.buyer("bob"), (sku, 3))
    await buyer.post(path_of(order_no), {})
    async with shop.nothing_changes(buyer, sku):
        problem = refused(await buyer.ask("POST", path_of(order_no), {}), 409, "action_not_allowed")
        assert (problem["action"], problem["state"]) == ("cancel", "cancelled")
    assert await shop.system_status(other) == "awaiting_payment"


async def test_a_cancel_repeated_with_its_key_is_one_cancellation(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    first = await buyer.post(path_of(order_no), {}, key="give-up")
    again = await buyer.ask("POST", path_of(order_no), {}, key="give-up")
    assert first["status"] == "cancelled"
    assert succeeded(again)["status"] == "cancelled"
    assert await shop.stock(sku) == (5, 0)


async def test_five_cancels_at_once_are_one_cancellation(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    answers = await asyncio.gather(*(buyer.ask("POST", path_of(order_no), {}) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert await shop.stock(sku) == (5, 0)
    assert [item["action"] for item in await buyer.timeline(order_no)].count("cancel") == 1


async def test_a_cancel_closes_the_open_attempt_at_its_provider(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    order = await buyer.post(path_of(order_no), {})
    assert [item["state"] for item in order["payments"]] == ["closed"]
    late = await shop.simulates(payment)
    assert (late.status_code, late.json()["code"]) == (409, "payment_closed")
    assert await shop.stock(sku) == (5, 0)


async def test_a_cancel_asks_the_provider_first_and_an_order_that_was_paid_meanwhile_is_paid(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    await shop.pays(buyer, order_no, times=0)
    problem = refused(await buyer.ask("POST", path_of(order_no), {}), 409, "action_not_allowed")
    assert problem["action"] == "cancel"
    order = await shop.until(order_no, "in_production")
    assert [item["state"] for item in order["payments"]] == ["succeeded"]
    assert await shop.stock(sku) == (5, 2)


async def test_a_shipped_order_is_not_cancelled_and_the_refusal_names_action_and_state(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "in_production")
    await shop.reports(order["parcels"][0], "handed_over")
    await shop.until(order_no, "shipped")
    async with shop.nothing_changes(buyer, sku):
        for key in (None, "a-key"):
            problem = refused(await buyer.ask("POST", path_of(order_no), {}, key=key), 409, "action_not_allowed")
            assert (problem["action"], problem["state"]) == ("cancel", "shipped")


async def test_nothing_can_be_done_with_a_cancelled_order(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    order = await buyer.post(path_of(order_no), {})
    assert not any(action["enabled"] for action in order["available_actions"])
    for method, action, body in (
        ("POST", "payments", {"channel": "card"}),
        ("PATCH", "receiver", {"name": "Somebody"}),
        ("POST", "confirm-receipt", None),
        ("POST", "reviews", {"reviews": [{"line_no": 1, "rating": 5}]}),
    ):
        async with shop.nothing_changes(buyer, sku):
            answer = await buyer.ask(method, f"/v1/orders/{order_no}/{action}", body)
            assert refused(answer, 409, "action_not_allowed")["state"] == "cancelled"


async def test_money_that_arrives_after_the_cancellation_is_seen_as_unexpected(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    await buyer.post(path_of(order_no), {})
    assert (await provider_reports(shop, payment, "succeeded")).status_code == 204

    async def states() -> list[tuple[str, str | None]]:
        return [(item["state"], item["failure"]) for item in (await buyer.order(order_no))["payments"]]

    await until(states, lambda found: found == [("unexpected", "not_awaited")])
    assert await shop.system_status(order_no) == "cancelled"
    assert await shop.stock(sku) == (5, 0)


ENDS = {(409, 200): "cancelled", (200, 409): "in_production", (200, 200): "refunded"}
"""How paying and cancelling were answered → how the order ends. The last was paid a moment before it was cancelled."""


async def test_of_cancel_and_payment_at_once_either_is_refused_or_the_money_goes_back(shop: Shop) -> None:
    sku = await shop.shelves(on_hand=50)
    buyers = [shop.buyer(f"buyer-{number}") for number in range(6)]
    order_nos = await asyncio.gather(*(shop.places(buyer, (sku, 1)) for buyer in buyers))
    attempts = [await shop.attempts(buyer, order_no) for buyer, order_no in zip(buyers, order_nos, strict=True)]
    raced = [
        asyncio.gather(shop.simulates(attempt), buyer.ask("POST", path_of(order_no), {}))
        for buyer, order_no, attempt in zip(buyers, order_nos, attempts, strict=True)
    ]
    outcomes = await asyncio.gather(*raced)
    kept = 0
    for order_no, answers in zip(order_nos, outcomes, strict=True):
        paying, cancelling = answers
        end = ENDS[paying.status_code, cancelling.status_code]
        order = await shop.until(order_no, end)
        (payment,) = order["payments"]
        assert payment["state"] == ("closed" if end == "cancelled" else "succeeded")
        assert payment["received"] == (None if end == "cancelled" else payment["amount"])
        assert payment["refunded"] == {"cancelled": None, "in_production": twd(0), "refunded": payment["amount"]}[end]
        assert [case["kind"] for case in order["after_sales"]] == ["cancellation"] * (end == "refunded")
        kept += end == "in_production"
    assert await shop.stock(sku) == (50, kept)
