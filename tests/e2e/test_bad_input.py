"""Bad input: each kind has a problem with a stable code that names the field, and changes nothing (P7, P8)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import TAIPEI, Document, Person, Shop, items, refused


@dataclass(frozen=True, slots=True)
class Scene:
    """A buyer with an unpaid order of one of five units."""

    shop: Shop
    buyer: Person
    sku: str
    order_no: str
    quote_token: str
    paths: Document = field(default_factory=dict)

    def cart(self, **changes: Any) -> Document:
        return {"items": items((self.sku, 1)), "address": TAIPEI} | changes

    def item(self, **changes: Any) -> Document:
        return self.cart(items=[{"sku": self.sku, "quantity": 1} | changes])


@pytest.fixture(scope="module")
async def scene(stack: Stack, http: httpx.AsyncClient, places_at: httpx.AsyncClient) -> Scene:
    shop = await UnhurriedShop.opens(stack, http, places_at)
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 1))
    order = await shop.submits(buyer, quote)
    return Scene(shop, buyer, sku, order["order_no"], quote["quote_token"])


def fields_of(problem: Document) -> set[str]:
    return {str(error["field"]) for error in problem.get("errors", [])}


BadCart = Callable[[Scene], Document]

BAD_CARTS: dict[str, tuple[BadCart, str]] = {
    "quantity 0": (lambda s: s.item(quantity=0), "items.0.quantity"),
    "quantity -1": (lambda s: s.item(quantity=-1), "items.0.quantity"),
    "quantity a thousand million": (lambda s: s.item(quantity=10**9), "items.0.quantity"),
    "quantity beyond every integer": (lambda s: s.item(quantity=10**30), "items.0.quantity"),
    "quantity with a fraction": (lambda s: s.item(quantity=1.5), "items.0.quantity"),
    "quantity as a float": (lambda s: s.item(quantity=1.0), "items.0.quantity"),
    "quantity as text": (lambda s: s.item(quantity="1"), "items.0.quantity"),
    "quantity as truth": (lambda s: s.item(quantity=True), "items.0.quantity"),
    "quantity as nothing": (lambda s: s.item(quantity=None), "items.0.quantity"),
    "no quantity": (lambda s: s.cart(items=[{"sku": s.sku}]), "items.0.quantity"),
    "a price of the buyer's own": (lambda s: s.item(unit_price=1), "items.0.unit_price"),
    "an unknown field": (lambda s: s.cart(total=1), "total"),
    "an empty cart": (lambda s: s.cart(items=[]), "items"),
    "a cart of 101 lines": (lambda s: s.cart(items=items((s.sku, 1)) * 101), "items"),
    "more units than an order has": (lambda s: s.cart(items=items((s.sku, 5000)) * 2), "items"),
    "items as text": (lambda s: s.cart(items=s.sku), "items"),
    "a SKU with a slash": (lambda s: s.item(sku="../etc"), "items.0.sku"),
    "both addresses": (lambda s: s.cart(address_id="adr_1"), "body"),
    "a country in words": (lambda s: s.cart(address=TAIPEI | {"country": "Taiwan"}), "address.country"),
    "an address without a phone": (
        lambda s: s.cart(address={name: value for name, value in TAIPEI.items() if name != "phone"}),
        "address.phone",
    ),
    "an address with an empty name": (lambda s: s.cart(address=TAIPEI | {"name": "  "}), "address.name"),
    "an address with a NUL": (lambda s: s.cart(address=TAIPEI | {"city": "a\0b"}), "address.city"),
    "an address with an endless line": (lambda s: s.cart(address=TAIPEI | {"line1": "x" * 201}), "address.line1"),
    "negative points": (lambda s: s.cart(points=-1), "points"),
}


@pytest.mark.parametrize(("cart", "field"), BAD_CARTS.values(), ids=BAD_CARTS)
async def test_a_bad_cart_is_refused_by_field(scene: Scene, cart: BadCart, field: str) -> None:
    problem = refused(await scene.buyer.ask("POST", "/v1/quotes", cart(scene)), 422, "request_invalid")
    assert field in fields_of(problem)
    assert field in problem["detail"]


async def test_an_unknown_sku_is_refused_by_name(scene: Scene) -> None:
    problem = refused(await scene.buyer.ask("POST", "/v1/quotes", scene.item(sku="NO-SUCH")), 422, "sku_unknown")
    assert problem["sku"] == "NO-SUCH"


async def test_an_order_of_more_parcels_than_a_run_can_follow_is_refused(scene: Scene) -> None:
    heavy = await scene.shop.shelves(1000, weight_g=20_000)
    problem = refused(
        await scene.buyer.ask("POST", "/v1/quotes", scene.item(sku=heavy, quantity=201)), 422, "order_too_large"
    )
    assert (problem["parcels"], problem["allowed"]) == (201, 200)
    await scene.shop.previews(scene.buyer, (heavy, 200))


async def test_an_unknown_shipping_option_is_refused_with_those_there_are(scene: Scene) -> None:
    answer = await scene.buyer.ask("POST", "/v1/quotes", scene.cart(shipping_option="teleport"))
    assert refused(answer, 422, "shipping_option_unknown")["allowed"] == ["standard"]


async def test_goods_that_are_shipped_need_an_address(scene: Scene) -> None:
    answer = await scene.buyer.ask("POST", "/v1/quotes", {"items": items((scene.sku, 1))})
    assert refused(answer, 422, "address_needed")["field"] == "address"


async def test_an_unknown_order_type_is_refused(scene: Scene) -> None:
    refused(await scene.buyer.ask("POST", "/v1/quotes", scene.cart(order_type="auction")), 422, "order_type_mixed")


async def test_goods_in_two_currencies_are_not_one_cart(scene: Scene) -> None:
    in_yen = await scene.shop.shelves(currency="JPY")
    cart = scene.cart(items=items((scene.sku, 1), (in_yen, 1)))
    problem = refused(await scene.buyer.ask("POST", "/v1/quotes", cart), 422, "currency_mismatch")
    assert set(problem["currencies"]) == {"TWD", "JPY"}


async def test_somebody_elses_stored_address_is_not_there(scene: Scene) -> None:
    bob = scene.shop.buyer("bob")
    stored = await bob.post("/v1/addresses", TAIPEI)
    cart = {"items": items((scene.sku, 1)), "address_id": stored["address_id"]}
    refused(await scene.buyer.ask("POST", "/v1/quotes", cart), 404, "not_found")
    refused(await scene.buyer.ask("DELETE", f"/v1/addresses/{stored['address_id']}"), 404, "not_found")
    quote = await bob.post("/v1/quotes", cart)
    assert (await scene.shop.submits(bob, quote))["receiver"]["line1"] == TAIPEI["line1"]


BODIES = {
    "broken": b'{"quote_token": ',
    "no JSON at all": b"quote_token=x",
    "not even text": b"\xff\xfe{}",
    "deeper than anybody reads": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/orders"])
async def test_a_body_that_is_no_json_is_refused(scene: Scene, path: str, body: bytes) -> None:
    async with scene.shop.nothing_changes(scene.buyer, scene.sku):
        answer = await scene.buyer.ask("POST", path, content=body, headers={"Content-Type": "application/json"})
        refused(answer, 400, "body_malformed")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b""])
async def test_a_body_that_is_no_object_is_refused(scene: Scene, body: bytes) -> None:
    async with scene.shop.nothing_changes(scene.buyer, scene.sku):
        answer = await scene.buyer.ask("POST", "/v1/orders", content=body, headers={"Content-Type": "application/json"})
        refused(answer, 422, "request_invalid")


SUBMITS: dict[str, tuple[Document, str]] = {
    "an unknown field": ({"quote_token": "x", "total": 1}, "total"),
    "no token": ({}, "quote_token"),
    "an empty token": ({"quote_token": ""}, "quote_token"),
    "a token that is a number": ({"quote_token": 7}, "quote_token"),
    "an endless token": ({"quote_token": "x" * 40_000}, "quote_token"),
    "a channel that is no name": ({"quote_token": "x", "payment_channel": "a b"}, "payment_channel"),
}


@pytest.mark.parametrize(("body", "field"), SUBMITS.values(), ids=SUBMITS)
async def test_a_bad_submit_is_refused_by_field(scene: Scene, body: Document, field: str) -> None:
    async with scene.shop.nothing_changes(scene.buyer, scene.sku):
        problem = refused(await scene.buyer.ask("POST", "/v1/orders", body), 422, "request_invalid")
    assert field in fields_of(problem)


@pytest.mark.parametrize("key", ["x" * 201, "with space", "tab\there"])
async def test_a_bad_idempotency_key_is_refused(scene: Scene, key: str) -> None:
    async with scene.shop.nothing_changes(scene.buyer, scene.sku):
        answer = await scene.buyer.ask("POST", "/v1/orders", {"quote_token": "x"}, key=key)
        assert "Idempotency-Key" in fields_of(refused(answer, 422, "request_invalid"))


ACTIONS: dict[str, tuple[str, str, Any, str, str]] = {
    "an unknown channel": ("POST", "payments", {"channel": "gold"}, "payment_channel_unknown", ""),
    "no channel": ("POST", "payments", {}, "request_invalid", "channel"),
    "a payment with an amount": ("POST", "payments", {"channel": "card", "amount": 1}, "request_invalid", "amount"),
    "a reason that is a number": ("POST", "cancel", {"reason": 1}, "request_invalid", "reason"),
    "a reason without end": ("POST", "cancel", {"reason": "x" * 501}, "request_invalid", "reason"),
    "a receiver without a change": ("PATCH", "receiver", {}, "request_invalid", "body"),
    "a receiver in another country": ("PATCH", "receiver", {"country": "JP"}, "request_invalid", "country"),
    "a receiver whose phone is no phone": ("PATCH", "receiver", {"phone": "0"}, "request_invalid", "phone"),
    "a receiver with a NUL": ("PATCH", "receiver", {"name": "a\0"}, "request_invalid", "name"),
    "a postal code with a NUL": ("PATCH", "receiver", {"postal_code": "1\0"}, "request_invalid", "postal_code"),
    "no reviews": ("POST", "reviews", {"reviews": []}, "request_invalid", "reviews"),
    "six stars": ("POST", "reviews", {"reviews": [{"line_no": 1, "rating": 6}]}, "request_invalid", "reviews.0.rating"),
}


@pytest.mark.parametrize(("method", "action", "body", "code", "field"), ACTIONS.values(), ids=ACTIONS)
async def test_a_bad_action_is_refused_and_changes_nothing(
    scene: Scene, method: str, action: str, body: Any, code: str, field: str
) -> None:
    path = f"/v1/orders/{scene.order_no}"
    before = await scene.buyer.get(path)
    problem = refused(await scene.buyer.ask(method, f"{path}/{action}", body), 422, code)
    assert not field or field in fields_of(problem)
    assert await scene.buyer.get(path) == before


LISTS = ("/v1/orders", "/v1/skus", "/v1/addresses", "/v1/notifications")
BAD_PAGES: dict[str, tuple[str, str]] = {
    "limit 0": ("limit=0", "limit"),
    "limit -1": ("limit=-1", "limit"),
    "limit 201": ("limit=201", "limit"),
    "limit in words": ("limit=many", "limit"),
    "a cursor of nobody's": ("cursor=abc", "cursor"),
    "a cursor that is no base64": ("cursor=%21%21%21", "cursor"),
    "a cursor that is a number": ("cursor=NQ", "cursor"),
    "a cursor of another list": ("cursor=WzEuNSwgMl0", "cursor"),
    "a cursor with a foreign letter": ("cursor=%E8%99%9F", "cursor"),
    "a cursor with a NUL in it": ("cursor=WyJcdTAwMDAiXQ", "cursor"),
    "a cursor beyond every integer": ("cursor=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMF0", "cursor"),
    "a cursor with a time of no zone": ("cursor=WyIyMDI2LTExLTIyVDAwOjAwOjAwIiwgIngiXQ", "cursor"),
    "a cursor with a NUL beside its time": ("cursor=WyIyMDI2LTExLTIyVDAwOjAwOjAwKzAwOjAwIiwgIlx1MDAwMCJd", "cursor"),
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("query", "field"), BAD_PAGES.values(), ids=BAD_PAGES)
async def test_a_bad_page_is_refused_by_field(scene: Scene, path: str, query: str, field: str) -> None:
    problem = refused(await scene.buyer.ask("GET", f"{path}?{query}"), 422, "request_invalid")
    assert field in fields_of(problem)


@pytest.mark.parametrize(
    "path", ["/v1/orders/NO-SUCH", "/v1/orders/NO-SUCH/timeline", "/v1/skus/NO-SUCH", "/v1/order-types/auction"]
)
async def test_what_does_not_exist_is_not_found(scene: Scene, path: str) -> None:
    refused(await scene.buyer.ask("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/%00",
        "/v1/orders/%00/timeline",
        "/v1/orders/a%00b",
        f"/v1/orders/{'x' * 65}",
        "/v1/orders?order_type=%00",
        "/v1/orders?status=%00",
    ],
)
async def test_an_impossible_address_is_refused_or_finds_nothing(scene: Scene, path: str) -> None:
    answer = await scene.buyer.ask("GET", path)
    if answer.status_code == 200:
        assert answer.json()["items"] == []
    else:
        refused(answer, answer.status_code, "not_found" if answer.status_code == 404 else "request_invalid")


async def test_an_address_that_nobody_serves_is_a_problem_too(scene: Scene) -> None:
    refused(await scene.buyer.ask("GET", "/v1/nothing-here"), 404, "not_found")
    refused(await scene.buyer.ask("DELETE", "/v1/orders"), 405, "method_not_allowed")
