"""Units of one SKU taken by many orders at once: the project's own deduction, beside bare SQL on the same row.

Both run in this process, through the project's pool and driver, in a transaction for each order, with orders that come
as many at once as there are connections. Ours is what an order's saga does (`persistence.stock.reserve`): it notes
that the order holds stock, so that it may be asked twice; locks the row; chooses warehouses; and writes balance, ledger
and what is held of which shelf. The floor is one conditional update of the balance and one row of the ledger.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.bed import ADDRESS, SKU, WAREHOUSE, Amount, bed, spent
from bench.figures import Figure, Result
from bench.load import Burst, burst
from ordersaga.domain.catalogue import Address
from ordersaga.domain.sourcing import Demand
from ordersaga.persistence import stock
from ordersaga.persistence.database import Database
from ordersaga.persistence.engine import driver_url

ABOUT = "successful deductions per second on one row"

_DEDUCTIONS = 200
_AT_ONCE = (1, 8, 32)
_DEMAND = Demand(line_no=1, sku=SKU, merchant_id="ordersaga", quantity=1)
_TO = Address(**ADDRESS)

_TAKE = text("""
    UPDATE stock SET reserved = reserved + 1
    WHERE sku = :sku AND warehouse_id = :warehouse_id AND pool = '' AND on_hand - reserved >= 1
""")
_NOTE = text("""
    INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
    VALUES (:sku, :warehouse_id, '', 'reserve', :order_no, 1, 0, 1, :at)
""")

Deduct = Callable[[AsyncConnection, str], Awaitable[None]]


class NothingLeft(Exception):
    """The floor's answer where ours is `OutOfStock`: it would measure something else."""


async def measure(amount: Amount) -> Result:
    ours: dict[int, list[Burst]] = defaultdict(list)
    floor: dict[int, list[Burst]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    async with bed(amount) as stand:
        database = Database(driver_url(stand.stack.addresses.database), pool_size=max(_AT_ONCE))
        try:
            for deduct in (_reserve, _bare):
                await _burst(database, deduct, 4 * max(_AT_ONCE), max(_AT_ONCE))
            for _ in stand.rounds("hot SKU"):
                for concurrency in _AT_ONCE:
                    deductions = amount.of(_DEDUCTIONS)
                    before = stand.cpu()
                    ours[concurrency].append(await _burst(database, _reserve, deductions, concurrency))
                    between = stand.cpu()
                    floor[concurrency].append(await _burst(database, _bare, deductions, concurrency))
                    after = stand.cpu()
                    cpu[f"{concurrency} at once"].append(spent(before, between, deductions)["postgres"])
                    cpu[f"floor, {concurrency} at once"].append(spent(between, after, deductions)["postgres"])
        finally:
            await database.close()
    figures = [
        figure
        for concurrency in _AT_ONCE
        for figure in (
            Figure(
                name=f"{concurrency} at once",
                unit="deductions/s",
                ours=[one.per_second for one in ours[concurrency]],
                floor=[one.per_second for one in floor[concurrency]],
            ),
            Figure(
                name=f"{concurrency} at once, p50",
                unit="ms",
                ours=[one.p50_ms for one in ours[concurrency]],
                floor=[one.p50_ms for one in floor[concurrency]],
            ),
        )
    ]
    return Result(name="hot_sku", about=ABOUT, figures=figures, beside={"postgres_cpu_ms_per_deduction": cpu})


async def _burst(database: Database, deduct: Deduct, deductions: int, concurrency: int) -> Burst:
    """Every order has a number of its own."""

    async def order(order_no: str) -> None:
        async with asyncio.timeout(60), database.transaction() as connection:
            await deduct(connection, order_no)

    prefix = secrets.token_hex(6)
    return await burst([partial(order, f"bench-{prefix}-{number}") for number in range(deductions)], concurrency)


async def _reserve(connection: AsyncConnection, order_no: str) -> None:
    await stock.reserve(connection, order_no, [_DEMAND], _TO, datetime.now(UTC))


async def _bare(connection: AsyncConnection, order_no: str) -> None:
    where = {"sku": SKU, "warehouse_id": WAREHOUSE}
    taken = await connection.execute(_TAKE, where)
    if taken.rowcount != 1:
        raise NothingLeft
    await connection.execute(_NOTE, {**where, "order_no": order_no, "at": datetime.now(UTC)})
