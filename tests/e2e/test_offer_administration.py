"""Operators enter promotions, benefits, coupons, points and policies; what makes no sense is refused by its place."""

from typing import Any

import pytest

from tests.shop import Document, Shop, refused, twd

PERCENTAGE = {"kind": "percentage", "basis_points": 1000}


def spend_and_save(*steps: tuple[int, int]) -> Document:
    tiers = [{"threshold": twd(threshold), "amount_off": twd(saved)} for threshold, saved in steps]
    return {"kind": "tiers", "tiers": tiers}


async def test_a_promotion_is_entered_changed_and_listed(shop: Shop) -> None:
    sku, path = await shop.shelves(), f"/v1/admin/promotions/{shop.mark}-week"
    body: Document = {
        "name": "A week",
        "effect": spend_and_save((20_000, 1_000)),
        "scope": {"skus": [sku]},
        "budget": twd(9_000),
    }
    first = await shop.operator.put(path, body)
    assert (first["code"], first["version"], first["used"], first["spent"]) == (f"{shop.mark}-week", 1, 0, twd(0))
    assert first["effect"]["tiers"] == body["effect"]["tiers"]
    assert (await shop.operator.put(path, body))["version"] == 1
    changed = await shop.operator.put(path, body | {"ends_at": "2199-01-01T00:00:00+08:00"})
    assert (changed["version"], changed["ends_at"]) == (2, "2198-12-31T16:00:00Z")
    assert await shop.operator.get(path) == changed
    as_entered = {name: value for name, value in changed.items() if name not in ("code", "version", "spent", "used")}
    assert (await shop.operator.put(path, as_entered))["version"] == 2
    page = await shop.operator.get("/v1/admin/promotions?limit=200")
    assert changed in page["items"]


async def test_a_code_is_of_one_source(shop: Shop) -> None:
    code, body = (
        f"{shop.mark}-gold",
        {"name": "Gold", "effect": PERCENTAGE, "scope": {"merchants": [shop.merchant_id()]}},
    )
    benefit = await shop.operator.put(f"/v1/admin/member-benefits/{code}", body | {"member_tiers": [shop.mark]})
    assert await shop.operator.get(f"/v1/admin/member-benefits/{code}") == benefit
    assert benefit in (await shop.operator.get("/v1/admin/member-benefits?limit=200"))["items"]
    refused(await shop.operator.ask("GET", f"/v1/admin/promotions/{code}"), 404, "not_found")
    problem = refused(await shop.operator.ask("PUT", f"/v1/admin/promotions/{code}", body), 422, "rule_invalid")
    assert problem["field"] == "code"


async def test_what_makes_no_sense_is_refused_by_its_place_and_not_kept(shop: Shop) -> None:
    sku, yen = await shop.shelves(), await shop.shelves(currency="JPY", price=100)
    scope = {"skus": [sku]}
    wrong: list[tuple[Document, str, str]] = [
        ({"effect": spend_and_save((100, 10), (200, 201))}, "rule_invalid", "effect.tiers.1.amount_off"),
        ({"effect": {"kind": "percentage", "basis_points": 10_001}}, "rule_invalid", "effect.basis_points"),
        ({"scope": {}}, "rule_invalid", "scope"),
        (
            {"effect": {"kind": "price_list", "prices": {yen: twd(1)}}, "scope": None},
            "rule_invalid",
            f"effect.prices.{yen}",
        ),
        ({"effect": {"kind": "gift", "sku": yen}, "minimum_amount": twd(1)}, "rule_invalid", "effect.sku"),
        ({"effect": {"kind": "gift", "sku": "nothing"}}, "reference_unknown", "effect.sku"),
        (
            {"effect": {"kind": "bundle_price", "items": {"nothing": 2}, "price": twd(1)}, "scope": None},
            "reference_unknown",
            "effect.items",
        ),
        ({"scope": {"skus": [sku, "nothing"]}}, "reference_unknown", "scope.skus"),
        ({"scope": {"merchants": ["nobody"]}}, "reference_unknown", "scope.merchants"),
    ]  # fmt: skip
    path = f"/v1/admin/promotions/{shop.mark}-wrong"
    for changes, code, field in wrong:
        body = {"name": "Wrong", "effect": PERCENTAGE, "scope": scope} | changes
        problem = refused(await shop.operator.ask("PUT", path, body), 422, code)
        assert problem["field"] == field, problem
    shapeless = {"kind": "tiers", "tiers": [{"threshold": {"amount": 1}, "amount_off": twd(1)}]}
    body = {"name": "Wrong", "effect": shapeless, "scope": scope}
    problem = refused(await shop.operator.ask("PUT", path, body), 422, "request_invalid")
    assert [error["field"] for error in problem["errors"]] == ["effect.tiers.0.threshold.currency"]
    refused(await shop.operator.ask("GET", path), 404, "not_found")


