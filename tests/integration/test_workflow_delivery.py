"""Reports that did not come through at once: told later, or put in the books without a run (R-PAY-2, P1, W6)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import CANCEL
from ordersaga.domain.payment import PaymentState
from tests.integration.order_stand import OrderStand
from tests.integration.parcel_stand import ParcelStand
from tests.integration.refund_stand import RefundStand
from worker.delivery import Delivery
from worker.main import beside


@asynccontextmanager
async def delivering(stand: OrderStand) -> AsyncIterator[None]:
    """The worker's loop over the inbox."""
    delivery = Delivery(stand.database, stand.client, task_queue=stand.queue, interval=0.05)
    async with beside(delivery.run(), ended=lambda: None):
        yield


async def test_a_report_that_nobody_was_told_of_is_delivered_later(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    await order_stand.hears(await order_stand.attempt(order_no), PaymentState.SUCCEEDED)
    async with delivering(order_stand):
        await order_stand.until(order_no, "in_production")
        (parcel_no,) = await order_stand.split_parcels(order_no)
        await order_stand.carries(parcel_no, ParcelState.HANDED_OVER, ParcelState.DELIVERED, tell=False)
        await order_stand.until(order_no, "delivered")


async def test_a_report_that_a_case_took_into_account_is_still_told_to_the_parcels_run(order_stand: OrderStand) -> None:
    """Whoever stored it died before telling anybody."""
    stand = ParcelStand(order_stand, RefundStand(order_stand))
    order_no, (parcel_no,), _ = await stand.produced(1)
    await order_stand.carries(parcel_no, ParcelState.HANDED_OVER, tell=False)
    case = await stand.opens(order_no, Kind.CANCELLATION, {1: 1}, reason=Reason.CHANGED_MIND)
    await stand.until(case, CaseState.AWAITING_RETURN)
    async with delivering(order_stand):
        await order_stand.until(order_no, "shipped")


async def test_money_for_a_closed_order_is_booked_as_unexpected(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    assert await order_stand.ends(order_no) == "cancelled"
    await order_stand.hears(payment, PaymentState.SUCCEEDED)
    async with delivering(order_stand):
        booked = await order_stand.becomes(payment, PaymentState.UNEXPECTED)
    assert (booked.failure, booked.received) == ("not_awaited", booked.amount)
    assert (await order_stand.order(order_no)).state == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


async def test_money_for_an_order_that_temporal_has_forgotten_is_booked_too(order_stand: OrderStand) -> None:
    """After its retention Temporal knows as little of a run as if it had never been."""
    order_no = await order_stand.placed((await order_stand.shelves(5), 1))
    payment = await order_stand.attempt(order_no)
    await order_stand.asks(order_no, CANCEL)
    assert await order_stand.ends(order_no) == "cancelled"
    await order_stand.hears(payment, PaymentState.SUCCEEDED, run="order/forgotten")
    async with delivering(order_stand):
        await order_stand.becomes(payment, PaymentState.UNEXPECTED)


async def test_a_report_for_a_run_that_is_still_to_come_waits_for_it(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(5), 1))
    payment = await order_stand.attempt(order_no)
    await order_stand.hears(payment, PaymentState.SUCCEEDED, run="order/not-there-yet")
    other = await order_stand.placed((await order_stand.shelves(5), 1))
    await order_stand.hears(await order_stand.attempt(other), PaymentState.SUCCEEDED)
    async with delivering(order_stand):
        await order_stand.until(other, "in_production")
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.OPEN
