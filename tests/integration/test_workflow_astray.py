"""Parcels that are lost or refused: sent again or paid back, never neither, never both (R-REV-3, W3)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from ordersaga.domain.after_sales.case import Fault, Kind, Reason, Restock
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import ActedBy, parcel_workflow_id
from ordersaga.domain.policies import PRODUCTION
from ordersaga.persistence.returned_parcels import bring_back
from tests.integration.case_stand import WAREHOUSE
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.parcel_stand import ParcelStand
from tests.integration.refund_stand import RefundStand

S = ParcelState
ASTRAY = timedelta(seconds=PRODUCTION.astray_seconds)


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[ParcelStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield ParcelStand(order_stand, refunds)


async def code_of_refusal(stand: ParcelStand, parcel_no: str, decision: str, by: ActedBy = OPERATOR) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await stand.resolves(parcel_no, decision, by)
    assert isinstance(refused.value.cause, ApplicationError)
    return str(refused.value.cause.type)


async def test_lost_parcels_of_which_nobody_says_anything_are_paid_back(stand: ParcelStand) -> None:
    """All parcels of the order: it is over then, though the worker dies in the middle of it."""
    order_no, (first, second), skus = await stand.produced(2, 1)
    for parcel_no in (first, second):
        await stand.orders.carries(parcel_no, S.IN_TRANSIT, S.LOST)
        await stand.becomes(parcel_no, S.LOST)
    await stand.orders.until(order_no, "shipped")
    stand.orders.outages.before[parcel_workflow_id(first), "resolve_parcel"] = 1
    stand.orders.outages.answers[parcel_workflow_id(first), "resolve_parcel"] = 1
    await stand.waits_for_parcel(first, ASTRAY)
    await stand.becomes(first, S.WRITTEN_OFF)
    (case,) = await stand.refunding(order_no)
    assert (case.reason, case.fault, case.opened_by_role) == (Reason.PARCEL_LOST, Fault.SELLER, "system")
    await stand.waits_for_parcel(second, ASTRAY)
    await stand.orders.until(order_no, "refunding")
    paid = (await stand.captured(order_no)).received
    assert paid is not None
    assert await stand.pays_back_all(order_no) == paid.amount
    assert await stand.orders.ends(order_no) == "refunded"
    assert [len(case.lines) for case in await stand.cases(order_no)] == [1, 1]
    assert [await stand.orders.held(sku) for sku in skus] == [(18, 0), (19, 0)]
    assert await stand.verified(order_no)


async def test_a_refused_parcel_is_sent_again_and_the_order_completes(stand: ParcelStand) -> None:
    order_no, (first,), (sku,) = await stand.produced(2)
    assert await code_of_refusal(stand, first, "reship") == "action_not_allowed"
    assert await code_of_refusal(stand, first, "reship", WAREHOUSE) == "action_not_allowed"
    assert await code_of_refusal(stand, first, "burn") == "request_invalid"
    await stand.orders.carries(first, S.HANDED_OVER, S.REFUSED)
    await stand.becomes(first, S.REFUSED)
    await stand.orders.until(order_no, "shipped")  # by now its goods are off the shelf
    assert await stand.resolves(first, "reship") == S.WRITTEN_OFF
    (second,) = set(await stand.parcels(order_no)) - {first}
    anew = (await stand.parcels(order_no))[second]
    assert (anew.replaces, anew.state, [line.units for line in anew.lines]) == (first, S.CREATED, [(1, 2)])
    assert await stand.orders.held(sku) == (18, 2)
    await stand.orders.split_parcels(order_no)
    await stand.orders.arrives(second)
    await stand.orders.until(order_no, "delivered")
    assert (await stand.cases(order_no), await stand.orders.held(sku)) == ([], (16, 0))
    await stand.orders.asks(order_no, "confirm_receipt")
    await stand.orders.passes(order_no, timedelta(seconds=PRODUCTION.after_sales_seconds))
    assert await stand.orders.ends(order_no) == "completed"
    assert await stand.verified(order_no)


async def test_what_a_case_claims_is_not_sent_again_and_what_cannot_be_sent_is_paid_back(stand: ParcelStand) -> None:
    """A claim on a unit of a lost parcel is turned down; the other unit is sent again until the shelf is bare."""
    sku = await stand.orders.shelves(3)
    order_no = await stand.orders.paid((sku, 2))
    (first,) = await stand.orders.split_parcels(order_no)
    await stand.orders.carries(first, S.IN_TRANSIT, S.LOST)
    await stand.becomes(first, S.LOST)
    await stand.orders.until(order_no, "shipped")
    claim = await stand.opens(order_no, Kind.REFUND, {1: 1}, reason=Reason.LATE)
    await stand.resolves(first, "reship", OPERATOR)
    second = f"{order_no}-2"
    assert [line.units for line in (await stand.parcels(order_no))[second].lines] == [(2,)]
    assert await stand.decides(claim, "reject") == CaseState.REJECTED
    await stand.says(claim, "withdraw")
    _, owed = await stand.refunding(order_no)
    assert (owed.reason, [line.units for line in owed.lines]) == (Reason.PARCEL_LOST, [(1,)])
    await stand.orders.split_parcels(order_no)
    await stand.orders.carries(second, S.IN_TRANSIT, S.LOST)
    await stand.becomes(second, S.LOST)
    assert await stand.resolves(second, "reship") == S.WRITTEN_OFF
    assert await stand.states(order_no) == [S.WRITTEN_OFF, S.WRITTEN_OFF]
    paid = (await stand.captured(order_no)).received
    assert paid is not None
    assert await stand.pays_back_all(order_no) == paid.amount
    assert await stand.orders.ends(order_no) == "refunded"
    assert await stand.orders.held(sku) == (0, 0)
    assert await stand.verified(order_no)


async def test_a_parcel_that_was_not_stopped_and_is_refused_at_the_door_is_paid_back_once(stand: ParcelStand) -> None:
    """Nobody waits for goods from a buyer who never took them; they are restocked when they are back, once."""
    order_no, (first,), (sku,) = await stand.produced(2)
    await stand.orders.carries(first, S.HANDED_OVER, tell=False)
    stopped = await stand.opens(order_no, Kind.CANCELLATION, {1: 1}, reason=Reason.CHANGED_MIND)
    await stand.until(stopped, CaseState.AWAITING_RETURN)
    await stand.orders.carries(first, S.REFUSED)
    await stand.becomes(first, S.REFUSED)
    assert await stand.resolves(first, "refund") == S.WRITTEN_OFF
    assert await stand.ends(stopped) == CaseState.WITHDRAWN
    _, owed = await stand.refunding(order_no)
    assert (owed.reason, [line.units for line in owed.lines]) == (Reason.PARCEL_REFUSED, [(1, 2)])
    paid = (await stand.captured(order_no)).received
    assert paid is not None
    assert await stand.pays_back_all(order_no) <= paid.amount
    assert await stand.orders.ends(order_no) == "refunded"
    for onto in (Restock.SELLABLE, Restock.DEFECTIVE):
        async with stand.orders.database.transaction() as connection:
            await bring_back(connection, first, onto, datetime.now(UTC))
    assert await stand.orders.held(sku) == (20, 0)
    assert await stand.verified(order_no)
