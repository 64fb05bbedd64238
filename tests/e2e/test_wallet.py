"""A buyer's wallet and membership: coupons that are claimed, points, and what the tier gives."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.marketing import move_to_the_past
from tests.shop import Document, Person, Shop, refused, twd


async def offered(shop: Shop, **terms: Any) -> str:
    """A coupon that can be claimed. Gives its claim code."""
    code = f"{shop.mark}-WELCOME"
    body = {
        "name": "Welcome",
        "effect": {"kind": "amount_off", "amount": twd(500)},
        "scope": {"merchants": [shop.merchant_id()]},
        "minimum_amount": twd(3_000),
        "claim_code": code,
    }
    await shop.operator.put(f"/v1/admin/coupons/{shop.mark}-welcome", body | terms)
    return code


async def coupons(buyer: Person) -> list[Document]:
    items: list[Document] = (await buyer.get("/v1/coupons"))["items"]
    return items


async def test_a_claimed_coupon_lies_in_the_wallet_of_its_buyer_and_in_no_other(shop: Shop) -> None:
    alice, code = shop.buyer("alice"), await offered(shop, valid_days=30)
    claimed = await alice.post("/v1/coupons", {"claim_code": code})
    assert await coupons(alice) == [claimed]
    assert (claimed["name"], claimed["state"]) == ("Welcome", "available")
    assert claimed["effect"] == {"kind": "amount_off", "amount": twd(500), "each_unit": False}
    assert (claimed["minimum_amount"], claimed["scope"]["merchants"]) == (twd(3_000), [shop.merchant_id()])
    valid = datetime.fromisoformat(claimed["valid_until"]) - datetime.fromisoformat(claimed["valid_from"])
    assert valid == timedelta(days=30)
    assert await coupons(shop.buyer("bob")) == []


async def test_a_key_claims_once_and_without_one_the_limit_of_an_account_holds(shop: Shop) -> None:
    alice, code = shop.buyer("alice"), await offered(shop, limit_per_account=2)
    claims = [await alice.post("/v1/coupons", {"claim_code": code}, key=f"{shop.mark}-claim") for _ in range(2)]
    assert claims[0] == claims[1]
    other = await alice.ask("POST", "/v1/coupons", {"claim_code": "OTHER"}, key=f"{shop.mark}-claim")
    refused(other, 422, "idempotency_key_reused")
    second = await alice.post("/v1/coupons", {"claim_code": code})
    problem = refused(await alice.ask("POST", "/v1/coupons", {"claim_code": code}), 409, "coupon_unavailable")
    assert problem["reason"] == "account_limit_reached"
    page = await alice.get("/v1/coupons?limit=1")
    following = await alice.get(f"/v1/coupons?limit=1&cursor={page['next_cursor']}")
    assert [item["coupon_code"] for item in page["items"] + following["items"]] == [
        second["coupon_code"],
        claims[0]["coupon_code"],
    ]


async def test_the_last_coupon_is_claimed_by_one_of_many(shop: Shop) -> None:
    code = await offered(shop, issue_limit=1)
    buyers = [shop.buyer(f"b{number}") for number in range(10)]
    answers = await asyncio.gather(*(buyer.ask("POST", "/v1/coupons", {"claim_code": code}) for buyer in buyers))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    reasons = {answer.json().get("reason") for answer in answers if answer.status_code == 409}
    assert reasons == {"issue_limit_reached"}


async def test_a_code_that_is_unknown_disabled_or_over_gives_nothing(shop: Shop) -> None:
    alice = shop.buyer()
    refused(await alice.ask("POST", "/v1/coupons", {"claim_code": f"{shop.mark}-NO"}), 404, "not_found")
    for terms, reason in (
        ({"enabled": False}, "template_disabled"),
        ({"claim_until": "2020-01-01T00:00:00Z"}, "claim_over"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "template_over"),
    ):
        answer = await alice.ask("POST", "/v1/coupons", {"claim_code": await offered(shop, **terms)})
        assert refused(answer, 409, "coupon_unavailable")["reason"] == reason
    assert await coupons(alice) == []


async def test_a_coupon_is_expired_as_soon_as_its_time_is_over(shop: Shop) -> None:
    alice, over = shop.buyer(), datetime.now(UTC) + timedelta(hours=1)
    code = await offered(shop, ends_at=over.isoformat())
    claimed = await alice.post("/v1/coupons", {"claim_code": code})
    assert (claimed["state"], datetime.fromisoformat(claimed["valid_until"])) == ("available", over)
    await move_to_the_past(shop, claimed["coupon_code"])
    assert [coupon["state"] for coupon in await coupons(alice)] == ["expired"]


async def test_an_order_holds_its_coupon_and_the_wallet_says_which(shop: Shop) -> None:
    alice, sku, code = shop.buyer(), await shop.shelves(), await offered(shop)
    claimed = await alice.post("/v1/coupons", {"claim_code": code})
    order_no = await shop.places(alice, (sku, 1), coupon_codes=[claimed["coupon_code"]])
    assert await coupons(alice) == [claimed | {"state": "locked", "order_no": order_no}]


async def test_a_membership_tells_points_their_worth_and_what_is_left_of_each_benefit(shop: Shop) -> None:
    alice, tier = shop.buyer(), shop.mark
    await shop.operator.put(
        "/v1/admin/policies/points/TND", {"points": 10, "amount": {"amount": 3, "currency": "TND"}, "minimum": 20}
    )
    plain = await alice.get("/v1/membership")
    assert (plain["tier"], plain["benefits"], plain["points"]["balance"]) == (None, [], 0)
    document = {
        "members": [{"account": alice.subject, "tier": tier, "points": 57}],
        "member_benefits": [
            {
                "code": f"{tier}-delivery",
                "name": "Three deliveries a month",
                "effect": {"kind": "free_shipping"},
                "scope": {"everything": True},
                "member_tiers": [tier],
                "usage_limit_per_account": 3,
                "usage_period": "month",
            },
            {
                "code": f"{tier}-others",
                "name": "For others",
                "effect": {"kind": "percentage", "basis_points": 200},
                "scope": {"everything": True},
                "member_tiers": [f"{tier}-others"],
            },
        ],
    }
    await shop.operator.post("/v1/admin/catalogue", document)
    found = await alice.get("/v1/membership")
    (benefit,) = found["benefits"]
    assert (found["tier"], benefit["code"], benefit["left"], benefit["usage_period"]) == (
        tier,
        f"{tier}-delivery",
        3,
        "month",
    )
    assert (found["points"]["available"], found["points"]["locked"]) == (57, 0)
    assert {
        "worth": {"amount": 15, "currency": "TND"},
        "policy": {
            "points": 10,
            "amount": {"amount": 3, "currency": "TND"},
            "share_basis_points": 10_000,
            "minimum": 20,
            "earned_per": 0,
        },
    } in found["points"]["worth"]
