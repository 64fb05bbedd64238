"""Refund documents and what became of them (R-PAY-3, P1, P6, M8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.refund import FINAL, RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.refund import Refund
from ordersaga.persistence.planning import written_out
from ordersaga.persistence.tables.payments import payments
from ordersaga.persistence.tables.refunds import refunds


async def add(connection: AsyncConnection, refund: Refund) -> bool:
    """Write the document and claim its sum from the payment; `False` when its source was refunded before.

    A constraint refuses a sum that exceeds what the payment has left (M8).
    """
    added = await connection.scalar(
        insert(refunds)
        .values(
            refund_no=refund.refund_no,
            source_document=refund.source_document,
            order_no=refund.order_no,
            case_no=refund.case_no,
            payment_id=refund.payment_id,
            provider=refund.provider,
            amount=refund.amount.amount,
            currency=refund.amount.currency,
            reason=refund.reason,
            state=refund.state,
            tries=refund.tries,
            requested_at=refund.requested_at,
            updated_at=refund.updated_at,
        )
        .on_conflict_do_nothing(index_elements=[refunds.c.source_document])
        .returning(refunds.c.refund_no)
    )
    if added is None:
        return False
    await connection.execute(
        update(payments)
        .where(payments.c.payment_id == refund.payment_id)
        .values(refunded=payments.c.refunded + refund.amount.amount)
    )
    return True


async def get(connection: AsyncConnection, refund_no: str) -> Refund | None:
    row = (await connection.execute(select(refunds).where(refunds.c.refund_no == refund_no))).one_or_none()
    return None if row is None else _refund(row)


async def named(connection: AsyncConnection, refund_nos: Sequence[str]) -> Sequence[Refund]:
    rows = await connection.execute(select(refunds).where(refunds.c.refund_no.in_(refund_nos)))
    return [_refund(row) for row in rows]


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[Refund]:
    rows = await connection.execute(
        select(refunds).where(refunds.c.order_no == order_no).order_by(refunds.c.requested_at, refunds.c.refund_no)
    )
    return [_refund(row) for row in rows]


async def of_case(connection: AsyncConnection, case_no: str) -> Sequence[Refund]:
    """What a case gives back; of an exchange's order, out of the payments of the order that was paid."""
    rows = await connection.execute(
        select(refunds).where(refunds.c.case_no == case_no).order_by(refunds.c.requested_at, refunds.c.refund_no)
    )
    return [_refund(row) for row in rows]


async def count_unfinished(connection: AsyncConnection, order_no: str) -> int:
    """How many refunds of an order are still under way, failed ones among them."""
    query = select(func.count()).where((refunds.c.order_no == order_no) & refunds.c.state.not_in(sorted(FINAL)))
    return int(await connection.scalar(query) or 0)


async def count_unfinished_of_case(connection: AsyncConnection, case_no: str) -> int:
    """The same of what a case gives back."""
    query = select(func.count()).where((refunds.c.case_no == case_no) & refunds.c.state.not_in(sorted(FINAL)))
    return int(await connection.scalar(query) or 0)


async def page(
    connection: AsyncConnection, state: RefundState | None, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Refund]:
    """Refunds in a state, or all, the newest first."""
    query = select(refunds)
    if state is not None:
        # Written out, so that the indexes of those that are not over, or settled, are known to have it.
        query = query.where(refunds.c.state == literal_column(f"'{RefundState(state)}'"))
    if before is not None:
        query = query.where(tuple_(refunds.c.requested_at, refunds.c.refund_no) < before)
    rows = await connection.execute(
        query.order_by(refunds.c.requested_at.desc(), refunds.c.refund_no.desc()).limit(written_out(limit))
    )
    return [_refund(row) for row in rows]


async def save(connection: AsyncConnection, refund: Refund) -> None:
    """Store what became of a refund."""
    await connection.execute(
        update(refunds)
        .where(refunds.c.refund_no == refund.refund_no)
        .values(
            state=refund.state,
            tries=refund.tries,
            provider_refund_id=refund.provider_refund_id,
            failure=refund.failure,
            updated_at=refund.updated_at,
        )
    )


def _refund(row: Row[Any]) -> Refund:
    return Refund(
        refund_no=row.refund_no,
        source_document=row.source_document,
        order_no=row.order_no,
        case_no=row.case_no,
        payment_id=row.payment_id,
        provider=row.provider,
        amount=Money(row.amount, row.currency),
        reason=row.reason,
        state=RefundState(row.state),
        requested_at=row.requested_at,
        updated_at=row.updated_at,
        tries=row.tries,
        provider_refund_id=row.provider_refund_id,
        failure=row.failure,
    )
