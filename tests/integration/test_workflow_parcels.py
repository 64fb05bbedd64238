"""Parcels: a run each from the first report on, reports in any order, an order that follows (R-SPL-1, R-FUL-1, W6)."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import func, select

from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState
from ordersaga.domain.messages import PARCEL_SHIPPED, parcel_workflow_id
from ordersaga.persistence import parcels
from ordersaga.persistence.tables.inbox import inbox
from tests.integration.order_runs import PATIENCE, went_on_patiently
from tests.integration.order_stand import OrderStand
from tests.shop import until

S = ParcelState


async def produced(stand: OrderStand, sellers: int = 1) -> tuple[str, list[str], list[str]]:
    """An order of one parcel per seller: its number, its parcels', its SKUs."""
    skus = [await stand.shelves(5) for _ in range(sellers)]
    order_no = await stand.paid(*((sku, 2) for sku in skus))
    return order_no, await stand.split_parcels(order_no), skus


async def state_of(stand: OrderStand, parcel_no: str) -> ParcelState:
    async with stand.database.transaction() as connection:
        found = await parcels.whereabouts(connection, parcel_no)
    assert found is not None
    return found.state


async def test_each_seller_sends_a_parcel_and_the_order_follows_them(order_stand: OrderStand) -> None:
    order_no, (first, second), skus = await produced(order_stand, 2)
    await order_stand.carries(second, S.HANDED_OVER)
    await order_stand.until(order_no, "partly_shipped")
    assert [await order_stand.held(sku) for sku in skus] == [(5, 2), (3, 0)]
    await order_stand.carries(first, S.HANDED_OVER)
    await order_stand.until(order_no, "shipped")
    await order_stand.carries(first, S.DELIVERED)
    await order_stand.carries(second, S.DELIVERED)
    await order_stand.until(order_no, "delivered")
    assert [await order_stand.held(sku) for sku in skus] == [(3, 0), (3, 0)]
    assert (await order_stand.timeline(order_no))[-3:] == ["ship_parcel", "ship_last_parcel", "deliver_last_parcel"]


@pytest.mark.parametrize(
    "reports",
    [
        [S.DELIVERED],
        [S.DELIVERED, S.HANDED_OVER, S.LABEL_PRINTED],
        [S.HANDED_OVER, S.LOST, S.DELIVERED],
        [S.HANDED_OVER, S.REFUSED, S.HANDED_OVER, S.IN_TRANSIT, S.DELIVERED],
        [event for event in EVENTS for _ in range(2)] + [S.DELIVERED],
    ],
    ids=["at once", "backwards", "lost and found", "refused and sent again", "everything twice"],
)
async def test_a_parcel_arrives_whatever_is_reported_in_between(
    order_stand: OrderStand, reports: list[ParcelState]
) -> None:
    order_no, (parcel_no,), (sku,) = await produced(order_stand)
    await order_stand.carries(parcel_no, *reports)
    await order_stand.until(order_no, "delivered")
    assert await state_of(order_stand, parcel_no) is S.DELIVERED
    assert await order_stand.held(sku) == (3, 0)
    assert (await order_stand.timeline(order_no)).count("ship_last_parcel") == 1


async def test_the_parcels_of_orders_that_began_earlier_are_their_children(order_stand: OrderStand) -> None:
    submission = await order_stand.submits((await order_stand.shelves(5), 1))
    await order_stand.begins(submission)
    await order_stand.places(submission)
    await order_stand.reports(await order_stand.attempt(submission.order_no))
    (parcel_no,) = await order_stand.split_parcels(submission.order_no)
    started = partial(started_child, order_stand, submission.order_no)
    assert await until(started, bool, PATIENCE) == parcel_workflow_id(parcel_no)
    await order_stand.arrives(parcel_no)
    await order_stand.until(submission.order_no, "delivered")


