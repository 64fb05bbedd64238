"""The sandbox provider's statement: what it took and what it paid back, in the order in which it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DateTime, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.money import Money

_PAGE = text("""
    WITH captures AS (
        SELECT paid_at AS at, 'capture' AS booking, payment_id AS number, payment_id, paid_amount AS amount, currency
        FROM sandbox_payments WHERE state = 'succeeded' AND paid_at >= :since AND paid_at < :until
            AND (CAST(:at AS timestamptz) IS NULL OR (paid_at, payment_id) > (:at, :number))
        ORDER BY paid_at, payment_id LIMIT :most
    ), refunds AS (
        SELECT settles_at AS at, 'refund' AS booking, refund_no AS number, payment_id, amount, currency
        FROM sandbox_refunds WHERE failure IS NULL AND settles_at >= :since AND settles_at < :until
            AND (CAST(:at AS timestamptz) IS NULL OR (settles_at, refund_no) > (:at, :number))
        ORDER BY settles_at, refund_no LIMIT :most
    )
    SELECT * FROM (SELECT * FROM captures UNION ALL SELECT * FROM refunds) AS lines ORDER BY at, number LIMIT :most
""").bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("since", "until", "at")),
    bindparam("number", type_=Text),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxBooking:
    """A line: `booking` is `capture` or `refund`, `number` the payment's or the merchant's number of the refund."""

    at: datetime
    booking: str
    number: str
    payment_id: str
    amount: Money


async def page(
    connection: AsyncConnection, *, since: datetime, until: datetime, after: tuple[datetime, str] | None, limit: int
) -> Sequence[SandboxBooking]:
    """Lines from `since` until before `until`, behind the one that `after` names."""
    at, number = after or (None, None)
    rows = await connection.execute(_PAGE, {"since": since, "until": until, "at": at, "number": number, "most": limit})
    return [
        SandboxBooking(
            at=row.at,
            booking=row.booking,
            number=row.number,
            payment_id=row.payment_id,
            amount=Money(row.amount, row.currency),
        )
        for row in rows
    ]
