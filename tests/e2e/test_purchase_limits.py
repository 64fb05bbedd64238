"""Purchase limits over HTTP: per account and per address, free again when the order comes to nothing (R-STK-3)."""

import asyncio
from typing import Any

from tests.shop import Document, Person, Shop, refused


async def limits(shop: Shop, code: str, *skus: str, **terms: Any) -> str:
    """Enter a limit for a test's own goods. Gives its code."""
    body = {"goods": {"skus": list(skus)}, "subject": "account", "quantity": 2, "period": "ever"} | terms
    await shop.operator.put(f"/v1/admin/limits/{shop.mark}-{code}", body)
    return f"{shop.mark}-{code}"


async def tries(shop: Shop, buyer: Person, *goods: tuple[str, int]) -> Document:
    """The refusal of a submit that is one too many."""
    quote = await shop.previews(buyer, *goods)
    answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    return refused(answer, 409, "purchase_limit_exceeded")


async def test_an_account_has_no_more_than_its_limit_until_an_order_is_cancelled(shop: Shop) -> None:
    sku = await shop.shelves()
    code, buyer = await limits(shop, "two", sku), shop.buyer()
    assert (await shop.previews(buyer, (sku, 2)))["warnings"] == []
    order_no = await shop.places(buyer, (sku, 2))
    (warning,) = (await shop.previews(buyer, (sku, 1)))["warnings"]
    assert (warning["code"], warning["limit"], warning["available"]) == ("purchase_limit", code, 0)
    async with shop.nothing_changes(buyer, sku):
        problem = await tries(shop, buyer, (sku, 1))
    assert {name: problem[name] for name in ("limit", "allowed", "used", "wanted")} == {
        "limit": code,
        "allowed": 2,
        "used": 2,
        "wanted": 1,
    }
    assert problem["quote"]["quote_token"]
    await shop.places(shop.buyer("bob"), (sku, 1))
    uses = await shop.operator.get(f"/v1/admin/limits/{code}/uses")
    assert uses["items"] == [
        {"subject": shop.buyer("alice").subject, "used": 2},
        {"subject": shop.buyer("bob").subject, "used": 1},
    ]
    await buyer.post(f"/v1/orders/{order_no}/cancel", {})
    await shop.places(buyer, (sku, 1))


async def test_all_buyers_at_one_address_share_its_limit(shop: Shop) -> None:
    sku = await shop.shelves()
    code = await limits(shop, "address", sku, subject="ip", quantity=3, period="rolling", seconds=3_600)
    await asyncio.gather(*(shop.places(shop.buyer(name), (sku, 1)) for name in ("ann", "bob", "cat")))
    problem = await tries(shop, shop.buyer("dan"), (sku, 1))
    assert (problem["used"], problem["allowed"]) == (3, 3)
    assert problem["free_at"]
    (use,) = (await shop.operator.get(f"/v1/admin/limits/{code}/uses"))["items"]
    assert use["used"] == 3
    assert "127.0.0.1" not in use["subject"]


async def test_a_limit_that_is_switched_off_or_is_about_other_goods_refuses_nobody(shop: Shop) -> None:
    limited, other = await shop.shelves(), await shop.shelves()
    await limits(shop, "one", limited, quantity=1)
    await shop.places(shop.buyer(), (other, 5))
    await limits(shop, "one", limited, quantity=1, enabled=False)
    await shop.places(shop.buyer(), (limited, 5))


async def test_a_limit_that_makes_no_sense_is_refused_by_its_field(shop: Shop) -> None:
    path, sku = f"/v1/admin/limits/{shop.mark}-none", await shop.shelves()
    for body, field in (
        ({"goods": {}, "quantity": 1}, "goods"),
        ({"goods": {"skus": [sku]}, "quantity": 0}, "quantity"),
        ({"goods": {"skus": [sku]}, "quantity": 1, "period": "rolling"}, "seconds"),
    ):
        problem = refused(await shop.operator.ask("PUT", path, body), 422, "rule_invalid")
        assert problem["field"] == field
    unknown = {"goods": {"skus": [sku], "campaigns": ["none"]}, "quantity": 1}
    problem = refused(await shop.operator.ask("PUT", path, unknown), 422, "reference_unknown")
    assert problem["field"] == "goods.campaigns"
    refused(await shop.operator.ask("GET", path), 404, "not_found")


async def test_limits_load_with_the_catalogue(shop: Shop) -> None:
    sku = await shop.shelves()
    entry = {"code": f"{shop.mark}-loaded", "goods": {"skus": [sku]}, "quantity": 1, "period": "week"}
    loaded = await shop.operator.post("/v1/admin/catalogue", {"limits": [entry]})
    assert loaded["limits"] == 1
    found = await shop.operator.get(f"/v1/admin/limits/{shop.mark}-loaded")
    assert (found["period"], found["subject"], found["enabled"]) == ("week", "account", True)
    wrong = {**entry, "quantity": 0}
    answer = await shop.operator.ask("POST", "/v1/admin/catalogue", {"limits": [entry, wrong]})
    assert refused(answer, 422, "rule_invalid")["field"] == "limits.1.quantity"
