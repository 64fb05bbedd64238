"""Digital goods over HTTP: bought without an address, looked at by their buyer alone, returned unseen (R-TYPE-4)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ordersaga.gateways.payment.sandbox_keys import SandboxKeys
from tests.shop import TAIPEI, Document, Person, Shop, items, refused, succeeded, twd, until

PRICE = 12_300


async def sells(shop: Shop, *codes: str, **changes: Any) -> str:
    """A digital SKU with these codes."""
    sku = await shop.shelves(price=PRICE, order_type="digital", stock={}, **changes)
    if codes:
        added = await shop.operator.post(f"/v1/admin/skus/{sku}/codes", {"codes": list(codes)})
        assert added == {"sku": sku, "added": len(codes), "known": []}
    return sku


async def pool(shop: Shop, sku: str) -> tuple[int, int, int]:
    counted = await shop.operator.get(f"/v1/admin/skus/{sku}/codes")
    return counted["available"], counted["held"], counted["sold"]


async def buys(shop: Shop, buyer: Person, *goods: tuple[str, int]) -> str:
    """The number of an order that was paid and delivered."""
    order_no = await shop.places(buyer, *goods, address=None)
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "received")
    return order_no


def reveals(order_no: str, line_no: int = 1) -> str:
    return f"/v1/orders/{order_no}/lines/{line_no}/reveal"


def actions(order: Document) -> dict[str, str]:
    """Each action that the caller sees, and why it is not possible."""
    return {item["action"]: item["reason"] for item in order["available_actions"]}


async def test_codes_are_bought_without_an_address_and_seen_by_their_buyer_alone(shop: Shop) -> None:
    buyer, mine = shop.buyer(), [f"{shop.mark}-CODE-{number}" for number in range(3)]
    sku = await sells(shop, *mine)
    quote = await shop.previews(buyer, (sku, 2), address=None)
    assert (quote["totals"]["shipping"]["amount"], quote["totals"]["payable"]["amount"]) == (0, 2 * PRICE)
    assert (quote["lines"][0]["stock_hint"], quote["warnings"]) == ("low", [])
    order = await shop.submits(buyer, quote)
    order_no = order["order_no"]
    assert (order["order_type"], order["receiver"], order["parcels"]) == ("digital", None, [])
    refused(await buyer.ask("POST", reveals(order_no)), 409, "action_not_allowed")
    assert await pool(shop, sku) == (1, 2, 0)
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "received")
    assert await pool(shop, sku) == (1, 0, 2)
    assert actions(await buyer.order(order_no))["return_unused"] == ""

    shown = await buyer.ask("POST", reveals(order_no))
    assert shown.headers["cache-control"] == "no-store"
    seen = succeeded(shown)
    assert (seen["order_no"], seen["line_no"], seen["sku"]) == (order_no, 1, sku)
    assert len(seen["codes"]) == 2
    assert set(seen["codes"]) < set(mine)
    assert await buyer.post(reveals(order_no), key="again") == seen
    assert actions(await buyer.order(order_no))["return_unused"] == "a code was revealed"
    assert [row["action"] for row in await buyer.timeline(order_no)].count("reveal_code") == 1
    for stranger in (shop.buyer("mallory"), shop.nobody()):
        answer = await stranger.ask("POST", reveals(order_no))
        assert answer.status_code == (401 if stranger.token is None else 404)
    for other in (shop.operator, shop.merchant()):
        refused(await other.ask("POST", reveals(order_no)), 403, "forbidden")
    refused(await buyer.ask("POST", reveals(order_no, 9)), 404, "not_found")
    kinds = [item["kind"] for item in (await buyer.get("/v1/notifications"))["items"]]
    assert "delivered_digitally" in kinds


async def test_an_unseen_order_is_returned_and_its_codes_are_sold_again(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await sells(shop, *(f"{shop.mark}-R-{number}" for number in range(2)))
    order_no = await buys(shop, buyer, (sku, 2))
    refused(await shop.buyer("mallory").ask("POST", f"/v1/orders/{order_no}/return-unused"), 404, "not_found")
    answer = await buyer.post(f"/v1/orders/{order_no}/return-unused", {"reason": "the wrong platform"}, key="r1")
    assert answer["status"] in ("refunding", "refunded")
    refused(await buyer.ask("POST", reveals(order_no)), 409, "action_not_allowed")
    found = await shop.until(order_no, "refunded")
    assert [(item["amount"]["amount"], item["state"]) for item in found["refunds"]] == [(2 * PRICE, "succeeded")]
    assert await pool(shop, sku) == (2, 0, 0)
    again = await buys(shop, shop.buyer("bob"), (sku, 2))
    assert len((await shop.buyer("bob").post(reveals(again)))["codes"]) == 2


async def test_what_was_seen_is_not_returned(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await sells(shop, f"{shop.mark}-S-1", f"{shop.mark}-S-2")
    order_no = await buys(shop, buyer, (sku, 1))
    await buyer.post(reveals(order_no))
    path = f"/v1/orders/{order_no}/return-unused"
    for person in (buyer, shop.operator):
        problem = refused(await person.ask("POST", path, {"reason": "no"}), 409, "action_not_allowed")
        assert problem["detail"] == "a code was revealed"
    assert await pool(shop, sku) == (1, 0, 1)


async def test_of_a_look_and_a_return_at_once_exactly_one_wins(shop: Shop) -> None:
    many = 6
    sku = await sells(shop, *(f"{shop.mark}-X-{number}" for number in range(many)))
    people = [shop.buyer(f"p{number}") for number in range(many)]
    order_nos = await asyncio.gather(*(buys(shop, person, (sku, 1)) for person in people))

    async def race(person: Person, order_no: str, late: float) -> tuple[httpx.Response, httpx.Response]:
        async def looks() -> httpx.Response:
            await asyncio.sleep(late)
            return await person.ask("POST", reveals(order_no))

        return await asyncio.gather(looks(), person.ask("POST", f"/v1/orders/{order_no}/return-unused"))

    raced = zip(people, order_nos, strict=True)
    answers = await asyncio.gather(
        *(race(person, order_no, 0.01 * number) for number, (person, order_no) in enumerate(raced))
    )
    seen = 0
    for order_no, (look, back) in zip(order_nos, answers, strict=True):
        assert sorted((look.status_code, back.status_code)) == [200, 409], (look.text, back.text)
        seen += look.is_success
        await shop.until(order_no, "received" if look.is_success else "refunded", "completed")
    assert await pool(shop, sku) == (many - seen, 0, seen)


async def test_what_does_not_fit_is_refused_and_nothing_is_held(shop: Shop) -> None:
    buyer, sku, lamp = shop.buyer(), await sells(shop, f"{shop.mark}-B-1"), await shop.shelves()
    with_address = {"items": items((sku, 1)), "address": TAIPEI}
    refused(await buyer.ask("POST", "/v1/quotes", with_address), 422, "address_not_needed")
    mixed = {"items": items((sku, 1), (lamp, 1))}
    refused(await buyer.ask("POST", "/v1/quotes", mixed), 422, "order_type_mixed")
    quote = await shop.previews(buyer, (sku, 2), address=None)
    assert [(item["code"], item["available"]) for item in quote["warnings"]] == [("insufficient_stock", 1)]
    answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    problem = refused(answer, 409, "out_of_stock")
    assert problem["items"] == [{"sku": sku, "requested": 2, "available": 1}]
    assert await pool(shop, sku) == (1, 0, 0)
    order_no = await shop.places(buyer, (lamp, 1))
    refused(await buyer.ask("POST", reveals(order_no)), 409, "action_not_allowed")
    refused(await buyer.ask("POST", f"/v1/orders/{order_no}/return-unused"), 409, "action_not_allowed")


async def test_the_shop_window_says_how_many_codes_are_left(shop: Shop) -> None:
    sku, club = await sells(shop), await sells(shop, delivery="entitlement")

    async def hint(of: str) -> str:
        return str((await shop.nobody().get(f"/v1/skus/{of}"))["stock_hint"])

    assert (await hint(sku), await hint(club)) == ("out_of_stock", "in_stock")
    await shop.operator.post(f"/v1/admin/skus/{sku}/codes", {"codes": [f"{shop.mark}-W-1"]})
    assert await hint(sku) == "low"
    await shop.operator.post(
        f"/v1/admin/skus/{sku}/codes", {"codes": [f"{shop.mark}-W-{number}" for number in range(30)]}
    )
    assert await hint(sku) == "in_stock"
    listed = (await shop.nobody().get("/v1/skus?limit=200"))["items"]
    assert {item["sku"]: item["stock_hint"] for item in listed if item["sku"] in (sku, club)}.items() <= {
        sku: "in_stock",
        club: "in_stock",
    }.items()


async def test_operators_enter_codes_once_and_for_what_has_codes(shop: Shop) -> None:
    sku, lamp, club = await sells(shop), await shop.shelves(), await sells(shop, delivery="entitlement")
    path, codes = f"/v1/admin/skus/{sku}/codes", [f"{shop.mark}-E-{number}" for number in range(3)]
    assert await shop.operator.post(path, {"codes": [*codes, codes[0]]}) == {"sku": sku, "added": 3, "known": [3]}
    assert await shop.operator.post(path, {"codes": [f" {codes[1]} ", "new-" + codes[0]]}) == {
        "sku": sku,
        "added": 1,
        "known": [0],
    }
    for wrong in (lamp, club):
        refused(await shop.operator.ask("POST", f"/v1/admin/skus/{wrong}/codes", {"codes": ["A"]}), 422, "rule_invalid")
    refused(await shop.operator.ask("POST", "/v1/admin/skus/none-such/codes", {"codes": ["A"]}), 404, "not_found")
    wrong_bodies: list[Document] = [{"codes": []}, {"codes": [" "]}, {"codes": ["A"] * 1001}, {"codes": ["A\0"]}]
    for body in wrong_bodies:
        refused(await shop.operator.ask("POST", path, body), 422, "request_invalid")
    assert await pool(shop, sku) == (4, 0, 0)


async def test_offers_and_points_of_a_returned_order_come_back(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await sells(shop, f"{shop.mark}-O-1")
    await shop.operator.put(
        f"/v1/admin/coupons/{shop.mark}-ten",
        {
            "name": "Ten off",
            "effect": {"kind": "tiers", "tiers": [{"threshold": {"amount": 1000, "currency": "TWD"},
                "amount_off": {"amount": 1000, "currency": "TWD"}}]},
            "scope": {"skus": [sku]},
        },
    )  # fmt: skip
    await shop.operator.post(f"/v1/admin/coupons/{shop.mark}-ten/grants", {"accounts": [buyer.subject]})
    order_no = await shop.places(buyer, (sku, 1), address=None)
    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "received")
    assert order["totals"]["payable"]["amount"] == PRICE - 1000
    await buyer.post(f"/v1/orders/{order_no}/return-unused")
    found = await shop.until(order_no, "refunded")
    assert [item["amount"]["amount"] for item in found["refunds"]] == [PRICE - 1000]
    (coupon,) = (await buyer.get("/v1/coupons"))["items"]
    assert coupon["state"] != "used"


async def test_a_code_is_given_beside_those_that_are_bought(shop: Shop) -> None:
    buyer, sku, gift = shop.buyer(), await sells(shop, f"{shop.mark}-G-1"), await sells(shop, f"{shop.mark}-G-2")
    offer = {"name": "Gift", "effect": {"kind": "gift", "sku": gift}, "scope": {"skus": [sku]}}
    await shop.operator.put(f"/v1/admin/promotions/{shop.mark}-gift", offer)
    order_no = await buys(shop, buyer, (sku, 1))
    bought, given = (await buyer.order(order_no))["lines"]
    assert (bought["gift"], given["gift"], given["payable"]["amount"]) == (False, True, 0)
    assert (await buyer.post(reveals(order_no, 2)))["codes"] == [f"{shop.mark}-G-2"]
    again = await shop.previews(shop.buyer("bob"), (sku, 1), address=None)
    assert [line["gift"] for line in again["lines"]] == [False], "no gift is promised of an empty pool"


class Provider:
    """The sandbox's provider of entitlements, as its merchant asks it."""

    def __init__(self, shop: Shop) -> None:
        self._http = shop.http
        self._key = SandboxKeys(shop.secrets.payment_webhook_secret).entitlement_key

    async def state(self, reference: str) -> str:
        answer = await self._http.get(f"/sandbox/api/entitlements/{reference}", headers=self._headers)
        return str(answer.json().get("state", answer.json().get("code")))

    async def use(self, reference: str) -> None:
        succeeded(await self._http.post(f"/sandbox/api/entitlements/{reference}/use", headers=self._headers))

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key}"}


