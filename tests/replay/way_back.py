"""Lives that go back, of orders, of parcels and of cases, for their histories to be kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import (
    CHANGE,
    CONFIRM_RECEIPT,
    DECIDED,
    CaseDecision,
    case_workflow_id,
    order_workflow_id,
    parcel_workflow_id,
)
from ordersaga.domain.policies import PRODUCTION
from tests.integration.case_stand import MERCHANT, WAREHOUSE
from tests.integration.order_changing import accepts
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.parcel_stand import ParcelStand
from tests.integration.refund_stand import RefundStand

_MOMENT = timedelta(seconds=1)
_WINDOW = timedelta(seconds=PRODUCTION.after_sales_seconds)
_ACCEPTED = {"lines": [{"line_no": 1, "accepted": 1, "restock": "sellable"}]}


@asynccontextmanager
async def cases(stand: OrderStand) -> AsyncIterator[ParcelStand]:
    refunds = RefundStand(stand)
    async with refunds.delivering():
        yield ParcelStand(stand, refunds)


async def case_refunded(stand: OrderStand) -> str:
    """Rejected, escalated, and approved by an operator's signal; the money goes back."""
    async with cases(stand) as after:
        case = await after.opens(await stand.delivered((await stand.shelves(), 2)))
        await after.decides(case, "reject")
        await after.says(case, "escalate")
        await after.run(case).signal(DECIDED, CaseDecision(decision="approve", by=OPERATOR))
        await after.until(case, CaseState.REFUNDING)
        await after.pays_back(case)
        return await _case_ended(after, case)


async def case_returned(stand: OrderStand) -> str:
    """A silent merchant, a buyer who is reminded, and an inspection that accepts one of two."""
    async with cases(stand) as after:
        case = await after.opens(await stand.delivered((await stand.shelves(), 2)), Kind.RETURN, {1: 2})
        await after.passes(case, timedelta(seconds=PRODUCTION.claim_review_seconds))
        await after.until(case, CaseState.AWAITING_RETURN)
        await after.passes(case, timedelta(seconds=PRODUCTION.return_reminder_seconds) + _MOMENT)
        await after.says(case, "ship_back", carrier="post", tracking_no="RR1")
        await after.says(case, "receive", WAREHOUSE)
        await after.says(case, "accept", WAREHOUSE, **_ACCEPTED)
        await after.pays_back(case)
        return await _case_ended(after, case)


async def case_exchanged(stand: OrderStand) -> str:
    async with cases(stand) as after:
        return await _case_ended(after, await _exchanged(after))


async def case_missed(stand: OrderStand) -> str:
    """The buyer never sends it back."""
    async with cases(stand) as after:
        case = await after.opens(await stand.delivered((await stand.shelves(), 1)), Kind.RETURN)
        await after.decides(case)
        await after.passes(case, timedelta(seconds=PRODUCTION.return_reminder_seconds) + _MOMENT)
        await after.passes(case, timedelta(seconds=PRODUCTION.return_seconds) + _MOMENT)
        return await _case_ended(after, case)


async def case_cancellation(stand: OrderStand) -> str:
    """Picked already; the warehouse stops it."""
    async with cases(stand) as after:
        order_no = await stand.paid((await stand.shelves(), 1))
        (parcel_no,) = await stand.split_parcels(order_no)
        await stand.carries(parcel_no, ParcelState.PICKED)
        case = await after.opens(order_no, Kind.CANCELLATION)
        await after.until(case, CaseState.STOPPING)
        await after.says(case, "stop", WAREHOUSE)
        await after.pays_back(case)
        return await _case_ended(after, case)


async def exchange(stand: OrderStand) -> str:
    """The replacement's own order, from the case that places it to its completion."""
    async with cases(stand) as after:
        case = await _exchanged(after)
        await after.ends(case)
        order_no = (await after.case(case)).replacement_order_no or ""
        return await _completed(stand, order_no)