async def test_coupons_are_granted_once_a_key_to_all_or_none_and_never_beyond_their_limits(shop: Shop) -> None:
    path, alice, bob = f"/v1/admin/coupons/{shop.mark}-thanks", shop.buyer("alice").subject, shop.buyer("bob").subject
    body = {
        "name": "Thanks",
        "effect": {"kind": "amount_off", "amount": twd(500)},
        "scope": {"merchants": [shop.merchant_id()]},
        "issue_limit": 3,
    }
    assert (await shop.operator.put(path, body))["issued"] == 0
    first = await shop.operator.post(f"{path}/grants", {"accounts": [alice]}, key=f"{shop.mark}-grant")
    assert await shop.operator.post(f"{path}/grants", {"accounts": [alice]}, key=f"{shop.mark}-grant") == first
    (coupon,) = first["coupons"]
    assert (coupon["account"], coupon["state"], coupon["template"]) == (alice, "available", f"{shop.mark}-thanks")
    answer = await shop.operator.ask("POST", f"{path}/grants", {"accounts": [bob, alice]})
    assert refused(answer, 409, "coupon_unavailable")["reason"] == "account_limit_reached"
    granted = await shop.operator.post(f"{path}/grants", {"accounts": [bob, bob]})
    assert [coupon["account"] for coupon in granted["coupons"]] == [bob]
    answer = await shop.operator.ask(
        "POST", f"{path}/grants", {"accounts": [f"{shop.mark}-carol", f"{shop.mark}-dave"]}
    )
    assert refused(answer, 409, "coupon_unavailable")["reason"] == "issue_limit_reached"
    assert (await shop.operator.get(path))["issued"] == 2
    problem = refused(await shop.operator.ask("PUT", path, body | {"issue_limit": 1}), 409, "limit_below_use")
    assert problem["field"] == "issue_limit"
    refused(await shop.operator.ask("POST", f"{path}-no/grants", {"accounts": [bob]}), 404, "not_found")


async def test_a_budget_is_never_set_below_what_orders_have_of_it(shop: Shop) -> None:
    sku, path = await shop.shelves(), f"/v1/admin/promotions/{shop.mark}-budget"
    body: Document = {"name": "Ten", "effect": PERCENTAGE, "scope": {"skus": [sku]}, "budget": twd(9_000)}
    await shop.operator.put(path, body)
    await shop.places(shop.buyer(), (sku, 2))
    standing = await shop.operator.get(path)
    assert (standing["spent"], standing["used"]) == (twd(2_000), 1)
    problem = refused(await shop.operator.ask("PUT", path, body | {"budget": twd(1_999)}), 409, "limit_below_use")
    assert (problem["field"], problem["used"]) == ("budget", 2_000)
    in_yen = await shop.operator.ask("PUT", path, body | {"budget": {"amount": 10**9, "currency": "JPY"}})
    assert refused(in_yen, 409, "limit_below_use")["field"] == "currency"
    changed = await shop.operator.put(path, body | {"budget": twd(2_000)})
    assert (changed["version"], changed["spent"]) == (2, twd(2_000))


async def test_a_claim_code_leads_to_one_template(shop: Shop) -> None:
    body = {"name": "Hi", "effect": PERCENTAGE, "scope": {"everything": True}, "claim_code": f"{shop.mark}-HI"}
    await shop.operator.put(f"/v1/admin/coupons/{shop.mark}-one", body)
    answer = await shop.operator.ask("PUT", f"/v1/admin/coupons/{shop.mark}-other", body)
    assert refused(answer, 422, "rule_invalid")["field"] == "claim_code"


async def test_points_are_booked_once_a_document_and_never_below_what_is_there(shop: Shop) -> None:
    path = f"/v1/admin/members/{shop.buyer().subject}"
    assert (await shop.operator.get(path))["tier"] is None
    assert (await shop.operator.put(path, {"tier": "gold"}))["tier"] == "gold"
    booking = {"points": 500, "document": "complaint/1"}
    assert [(await shop.operator.post(f"{path}/points", booking))["booked"] for _ in range(2)] == [True, False]
    await shop.operator.post(f"{path}/points", {"points": -200, "document": "mistake/1", "reason": "typed"})
    refused(
        await shop.operator.ask("POST", f"{path}/points", {"points": -301, "document": "mistake/2"}),
        409,
        "points_unavailable",
    )
    said = await shop.operator.get(path)
    assert (said["tier"], said["points"]) == (
        "gold",
        {
            "balance": 300,
            "locked": 0,
            "available": 300,
            "ledger_sum": {"balance": 300, "locked": 0},
            "adds_up": True,
        },
    )