async def test_entitlements_are_granted_unit_by_unit_and_revoked_while_unused(shop: Shop) -> None:
    buyer, provider = shop.buyer(), Provider(shop)
    club, game = await sells(shop, delivery="entitlement"), await sells(shop, f"{shop.mark}-M-1")
    order_no = await buys(shop, buyer, (club, 2), (game, 1))
    units = [f"{order_no}.1.{unit}" for unit in (1, 2)]
    assert [await provider.state(unit) for unit in units] == ["granted", "granted"]
    refused(await buyer.ask("POST", reveals(order_no, 1)), 409, "action_not_allowed")
    await buyer.post(f"/v1/orders/{order_no}/return-unused")
    await shop.until(order_no, "refunded")
    assert [await provider.state(unit) for unit in units] == ["revoked", "revoked"]
    assert await pool(shop, game) == (1, 0, 0)


async def test_an_entitlement_in_use_keeps_the_order_and_its_codes_can_still_be_seen(shop: Shop) -> None:
    buyer, provider = shop.buyer(), Provider(shop)
    club, game = await sells(shop, delivery="entitlement"), await sells(shop, f"{shop.mark}-U-1")
    order_no = await buys(shop, buyer, (club, 2), (game, 1))
    await provider.use(f"{order_no}.1.2")
    problem = refused(await buyer.ask("POST", f"/v1/orders/{order_no}/return-unused"), 409, "action_not_allowed")
    assert problem["detail"] == "an entitlement is in use"
    assert await provider.state(f"{order_no}.1.1") == "granted"
    assert (await buyer.post(reveals(order_no, 2)))["codes"] == [f"{shop.mark}-U-1"]


