"""Lives of every order type, for their histories to be kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ordersaga.domain.campaigns import Campaign, Sale, Terms
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import (
    CANCEL,
    CONFIRM_RECEIPT,
    DECIDE_RISK,
    RETURN_UNUSED,
    ActedBy,
    RiskDecision,
    group_workflow_id,
    order_workflow_id,
)
from ordersaga.domain.policies import PRODUCTION
from ordersaga.domain.presale import FORFEIT, REFUND
from ordersaga.domain.risk import Assessment, Reason, Verdict
from ordersaga.domain.screening import Screening
from ordersaga.persistence import catalogue, policies, stocktaking, submissions
from tests.goods import cart, priced, twd
from tests.integration.digital_stand import RETURNED_BY, DigitalStand
from tests.integration.group_stand import GroupStand
from tests.integration.order_stand import OrderStand
from tests.integration.presale_stand import WINDOW, PresaleStand
from tests.integration.refund_stand import RefundStand

_MOMENT = timedelta(seconds=1)
_WINDOW = timedelta(days=7) + _MOMENT
_OLGA = ActedBy(role="operator", subject="olga", reason="called the buyer")
_SUSPICIOUS = Screening(assessment=Assessment.of([Reason("big-first-order", "new_account", Verdict.REVIEW)]))


async def review_approved(stand: OrderStand) -> str:
    """An operator lets it go on; paid, shipped, completed."""
    submission = await stand.submits((await stand.shelves(), 1), screening=_SUSPICIOUS)
    await stand.places(submission)
    await stand.asks(submission.order_no, DECIDE_RISK, RiskDecision(decision="approve", by=_OLGA))
    await stand.reports(await stand.attempt(submission.order_no))
    return await _completed(stand, submission.order_no)


async def review_missed(stand: OrderStand) -> str:
    submission = await stand.submits((await stand.shelves(), 1), screening=_SUSPICIOUS)
    await stand.places(submission)
    await stand.passes(submission.order_no, timedelta(days=1) + _MOMENT)
    return await _ended(stand, submission.order_no)


async def stock_deducted_at_payment(stand: OrderStand) -> str:
    sku = await stand.shelves(1, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT)
    order_no = await stand.placed((sku, 1))
    await stand.reports(await stand.attempt(order_no))
    return await _completed(stand, order_no)


async def stock_missed(stand: OrderStand) -> str:
    """What was not held has gone when the order is paid: the money goes back."""
    sku = await stand.shelves(1, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT)
    order_no = await stand.placed((sku, 1))
    payment = await stand.attempt(order_no)
    stand.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
    async with stand.database.transaction() as connection:
        (balance,) = await stocktaking.balances(connection, sku)
        await stocktaking.adjust(connection, sku, {balance.warehouse_id: 0}, document="gone", at=datetime.now(UTC))
    async with RefundStand(stand).delivering():
        await stand.reports(payment)
        return await _ended(stand, order_no)


async def flash_sale(stand: OrderStand) -> str:
    sku, now = await stand.shelves(), datetime.now(UTC)
    campaign = Campaign(
        code=f"{sku}-NOON",
        order_type="flash_sale",
        name="Noon",
        sku=sku,
        price=twd(5_000),
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        terms=Terms(),
    )
    submission = await stand.submits((sku, 1))
    async with stand.database.transaction() as connection:
        version = await policies.publish(connection, "flash_sale", PRODUCTION, now)
        found = await catalogue.goods(connection, [sku])
        sold = priced(
            cart((sku, 1)), list(found.skus.values()), list(found.merchants.values()), sale=Sale(campaign=campaign)
        )
        submission = replace(submission, order_no=f"F-{sku}", quote_id=f"F-{sku}", idempotency_key=sku, priced=sold)
        await submissions.add(connection, submission)
    await replace(stand, policy_version=version).places(submission)
    await stand.reports(await stand.attempt(submission.order_no))
    return await _completed(stand, submission.order_no)


async def presale_paid(stand: OrderStand) -> str:
    """Deposit, reminder, balance, parcels."""
    presales = await PresaleStand.of(stand)
    order_no = await presales.opened(await stand.shelves())
    await stand.passes(order_no, WINDOW * 3 / 4 + timedelta(minutes=1))
    await presales.is_told(order_no, "balance_closes_soon")
    await presales.pays(order_no)
    return await _completed(stand, order_no)


async def presale_forfeited(stand: OrderStand) -> str:
    presales = await PresaleStand.of(stand)
    order_no = await presales.opened(await stand.shelves(), missed_balance=FORFEIT, cancelled=REFUND)
    await stand.passes(order_no, WINDOW + _MOMENT)
    return await _ended(stand, order_no)


async def presale_cancelled(stand: OrderStand) -> str:
    """The deposit goes back."""
    presales = await PresaleStand.of(stand)
    async with presales.refunds.delivering():
        order_no = await presales.deposited(await stand.shelves(), missed_balance=FORFEIT, cancelled=REFUND)
        await stand.asks(order_no, CANCEL)
        return await _ended(stand, order_no)


async def digital(stand: OrderStand) -> str:
    order_no = await (await DigitalStand.of(stand, game=1)).received(("game", 1))
    await stand.passes(order_no, _WINDOW)
    return await _ended(stand, order_no)


async def digital_returned(stand: OrderStand) -> str:
    order_no = await (await DigitalStand.of(stand, game=1)).received(("game", 1))
    async with RefundStand(stand).delivering():
        await stand.asks(order_no, RETURN_UNUSED, RETURNED_BY)
        return await _ended(stand, order_no)


async def group_filled(stand: OrderStand) -> str:
    """An order whose group fills, from placing to completion."""
    groups = await GroupStand.of(stand)
    async with groups.delivering():
        code, (first, second) = await groups.opened(await groups.campaign(), "lea", "bob")
        await groups.pays(first, second)
        await groups.ends(code)
        return await _completed(stand, second)


async def group_expired(stand: OrderStand) -> str:
    """An order that was paid in a group which did not fill."""
    groups = await GroupStand.of(stand)
    async with groups.delivering():
        code, (order_no,) = await groups.opened(await groups.campaign(), "lea")
        await groups.pays(order_no)
        await groups.passes(code, timedelta(hours=1))
        await groups.ends(code)
        return await _ended(stand, order_no)


async def group(stand: OrderStand) -> str:
    """A group's own run: taken, paid for, filled."""
    groups = await GroupStand.of(stand)
    async with groups.delivering():
        code, order_nos = await groups.opened(await groups.campaign(), "lea", "bob")
        await groups.pays(*order_nos)
        await groups.ends(code)
    return group_workflow_id(code)


LIVES = (
    review_approved,
    review_missed,
    stock_deducted_at_payment,
    stock_missed,
    flash_sale,
    presale_paid,
    presale_forfeited,
    presale_cancelled,
    digital,
    digital_returned,
    group_filled,
    group_expired,
    group,
)


async def _completed(stand: OrderStand, order_no: str) -> str:
    for parcel_no in await stand.split_parcels(order_no):
        await stand.arrives(parcel_no)
    await stand.until(order_no, "delivered")
    await stand.asks(order_no, CONFIRM_RECEIPT)
    await stand.passes(order_no, _WINDOW)
    return await _ended(stand, order_no)


async def _ended(stand: OrderStand, order_no: str) -> str:
    await stand.ends(order_no)
    return order_workflow_id(order_no)
