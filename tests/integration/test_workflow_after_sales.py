"""After-sales cases on the real stack: reviewed, refunded, timed out; the order waits for them (R-REV-4, R-REV-7)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.policies import PRODUCTION
from tests.integration.case_stand import CaseStand
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[CaseStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield CaseStand(order_stand, refunds)


async def test_an_approved_refund_goes_back_and_the_order_completes_after_it(stand: CaseStand) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 2))
    await stand.orders.asks(order_no, "confirm_receipt")
    case = await stand.opens(order_no)
    await stand.orders.passes(order_no, timedelta(seconds=PRODUCTION.after_sales_seconds))
    assert (await stand.orders.order(order_no)).state == "received"
    assert await stand.decides(case) == CaseState.REFUNDING
    (refund,) = await stand.pays_back(case)
    assert await stand.ends(case) == CaseState.REFUNDED
    assert await stand.orders.ends(order_no) == "completed"
    assert (await stand.captured(order_no)).refunded == refund.amount.amount


async def test_a_silent_merchant_means_approval(stand: CaseStand) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    case = await stand.opens(order_no)
    await stand.passes(case, timedelta(seconds=PRODUCTION.claim_review_seconds))
    await stand.until(case, CaseState.REFUNDING)
    await stand.pays_back(case)
    assert await stand.ends(case) == CaseState.REFUNDED
    await stand.orders.asks(order_no, "confirm_receipt")
    assert await stand.orders.ends(order_no) == "refunded"