async def test_a_provider_that_refuses_for_good_sends_everything_back(shop: Shop) -> None:
    buyer, provider, game = shop.buyer(), Provider(shop), await sells(shop, f"{shop.mark}-N-1")
    club, never = await sells(shop, delivery="entitlement"), f"{shop.mark}-never-refuse"
    await sells(shop, sku=never, delivery="entitlement")
    order_no = await shop.places(buyer, (club, 1), (game, 1), (never, 1), address=None)
    await shop.pays(buyer, order_no)
    found = await shop.until(order_no, "refunded")
    assert [(item["amount"]["amount"], item["reason"]) for item in found["refunds"]] == [
        (3 * PRICE, "entitlement_refused")
    ]
    assert await pool(shop, game) == (1, 0, 0)
    await until(lambda: provider.state(f"{order_no}.1.1"), lambda state: state == "revoked")


async def test_a_provider_that_is_away_is_waited_for(shop: Shop) -> None:
    buyer, provider, late = shop.buyer(), Provider(shop), f"{shop.mark}-late-away"
    await sells(shop, sku=late, delivery="entitlement")
    order_no = await shop.places(buyer, (late, 1), address=None)
    await shop.pays(buyer, order_no)
    await until(lambda: provider.state(f"{order_no}.1.1"), lambda state: state == "granted")
    await shop.until(order_no, "received")


async def test_a_campaign_of_what_is_shipped_takes_nothing_that_is_not(shop: Shop) -> None:
    sku = await sells(shop, f"{shop.mark}-S-1")
    now = datetime.now(UTC)
    body = {
        "order_type": "flash_sale",
        "name": "Noon",
        "sku": sku,
        "price": twd(PRICE),
        "starts_at": now.isoformat(),
        "ends_at": (now + timedelta(hours=1)).isoformat(),
    }
    answer = await shop.operator.ask("PUT", f"/v1/admin/campaigns/{sku}-noon", body)
    assert refused(answer, 422, "rule_invalid")["field"] == "sku"
