"""Paid units that have not left are stopped: parcels, stock and money, whoever is faster (R-REV-3, S4, W2)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import case_workflow_id, order_workflow_id, parcel_workflow_id
from ordersaga.domain.policies import PRODUCTION
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence import after_sales_rules, coupons
from tests.integration.case_stand import MERCHANT, WAREHOUSE
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.parcel_stand import ParcelStand
from tests.integration.purses import Purses
from tests.integration.refund_stand import RefundStand
from tests.shop import until

S = ParcelState


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[ParcelStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield ParcelStand(order_stand, refunds)


async def test_a_whole_order_is_stopped_and_paid_back_to_the_cent_though_the_network_fails(stand: ParcelStand) -> None:
    order_no, (parcel_no,), (sku,) = await stand.produced(3)
    stand.orders.mute(order_no, "list_parcels", 1)
    stand.orders.away(order_no, "end_order", 2)
    stand.orders.outages.answers[case_workflow_id(f"{order_no}-A1"), "act_on_case"] = 1
    stand.orders.outages.before[parcel_workflow_id(parcel_no), "advance_parcel"] = 2
    case = await stand.opens(order_no, Kind.CANCELLATION, {1: 3}, reason=Reason.CHANGED_MIND)
    paid = (await stand.captured(order_no)).received
    assert paid is not None
    assert await stand.pays_back_all(order_no) == paid.amount
    assert await stand.orders.ends(order_no) == "refunded"
    assert (await stand.case(case)).state is CaseState.REFUNDED
    assert (await stand.states(order_no), await stand.orders.held(sku)) == ([S.CANCELLED], (20, 0))
    assert (await stand.orders.timeline(order_no))[-2:] == ["lose_last_parcel", "finish_refund"]
    assert await stand.verified(order_no)


async def test_parts_are_stopped_one_after_the_other_and_the_rest_arrives(stand: ParcelStand) -> None:
    """One seller's part of a split order, in two goes: what stays is packed anew under its own number."""
    order_no, (first, second), (stopped, kept) = await stand.produced(3, 2)
    await stand.orders.carries(second, S.HANDED_OVER)
    await stand.orders.until(order_no, "partly_shipped")
    await stand.opens(order_no, Kind.CANCELLATION, {1: 1}, reason=Reason.CHANGED_MIND)
    await stand.becomes(first, S.CANCELLED)
    third = f"{order_no}-3"
    anew = (await stand.parcels(order_no))[third]
    assert (anew.replaces, [line.units for line in anew.lines]) == (first, [(2, 3)])
    assert await stand.orders.held(stopped) == (20, 2)
    case = await stand.opens(order_no, Kind.CANCELLATION, {1: 2}, reason=Reason.OUT_OF_STOCK, by=MERCHANT)
    await stand.becomes(third, S.CANCELLED)
    assert await stand.pays_back_all(order_no) == sum(
        parcel.lines[0].payable + parcel.lines[0].shipping for parcel in [(await stand.parcels(order_no))[first]]
    )
    await stand.orders.until(order_no, "shipped")
    await stand.orders.arrives(second)
    await stand.orders.until(order_no, "delivered")
    assert (await stand.orders.held(stopped), await stand.orders.held(kept)) == ((20, 0), (18, 0))
    assert (await stand.case(case)).state is CaseState.REFUNDED
    assert (await stand.orders.timeline(order_no))[-3:] == ["ship_parcel", "ship_last_parcel", "deliver_last_parcel"]
    assert await stand.verified(order_no)


async def test_a_warehouse_that_has_begun_agrees_refuses_or_says_nothing(stand: ParcelStand) -> None:
    order_no, parcel_nos, skus = await stand.produced(2, 1, 1)
    for parcel_no in parcel_nos:
        await stand.orders.carries(parcel_no, S.PICKED)
        await stand.becomes(parcel_no, S.PICKED)
    agreed, refused, silent = [
        await stand.opens(order_no, Kind.CANCELLATION, {line_no: 1}, reason=Reason.CHANGED_MIND)
        for line_no in (1, 2, 3)
    ]
    for case in (agreed, refused, silent):
        await stand.until(case, CaseState.STOPPING)
    assert await stand.refusal(agreed, "stop") == "action_not_allowed"
    assert await stand.says(agreed, "stop", by=WAREHOUSE) == CaseState.REFUNDING
    assert await stand.says(refused, "refuse_to_stop", by=WAREHOUSE) == CaseState.AWAITING_RETURN
    await stand.passes(silent, timedelta(seconds=PRODUCTION.stop_seconds))
    turned = await stand.until(silent, CaseState.AWAITING_RETURN)
    assert (turned.kind, turned.warehouse_id) == (
        Kind.RETURN,
        (await stand.parcels(order_no))[parcel_nos[2]].warehouse_id,
    )
    assert [await stand.orders.held(sku) for sku in skus] == [(20, 1), (20, 1), (20, 1)]
    await stand.passes(refused, timedelta(seconds=PRODUCTION.return_seconds))
    prolonged = datetime.now(UTC) + timedelta(seconds=PRODUCTION.return_seconds)
    await until(lambda: stand.case(refused), lambda case: case.due_at is not None and case.due_at > prolonged, PATIENCE)
    for parcel_no in (f"{order_no}-4", *parcel_nos[1:]):
        await stand.orders.arrives(parcel_no)
    await stand.orders.until(order_no, "delivered")
    assert await stand.says(refused, "receive", by=WAREHOUSE) == CaseState.INSPECTING
    await stand.passes(silent, timedelta(seconds=2 * PRODUCTION.return_seconds))
    await stand.until(silent, CaseState.WITHDRAWN)
    assert await stand.verified(order_no)