async def stopped(stand: OrderStand) -> str:
    """An order all of whose parcels were stopped."""
    async with cases(stand) as after:
        order_no = await stand.paid((await stand.shelves(), 1))
        await stand.split_parcels(order_no)
        case = await after.opens(order_no, Kind.CANCELLATION)
        await after.until(case, CaseState.REFUNDING)
        await after.pays_back(case)
        await stand.ends(order_no)
        return order_workflow_id(order_no)


async def stopped_in_part(stand: OrderStand) -> str:
    """One of two units was stopped; the other goes on in a parcel of its own, and is completed after a case."""
    async with cases(stand) as after:
        order_no = await stand.paid((await stand.shelves(), 2))
        await stand.split_parcels(order_no)
        case = await after.opens(order_no, Kind.CANCELLATION)
        await after.until(case, CaseState.REFUNDING)
        await after.pays_back(case)
        await after.ends(case)
        *_, rest = await stand.split_parcels(order_no)
        await stand.arrives(rest)
        await stand.until(order_no, "delivered")
        await stand.asks(order_no, CONFIRM_RECEIPT)
        other = await after.opens(order_no)
        await stand.passes(order_no, _WINDOW + _MOMENT)
        await after.decides(other, "reject", MERCHANT)
        await after.says(other, "withdraw")
        await stand.ends(order_no)
        return order_workflow_id(order_no)


async def parcel_given_up(stand: OrderStand) -> str:
    """A parcel's own run: lost, and nobody decides."""
    async with cases(stand) as after:
        order_no, parcel_no = await _lost(after)
        await stand.until(order_no, "refunding")
        return parcel_workflow_id(parcel_no)


async def order_lost(stand: OrderStand) -> str:
    """An order whose one parcel was lost: its money goes back."""
    async with cases(stand) as after:
        order_no, _ = await _lost(after)
        await stand.until(order_no, "refunding")
        await after.pays_back_all(order_no)
        await stand.ends(order_no)
        return order_workflow_id(order_no)


async def changed(stand: OrderStand) -> str:
    """One instead of three before it was paid, while an attempt was open."""
    order_no = await stand.placed((await stand.shelves(), 3))
    await stand.attempt(order_no)
    await stand.asks(order_no, CHANGE, await accepts(stand, order_no, line_1=1))
    await stand.reports(await stand.attempt(order_no))
    return await _completed(stand, order_no)


LIVES = (
    changed,
    case_refunded,
    case_returned,
    case_exchanged,
    case_missed,
    case_cancellation,
    exchange,
    stopped,
    stopped_in_part,
    parcel_given_up,
    order_lost,
)


async def _exchanged(after: ParcelStand) -> Case:
    """A case whose goods are back, so that its replacement goes out."""
    case = await after.opens(await after.orders.delivered((await after.orders.shelves(), 1)), Kind.EXCHANGE)
    await after.decides(case)
    await after.says(case, "ship_back", carrier="post", tracking_no="RR1")
    await after.says(case, "accept", WAREHOUSE, **_ACCEPTED)
    return case


async def _lost(after: ParcelStand) -> tuple[str, str]:
    """An order and its one parcel, which was lost, and time passed."""
    order_no = await after.orders.paid((await after.orders.shelves(), 1))
    (parcel_no,) = await after.orders.split_parcels(order_no)
    await after.orders.carries(parcel_no, ParcelState.HANDED_OVER, ParcelState.LOST)
    await after.becomes(parcel_no, ParcelState.LOST)
    await after.waits_for_parcel(parcel_no, timedelta(seconds=PRODUCTION.astray_seconds) + _MOMENT)
    return order_no, parcel_no


async def _completed(stand: OrderStand, order_no: str) -> str:
    for parcel_no in await stand.split_parcels(order_no):
        await stand.arrives(parcel_no)
    await stand.until(order_no, "delivered")
    await stand.asks(order_no, CONFIRM_RECEIPT)
    await stand.passes(order_no, _WINDOW + _MOMENT)
    await stand.ends(order_no)
    return order_workflow_id(order_no)


async def _case_ended(after: ParcelStand, case: Case) -> str:
    await after.ends(case)
    return case_workflow_id(case.case_no)
