"""What buyers say of the goods: one review per order line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.orders import reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    line_no: int
    rating: int
    text: str
    created_at: datetime


async def add(connection: AsyncConnection, order_no: str, review: Review) -> bool:
    """Store a review; `False` when the line has one already."""
    added = await connection.scalar(
        insert(reviews)
        .values(
            order_no=order_no,
            line_no=review.line_no,
            rating=review.rating,
            text=review.text,
            created_at=review.created_at,
        )
        .on_conflict_do_nothing()
        .returning(reviews.c.line_no)
    )
    return added is not None


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[Review]:
    columns = reviews.c
    rows = await connection.execute(
        select(columns.line_no, columns.rating, columns.text, columns.created_at)
        .where(columns.order_no == order_no)
        .order_by(columns.line_no)
    )
    return [Review(**row._mapping) for row in rows]
