"""Rights that a provider grants unit by unit, as the orders know them (R-TYPE-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.codes import CodeDemand
from ordersaga.persistence.tables.codes import entitlements

PROMISED, GRANTED, REVOKED = "promised", "granted", "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One unit of a line. Its `reference` is what the provider knows it by, and the same however often it is asked."""

    order_no: str
    line_no: int
    unit: int
    sku: str
    state: str

    @property
    def reference(self) -> str:
        return f"{self.order_no}.{self.line_no}.{self.unit}"


async def promise(connection: AsyncConnection, order_no: str, demands: Sequence[CodeDemand], at: datetime) -> None:
    units = [
        {
            "order_no": order_no,
            "line_no": demand.line_no,
            "unit": unit,
            "sku": demand.sku,
            "state": PROMISED,
            "updated_at": at,
        }
        for demand in demands
        for unit in range(1, demand.quantity + 1)
    ]
    if units:
        await connection.execute(insert(entitlements), units)


async def of_order(connection: AsyncConnection, order_no: str) -> list[Entitlement]:
    columns = entitlements.c
    rows = await connection.execute(
        select(columns.order_no, columns.line_no, columns.unit, columns.sku, columns.state)
        .where(columns.order_no == order_no)
        .order_by(columns.line_no, columns.unit)
    )
    return [Entitlement(**row._mapping) for row in rows]


async def is_granted(connection: AsyncConnection, unit: Entitlement, at: datetime) -> None:
    """Note a grant, unless it was revoked meanwhile: an answer may come late."""
    here = (entitlements.c.order_no == unit.order_no) & (entitlements.c.line_no == unit.line_no)
    await connection.execute(
        update(entitlements)
        .where(here & (entitlements.c.unit == unit.unit) & (entitlements.c.state == PROMISED))
        .values(state=GRANTED, updated_at=at)
    )


async def are_revoked(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    await connection.execute(
        update(entitlements).where(entitlements.c.order_no == order_no).values(state=REVOKED, updated_at=at)
    )
