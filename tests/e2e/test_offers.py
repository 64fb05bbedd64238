"""Offers on the way to an order: what a preview says of each, and whose choice it is (R-PRC-1 … R-PRC-3, M6, M7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from temporalio.client import Client

from devstack.stack import Stack
from ordersaga.persistence.database import Database
from tests.marketing import Marketing, applied, move_to_the_past, off, offers_of, percent, sek
from tests.security.own_api import serving, settings_of
from tests.shop import TAIPEI, Document, Person, Shop, items, twd


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
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    expired = await marketing.grants("expired", off(1), tea, to=buyer, ends_at=ends_at)
    await move_to_the_past(shop, expired)
    wanted = [foreign, "NO-SUCH-COUPON", expired]
    quote = await shop.previews(buyer, (tea, 1), coupon_codes=wanted)
    assert applied(quote) == {}
    reasons = [offers_of(quote)[code]["reason"] for code in wanted]
    assert reasons == ["unknown_coupon", "unknown_coupon", "coupon_expired"]
    assert (await shop.submits(buyer, quote))["totals"]["discount"] == twd(0)


@pytest.mark.parametrize(
    ("wished", "reason", "at_most"),
    [(400, "points_beyond_balance", 300), (40, "points_below_minimum", 300), (55, "points_not_whole", 300)],
)
async def test_points_that_cannot_be_spent_are_refused_with_the_most_that_can(
    shop: Shop, wished: int, reason: str, at_most: int
) -> None:
    marketing, buyer = Marketing(shop), shop.buyer()
    tea = await marketing.shelves_for_points(price=10_000)
    await marketing.gives_points(buyer, 300)
    quote = await shop.previews(buyer, (tea, 2), points=wished)
    told = offers_of(quote)["points"]
    assert (told["applied"], told["reason"], told["at_most"]) == (False, reason, at_most)
    assert quote["totals"]["points"] == sek(0)


async def test_an_order_adds_up_to_the_last_cent_through_its_parcels_and_its_ledger(shop: Shop) -> None:
    """Two merchants, of whom one funds a promotion; a coupon on both, points, delivery at half price, and a gift."""
    marketing, buyer = Marketing(shop), shop.buyer()
    await shop.opens_merchant("tea")
    lamp = await marketing.shelves_for_points(price=3333, fee=701)
    tea = await marketing.shelves_for_points(price=777, fee=99, merchant="tea", transport_class="cold_chain")
    card = await marketing.shelves_for_points(price=150)
    seventh = await marketing.promotes("seventh", percent(1429), lamp, funded_by="merchant")
    gift = await marketing.promotes("gift", {"kind": "gift", "sku": card, "quantity": 2}, tea)
    free = await marketing.promotes("free", {"kind": "free_shipping", "at_most": sek(1000)}, lamp, tea)
    coupon = await marketing.grants("coupon", off(1001, "SEK"), lamp, tea, to=buyer)
    await marketing.gives_points(buyer, 500)

    quote = await shop.previews(buyer, (lamp, 3), (tea, 7), points=310)
    assert set(applied(quote)) == {seventh, gift, free, coupon, "points"}
    order = await shop.submits(buyer, quote)
    assert order["totals"] == quote["totals"]
    assert [line["payable"] for line in order["lines"]] == [line["payable"] for line in quote["lines"]]
    assert "funded_by" not in quote["lines"][0]["discounts"][0]
    assert order["lines"][0]["discounts"][0]["funded_by"] is None
    await shop.pays(buyer, order["order_no"])
    known = await shop.until(order["order_no"], "in_production")
    assert known["lines"][0]["discounts"][0]["funded_by"] == "merchant"
    assert await marketing.points_of(buyer) == (190, 0)

    assert (known["totals"]["points"], known["totals"]["shipping_discount"]) == (sek(3100), sek(1000))
    adds_up(known)
    (given,) = [line for line in known["lines"] if line["gift"]]
    assert (given["sku"], given["quantity"], given["payable"]) == (card, 2, sek(0))

    path = f"/v1/orders/{order['order_no']}/allocations"
    ledger = await shop.operator.get(path)
    adds_up_to(ledger, known)
    bears = {share["merchant_id"]: share["total"] for share in ledger["shares"]}
    assert bears[shop.merchant_id()] == known["lines"][0]["discounts"][0]["amount"]
    assert [line["sku"] for line in (await shop.merchant("tea").get(path))["lines"]] == [tea]


def adds_up(order: Document) -> None:
    """Totals are what their names say, and parcels carry every line, to the last cent."""
    totals = {name: value["amount"] for name, value in order["totals"].items()}
    assert totals["goods"] - totals["discount"] - totals["points"] + totals["shipping"] == totals["payable"]
    carried = [line for parcel in order["parcels"] for line in parcel["lines"]]
    assert sum(line["payable"]["amount"] + line["shipping"]["amount"] for line in carried) == totals["payable"]
    for line in order["lines"]:
        own = [part for part in carried if part["line_no"] == line["line_no"]]
        assert sum(part["quantity"] for part in own) == line["quantity"]
        for name in ("payable", "shipping"):
            assert sum(part[name]["amount"] for part in own) == line[name]["amount"]


def adds_up_to(ledger: Document, order: Document) -> None:
    """The ledger's units make up its lines' shares, and what everybody bears is what was taken off the order."""
    taken_off = sum(order["totals"][name]["amount"] for name in ("discount", "points", "shipping_discount"))
    assert sum(share["total"]["amount"] for share in ledger["shares"]) == taken_off
    for line in ledger["lines"]:
        for item in line["allocations"]:
            runs = [(run["quantity"], run["amount"]["amount"]) for run in item["units"]]
            assert sum(quantity for quantity, _ in runs) == line["quantity"]
            assert sum(quantity * amount for quantity, amount in runs) == item["amount"]["amount"]


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
