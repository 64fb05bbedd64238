"""What we know of money that providers moved, for comparing it with their statements."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.payment import Payment
from ordersaga.domain.refund import Refund
from ordersaga.persistence import payments, refunds
from ordersaga.persistence.tables.payments import payments as payment_rows
from ordersaga.persistence.tables.refunds import refunds as refund_rows


async def payments_named(connection: AsyncConnection, payment_ids: Sequence[str]) -> Mapping[str, Payment]:
    found = await payments.named(connection, payment_ids)
    return {payment.payment_id: payment for payment in found}


async def refunds_named(connection: AsyncConnection, refund_nos: Sequence[str]) -> Mapping[str, Refund]:
    found = await refunds.named(connection, refund_nos)
    return {refund.refund_no: refund for refund in found}


async def captured(connection: AsyncConnection, provider: str, since: datetime, until: datetime) -> AsyncIterator[str]:
    """The payments that a provider took in this time, as it told us."""
    columns = payment_rows.c
    when = func.coalesce(columns.paid_at, columns.created_at)
    query = select(columns.payment_id).where(
        (columns.provider == provider)
        & columns.state.in_(["succeeded", "unexpected"])
        & (columns.received_amount > 0)
        & (when >= since)
        & (when < until)
    )
    async for row in await connection.stream(query.order_by(columns.payment_id)):
        yield row.payment_id


async def given_back(
    connection: AsyncConnection, provider: str, since: datetime, until: datetime
) -> AsyncIterator[str]:
    """The refunds that a provider completed in this time, as it told us."""
    columns = refund_rows.c
    query = select(columns.refund_no).where(
        (columns.provider == provider)
        & (columns.state == RefundState.SUCCEEDED)
        & (columns.updated_at >= since)
        & (columns.updated_at < until)
    )
    async for row in await connection.stream(query.order_by(columns.refund_no)):
        yield row.refund_no
