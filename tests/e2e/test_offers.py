"""Offers on the way to an order: what a preview says of each, and whose choice it is (R-PRC-1 … R-PRC-3, M6, M7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client

from devstack.stack import Stack
from ordersaga.persistence.database import Database
from tests.marketing import Marketing, applied, off, offers_of, percent
from tests.security.own_api import serving, settings_of
from tests.shop import TAIPEI, Person, Shop, items, twd, until

SEK = "SEK"
"""The currency of these tests with points: its policy is nobody else's."""
POINTS_POLICY = {
    "points": 10,
    "amount": {"amount": 100, "currency": SEK},
    "share_basis_points": 5000,
    "minimum": 50,
}


def sek(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": SEK}


async def test_a_preview_says_of_every_offer_what_it_takes_or_why_it_does_not_and_what_is_missing(shop: Shop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(price=10_000)
    ten = await marketing.promotes("ten", percent(1000), tea)
    tiers = {"kind": "tiers", "tiers": [{"threshold": twd(50_000), "amount_off": twd(5000)}]}
    spend = await marketing.promotes("spend", tiers, tea)
    in_app = await marketing.promotes("app", percent(5000), tea, channels=["app"])
    four = await marketing.promotes("four", percent(100), tea, minimum_count=4)
    small, large = [
        await marketing.grants(name, off(amount), tea, to=buyer, exclusion_group="g")
        for name, amount in (("small", 1000), ("large", 2000))
    ]
    quote = await shop.previews(buyer, (tea, 2))
    offers = offers_of(quote)

    assert applied(quote) == {ten: 2000, large: 2000}
    assert (offers[ten]["name"], offers[ten]["reason"]) == ("Promotion ten", "")
    assert (offers[spend]["reason"], offers[spend]["missing"]["amount"]) == ("tier_not_reached", twd(32_000))
    assert offers[in_app]["reason"] == "other_channel"
    assert (offers[four]["reason"], offers[four]["missing"]["count"]) == ("minimum_not_reached", 2)
    assert (offers[small]["reason"], offers[small]["excluded_by"]) == ("excluded", large)
    assert quote["offers_exact"] is True
    assert quote["lines"][0]["discounts"] == [
        {"source": "promotion", "code": ten, "name": "Promotion ten", "amount": twd(2000)},
        {"source": "coupon", "code": large, "name": "Coupon large", "amount": twd(2000)},
    ]
    assert (quote["totals"]["discount"], quote["totals"]["payable"]) == (twd(4000), twd(16_000 + 6000))


async def test_the_buyers_own_choice_wins(shop: Shop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(price=10_000)
    lesser, better = [
        await marketing.promotes(name, percent(points), tea, exclusion_group="g", minimum_count=1)
        for name, points in (("lesser", 100), ("better", 200))
    ]
    small, large = [
        await marketing.grants(name, off(amount), tea, to=buyer, stackable_with=["promotion"])
        for name, amount in (("small", 1000), ("large", 2000))
    ]
    assert set(applied(await shop.previews(buyer, (tea, 1)))) == {better, large}
    assert set(applied(await shop.previews(buyer, (tea, 1), coupon_codes=[]))) == {better}
    chosen = await shop.previews(buyer, (tea, 1), coupon_codes=[small], promotion_codes=[lesser])
    assert set(applied(chosen)) == {lesser, small}
    assert offers_of(chosen)[large]["reason"] == "not_chosen"
    order = await shop.submits(buyer, chosen)
    assert {item["code"] for item in order["lines"][0]["discounts"]} == {lesser, small}


async def test_coupons_that_cannot_be_used_have_a_reason_each_and_take_nothing(shop: Shop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves()
    foreign = await marketing.grants("foreign", off(1), tea, to=shop.buyer("bob"))
    ends_at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    expired = await marketing.grants("expired", off(1), tea, to=buyer, ends_at=ends_at)
    wanted = [foreign, "NO-SUCH-COUPON", expired]
    quote = await until(
        lambda: shop.previews(buyer, (tea, 1), coupon_codes=wanted), lambda quote: not applied(quote), within=10
    )
    reasons = {code: offer["reason"] for code, offer in offers_of(quote).items()}
    assert reasons == {foreign: "unknown_coupon", "NO-SUCH-COUPON": "unknown_coupon", expired: "coupon_expired"}
    assert (await shop.submits(buyer, quote))["totals"]["discount"] == twd(0)


@pytest.mark.parametrize(
    ("wished", "reason", "at_most"),
    [(400, "points_beyond_balance", 300), (40, "points_below_minimum", 300), (55, "points_not_whole", 300)],
)
async def test_points_that_cannot_be_spent_are_refused_with_the_most_that_can(
    shop: Shop, wished: int, reason: str, at_most: int
) -> None:
    marketing, buyer = Marketing(shop), shop.buyer()
    await shop.operator.put(f"/v1/admin/policies/points/{SEK}", POINTS_POLICY)
    await marketing.gives_points(buyer, 300)
    tea = await shop.shelves(price=10_000, currency=SEK, shipping_fee=sek(0))
    quote = await shop.previews(buyer, (tea, 2), points=wished)
    told = offers_of(quote)["points"]
    assert (told["applied"], told["reason"], told["at_most"]) == (False, reason, at_most)
    assert quote["totals"]["points"] == sek(0)


async def test_a_preview_writes_nothing_and_asks_nothing_of_temporal(
    shop: Shop, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is priced in a transaction in which PostgreSQL refuses writes, by an API that knows no Temporal."""
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves()
    coupon = await marketing.grants("coupon", off(1000), tea, to=buyer)

    class Reading(Database):
        transaction = Database.reading

    async with serving(settings_of(stack, monkeypatch)) as (app, http):
        services = app.state.services
        reading = Reading(services.settings.database_driver_url, pool_size=1)
        app.state.services = replace(services, database=reading, temporal=cast(Client, None))
        asker = Person(http, buyer.subject, buyer.token)
        quote = await asker.post("/v1/quotes", {"items": items((tea, 1)), "address": TAIPEI})
        app.state.services = services
        await reading.close()
    assert applied(quote) == {coupon: 1000}
