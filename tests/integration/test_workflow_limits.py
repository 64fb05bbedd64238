"""Purchase limits in the saga: counted before anything else is held, and free again when the order comes to nothing."""

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.domain.purchase_limits import LimitedGoods, LimitHold, Period, PurchaseLimit, Subject, Window
from ordersaga.domain.screening import Screening
from ordersaga.persistence import purchase_limits
from ordersaga.persistence.submissions import Submission
from ordersaga.persistence.verification import verify_order
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand

CROWD = 20
DEADLINE = timedelta(minutes=15, seconds=1)
EVER = Window(Period.EVER)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Limited:
    """A SKU of which each account may have two."""

    orders: OrderStand
    sku: str
    code: str = field(default_factory=lambda: f"limited-{next(_numbers)}")

    @classmethod
    async def of(cls, orders: OrderStand, on_hand: int = 100, **goods: Any) -> "Limited":
        limited = cls(orders, await orders.shelves(on_hand, **goods))
        limit = PurchaseLimit(
            code=limited.code,
            goods=LimitedGoods(skus=frozenset({limited.sku})),
            subject=Subject.ACCOUNT,
            quantity=2,
            window=EVER,
        )
        async with orders.database.transaction() as connection:
            await purchase_limits.put(connection, limit, datetime.now(UTC))
        return limited

    async def submits(self, units: int = 1) -> Submission:
        hold = LimitHold(code=self.code, subject="alice", units=units, allowed=2, window=EVER)
        return await self.orders.submits((self.sku, units), screening=Screening(limits=(hold,)))

    async def placed(self, units: int) -> str:
        submission = await self.submits(units)
        assert await self.orders.places(submission) == Placement(placed=True)
        return submission.order_no

    async def used(self) -> int:
        async with self.orders.database.transaction() as connection:
            uses = await purchase_limits.page_of_uses(connection, self.code, datetime.now(UTC), after="", limit=10)
        return dict(uses).get("alice", 0)


@pytest.fixture
async def limited(order_stand: OrderStand) -> Limited:
    return await Limited.of(order_stand)


async def test_of_twenty_orders_at_once_as_many_are_placed_as_the_limit_allows(limited: Limited) -> None:
    submissions = [await limited.submits() for _ in range(CROWD)]
    answers = await asyncio.gather(*(limited.orders.places(submission) for submission in submissions))
    assert Counter(answer.code for answer in answers) == {"": 2, "purchase_limit_exceeded": CROWD - 2}
    assert await limited.used() == 2
    assert await limited.orders.held(limited.sku) == (100, 2)
    refusal = next(answer for answer in answers if answer.code)
    assert refusal.details == {"limit": limited.code, "allowed": 2, "used": 2, "wanted": 1}


async def test_a_limited_order_is_counted_first_and_a_refused_one_holds_nothing_else(limited: Limited) -> None:
    await limited.placed(2)
    submission = await limited.submits()
    assert (await limited.orders.places(submission)).code == "purchase_limit_exceeded"
    assert limited.orders.steps(submission.order_no) == ["hold_limits", "refuse_order", "return_limits"]
    assert not await limited.orders.is_order(submission.order_no)


async def test_what_was_cancelled_or_not_paid_may_be_bought_again(limited: Limited) -> None:
    cancelled = await limited.placed(2)
    assert await limited.orders.asks(cancelled, CANCEL) == "cancelled"
    timed_out = await limited.placed(2)
    await limited.orders.passes(timed_out, DEADLINE)
    assert await limited.orders.ends(timed_out) == "payment_timed_out"
    assert await limited.used() == 0
    paid = await limited.placed(2)
    await limited.orders.reports(await limited.orders.attempt(paid))
    await limited.orders.until(paid, "in_production")
    assert await limited.used() == 2


async def test_what_was_paid_back_may_be_bought_again(order_stand: OrderStand) -> None:
    limited = await Limited.of(order_stand, on_hand=2, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT)
    refunding = RefundStand(order_stand)
    async with refunding.delivering():
        late, first = await limited.placed(1), await order_stand.submits((limited.sku, 2))
        assert await order_stand.places(first) == Placement(placed=True)
        await order_stand.reports(await order_stand.attempt(first.order_no))
        await order_stand.until(first.order_no, "in_production")
        payment = await order_stand.attempt(late)
        order_stand.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
        assert await limited.used() == 1
        await order_stand.reports(payment)
        assert await order_stand.ends(late) == "refunded"
    assert await limited.used() == 0
    async with order_stand.database.transaction() as connection:
        assert await verify_order(connection, late, refunding.keys) == []
    await limited.placed(2)


async def test_an_order_that_is_short_of_stock_counts_no_more(order_stand: OrderStand) -> None:
    limited = await Limited.of(order_stand, on_hand=1)
    submission = await limited.submits(2)
    assert (await limited.orders.places(submission)).code == "out_of_stock"
    assert await limited.used() == 0


async def test_a_count_whose_answer_was_lost_counts_once(limited: Limited) -> None:
    submission = await limited.submits(2)
    limited.orders.mute(submission.order_no, "hold_limits", 2)
    assert await limited.orders.places(submission) == Placement(placed=True)
    assert await limited.used() == 2
