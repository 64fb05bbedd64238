"""The sandbox provider's refunds. What was decided when a refund was asked for is final."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.money import Money
from ordersaga.persistence import sandbox
from ordersaga.persistence.sandbox import SandboxPayment
from ordersaga.persistence.tables.sandbox import sandbox_payments, sandbox_refunds


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRefund:
    """A refund as the provider knows it: pending until `settles_at`, then failed with `failure` or paid back."""

    refund_no: str
    payment_id: str
    amount: Money
    created_at: datetime
    settles_at: datetime
    event_id: str
    provider_refund_id: str
    failure: str | None


async def locked_payment(connection: AsyncConnection, payment_id: str) -> SandboxPayment | None:
    """A payment, held until the transaction ends: its refunds are decided one after the other."""
    await connection.execute(
        select(sandbox_payments.c.payment_id).where(sandbox_payments.c.payment_id == payment_id).with_for_update()
    )
    return await sandbox.find(connection, payment_id)


async def refunded(connection: AsyncConnection, payment_id: str) -> int:
    """What was paid back of a payment, or is about to be."""
    query = select(sandbox_payments.c.refunded).where(sandbox_payments.c.payment_id == payment_id)
    return int(await connection.scalar(query) or 0)


async def of_payment(connection: AsyncConnection, payment_id: str) -> list[SandboxRefund]:
    rows = await connection.execute(select(sandbox_refunds).where(sandbox_refunds.c.payment_id == payment_id))
    return [_refund(row) for row in rows.mappings()]


async def find(connection: AsyncConnection, refund_no: str) -> SandboxRefund | None:
    rows = await connection.execute(select(sandbox_refunds).where(sandbox_refunds.c.refund_no == refund_no))
    row = rows.mappings().one_or_none()
    return None if row is None else _refund(row)


async def add(connection: AsyncConnection, refund: SandboxRefund) -> None:
    """Record a refund; one that will be paid back takes its sum from the payment, which must have it."""
    await connection.execute(insert(sandbox_refunds).values(_values(refund)))
    if refund.failure is None:
        await connection.execute(
            update(sandbox_payments)
            .where(sandbox_payments.c.payment_id == refund.payment_id)
            .values(refunded=sandbox_payments.c.refunded + refund.amount.amount)
        )


def _values(refund: SandboxRefund) -> Mapping[str, Any]:
    return {
        "refund_no": refund.refund_no,
        "payment_id": refund.payment_id,
        "amount": refund.amount.amount,
        "currency": refund.amount.currency,
        "created_at": refund.created_at,
        "settles_at": refund.settles_at,
        "event_id": refund.event_id,
        "provider_refund_id": refund.provider_refund_id,
        "failure": refund.failure,
    }


def _refund(row: RowMapping) -> SandboxRefund:
    return SandboxRefund(
        refund_no=row["refund_no"],
        payment_id=row["payment_id"],
        amount=Money(row["amount"], row["currency"]),
        created_at=row["created_at"],
        settles_at=row["settles_at"],
        event_id=row["event_id"],
        provider_refund_id=row["provider_refund_id"],
        failure=row["failure"],
    )
