"""Bad administration: a wrong SKU, merchant, warehouse or parcel report is refused by field and changes nothing."""

from typing import Any

import pytest

from tests.shop import Document, Shop, refused, twd

GOOD_SKU: Document = {"name": "Goods", "price": {"amount": 100, "currency": "TWD"}, "stock": {}}

BAD_SKUS: dict[str, tuple[Document, str]] = {
    "a currency of no country": ({"price": {"amount": 1, "currency": "XXY"}}, "price.currency"),
    "a currency in small letters": ({"price": {"amount": 1, "currency": "twd"}}, "price.currency"),
    "a price with a fraction": ({"price": {"amount": 9.99, "currency": "TWD"}}, "price.amount"),
    "a negative price": ({"price": {"amount": -1, "currency": "TWD"}}, "price.amount"),
    "a negative stock": ({"stock": {"w": -1}}, "stock.w"),
    "a stock beyond counting": ({"stock": {"w": 10**10}}, "stock.w"),
    "an order type of nobody's": ({"order_type": "auction"}, "order_type"),
    "a transport class of nobody's": ({"transport_class": "teleport"}, "transport_class"),
    "a negative weight": ({"weight_g": -1}, "weight_g"),
    "an unknown field": ({"colour": "red"}, "colour"),
    "a fee in another currency": ({"shipping_fee": {"amount": 1, "currency": "JPY"}}, "body"),
    "an attribute with a NUL": ({"attributes": {"size": "a\0"}}, "attributes.size"),
}


@pytest.mark.parametrize(("changes", "field"), BAD_SKUS.values(), ids=BAD_SKUS)
async def test_a_bad_sku_is_refused_by_field(shop: Shop, changes: Document, field: str) -> None:
    path = f"/v1/admin/skus/{shop.mark}-new"
    body = GOOD_SKU | {"merchant_id": shop.merchant_id()} | changes
    problem = refused(await shop.operator.ask("PUT", path, body), 422, "request_invalid")
    assert field in {error["field"] for error in problem["errors"]}
    refused(await shop.nobody().ask("GET", f"/v1/skus/{shop.mark}-new"), 404, "not_found")


async def test_a_sku_of_an_unknown_merchant_or_warehouse_is_refused_by_name(shop: Shop) -> None:
    path = f"/v1/admin/skus/{shop.mark}-new"
    for changes, field in (({"merchant_id": "nobody"}, "merchant_id"), ({"stock": {"nowhere": 1}}, "stock")):
        body = GOOD_SKU | {"merchant_id": shop.merchant_id()} | changes
        problem = refused(await shop.operator.ask("PUT", path, body), 422, "reference_unknown")
        assert problem["field"] == field
    refused(await shop.nobody().ask("GET", f"/v1/skus/{shop.mark}-new"), 404, "not_found")


async def test_stock_is_not_set_below_what_is_reserved(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    await shop.places(buyer, (sku, 3))
    body = GOOD_SKU | {"merchant_id": shop.merchant_id(), "stock": {shop.warehouse_id(): 2}, "price": twd(1)}
    async with shop.nothing_changes(buyer, sku):
        problem = refused(await shop.operator.ask("PUT", f"/v1/admin/skus/{sku}", body), 409, "stock_below_reserved")
    assert problem["reserved"] == 3
    assert (await shop.nobody().get(f"/v1/skus/{sku}"))["price"] == twd(10_000)
    await shop.shelves(on_hand=3, sku=sku)
    assert await shop.stock(sku) == (3, 3)


async def test_a_catalogue_is_loaded_whole_or_not_at_all(shop: Shop) -> None:
    document = {
        "merchants": [{"merchant_id": f"{shop.mark}-m-new", "name": "New"}],
        "skus": [GOOD_SKU | {"sku": f"{shop.mark}-new", "merchant_id": "nobody"}],
    }
    refused(await shop.operator.ask("POST", "/v1/admin/catalogue", document), 422, "reference_unknown")
    body = GOOD_SKU | {"merchant_id": f"{shop.mark}-m-new"}
    refused(await shop.operator.ask("PUT", f"/v1/admin/skus/{shop.mark}-new", body), 422, "reference_unknown")


@pytest.mark.parametrize("postal_code", ["1\0", "x" * 21])
async def test_a_warehouse_with_an_impossible_postal_code_is_refused(shop: Shop, postal_code: str) -> None:
    body = {"name": "W", "country": "TW", "region": "R", "city": "C", "postal_code": postal_code}
    answer = await shop.operator.ask("PUT", f"/v1/admin/warehouses/{shop.mark}-w-new", body)
    assert {error["field"] for error in refused(answer, 422, "request_invalid")["errors"]} == {"postal_code"}


BAD_EVENTS: dict[str, tuple[Any, str]] = {
    "an unknown event": ({"event": "teleported"}, "event"),
    "the split's own": ({"event": "created"}, "event"),
    "no event": ({}, "event"),
    "a time without a zone": ({"event": "picked", "at": "2026-11-22T10:00:00"}, "at"),
    "a time that is none": ({"event": "picked", "at": "yesterday"}, "at"),
    "an unknown field": ({"event": "picked", "by": "me"}, "by"),
}


@pytest.mark.parametrize(("body", "field"), BAD_EVENTS.values(), ids=BAD_EVENTS)
async def test_a_bad_parcel_report_is_refused_by_field(shop: Shop, body: Any, field: str) -> None:
    answer = await shop.warehouse().ask("POST", "/v1/parcels/any/events", body)
    assert field in {error["field"] for error in refused(answer, 422, "request_invalid")["errors"]}


@pytest.mark.parametrize("path", ["/v1/parcels?state=teleported", "/v1/parcels?limit=0", "/v1/parcels?cursor=x"])
async def test_a_bad_list_of_parcels_is_refused(shop: Shop, path: str) -> None:
    refused(await shop.warehouse().ask("GET", path), 422, "request_invalid")


@pytest.mark.parametrize("path", ["/v1/parcels?order_no=%00", "/v1/parcels/%00/events"])
async def test_an_impossible_parcel_is_refused_or_not_found(shop: Shop, path: str) -> None:
    method, body = ("POST", {"event": "picked"}) if path.endswith("events") else ("GET", None)
    answer = await shop.warehouse().ask(method, path, body)
    refused(answer, answer.status_code, "not_found" if answer.status_code == 404 else "request_invalid")
