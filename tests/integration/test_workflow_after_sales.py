"""After-sales cases on the real stack: reviewed, refunded, timed out; the order waits for them (R-REV-4, R-REV-7)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.messages import CASES_CHANGED, CONFIRM_RECEIPT
from ordersaga.domain.policies import PRODUCTION
from ordersaga.persistence import policies
from tests.integration.case_stand import CaseStand
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until


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


async def test_a_receipt_stays_confirmed_when_a_case_is_heard_of_in_the_moment_in_which_the_order_ends(
    stand: CaseStand,
) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    case = await stand.opens(order_no)
    await stand.decides(case)
    await stand.pays_back(case)
    await stand.ends(case)
    await stand.orders.run(order_no).signal(CASES_CHANGED)
    stand.orders.away(order_no, "end_order", 2)
    asked = asyncio.create_task(stand.orders.asks(order_no, CONFIRM_RECEIPT))
    await until(lambda: _tried(stand, order_no), bool, PATIENCE)
    await stand.orders.run(order_no).signal(CASES_CHANGED)
    async with asyncio.timeout(PATIENCE):
        assert await asked in ("received", "refunded")
    assert await stand.orders.ends(order_no) == "refunded"


async def test_an_order_whose_window_closes_while_its_run_hears_of_a_case_completes(
    stand: CaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = replace(PRODUCTION, after_sales_seconds=2)
    async with stand.orders.database.transaction() as connection:
        version = await policies.publish(connection, "standard", soon, datetime.now(UTC))
    monkeypatch.setattr(stand.orders, "policy_version", version)
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    stand.orders.away(order_no, "end_order", 1000)  # for longer than the window is open
    await stand.orders.asks(order_no, CONFIRM_RECEIPT)
    await stand.orders.run(order_no).signal(CASES_CHANGED)
    await until(
        lambda: stand.orders.order(order_no),
        lambda order: order.after_sales_until is not None and order.after_sales_until < datetime.now(UTC),
        PATIENCE,
    )
    stand.orders.away(order_no, "end_order", 0)
    assert await stand.orders.ends(order_no) == "completed"


async def _tried(stand: CaseStand, order_no: str) -> list[str]:
    return stand.orders.tried(order_no, "end_order")
