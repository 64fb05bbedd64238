"""Parcels: split exactly, and reported late, twice, out of order or by the carrier without harm (R-SPL-1, R-FUL-1)."""

import asyncio

from tests.callbacks import carrier_reports, new_event_id
from tests.shop import DELIVERED, WAY_OF_A_PARCEL, Document, Person, Shop, refused, until


async def in_production(shop: Shop, quantity: int = 2) -> tuple[Person, Document, Document]:
    """A buyer, their paid order of one parcel, and the parcel."""
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order = await shop.produces(buyer, (sku, quantity))
    (parcel,) = order["parcels"]
    return buyer, order, parcel


async def until_parcel(shop: Shop, parcel: Document, state: str) -> Document:
    async def look() -> Document:
        order = await shop.operator.order(parcel["parcel_no"].rpartition("-")[0])
        found: list[Document] = order["parcels"]
        return next(item for item in found if item["parcel_no"] == parcel["parcel_no"])

    return await until(look, lambda item: bool(item["state"] == state))


async def until_stock(shop: Shop, order: Document, on_hand: int, reserved: int) -> None:
    """Wait for what is on hand and reserved of the first line's goods.

    An order that meets a parcel sent in the place of another when it has arrived does not wait for that one's run.
    """
    await until(lambda: shop.stock(order["lines"][0]["sku"]), lambda held: held == (on_hand, reserved))


async def steps(buyer: Person, order: Document, parcel: Document) -> list[str]:
    timeline = await buyer.timeline(order["order_no"])
    return [item["action"] for item in timeline if item["subject"] == parcel["parcel_no"]]


