"""What operators read of a run in the Temporal UI (R-OPS-1)."""

from datetime import timedelta

from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import CONFIRM_RECEIPT
from ordersaga.domain.payment import PaymentState
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.shop import until


async def finds(stand: OrderStand, order_no: str, status: str) -> None:
    """The run comes to carry this status as soon as the order has it."""

    async def look() -> str | None:
        return (await stand.run(order_no).describe()).typed_search_attributes.get(ORDER_STATUS)

    await until(look, lambda found: found == status, PATIENCE)


async def test_a_run_is_found_by_every_status_in_which_it_waits(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1), (await order_stand.shelves(), 1))
    await finds(order_stand, order_no, "awaiting_payment")
    await order_stand.reports(await order_stand.attempt(order_no), PaymentState.FAILED)
    await finds(order_stand, order_no, "payment_failed")
    await order_stand.reports(await order_stand.attempt(order_no))
    await finds(order_stand, order_no, "in_production")
    first, second = await order_stand.split_parcels(order_no)
    await order_stand.carries(first, ParcelState.HANDED_OVER)
    await finds(order_stand, order_no, "partly_shipped")
    await order_stand.carries(second, ParcelState.HANDED_OVER)
    await finds(order_stand, order_no, "shipped")
    await order_stand.carries(first, ParcelState.DELIVERED)
    await order_stand.carries(second, ParcelState.DELIVERED)
    await finds(order_stand, order_no, "delivered")
    await order_stand.asks(order_no, CONFIRM_RECEIPT)
    await finds(order_stand, order_no, "received")
    await order_stand.passes(order_no, timedelta(days=7, seconds=1))
    await finds(order_stand, order_no, "completed")


async def test_a_run_that_was_refused_says_so(order_stand: OrderStand) -> None:
    submission = await order_stand.submits((await order_stand.shelves(1), 2))
    await order_stand.places(submission)
    await finds(order_stand, submission.order_no, "refused")


async def test_a_run_tells_in_words_what_it_waits_for(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 2))
    described = await order_stand.run(order_no).describe()
    assert await described.static_summary() == f"{order_no} · 260.00 TWD"
    details = await order_stand.run(order_no).query("__temporal_workflow_metadata")
    assert "payment until" in str(details)
    assert "1 line, 260.00 TWD" in str(details)
