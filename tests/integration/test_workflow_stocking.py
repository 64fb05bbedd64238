"""Units that are deducted when the order is paid: there they are taken, gone everything goes back (R-STK-1, S5)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.campaigns import Campaign, Terms
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.persistence import campaigns, deductions, notifications, refunds, stock, stocktaking, submissions
from ordersaga.persistence.verification import verify_order
from tests.goods import twd
from tests.integration.offers_stand import RETURNED, USED, OffersStand, Purse
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until

AGAIN_AND_AGAIN = 100
STEPS_BACK = ("deduct_stock", "release_stock", "return_offers", "give_money_back")

Trouble = Callable[[OrderStand, str, str], None]


def away(stand: OrderStand, order_no: str, step: str) -> None:
    stand.away(order_no, step, 5)


def unheard(stand: OrderStand, order_no: str, step: str) -> None:
    stand.mute(order_no, step, 5)


def hanging(stand: OrderStand, order_no: str, step: str) -> None:
    stand.hang(order_no, step)


@dataclass(frozen=True, slots=True)
class StockingStand:
    """`offers` is what orders can be paid with, `refunds` what pays back."""

    orders: OrderStand
    offers: OffersStand
    refunds: RefundStand

    async def scarce(self, on_hand: int = 1) -> str:
        """A new SKU whose units are deducted when they are paid."""
        return await self.orders.shelves(on_hand, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT)

    async def sells_out(self, sku: str) -> None:
        """Whatever is free of it is gone."""
        async with self.orders.database.transaction() as connection:
            (balance,) = await stocktaking.balances(connection, sku)
            wanted = {balance.warehouse_id: balance.reserved}
            await stocktaking.adjust(connection, sku, wanted, document=f"gone/{sku}", at=datetime.now(UTC))

    async def attempt(self, order_no: str) -> Payment:
        """The provider pays it back at once when it is told to."""
        payment = await self.orders.attempt(order_no)
        self.orders.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
        return payment

    async def pays(self, order_no: str) -> Payment:
        payment = await self.attempt(order_no)
        await self.orders.reports(payment)
        return payment

    async def is_paid_back(self, order_no: str, purse: Purse | None = None) -> None:
        """Once, and to the cent; the chain of the audit is whole, and buyer and merchant know why."""
        assert await self.orders.ends(order_no) == "refunded"
        order = await self.orders.order(order_no)
        async with self.orders.database.transaction() as connection:
            found = await refunds.of_order(connection, order_no)
            assert await verify_order(connection, order_no, self.refunds.keys) == []
            told = await notifications.page(connection, order.buyer, before=None, limit=1_000)
            lost = [
                await notifications.page(connection, merchant, role=Actor.MERCHANT, before=None, limit=100)
                for merchant in {line.merchant_id for line in order.lines}
            ]
        assert [(item.amount.amount, item.reason, item.state) for item in found] == [
            (order.totals.payable, "out_of_stock", RefundState.SUCCEEDED)
        ]
        kinds = [item.kind for item in told if item.order_no == order_no]
        assert sorted(kinds) == ["out_of_stock_refunded", "refunded"]
        for page in lost:
            assert [item.kind for item in page if item.order_no == order_no] == ["sale_lost_out_of_stock"]
        assert purse is None or await purse.position() == RETURNED


@pytest.fixture(scope="module")
async def stand(order_stand: OrderStand) -> AsyncIterator[StockingStand]:
    refunding = RefundStand(order_stand)
    async with refunding.delivering():
        yield StockingStand(order_stand, OffersStand.empty(order_stand), refunding)


async def test_units_are_taken_when_the_order_is_paid_and_not_before(stand: StockingStand) -> None:
    sku = await stand.scarce(2)
    order_no = await stand.orders.placed((sku, 2))
    assert await stand.orders.held(sku) == (2, 0)
    assert stand.orders.steps(order_no) == ["record_order"]
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")
    assert await stand.orders.held(sku) == (2, 2)
    for parcel_no in await stand.orders.split_parcels(order_no):
        await stand.orders.arrives(parcel_no)
    await stand.orders.until(order_no, "delivered")
    assert await stand.orders.held(sku) == (0, 0)


async def test_units_that_are_gone_give_everything_back_that_was_used(stand: StockingStand) -> None:
    purse, sku, plenty = await stand.offers.purse(), await stand.scarce(), await stand.orders.shelves(5)
    order_no = await stand.offers.placed(purse, (sku, 1), (plenty, 2))
    assert await stand.orders.held(plenty) == (5, 2), "what is deducted at submit is held beside it"
    await stand.sells_out(sku)
    await stand.pays(order_no)
    await stand.is_paid_back(order_no, purse)
    assert await stand.orders.held(plenty) == (5, 0)
    assert (await stand.orders.timeline(order_no))[-2:] == ["miss_stock", "finish_refund"]


async def test_an_order_that_is_given_up_unpaid_takes_no_unit_later(stand: StockingStand) -> None:
    sku = await stand.scarce()
    order_no = await stand.orders.placed((sku, 1))
    assert await stand.orders.asks(order_no, CANCEL) == "cancelled"
    with pytest.raises(OutOfStock):
        async with stand.orders.database.transaction() as connection:
            await deductions.deduct(connection, order_no, datetime.now(UTC))
    assert await stand.orders.held(sku) == (1, 0)


async def test_whatever_fails_on_the_way_back_the_end_is_the_same(stand: StockingStand) -> None:
    """The database is away, hangs, or its answers are lost, at each of the steps; twelve orders at once."""
    troubles: tuple[Trouble, ...] = (away, unheard, hanging)

    async def life(trouble: Trouble, step: str) -> None:
        purse, sku = await stand.offers.purse(), await stand.scarce()
        order_no = await stand.offers.placed(purse, (sku, 1))
        await stand.sells_out(sku)
        trouble(stand.orders, order_no, step)
        await stand.pays(order_no)
        await stand.is_paid_back(order_no, purse)

    await asyncio.gather(*(life(trouble, step) for trouble in troubles for step in STEPS_BACK))


async def test_whatever_fails_at_the_deduction_the_units_are_taken_once(stand: StockingStand) -> None:
    troubles: tuple[Trouble, ...] = (away, unheard, hanging)

    async def life(trouble: Trouble) -> None:
        purse, sku = await stand.offers.purse(), await stand.scarce(3)
        order_no = await stand.offers.placed(purse, (sku, 2))
        trouble(stand.orders, order_no, "deduct_stock")
        await stand.pays(order_no)
        await stand.orders.until(order_no, "in_production")
        assert await stand.orders.held(sku) == (3, 2)
        assert await purse.position() == USED

    await asyncio.gather(*(life(trouble) for trouble in troubles))


async def test_a_worker_that_died_after_the_release_leaves_no_order_to_be_sent(stand: StockingStand) -> None:
    """It had found nothing, and by now there is some again: what it decided stands."""
    sku = await stand.scarce()
    order_no = await stand.orders.placed((sku, 1))
    stand.orders.away(order_no, "deduct_stock", 5)
    await stand.pays(order_no)
    await stand.orders.until(order_no, "paid")
    async with stand.orders.database.transaction() as connection:
        await stock.release(connection, order_no, datetime.now(UTC))
    await stand.is_paid_back(order_no)
    assert await stand.orders.held(sku) == (1, 0)


async def test_what_is_paid_after_the_campaign_comes_from_where_its_stock_went(stand: StockingStand) -> None:
    sku, now = await stand.scarce(3), datetime.now(UTC)
    campaign = Campaign(
        code=f"{sku}-OVER",
        order_type="flash_sale",
        name="Over",
        sku=sku,
        price=twd(10_000),
        starts_at=now - timedelta(hours=2),
        ends_at=now - timedelta(hours=1),
        terms=Terms(),
        pooled=True,
    )
    plain = await stand.orders.submits((sku, 2))
    order_no = f"{plain.order_no}-SALE"
    pooled = replace(plain.priced, pool=campaign.code)
    submission = replace(plain, order_no=order_no, quote_id=order_no, idempotency_key=order_no, priced=pooled)
    async with stand.orders.database.transaction() as connection:
        (balance,) = await stocktaking.balances(connection, sku)
        await campaigns.put(connection, campaign, now)
        aside = {balance.warehouse_id: 1}
        await stocktaking.transfer(connection, sku, aside, pool=campaign.code, document=order_no, at=now)
        await submissions.add(connection, submission)
    with pytest.raises(OutOfStock):
        async with stand.orders.database.transaction() as connection:
            await deductions.require(connection, order_no)
    async with stand.orders.database.transaction() as connection:
        assert await campaigns.close_pool(connection, campaign.code, now)
        await stocktaking.give_back(connection, sku, pool=campaign.code, document=f"{order_no}/over", at=now)
    assert await stand.orders.places(submission) == Placement(placed=True)
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")
    async with stand.orders.database.transaction() as connection:
        found = await stocktaking.balances(connection, sku)
    assert [(item.pool, item.on_hand, item.reserved) for item in found] == [("", 3, 2), (campaign.code, 0, 0)]


async def test_a_second_payment_of_a_lost_sale_goes_back_as_well(stand: StockingStand) -> None:
    sku = await stand.scarce()
    order_no = await stand.orders.placed((sku, 1))
    first, second = await stand.attempt(order_no), await stand.attempt(order_no)
    await stand.sells_out(sku)
    await stand.orders.hears(first, PaymentState.SUCCEEDED)
    await stand.orders.reports(second)
    assert await stand.orders.ends(order_no) == "refunded"
    async with stand.orders.database.transaction() as connection:
        found = await refunds.of_order(connection, order_no)
    assert sorted(item.payment_id for item in found) == sorted((first.payment_id, second.payment_id))
    assert {item.state for item in found} == {RefundState.SUCCEEDED}


async def test_of_eight_who_pay_for_three_units_at_once_three_get_them(stand: StockingStand) -> None:
    sku = await stand.scarce(3)
    submissions = [await stand.orders.submits((sku, 1), buyer=f"rival-{sku}-{number}") for number in range(8)]
    placements = await asyncio.gather(*(stand.orders.places(submission) for submission in submissions))
    assert placements == [Placement(placed=True)] * 8
    order_nos = [submission.order_no for submission in submissions]
    await asyncio.gather(*(stand.pays(order_no) for order_no in order_nos))

    async def end(order_no: str) -> str:
        decided = ("in_production", "refunded")
        order = await until(lambda: stand.orders.order(order_no), lambda found: found.state in decided)
        if order.state == "refunded":
            await stand.is_paid_back(order_no)
        return order.state

    ends = await asyncio.gather(*(end(order_no) for order_no in order_nos))
    assert sorted(ends) == ["in_production"] * 3 + ["refunded"] * 5
    assert await stand.orders.held(sku) == (3, 3)
