"""Goods that come back on the real stack: inspected, refused, escalated, forgotten (R-REV-5, R-REV-7)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.policies import PRODUCTION
from tests.integration.case_stand import WAREHOUSE
from tests.integration.exchange_stand import SHIPMENT, ExchangeStand
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.refund_stand import RefundStand

_MOMENT = timedelta(seconds=1)


def _after(seconds: int) -> timedelta:
    return timedelta(seconds=seconds) + _MOMENT


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[ExchangeStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield ExchangeStand(order_stand, refunds)


async def test_what_an_inspection_accepts_is_paid_back_and_goes_onto_the_stock_that_it_names(
    stand: ExchangeStand,
) -> None:
    lamp = await stand.orders.shelves(merchant_id="m-returns")
    cup = await stand.orders.shelves(merchant_id="m-returns", price=3_000)
    order_no = await stand.orders.delivered((lamp, 3), (cup, 1))
    case = await stand.returning(await stand.opens(order_no, Kind.RETURN, {1: 3, 2: 1}, reason=Reason.CHANGED_MIND))
    assert await stand.says(case, "receive", WAREHOUSE) == CaseState.INSPECTING
    for lines in (
        [(1, 3, "sellable"), (2, 1, "sellable"), (3, 1, "sellable")],
        [(1, 4, "sellable"), (2, 1, "sellable")],
        [(1, 3, "sellable")],
    ):
        assert await stand.misjudges(case, *lines) == "rule_invalid"
    assert await stand.inspects(case, (1, 2, "sellable"), (2, 1, "defective")) == CaseState.REFUNDING
    assert await stand.gives_back(case) == 23_000
    assert (await stand.shelf(lamp), await stand.shelf(cup)) == ((99, 0, 0), (99, 0, 1))
    assert await stand.fates(order_no) == {1: UnitFate.REFUNDED, 2: UnitFate.REFUNDED}

    last = await stand.returning(await stand.opens(order_no, Kind.RETURN, {1: 1}))
    assert await stand.says(last, "accept", WAREHOUSE) == CaseState.REFUNDING
    await stand.gives_back(last)
    assert await stand.shelf(lamp) == (99, 0, 1)
    await stand.verifies(order_no)
    await stand.orders.asks(order_no, "confirm_receipt")
    assert await stand.orders.ends(order_no) == "refunded"


async def test_an_operator_decides_for_good_of_goods_that_an_inspection_refused(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 2))
    upheld, closed = [await stand.opens(order_no, Kind.RETURN) for _ in range(2)]
    for case in (upheld, closed):
        await stand.returning(case)
        assert await stand.refusal(case, "refuse", replace(WAREHOUSE, reason="")) == "rule_invalid"
        nothing = (1, 0, "sellable")
        said = stand.inspects(case, nothing) if case is upheld else stand.says(case, "refuse", WAREHOUSE)
        assert await said == CaseState.REJECTED
        assert await stand.says(case, "escalate") == CaseState.ESCALATED
    assert await stand.decides(upheld, by=OPERATOR) == CaseState.REFUNDING
    assert await stand.decides(closed, "reject", by=OPERATOR) == CaseState.CLOSED
    await stand.gives_back(upheld)
    assert await stand.shelf(sku) == (98, 0, 0)
    assert await stand.fates(order_no) == {1: UnitFate.REFUNDED}
    assert (await stand.case(upheld)).lines[0].accepted == (1,)
    await stand.verifies(order_no)


async def test_goods_that_are_still_the_buyers_come_back_before_an_operators_word_is_money(
    stand: ExchangeStand,
) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    case = await stand.opens(order_no, Kind.RETURN)
    assert await stand.decides(case, "reject") == CaseState.REJECTED
    await stand.says(case, "escalate")
    assert await stand.decides(case, by=OPERATOR) == CaseState.AWAITING_RETURN

    await stand.passes(case, _after(PRODUCTION.return_reminder_seconds))
    await stand.passes(case, timedelta(hours=1))
    assert (await stand.told(case)).count("return_due_soon") == 1
    await stand.passes(case, _after(PRODUCTION.return_seconds - PRODUCTION.return_reminder_seconds))
    assert await stand.ends(case) == CaseState.WITHDRAWN
    assert await stand.fates(order_no) == {}


async def test_a_silent_warehouse_makes_it_an_operators_case_who_need_not_wait_for_goods_that_left_the_buyer(
    stand: ExchangeStand,
) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 2))
    lost, unannounced = [await stand.opens(order_no, Kind.RETURN) for _ in range(2)]
    await stand.returning(lost)
    await stand.decides(unannounced)
    assert await stand.refusal(unannounced, "ship_back", **SHIPMENT | {"tracking_no": ""}) == "request_invalid"
    assert await stand.says(unannounced, "receive", WAREHOUSE) == CaseState.INSPECTING
    await stand.passes(lost, _after(PRODUCTION.return_transit_seconds))
    await stand.passes(unannounced, _after(PRODUCTION.inspection_seconds))
    for case in (lost, unannounced):
        await stand.until(case, CaseState.ESCALATED)
        assert await stand.decides(case, by=OPERATOR) == CaseState.REFUNDING
        await stand.gives_back(case)
    assert (await stand.captured(order_no)).refunded == 26_000
