"""What a case gives back, and the documents of it (R-REV-8, M2 … M5, M8, M9, M12)."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.owed import owe
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.tenders import share_over_payments
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.refund import refund_for_case
from ordersaga.persistence import after_sales, earned_points, limit_holds, offer_holds
from ordersaga.persistence.settlements import Reckoning, reckon


async def settle(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Give back what the rules say for the units that the case took: out of each payment, in points, and when nothing
    stays coupons, quotas and purchase limits too. What is given and why is the case's `settlement`.
    """
    taken = {line.line_no: line.taken for line in case.lines}
    reckoning = await reckon(connection, case.order_no, taken, case.kind, case.fault, lock=True)
    await _book_points(connection, case, reckoning, request)
    await _pay_back(connection, case, reckoning, request)
    if reckoning.breakdown.nothing_stays:
        await _restore(connection, reckoning, request)
    await after_sales.settle_units(connection, case, UnitFate.REFUNDED)
    return replace(case, settlement=reckoning.breakdown.to_document())


async def _book_points(connection: AsyncConnection, case: Case, reckoning: Reckoning, request: ActOnCase) -> None:
    breakdown, account = reckoning.breakdown, reckoning.buyer
    if breakdown.earned_points:
        await earned_points.take_back(
            connection, account, breakdown.earned_points, document=case.case_no, at=request.at
        )
    if breakdown.points:
        await offer_holds.return_points(
            connection, breakdown.order_no, account, breakdown.points, document=case.case_no, at=request.at
        )


async def _pay_back(connection: AsyncConnection, case: Case, reckoning: Reckoning, request: ActOnCase) -> None:
    """A refund document for each payment that gives something back; none where nothing of it was money."""
    money, order = reckoning.breakdown.money, reckoning.rules.payments
    for payment, part in share_over_payments(money, reckoning.payments, order):
        amount = Money(part, payment.amount.currency)
        refund = refund_for_case(case.case_no, payment, amount, request.at, reason=case.reason)
        await owe(connection, refund)


async def _restore(connection: AsyncConnection, reckoning: Reckoning, request: ActOnCase) -> None:
    """Nothing stays: what the order held comes back by its own rules, but points, which came unit by unit."""
    breakdown = reckoning.breakdown
    keeping = {Source.POINTS} if reckoning.rules.coupons else {Source.POINTS, Source.COUPON}
    await offer_holds.give_back(connection, breakdown.order_no, Undoing.REFUNDED, request.at, keeping=keeping)
    await limit_holds.give_back(connection, breakdown.order_no, Undoing.REFUNDED, request.at)
