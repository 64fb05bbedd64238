"""An exchange over HTTP: claimed, sent back, and its order received, reviewed and settled for nothing (R-TYPE-6)."""

import pytest

from tests.e2e.test_after_sales import bought, claims, path_of, until_case
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import TAIPEI, Document, Shop, items, moved_the_order, refused

_APPROVAL = {"decision": "approve", "note": "yes"}
_SHIPMENT = {"carrier": "black-cat", "tracking_no": "BC-7"}


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody decides for those who take their time."""
    return unhurried


async def test_an_exchanges_order_is_an_order_like_others_but_for_its_price(shop: Shop) -> None:
    buyer, order = await bought(shop, 2)
    other = await shop.shelves(price=10_001)
    path, wrong = f"/v1/orders/{order['order_no']}/after-sales", {"line_no": 1, "quantity": 1, "replacement_sku": other}
    claim: Document = {"kind": "exchange", "lines": [wrong], "reason": "defective"}
    assert refused(await buyer.ask("POST", path, claim), 409, "replacement_unavailable")["reason"] == "other_price"

    case = await claims(buyer, order, (1, 1), kind="exchange")
    await shop.merchant().post(path_of(case, "/decision"), _APPROVAL)
    await buyer.post(path_of(case, "/return-shipment"), _SHIPMENT)
    accepted = {"lines": [{"line_no": 1, "accepted": 1, "restock": "defective"}]}
    await shop.warehouse().post(path_of(case, "/inspection"), accepted)
    number = (await until_case(buyer, case, "exchanged"))["replacement_order_no"]

    sent = await shop.runs_parcels(await shop.until(number, "in_production"))
    sku = sent["lines"][0]["sku"]
    assert (sent["order_type"], sent["replaces"], sent["payments"]) == ("exchange", case["case_no"], [])
    assert (sent["totals"]["payable"]["amount"], sent["lines"][0]["discounts"][0]["source"]) == (0, "exchange")
    found = await shop.operator.get(f"/v1/admin/stock/{sku}")
    assert (found["on_hand"], found["reserved"], found["defective"], found["adds_up"]) == (97, 0, 1, True)
    refused(await buyer.ask("POST", f"/v1/orders/{number}/payments", {"channel": "card"}), 409, "action_not_allowed")
    refused(await buyer.ask("POST", f"/v1/orders/{number}/cancel"), 409, "action_not_allowed")
    review = {"reviews": [{"line_no": 1, "rating": 5, "text": "this one is whole"}]}
    await buyer.post(f"/v1/orders/{number}/reviews", review)
    assert (await buyer.order(number))["reviews"][0]["rating"] == 5
    assert number in await buyer.orders()
    moves = [item["action"] for item in await buyer.timeline(number) if moved_the_order(item)]
    assert moves[:4] == ["submit", "split", "ship_last_parcel", "deliver_last_parcel"]
    assert moves[4:] == ["confirm_receipt_automatically", "complete"][: len(moves) - 4], "what time has done meanwhile"
    assert (await shop.operator.get(f"/v1/orders/{number}/audit"))["verified"]


async def test_nothing_is_sold_as_an_exchange(shop: Shop) -> None:
    sku = await shop.shelves()
    quote = {"items": items((sku, 1)), "address": TAIPEI, "order_type": "exchange"}
    problem = refused(await shop.buyer().ask("POST", "/v1/quotes", quote), 422, "request_invalid")
    assert problem["errors"][0]["field"] == "order_type"
    shown = await shop.operator.get(f"/v1/skus/{sku}")
    body = {name: shown[name] for name in ("name", "price", "merchant_id")} | {"order_type": "exchange"}
    refused(await shop.operator.ask("PUT", f"/v1/admin/skus/{sku}", body), 422, "request_invalid")