async def test_reports_out_of_order_and_repeated_move_a_parcel_forward_only(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    await shop.reports(parcel, "picked", "label_printed", "picked", "packed", "packed", "label_printed")
    await until_parcel(shop, parcel, "packed")
    await shop.reports(parcel, "in_transit", "handed_over", "delivered", "in_transit", "lost", "delivered")
    await shop.until(order["order_no"], *DELIVERED)
    assert await steps(buyer, order, parcel) == ["picked", "packed", "in_transit", "delivered"]
    assert await shop.stock(order["lines"][0]["sku"]) == (3, 0)


async def test_all_reports_at_once_in_any_order_deliver_the_parcel(shop: Shop) -> None:
    _, order, parcel = await in_production(shop)
    await asyncio.gather(*(shop.reports(parcel, event) for event in reversed(WAY_OF_A_PARCEL)))
    ended = await shop.until(order["order_no"], *DELIVERED)
    assert ended["parcels"][0]["state"] == "delivered"
    assert await shop.stock(order["lines"][0]["sku"]) == (3, 0)


async def test_a_parcel_reported_delivered_straight_away_was_shipped_too(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    await shop.reports(parcel, "delivered")
    await shop.until(order["order_no"], *DELIVERED)
    told = [item["action"] for item in await buyer.timeline(order["order_no"])]
    begun = told.index("delivered")
    assert told[begun : begun + 3] == ["delivered", "ship_last_parcel", "deliver_last_parcel"]
    assert await shop.stock(order["lines"][0]["sku"]) == (3, 0)


async def test_a_lost_parcel_that_is_found_is_delivered(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    await shop.reports(parcel, "handed_over", "lost")
    await until_parcel(shop, parcel, "lost")
    await shop.until(order["order_no"], "shipped")
    assert (await buyer.order(order["order_no"]))["status"] == "awaiting_receipt"
    await shop.reports(parcel, "delivered")
    await shop.until(order["order_no"], *DELIVERED)
    assert await steps(buyer, order, parcel) == ["handed_over", "lost", "delivered"]


async def test_a_refused_parcel_is_sent_again(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    await shop.reports(parcel, "handed_over", "in_transit", "refused", "label_printed", "handed_over", "delivered")
    await shop.until(order["order_no"], *DELIVERED)
    assert await steps(buyer, order, parcel) == ["handed_over", "in_transit", "refused", "handed_over", "delivered"]
    assert await shop.stock(order["lines"][0]["sku"]) == (3, 0)


async def test_a_parcel_in_the_warehouse_cannot_be_lost_by_a_carrier(shop: Shop) -> None:
    _, order, parcel = await in_production(shop)
    await shop.reports(parcel, "packed", "lost", "refused", "handed_over")
    await shop.until(order["order_no"], "shipped")
    assert (await until_parcel(shop, parcel, "handed_over"))["state"] == "handed_over"


async def test_a_report_sent_again_with_its_key_is_one_report(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    path = f"/v1/parcels/{parcel['parcel_no']}/events"
    answers = [await shop.warehouse().post(path, {"event": "handed_over"}, key="k") for _ in range(3)]
    assert {answer["accepted"] for answer in answers} == {True}
    await shop.until(order["order_no"], "shipped")
    assert await steps(buyer, order, parcel) == ["handed_over"]


async def test_the_merchant_of_a_parcel_may_report_too(shop: Shop) -> None:
    _, order, parcel = await in_production(shop)
    await shop.merchant().post(f"/v1/parcels/{parcel['parcel_no']}/events", {"event": "handed_over"})
    await shop.until(order["order_no"], "shipped")


async def test_a_carriers_signed_callbacks_carry_the_parcel_to_the_door(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    event_id = new_event_id()
    for event in ("in_transit", "in_transit"):
        assert (await carrier_reports(shop, parcel["parcel_no"], event, event_id=event_id)).status_code == 204
    await shop.until(order["order_no"], "shipped")
    assert (await carrier_reports(shop, parcel["parcel_no"], "delivered")).status_code == 204
    await shop.until(order["order_no"], *DELIVERED)
    timeline = await shop.operator.timeline(order["order_no"])
    told = [(item["action"], item["actor_role"], item["actor"]) for item in timeline if item["subject"] != "order"]
    assert told == [("in_transit", "carrier", "sandbox"), ("delivered", "carrier", "sandbox")]
    assert await steps(buyer, order, parcel) == ["in_transit", "delivered"]


async def test_a_forged_or_impossible_carrier_callback_moves_nothing(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    parcel_no = parcel["parcel_no"]
    forged = await carrier_reports(shop, parcel_no, "delivered", secret=shop.secrets.payment_webhook_secret)
    refused(forged, 401, "signature_invalid")
    problem = refused(await carrier_reports(shop, parcel_no, "teleported"), 422, "request_invalid")
    assert problem["errors"][0]["field"] == "data.event"
    assert (await carrier_reports(shop, "NO-SUCH-1", "delivered")).status_code == 204
    refused(await shop.http.post("/v1/webhooks/logistics/unheard-of", json={}), 404, "not_found")
    await shop.reports(parcel, "picked")
    await until_parcel(shop, parcel, "picked")
    assert await steps(buyer, order, parcel) == ["picked"]


async def test_two_sellers_parcels_make_an_order_partly_shipped(shop: Shop) -> None:
    await shop.opens_merchant("other")
    buyer, tea, book = shop.buyer(), await shop.shelves(on_hand=5), await shop.shelves(on_hand=5, merchant="other")
    order = await shop.produces(buyer, (tea, 1), (book, 2))
    first, second = order["parcels"]
    assert {first["merchant_id"], second["merchant_id"]} == {shop.merchant_id(), shop.merchant_id("other")}

    await shop.reports(first, "handed_over")
    await shop.until(order["order_no"], "partly_shipped")
    assert (await buyer.order(order["order_no"]))["status"] == "partly_shipped"
    await shop.reports(first, "delivered")
    await until_parcel(shop, first, "delivered")
    assert await shop.system_status(order["order_no"]) == "partly_shipped"

    await shop.reports(second, "handed_over")
    await shop.until(order["order_no"], "shipped")
    await shop.reports(second, "delivered")
    await shop.until(order["order_no"], *DELIVERED)
    assert await shop.stock(tea) == (4, 0)
    assert await shop.stock(book) == (3, 0)


async def test_parcels_carry_the_orders_amounts_to_the_cent(shop: Shop) -> None:
    await shop.opens_merchant("other", shipping=3333)
    await shop.opens_warehouse("other")
    spread = {shop.warehouse_id(): 2, shop.warehouse_id("other"): 5}
    buyer = shop.buyer()
    goods = (
        (await shop.shelves(price=9_999, stock=spread), 7),
        (await shop.shelves(price=1, weight_g=16_000), 3),
        (await shop.shelves(price=12_345, transport_class="cold_chain"), 1),
        (await shop.shelves(price=777, merchant="other", transport_class="dangerous"), 3),
    )
    order = await shop.produces(buyer, *goods)

    parcels, lines = order["parcels"], {line["line_no"]: line for line in order["lines"]}
    assert len(parcels) >= 6
    for parcel in parcels:
        owners = {lines[item["line_no"]]["merchant_id"] for item in parcel["lines"]}
        assert owners == {parcel["merchant_id"]}
        assert parcel["weight_g"] <= 30_000
    for number, line in lines.items():
        parts = [item for parcel in parcels for item in parcel["lines"] if item["line_no"] == number]
        assert sum(part["quantity"] for part in parts) == line["quantity"]
        assert sum(part["payable"]["amount"] for part in parts) == line["payable"]["amount"]
        assert sum(part["shipping"]["amount"] for part in parts) == line["shipping"]["amount"]
    carried = sum(
        item["payable"]["amount"] + item["shipping"]["amount"] for parcel in parcels for item in parcel["lines"]
    )
    assert carried == order["totals"]["payable"]["amount"]

    await shop.runs_parcels(order)
    for sku, quantity in goods:
        on_hand, reserved = await shop.stock(sku)
        assert (on_hand, reserved) == ((7 if sku == goods[0][0] else 100) - quantity, 0)


async def test_goods_come_from_the_nearest_warehouse_that_has_them_all(shop: Shop) -> None:
    near, far = shop.warehouse_id(), await shop.opens_warehouse("far", city="Kaohsiung")
    both = await shop.shelves(stock={near: 5, far: 5})
    only_far = await shop.shelves(stock={far: 5})
    alone = await shop.previews(shop.buyer(), (both, 1))
    together = await shop.previews(shop.buyer(), (both, 1), (only_far, 1))
    assert [item["warehouse_id"] for line in alone["lines"] for item in line["sources"]] == [near]
    assert [item["warehouse_id"] for line in together["lines"] for item in line["sources"]] == [far, far]


async def test_a_lost_parcel_is_sent_again_once_by_whoever_may_say_so(shop: Shop) -> None:
    _, order, parcel = await in_production(shop)
    path, body = f"/v1/parcels/{parcel['parcel_no']}", {"decision": "reship", "note": "the carrier is sorry"}
    merchant = shop.merchant()
    refused(await merchant.ask("POST", f"{path}/resolution", body), 409, "action_not_allowed")
    refused(await shop.warehouse().ask("POST", f"{path}/restock", {"restock": "sellable"}), 409, "action_not_allowed")
    await shop.reports(parcel, "handed_over", "lost")
    await until_parcel(shop, parcel, "lost")
    refused(await shop.merchant("rival").ask("POST", f"{path}/resolution", body), 404, "not_found")
    resolved = await merchant.post(f"{path}/resolution", body, key="once")
    assert (resolved["state"], len(resolved["replaced_by"])) == ("written_off", 1)
    assert await merchant.post(f"{path}/resolution", body, key="once") == resolved
    refunding = {"decision": "refund", "note": "too late"}
    refused(await shop.operator.ask("POST", f"{path}/resolution", refunding), 409, "action_not_allowed")
    for _ in range(2):
        await shop.warehouse().post(f"{path}/restock", {"restock": "sellable"})
    await until_stock(shop, order, 5, 2)
    (again,) = [item for item in (await shop.operator.order(order["order_no"]))["parcels"] if item["replaces"]]
    assert (again["replaces"], again["lines"]) == (parcel["parcel_no"], parcel["lines"])
    await shop.reports(again, *WAY_OF_A_PARCEL)
    await shop.until(order["order_no"], *DELIVERED)
    await until_stock(shop, order, 3, 0)


async def test_of_a_parcel_that_was_stopped_nothing_is_accepted_any_more(shop: Shop) -> None:
    buyer, order, parcel = await in_production(shop)
    await buyer.post(f"/v1/orders/{order['order_no']}/cancel", {"lines": [{"line_no": 1, "quantity": 1}]})
    await until_parcel(shop, parcel, "cancelled")
    for event in ("handed_over", "delivered"):
        answer = await shop.warehouse().ask("POST", f"/v1/parcels/{parcel['parcel_no']}/events", {"event": event})
        assert refused(answer, 409, "action_not_allowed")["state"] == "cancelled"
    (again,) = [item for item in (await shop.operator.order(order["order_no"]))["parcels"] if item["replaces"]]
    await shop.reports(again, *WAY_OF_A_PARCEL)
    await shop.until(order["order_no"], *DELIVERED)
    await until_stock(shop, order, 4, 0)
