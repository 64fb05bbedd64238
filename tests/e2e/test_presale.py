"""Presales over HTTP, whose windows open when time is let pass: paid, missed, cancelled, refused (R-TYPE-3)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client

from ordersaga.domain.messages import order_workflow_id
from tests.e2e.passing_time import passes
from tests.shop import TAIPEI, Document, Person, Shop, items, refused, twd, until

DEPOSIT, BALANCE = 2_000, 22_000
"""Of two units at 100.00 with 20.00 off for their deposits and 60.00 for delivery, in TWD cents."""
OPENS, CLOSES = timedelta(minutes=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Presale:
    """A campaign of a SKU of its own, and a buyer."""

    shop: Shop
    buyer: Person
    sku: str
    code: str
    body: Document

    async def ordered(self) -> str:
        """The number of an order of two units."""
        return await self.shop.places(self.buyer, (self.sku, 2), order_type="presale")

    async def deposited(self) -> str:
        order_no = await self.ordered()
        await self.shop.pays(self.buyer, order_no)
        await self.shop.until(order_no, "deposit_paid", "awaiting_balance")
        return order_no

    async def ended(self, order_no: str, state: str) -> Document:
        """The order in its end, as its buyer sees it, with nothing held."""
        await self.shop.until(order_no, state)
        assert await self.shop.stock(self.sku) == (5, 0)
        return await self.buyer.order(order_no)


async def presale(shop: Shop, *, opens_in: timedelta = OPENS, **terms: Any) -> Presale:
    """A campaign under which five units are sold for 100.00, 10.00 at once, which count as 20.00."""
    sku, now = await shop.shelves(on_hand=5, price=12_000), datetime.now(UTC)
    code = f"{sku}-presale"
    body = {
        "order_type": "presale",
        "name": "Before anybody has it",
        "sku": sku,
        "price": twd(10_000),
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + CLOSES).isoformat(),
        "terms": {
            "deposit": 1_000,
            "counts_as": 2_000,
            "balance_opens_at": (now + opens_in).isoformat(),
            "balance_closes_at": (now + CLOSES).isoformat(),
            "missed_balance": "forfeit",
            "cancelled": "forfeit",
            **terms,
        },
    }
    await shop.operator.put(f"/v1/admin/campaigns/{code}", body)
    return Presale(shop, shop.buyer(f"buyer-{sku}"), sku, code, body)


def plan(order: Document) -> list[tuple[str, int, str]]:
    return [(part["instalment"], part["amount"]["amount"], part["state"]) for part in order["instalments"]]


def paid(order: Document) -> list[tuple[str, int, str]]:
    return [(item["instalment"], item["amount"]["amount"], item["state"]) for item in order["payments"]]


def reason_against(order: Document, action: str) -> str:
    return str(next(found["reason"] for found in order["available_actions"] if found["action"] == action))


async def kinds(buyer: Person, order_no: str) -> list[str]:
    told = (await buyer.get("/v1/notifications"))["items"]
    return [item["kind"] for item in told if item["order_no"] == order_no]


async def test_a_presale_is_paid_in_two_parts(shop: Shop, temporal: Client) -> None:
    sale = await presale(shop)
    buyer = sale.buyer
    quote = await shop.previews(buyer, (sale.sku, 2), order_type="presale")
    (line,) = quote["lines"]
    assert [(item["source"], item["code"], item["amount"]["amount"]) for item in line["discounts"]] == [
        ("presale", sale.code, 2_000)
    ]
    assert quote["totals"]["due_now"] == twd(DEPOSIT)
    assert quote["totals"]["payable"] == twd(DEPOSIT + BALANCE)
    order = await shop.submits(buyer, quote)
    assert plan(order) == [("deposit", DEPOSIT, "due"), ("balance", BALANCE, "upcoming")]
    order_no = order["order_no"]
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "deposit_paid")

    order = await buyer.order(order_no)
    assert order["status"] == "deposit_paid"
    assert plan(order) == [("deposit", DEPOSIT, "paid"), ("balance", BALANCE, "upcoming")]
    assert datetime.fromisoformat(order["instalments"][1]["opens_at"]) > datetime.now(UTC)
    assert reason_against(order, "pay") == "not possible while deposit_paid"
    async with shop.nothing_changes(buyer, sale.sku):
        answer = await buyer.ask("POST", f"/v1/orders/{order_no}/payments", {"channel": "card"})
        assert refused(answer, 409, "action_not_allowed")["state"] == "deposit_paid"
    merchants = await shop.merchant().order(order_no)
    assert (merchants["instalments"], merchants["status"]) == ([], "unpaid")

    changed = sale.body | {"price": twd(20_000), "terms": sale.body["terms"] | {"deposit": 5_000, "counts_as": 5_000}}
    await shop.operator.put(f"/v1/admin/campaigns/{sale.code}", changed)
    await passes(temporal, OPENS, order_workflow_id(order_no))
    await shop.until(order_no, "awaiting_balance")
    order = await buyer.order(order_no)
    assert plan(order) == [("deposit", DEPOSIT, "paid"), ("balance", BALANCE, "due")], (
        "by the terms it was placed under"
    )
    assert order["payment_due_at"] == order["instalments"][1]["due_at"]
    assert "balance_due" in await kinds(buyer, order_no)
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    assert paid(await buyer.order(order_no)) == [("deposit", DEPOSIT, "succeeded"), ("balance", BALANCE, "succeeded")]
    ledger = await shop.operator.get(f"/v1/orders/{order_no}/allocations")
    assert [(share["bearer"], share["discount"]["amount"]) for share in ledger["shares"]] == [
        ("platform", 0),
        ("merchant", 2_000),
    ]
    assert (await shop.operator.get(f"/v1/orders/{order_no}/audit"))["verified"]


async def test_a_missed_balance_is_forfeited_or_refunded_to_the_cent_and_a_late_one_goes_back(
    shop: Shop, temporal: Client
) -> None:
    kept, given, late = await asyncio.gather(
        presale(shop, missed_balance="forfeit", cancelled="refund"),
        presale(shop, missed_balance="refund", cancelled="forfeit"),
        presale(shop, missed_balance="forfeit"),
    )
    ordered = keeps, gives, comes_late = await asyncio.gather(kept.deposited(), given.deposited(), late.deposited())
    runs = list(map(order_workflow_id, ordered))
    await passes(temporal, OPENS, *runs)
    await asyncio.gather(*(shop.until(order_no, "awaiting_balance") for order_no in ordered))
    attempt = await shop.attempts(late.buyer, comes_late)
    await passes(temporal, CLOSES - OPENS, *runs)
    forfeited, refunded, _ = await asyncio.gather(
        kept.ended(keeps, "deposit_forfeited"),
        given.ended(gives, "refunded"),
        late.ended(comes_late, "deposit_forfeited"),
    )
    assert forfeited["refunds"] == []
    assert plan(forfeited) == [("deposit", DEPOSIT, "paid"), ("balance", BALANCE, "void")]
    assert "deposit_forfeited" in await kinds(kept.buyer, keeps)
    (refund,) = refunded["refunds"]
    assert (refund["amount"], refund["state"], refund["reason"]) == (twd(DEPOSIT), "succeeded", "balance_missed")
    assert refunded["payments"][0]["refunded"] == twd(DEPOSIT)
    async with shop.nothing_changes(kept.buyer, kept.sku):
        answer = await kept.buyer.ask("POST", f"/v1/orders/{keeps}/payments", {"channel": "card"})
        assert refused(answer, 409, "action_not_allowed")["state"] == "deposit_forfeited"

    await shop.simulates(attempt, late=True)

    async def states() -> list[tuple[int, str]]:
        found = (await late.buyer.order(comes_late))["refunds"]
        return [(refund["amount"]["amount"], refund["state"]) for refund in found]

    await until(states, lambda found: found == [(BALANCE, "succeeded")])
    assert await shop.system_status(comes_late) == "deposit_forfeited"


async def test_a_cancel_before_the_deposit_costs_nothing_and_after_it_what_the_terms_say(shop: Shop) -> None:
    kept, given = await asyncio.gather(
        presale(shop, cancelled="forfeit", missed_balance="refund"),
        presale(shop, cancelled="refund", missed_balance="forfeit"),
    )
    early = await shop.places(kept.buyer, (kept.sku, 1), order_type="presale")
    assert (await kept.buyer.post(f"/v1/orders/{early}/cancel", {}))["status"] == "cancelled"
    keeps, gives = await asyncio.gather(kept.deposited(), given.deposited())
    forfeited = await kept.buyer.post(f"/v1/orders/{keeps}/cancel", {})
    assert forfeited["status_label"] in ("Cancelled", "已取消")
    refunding = await given.buyer.post(f"/v1/orders/{gives}/cancel", {})
    assert refunding["status"] in ("refunding", "refunded")
    assert (await kept.ended(keeps, "deposit_forfeited"))["refunds"] == []
    (refund,) = (await given.ended(gives, "refunded"))["refunds"]
    assert (refund["amount"], refund["state"], refund["reason"]) == (twd(DEPOSIT), "succeeded", "cancelled")


async def test_goods_that_have_gone_keep_nobody_from_paying_the_balance_and_the_deposit_comes_back_with_it(
    shop: Shop,
) -> None:
    sale = await presale(shop, opens_in=timedelta(seconds=1))
    await shop.operator.put(f"/v1/admin/campaigns/{sale.code}", sale.body | {"stock_policy": "deduct_at_payment"})
    order_no = await sale.deposited()
    await shop.until(order_no, "awaiting_balance")
    await shop.places(shop.buyer("quick"), (sale.sku, 4))
    await shop.pays(sale.buyer, order_no)
    await shop.until(order_no, "refunded")
    given_back = (await sale.buyer.order(order_no))["refunds"]
    assert sorted(item["amount"]["amount"] for item in given_back) == [DEPOSIT, BALANCE]


async def test_nonsense_in_a_campaign_is_refused_by_field(shop: Shop) -> None:
    sale = await presale(shop)
    path = f"/v1/admin/campaigns/{sale.sku}-nonsense"
    for field, value in (
        ("deposit", 0),
        ("counts_as", 10_001),
        ("balance_opens_at", "2020-01-01T00:00:00Z"),
        ("balance_closes_at", "2020-01-01T00:00:00Z"),
        ("missed_balance", "keep"),
        ("interest", 3),
    ):
        body = sale.body | {"terms": sale.body["terms"] | {field: value}}
        problem = refused(await shop.operator.ask("PUT", path, body), 422, "rule_invalid")
        assert problem["field"] == f"terms.{field}"
    short = sale.body | {"terms": {name: value for name, value in sale.body["terms"].items() if name != "cancelled"}}
    assert refused(await shop.operator.ask("PUT", path, short), 422, "rule_invalid")["field"] == "terms.cancelled"


async def test_a_presale_is_sold_alone_and_in_its_time(shop: Shop) -> None:
    sale, other = await presale(shop), await shop.shelves()
    async with shop.nothing_changes(sale.buyer, sale.sku):
        answer = await sale.buyer.ask("POST", "/v1/quotes", cart(sale.sku, other))
        refused(answer, 422, "order_type_mixed")
        answer = await sale.buyer.ask("POST", "/v1/quotes", cart(other))
        assert refused(answer, 409, "campaign_unavailable")["reason"] == "unknown_campaign"
        for times, reason in (
            ({"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-02-01T00:00:00Z"}, "not_open"),
            ({"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"}, "ended"),
        ):
            windows = {"balance_opens_at": times["ends_at"], "balance_closes_at": "2030-03-01T00:00:00Z"}
            body = sale.body | times | {"terms": sale.body["terms"] | windows}
            await shop.operator.put(f"/v1/admin/campaigns/{sale.code}", body)
            answer = await sale.buyer.ask("POST", "/v1/quotes", cart(sale.sku))
            assert refused(answer, 409, "campaign_unavailable")["reason"] == reason


def cart(*skus: str) -> Document:
    return {"items": items(*((sku, 1) for sku in skus)), "order_type": "presale", "address": TAIPEI}
