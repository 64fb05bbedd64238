"""Payment attempts and what became of them (R-PAY-1 … R-PAY-4, P3, P6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.inquiry import Pace
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment, Payment, PaymentState
from ordersaga.persistence.tables.payments import payments

_CLAIM = text("""
    WITH due AS (
        SELECT payment_id FROM payments
        WHERE state = 'open' AND provider = :provider AND next_inquiry_at <= CAST(:at AS timestamptz)
        ORDER BY next_inquiry_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE payments SET
        inquiries = inquiries + 1,
        next_inquiry_at = CASE
            WHEN created_at + CAST(:give_up AS interval) > CAST(:at AS timestamptz)
            THEN CAST(:at AS timestamptz) + least(
                CAST(:first AS interval) * power(2, least(inquiries + 1, 40)), CAST(:longest AS interval)
            )
        END
    FROM due WHERE payments.payment_id = due.payment_id
    RETURNING payments.payment_id, payments.inquiries
""")


_NAMED = select(payments).where(payments.c.payment_id == bindparam("payment_id"))
_OF_ORDER = (
    select(payments)
    .where(payments.c.order_no == bindparam("order_no"))
    .order_by(payments.c.created_at, payments.c.payment_id)
)
_ADD = insert(payments)
_SET_CASHIER = (
    update(payments).where(payments.c.payment_id == bindparam("number")).values(cashier_url=bindparam("address"))
)


@dataclass(frozen=True, slots=True)
class DueInquiry:
    """An attempt to ask about; `inquiries` counts this question."""

    payment_id: str
    inquiries: int


async def add(connection: AsyncConnection, payment: Payment, *, ask_at: datetime | None = None) -> None:
    """Store a new attempt. From `ask_at` on its provider is asked what became of it; never if not given."""
    values = {
        "payment_id": payment.payment_id,
        "order_no": payment.order_no,
        "channel": payment.channel,
        "provider": payment.provider,
        "instalment": payment.instalment,
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "state": payment.state,
        "created_at": payment.created_at,
        "next_inquiry_at": ask_at,
    }
    await connection.execute(_ADD, values)


async def get(connection: AsyncConnection, payment_id: str) -> Payment | None:
    row = (await connection.execute(_NAMED, {"payment_id": payment_id})).one_or_none()
    return None if row is None else _payment(row)


async def named(connection: AsyncConnection, payment_ids: Sequence[str]) -> Sequence[Payment]:
    rows = await connection.execute(select(payments).where(payments.c.payment_id.in_(payment_ids)))
    return [_payment(row) for row in rows]


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[Payment]:
    rows = await connection.execute(_OF_ORDER, {"order_no": order_no})
    return [_payment(row) for row in rows]


async def set_cashier(connection: AsyncConnection, payment: Payment, cashier_url: str) -> Payment:
    """Note where the buyer pays."""
    await connection.execute(_SET_CASHIER, {"number": payment.payment_id, "address": cashier_url})
    return replace(payment, cashier_url=cashier_url)


async def save(connection: AsyncConnection, payment: Payment) -> None:
    """Store what became of an attempt."""
    received = payment.received
    await connection.execute(
        update(payments)
        .where(payments.c.payment_id == payment.payment_id)
        .values(
            state=payment.state,
            provider_transaction_id=payment.provider_transaction_id,
            received_amount=received and received.amount,
            received_currency=received and received.currency,
            paid_at=payment.paid_at,
            failure=payment.failure,
        )
    )


async def claim_inquiries(
    connection: AsyncConnection, provider: str, *, at: datetime, pace: Pace, limit: int
) -> Sequence[DueInquiry]:
    """Open attempts whose provider is to be asked, the longest due first.

    The next question is set with the claim, so that several processes share the work and none that dies stops it.
    """
    rows = await connection.execute(
        _CLAIM,
        {
            "provider": provider,
            "at": at,
            "most": limit,
            "first": timedelta(seconds=pace.first_seconds),
            "longest": timedelta(seconds=pace.longest_seconds),
            "give_up": timedelta(seconds=pace.give_up_seconds),
        },
    )
    return [DueInquiry(row.payment_id, row.inquiries) for row in rows]


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        payment_id=row.payment_id,
        order_no=row.order_no,
        channel=row.channel,
        provider=row.provider,
        amount=Money(row.amount, row.currency),
        state=PaymentState(row.state),
        instalment=Instalment(row.instalment),
        created_at=row.created_at,
        cashier_url=row.cashier_url,
        provider_transaction_id=row.provider_transaction_id,
        received=None if row.received_amount is None else Money(row.received_amount, row.received_currency),
        paid_at=row.paid_at,
        failure=row.failure,
        refunded=row.refunded,
    )