async def started_child(stand: OrderStand, order_no: str) -> str | None:
    """The id of the child that the order's run has started."""
    async for event in stand.run(order_no).fetch_history_events():
        if event.HasField("child_workflow_execution_started_event_attributes"):
            return event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
    return None


async def test_a_lost_parcel_waits_to_be_found_and_the_order_with_it(order_stand: OrderStand) -> None:
    order_no, (parcel_no,), _ = await produced(order_stand)
    await order_stand.carries(parcel_no, S.IN_TRANSIT, S.LOST)
    await until(lambda: state_of(order_stand, parcel_no), lambda state: state is S.LOST, PATIENCE)
    await order_stand.until(order_no, "shipped")
    await order_stand.carries(parcel_no, S.DELIVERED)
    await order_stand.until(order_no, "delivered")


async def test_signals_without_a_report_change_nothing(order_stand: OrderStand) -> None:
    order_no, (parcel_no,), _ = await produced(order_stand)
    for _ in range(3):
        await order_stand.tells(parcel_no)
    await order_stand.carries(parcel_no, S.PICKED)
    await until(lambda: state_of(order_stand, parcel_no), lambda state: state is S.PICKED, PATIENCE)
    assert (await order_stand.order(order_no)).state == "in_production"


async def test_word_of_a_parcel_twice_or_of_somebody_elses_ships_nothing_more(order_stand: OrderStand) -> None:
    order_no, (first, second), _ = await produced(order_stand, 2)
    for parcel_no in ("somebody-else-1", first, first):
        await order_stand.run(order_no).signal(PARCEL_SHIPPED, parcel_no)
    await order_stand.until(order_no, "partly_shipped")
    await order_stand.arrives(first)
    await order_stand.arrives(second)
    await order_stand.until(order_no, "delivered")
    assert (await order_stand.timeline(order_no))[-3:] == ["ship_parcel", "ship_last_parcel", "deliver_last_parcel"]


@pytest.mark.parametrize("step", ["advance_parcel", "ship_stock"])
async def test_a_parcels_step_is_done_once_though_the_network_fails(order_stand: OrderStand, step: str) -> None:
    order_no, (parcel_no,), (sku,) = await produced(order_stand)
    run = parcel_workflow_id(parcel_no)
    order_stand.outages.before[run, step] = 4
    order_stand.outages.answers[run, step] = 1
    await order_stand.arrives(parcel_no)
    await order_stand.until(order_no, "delivered")
    assert await order_stand.held(sku) == (3, 0)
    assert went_on_patiently(order_stand.outages.tried[run, step][:6], 6)


async def test_what_is_reported_while_a_delivered_parcel_is_booked_is_not_left_lying_about(
    order_stand: OrderStand,
) -> None:
    """Found by chaos: the run ended with reports in its inbox that it had been told of."""
    order_no, (parcel_no,), _ = await produced(order_stand)
    order_stand.outages.before[parcel_workflow_id(parcel_no), "ship_stock"] = 3
    await order_stand.carries(parcel_no, S.DELIVERED)
    await until(lambda: state_of(order_stand, parcel_no), lambda state: state is S.DELIVERED, PATIENCE)
    await order_stand.carries(parcel_no, S.PICKED, S.HANDED_OVER)

    async def left() -> int:
        waits = (inbox.c.subject == parcel_no) & inbox.c.applied_at.is_(None)
        async with order_stand.database.statements() as connection:
            return await connection.scalar(select(func.count()).where(waits)) or 0

    await until(left, lambda count: count == 0, PATIENCE)
    await order_stand.until(order_no, "delivered")


async def test_many_parcels_reported_at_once_all_arrive(order_stand: OrderStand) -> None:
    order_no, parcel_nos, skus = await produced(order_stand, 6)
    await asyncio.gather(*(order_stand.arrives(parcel_no) for parcel_no in parcel_nos))
    await order_stand.until(order_no, "delivered")
    assert [await order_stand.held(sku) for sku in skus] == [(3, 0)] * 6
