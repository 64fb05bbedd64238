"""What a case gives back, and the documents of it (R-REV-8, M2 … M5, M8, M9)."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.refund import request_for_case
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.refund import refund_for_case
from ordersaga.persistence import after_sales, orders, payments


async def settle(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Give back what was paid for the units that the case took."""
    order = await orders.get(connection, case.order_no)
    assert order is not None  # noqa: S101 - a case belongs to an order
    shares = {line.line_no: line.units() for line in order.lines}
    amount = sum(shares[line.line_no][unit - 1].payable for line in case.lines for unit in line.taken)
    for payment in await payments.of_order(connection, case.order_no):
        if payment.state is PaymentState.SUCCEEDED and payment.received is not None and amount:
            part = min(amount, payment.received.amount - payment.refunded)
            amount -= part
            refund = refund_for_case(
                case.case_no, payment, Money(part, payment.received.currency), request.at, reason=case.reason
            )
            await request_for_case(connection, refund)
    await after_sales.settle_units(connection, case, UnitFate.REFUNDED)
    return replace(case, settlement={})
