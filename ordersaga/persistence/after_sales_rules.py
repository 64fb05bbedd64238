"""Versions of what comes back when goods do: an order keeps to the one that stood when it was placed (R-REV-8)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.persistence.tables.after_sales import after_sales_rules

UNSAID = 0
"""The version of a shop that has said nothing: the defaults."""


async def publish(connection: AsyncConnection, wanted: AfterSalesRules, at: datetime) -> int:
    """The version number of `wanted`: the newest one if it says the same, else a new one that holds from `at` on."""
    while True:
        version, newest = await newest_version(connection)
        if version != UNSAID and newest == wanted:
            return version
        added = await connection.scalar(
            insert(after_sales_rules)
            .values(version=version + 1, document=wanted.to_document(), created_at=at)
            .on_conflict_do_nothing()
            .returning(after_sales_rules.c.version)
        )
        if added is not None:
            return int(added)
        # Another process published this number meanwhile: look what it says.


async def newest_version(connection: AsyncConnection) -> tuple[int, AfterSalesRules]:
    """The rules that new orders are placed under, and their number."""
    query = select(after_sales_rules.c.version, after_sales_rules.c.document)
    return _read((await connection.execute(query.order_by(after_sales_rules.c.version.desc()).limit(1))).one_or_none())


async def rules_at(connection: AsyncConnection, placed_at: datetime) -> AfterSalesRules:
    """The rules of an order that was placed then."""
    query = select(after_sales_rules.c.version, after_sales_rules.c.document)
    stood = query.where(after_sales_rules.c.created_at <= placed_at).order_by(after_sales_rules.c.version.desc())
    return _read((await connection.execute(stood.limit(1))).one_or_none())[1]


def _read(row: Row[Any, Any] | None) -> tuple[int, AfterSalesRules]:
    return (UNSAID, AfterSalesRules()) if row is None else (row.version, AfterSalesRules.from_document(row.document))
