"""`Idempotency-Key` on every POST that creates: the first answer again, or a refusal of another body."""

import asyncio

from tests.shop import TAIPEI, Person, Shop, refused, succeeded


async def ordered(shop: Shop) -> tuple[Person, str]:
    buyer, sku = shop.buyer(), await shop.shelves()
    return buyer, await shop.places(buyer, (sku, 1))


async def test_a_payment_asked_for_five_times_with_one_key_is_one_attempt(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    path = f"/v1/orders/{order_no}/payments"
    answers = await asyncio.gather(*(buyer.ask("POST", path, {"channel": "card"}, key="k") for _ in range(5)))
    payments = [succeeded(answer) for answer in answers]
    assert len({payment["payment_id"] for payment in payments}) == 1
    assert len({payment["cashier_url"] for payment in payments}) == 1
    refused(await buyer.ask("POST", path, {"channel": "wallet"}, key="k"), 422, "idempotency_key_reused")
    assert len((await buyer.order(order_no))["payments"]) == 1


async def test_without_a_key_or_with_another_a_payment_is_a_new_attempt(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    path = f"/v1/orders/{order_no}/payments"
    for key in (None, None, "a", "b"):
        await buyer.post(path, {"channel": "card"}, key=key)
    assert len({payment["payment_id"] for payment in (await buyer.order(order_no))["payments"]}) == 4


async def test_one_key_serves_two_orders_apart(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order_nos = [await shop.places(buyer, (sku, quantity)) for quantity in (1, 2)]
    for order_no in order_nos:
        await buyer.post(f"/v1/orders/{order_no}/payments", {"channel": "card"}, key="k")
        assert len((await buyer.order(order_no))["payments"]) == 1


async def test_a_submit_with_a_channel_opens_one_attempt_however_often_it_is_sent(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    quote = await shop.previews(buyer, (sku, 1))
    body = {"quote_token": quote["quote_token"], "payment_channel": "card"}
    answers = await asyncio.gather(*(buyer.insists("/v1/orders", body, key="k") for _ in range(4)))
    orders = [succeeded(answer) for answer in answers]
    (order_no,) = {order["order_no"] for order in orders}
    assert len((await buyer.order(order_no))["payments"]) == 1


async def test_an_address_stored_twice_with_one_key_is_one_address(shop: Shop) -> None:
    buyer = shop.buyer()
    answers = await asyncio.gather(*(buyer.ask("POST", "/v1/addresses", TAIPEI, key="k") for _ in range(4)))
    assert len({succeeded(answer)["address_id"] for answer in answers}) == 1
    refused(
        await buyer.ask("POST", "/v1/addresses", TAIPEI | {"city": "Tainan"}, key="k"), 422, "idempotency_key_reused"
    )
    assert len((await buyer.get("/v1/addresses"))["items"]) == 1
    await shop.buyer("bob").post("/v1/addresses", TAIPEI, key="k")
    assert len((await buyer.get("/v1/addresses"))["items"]) == 1


async def test_a_review_sent_again_with_its_key_is_answered_and_not_refused(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order = await shop.runs_parcels(await shop.produces(buyer, (sku, 1)))
    path, body = f"/v1/orders/{order['order_no']}/reviews", {"reviews": [{"line_no": 1, "rating": 5}]}
    for _ in range(2):
        assert len((await buyer.post(path, body, key="k"))["reviews"]) == 1
    worse = {"reviews": [{"line_no": 1, "rating": 1}]}
    refused(await buyer.ask("POST", path, worse, key="k"), 422, "idempotency_key_reused")
    refused(await buyer.ask("POST", path, body), 409, "review_exists")


async def test_a_refused_request_leaves_its_key_free(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    path = f"/v1/orders/{order_no}/reviews"
    body = {"reviews": [{"line_no": 1, "rating": 5}]}
    refused(await buyer.ask("POST", path, body, key="k"), 409, "action_not_allowed")
    await shop.pays(buyer, order_no)
    await shop.runs_parcels(await shop.until(order_no, "in_production"))
    assert len((await buyer.post(path, body, key="k"))["reviews"]) == 1
