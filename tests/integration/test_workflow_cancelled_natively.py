"""Runs that somebody cancels or ends in the Temporal UI: a request to the table, never a way around it."""

from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import parcel_workflow_id
from tests.integration.order_stand import OrderStand


async def test_cancelling_an_unpaid_order_s_run_cancels_the_order(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    await order_stand.run(order_no).cancel()
    await order_stand.until(order_no, "cancelled")
    assert await order_stand.ends(order_no) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


async def test_cancelling_a_paid_order_s_run_changes_nothing(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.paid((sku, 2))
    (parcel_no,) = await order_stand.split_parcels(order_no)
    await order_stand.run(order_no).cancel()
    await order_stand.carries(parcel_no, ParcelState.DELIVERED)
    await order_stand.until(order_no, "delivered")


async def test_a_parcel_s_run_that_is_ended_is_taken_up_by_the_next_report_where_the_parcel_is(
    order_stand: OrderStand,
) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.paid((sku, 2))
    (parcel_no,) = await order_stand.split_parcels(order_no)
    await order_stand.carries(parcel_no, ParcelState.HANDED_OVER)
    await order_stand.until(order_no, "shipped")
    await order_stand.client.get_workflow_handle(parcel_workflow_id(parcel_no)).terminate("by mistake")
    await order_stand.carries(parcel_no, ParcelState.DELIVERED)
    await order_stand.until(order_no, "delivered")
    assert await order_stand.held(sku) == (3, 0)
    assert (await order_stand.timeline(order_no)).count("ship_last_parcel") == 1
