"""Lists: every item once, whatever the page's size; narrowed by status in the words of who asks."""

import pytest

from tests.shop import TAIPEI, Document, Person, Shop, refused


async def pages(person: Person, path: str, limit: int) -> list[Document]:
    """Every item of a list, page after page."""
    items: list[Document] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await person.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor and f'&cursor={cursor}'}")
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
    return items


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
async def test_pages_of_any_size_give_every_order_once_and_the_newest_first(shop: Shop, limit: int) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    placed = [await shop.places(buyer, (sku, quantity)) for quantity in range(1, 6)]
    listed = await pages(buyer, "/v1/orders", limit)
    assert [order["order_no"] for order in listed] == placed[::-1]


async def test_pages_of_skus_addresses_and_parcels_give_every_item_once(shop: Shop) -> None:
    buyer = shop.buyer()
    skus = {await shop.shelves(weight_g=20_000) for _ in range(5)}
    listed = [item["sku"] for item in await pages(shop.nobody(), "/v1/skus", 3)]
    assert skus <= set(listed)
    assert listed == sorted(set(listed))

    stored = {(await buyer.post("/v1/addresses", TAIPEI | {"name": f"Name {n}"}))["address_id"] for n in range(5)}
    assert sorted(item["address_id"] for item in await pages(buyer, "/v1/addresses", 2)) == sorted(stored)

    order = await shop.produces(buyer, *((sku, 1) for sku in skus))
    assert len(order["parcels"]) == 5
    found = await pages(shop.warehouse(), "/v1/parcels", 2)
    assert [item["parcel_no"] for item in found] == [item["parcel_no"] for item in order["parcels"]]


async def test_lists_are_narrowed_by_status_in_the_words_of_who_asks(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    unpaid = await shop.places(buyer, (sku, 1))
    cancelled = await shop.places(buyer, (sku, 2))
    await buyer.post(f"/v1/orders/{cancelled}/cancel", {})

    async def found(person: Person, query: str) -> list[str]:
        return [order["order_no"] for order in (await person.get(f"/v1/orders?{query}"))["items"]]

    assert await found(buyer, "status=awaiting_payment") == [unpaid]
    assert await found(buyer, "status=cancelled") == [cancelled]
    assert await found(shop.merchant(), "status=unpaid") == [unpaid]
    assert await found(shop.operator, f"status=awaiting_payment&buyer={buyer.subject}") == [unpaid]
    assert await found(buyer, "order_type=standard") == [cancelled, unpaid]
    problem = refused(await buyer.ask("GET", "/v1/orders?status=to_ship"), 422, "request_invalid")
    assert problem["errors"][0]["field"] == "status"


async def test_another_buyers_name_narrows_nothing_for_a_buyer(shop: Shop) -> None:
    alice, bob, sku = shop.buyer("alice"), shop.buyer("bob"), await shop.shelves()
    mine = await shop.places(alice, (sku, 1))
    await shop.places(bob, (sku, 1))
    listed = (await alice.get(f"/v1/orders?buyer={bob.subject}"))["items"]
    assert [order["order_no"] for order in listed] == [mine]


async def test_anyone_reads_the_catalogue_and_the_order_types(shop: Shop) -> None:
    sku = await shop.shelves(on_hand=3, price=500)
    seen = await shop.nobody().get(f"/v1/skus/{sku}")
    assert (seen["price"], seen["stock_hint"]) == ({"amount": 500, "currency": "TWD"}, "low")
    kind = await shop.nobody().get("/v1/order-types/standard")
    assert {row["action"] for row in kind["transitions"]} >= {"pay", "cancel", "split", "complete"}
    assert all(state["buyer_label"]["zh-Hant"] for state in kind["states"])
    assert kind["diagram"].startswith("stateDiagram-v2")