async def test_policies_are_one_table_each(shop: Shop) -> None:
    path, worth = "/v1/admin/policies/points/KWD", {"points": 10, "amount": {"amount": 1, "currency": "KWD"}}
    await shop.operator.put(path, worth)
    assert await shop.operator.get(path) == worth | {"share_basis_points": 10_000, "minimum": 0, "earned_per": 0}
    refused(await shop.operator.ask("GET", "/v1/admin/policies/points/OMR"), 404, "not_found")
    problem = refused(await shop.operator.ask("PUT", path, worth | {"amount": twd(1)}), 422, "rule_invalid")
    assert problem["field"] == "amount.currency"
    path = "/v1/admin/policies/restoration/coupon"
    usual = await shop.operator.get(path)
    try:
        said = await shop.operator.put(path, {"refunded": {"rule": "extended", "days": 7}})
        assert said == usual | {"refunded": {"rule": "extended", "days": 7}} == await shop.operator.get(path)
    finally:
        assert await shop.operator.put(path, {}) == usual
    answer = await shop.operator.ask("PUT", path, {"refunded": {"rule": "kept", "days": 7}})
    assert refused(answer, 422, "rule_invalid")["field"] == "refunded.days"
    path = "/v1/admin/after-sales-rules"
    standing = await shop.operator.get(path)
    rules = {name: value for name, value in standing.items() if name != "version"}
    same = await shop.operator.put(path, rules)
    assert same == rules | {"version": max(1, standing["version"])} == await shop.operator.put(path, rules)
    answer = await shop.operator.ask("PUT", path, {"apology_template": "nobody-wrote-it"})
    assert refused(answer, 422, "reference_unknown")["field"] == "apology_template"


async def test_a_sku_has_a_category_and_a_floor_that_is_not_above_its_price(shop: Shop) -> None:
    sku = await shop.shelves(category="tea/oolong", floor_price=twd(10_000))
    for floor in (twd(10_001), {"amount": 1, "currency": "JPY"}):
        body = {"name": "Goods", "merchant_id": shop.merchant_id(), "price": twd(10_000), "floor_price": floor}
        refused(await shop.operator.ask("PUT", f"/v1/admin/skus/{sku}", body), 422, "request_invalid")


def whole_catalogue(shop: Shop) -> Document:
    mark, sku = shop.mark, {"name": "Goods", "merchant_id": shop.merchant_id(), "price": twd(10_000)}
    scope: dict[str, Any] = {"merchants": [shop.merchant_id()]}
    return {
        "skus": [sku | {"sku": f"{mark}-new"}],
        "promotions": [
            {"code": f"{mark}-ten", "name": "Ten", "effect": PERCENTAGE, "scope": {"skus": [f"{mark}-new"]}},
            {"code": f"{mark}-gift", "name": "Gift", "effect": {"kind": "gift", "sku": f"{mark}-new"}, "scope": scope,
             "minimum_amount": twd(10**9)},
        ],
        "member_benefits": [
            {"code": f"{mark}-98", "name": "98", "effect": PERCENTAGE, "scope": scope, "member_tiers": [mark]},
        ],
        "coupons": [
            {"template": f"{mark}-hello", "name": "Hello", "effect": PERCENTAGE, "scope": scope,
             "grants": [shop.buyer("alice").subject, shop.buyer("bob").subject]},
        ],
        "members": [{"account": shop.buyer("alice").subject, "tier": mark, "points": 700}],
        "points_policies": [{"amount": {"amount": 1, "currency": "BHD"}}],
        "restorations": [{"source": "promotion"}],
    }  # fmt: skip


async def test_a_catalogue_with_offers_loaded_twice_is_loaded_once(shop: Shop) -> None:
    document, alice = whole_catalogue(shop), shop.buyer("alice")
    for _ in range(2):
        loaded = await shop.operator.post("/v1/admin/catalogue", document)
    assert loaded == {name: len(document.get(name, [])) for name in loaded}
    assert loaded["promotions"] == 2
    assert (await shop.operator.get(f"/v1/admin/promotions/{shop.mark}-gift"))["version"] == 1
    assert (await shop.operator.get(f"/v1/admin/coupons/{shop.mark}-hello"))["issued"] == 2
    member = await shop.operator.get(f"/v1/admin/members/{alice.subject}")
    assert (member["tier"], member["points"]["balance"]) == (shop.mark, 700)
    assert len((await alice.get("/v1/coupons"))["items"]) == 1


@pytest.mark.parametrize(
    ("section", "changes", "code", "field"),
    [
        ("promotions", {"effect": spend_and_save((1, 2))}, "rule_invalid", "effect.tiers.0.amount_off"),
        ("promotions", {"effect": {"kind": "gift", "sku": "nothing"}}, "reference_unknown", "effect.sku"),
        ("coupons", {"restorations": {"refused": {"rule": "extended"}}}, "rule_invalid", "restorations.refused.days"),
        ("points_policies", {"points": 0}, "rule_invalid", "points"),
        ("restorations", {"refused": {"rule": "extended", "days": 1}}, "rule_invalid", "refused.rule"),
    ],
)
async def test_a_wrong_rule_in_a_catalogue_is_named_by_its_section_and_nothing_is_loaded(
    shop: Shop, section: str, changes: Document, code: str, field: str
) -> None:
    document = whole_catalogue(shop)
    document[section][-1] |= changes
    answer = await shop.operator.ask("POST", "/v1/admin/catalogue", document)
    assert refused(answer, 422, code)["field"] == f"{section}.{len(document[section]) - 1}.{field}"
    refused(await shop.operator.ask("GET", f"/v1/admin/promotions/{shop.mark}-ten"), 404, "not_found")
    refused(await shop.nobody().ask("GET", f"/v1/skus/{shop.mark}-new"), 404, "not_found")