async def test_what_was_handed_over_at_the_same_moment_is_not_stopped_and_what_was_stopped_is_not_handed_over(
    stand: ParcelStand,
) -> None:
    order_no, (first, second, third), skus = await stand.produced(1, 1, 1)
    await stand.orders.carries(third, S.PICKED)
    await stand.becomes(third, S.PICKED)
    asking = await stand.opens(order_no, Kind.CANCELLATION, {3: 1}, reason=Reason.CHANGED_MIND)
    await stand.until(asking, CaseState.STOPPING)
    await stand.orders.carries(first, S.HANDED_OVER, tell=False)
    faster = await stand.opens(order_no, Kind.CANCELLATION, {1: 1}, reason=Reason.CHANGED_MIND)
    assert (await stand.until(faster, CaseState.AWAITING_RETURN)).kind is Kind.RETURN
    slower = await stand.opens(order_no, Kind.CANCELLATION, {2: 1}, reason=Reason.CHANGED_MIND)
    await stand.until(slower, CaseState.REFUNDING)
    for parcel_no in (second, third):
        await stand.orders.carries(parcel_no, S.HANDED_OVER)
    assert (await stand.until(asking, CaseState.AWAITING_RETURN)).kind is Kind.RETURN
    await stand.orders.until(order_no, "shipped")
    assert await stand.states(order_no) == [S.HANDED_OVER, S.CANCELLED, S.HANDED_OVER]
    assert [await stand.orders.held(sku) for sku in skus] == [(19, 0), (20, 0), (19, 0)]
    assert await stand.verified(order_no)


async def test_what_is_cancelled_before_the_split_waits_for_it(stand: ParcelStand) -> None:
    sku = await stand.orders.shelves(5)
    order_no = await stand.orders.placed((sku, 2))
    stand.orders.away(order_no, "split_order", 6)
    await stand.orders.reports(await stand.orders.attempt(order_no))
    await stand.orders.until(order_no, "paid")
    case = await stand.opens(order_no, Kind.CANCELLATION, {1: 2}, reason=Reason.CHANGED_MIND)
    twice = await asyncio.gather(
        *(stand.opens(order_no, Kind.CANCELLATION, {1: 2}, reason=Reason.CHANGED_MIND) for _ in range(2)),
        return_exceptions=True,
    )
    assert [getattr(answer, "code", answer) for answer in twice] == ["units_not_claimable"] * 2
    await stand.until(case, CaseState.REFUNDING)
    await stand.pays_back_all(order_no)
    assert await stand.orders.ends(order_no) == "refunded"
    assert await stand.orders.held(sku) == (5, 0)
    assert (await stand.case(case)).state is CaseState.REFUNDED


async def test_a_run_that_was_ended_and_taken_up_again_knows_which_parcels_were_stopped_and_which_have_left(
    stand: ParcelStand,
) -> None:
    order_no, (first, second), _ = await stand.produced(1, 1)
    await stand.opens(order_no, Kind.CANCELLATION, {2: 1}, reason=Reason.CHANGED_MIND)
    await stand.becomes(second, S.CANCELLED)
    await stand.orders.carries(first, S.HANDED_OVER)
    await stand.orders.until(order_no, "shipped")
    await stand.orders.run(order_no).terminate()
    await OpenRuns(stand.orders.client, QUEUE).take_up(order_workflow_id(order_no))
    await stand.orders.arrives(first)
    await stand.orders.until(order_no, "delivered")
    assert (await stand.orders.timeline(order_no))[-2:] == ["ship_last_parcel", "deliver_last_parcel"]
    assert await stand.verified(order_no)


async def test_a_buyer_whose_goods_the_merchant_has_not_got_has_a_coupon_once_while_there_are_any(
    stand: ParcelStand,
) -> None:
    purses = Purses.empty(stand.orders.database)
    await purses.template("sorry", issue_limit=1, limit_per_account=1)
    order_no, _, _ = await _promised(stand, purses.name("sorry"))
    stand.orders.outages.answers[case_workflow_id(f"{order_no}-A1"), "act_on_case"] = 1
    first = await stand.opens(order_no, Kind.CANCELLATION, {1: 1}, reason=Reason.OUT_OF_STOCK, by=MERCHANT)
    await stand.until(first, CaseState.REFUNDING)
    second = await stand.opens(order_no, Kind.CANCELLATION, {2: 1}, reason=Reason.OUT_OF_STOCK, by=MERCHANT)
    await stand.until(second, CaseState.REFUNDING)
    await stand.pays_back_all(order_no)
    assert await stand.orders.ends(order_no) == "refunded"
    async with stand.orders.database.transaction() as connection:
        held = await coupons.of_account(connection, "alice", after=None, limit=1000)
    assert [coupon.template for coupon in held if coupon.template == purses.name("sorry")] == [purses.name("sorry")]


async def _promised(stand: ParcelStand, template: str) -> tuple[str, list[str], list[str]]:
    """An order of two sellers, placed while the shop promised a coupon of `template`."""
    rules = AfterSalesRules(apology_template=template)
    try:
        async with stand.orders.database.transaction() as connection:
            await after_sales_rules.publish(connection, rules, datetime.now(UTC))
        return await stand.produced(1, 1)
    finally:
        async with stand.orders.database.transaction() as connection:
            await after_sales_rules.publish(connection, AfterSalesRules(), datetime.now(UTC))
