"""Stocktaking: what people count and set aside, apart from what orders take (R-STK-2).

Rows are locked as orders lock them – the general shelf before the pools, then by SKU and warehouse – so that nobody
waits in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import OutOfStock, StockBelowReserved
from ordersaga.persistence.tables.stock import stock, stock_movements

GENERAL = ""
IN_A_POOL = text("stock.pool <> ''")
"""Said without a parameter, so that the index of what campaigns have is of use."""

_MOVE = text("""
    WITH sides AS (
        SELECT * FROM (VALUES (CAST(:source AS text), 'transfer_out', -CAST(:units AS bigint)),
                              (CAST(:target AS text), 'transfer_in', CAST(:units AS bigint))) AS t (pool, kind, units)
    ), ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT :sku, :warehouse_id, pool, kind, :document, 0, units, 0, :at FROM sides
    )
    UPDATE stock SET on_hand = stock.on_hand + sides.units FROM sides
    WHERE stock.sku = :sku AND stock.warehouse_id = :warehouse_id AND stock.pool = sides.pool
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance beside what the ledger adds up to. What is `defective` came back; it is no part of what is on hand."""

    warehouse_id: str
    pool: str
    on_hand: int
    reserved: int
    defective: int
    ledger_on_hand: int
    ledger_reserved: int
    ledger_defective: int

    @property
    def adds_up(self) -> bool:
        ledger = self.ledger_on_hand, self.ledger_reserved, self.ledger_defective
        return (self.on_hand, self.reserved, self.defective) == ledger


async def lock(connection: AsyncConnection, skus: Iterable[str]) -> None:
    """Lock the general shelves of `skus` before several of them are counted or set aside one after the other."""
    here = stock.c.sku.in_(sorted(set(skus))) & (stock.c.pool == GENERAL)
    await connection.execute(
        select(stock.c.sku).where(here).order_by(stock.c.sku, stock.c.warehouse_id).with_for_update()
    )


async def adjust(
    connection: AsyncConnection, sku: str, on_hand: Mapping[str, int], *, document: str, at: datetime
) -> None:
    """Reach `on_hand` per warehouse by ledger adjustments of the general shelf, counting what campaigns have set aside.

    Raises `StockBelowReserved`.
    """
    for warehouse_id, wanted in sorted(on_hand.items()):
        shelf = await _locked(connection, sku, warehouse_id, GENERAL)
        aside = await _set_aside(connection, sku, warehouse_id)
        _refuse_below(aside + shelf.reserved, wanted, sku, warehouse_id)
        if change := wanted - aside - shelf.on_hand:
            here = _here(sku, warehouse_id, GENERAL)
            await connection.execute(update(stock).where(here).values(on_hand=shelf.on_hand + change))
            await connection.execute(
                insert(stock_movements).values(
                    sku=sku,
                    warehouse_id=warehouse_id,
                    kind="adjust",
                    source_document=f"{document}/{sku}",
                    line_no=0,
                    on_hand=change,
                    reserved=0,
                    at=at,
                )
            )


async def transfer(
    connection: AsyncConnection, sku: str, on_hand: Mapping[str, int], *, pool: str, document: str, at: datetime
) -> None:
    """Reach `on_hand` per warehouse in a campaign's pool, from and to the general shelf, all or nothing.

    Raises `OutOfStock` where the general shelf has too few free units, and `StockBelowReserved`.
    """
    general = {place: await _locked(connection, sku, place, GENERAL) for place in sorted(on_hand)}
    for warehouse_id, wanted in sorted(on_hand.items()):
        shelf = await _locked(connection, sku, warehouse_id, pool)
        _refuse_below(shelf.reserved, wanted, sku, warehouse_id)
        units = wanted - shelf.on_hand
        free = general[warehouse_id].on_hand - general[warehouse_id].reserved
        if units > free:
            short = {"sku": sku, "warehouse_id": warehouse_id, "requested": units, "available": free}
            raise OutOfStock(f"not enough stock of {sku} in {warehouse_id}", items=[short])
        if units:
            source, target = (GENERAL, pool) if units > 0 else (pool, GENERAL)
            await _move(connection, sku, warehouse_id, abs(units), source, target, document=f"{document}/{sku}", at=at)


async def give_back(connection: AsyncConnection, sku: str, *, pool: str, document: str, at: datetime) -> int:
    """Return what nobody holds of a campaign's pool to the general shelf. Gives the number of units."""
    await lock(connection, [sku])
    here = (stock.c.sku == sku) & (stock.c.pool == pool) & (stock.c.on_hand > stock.c.reserved)
    left = (await connection.execute(select(stock).where(here).order_by(stock.c.warehouse_id).with_for_update())).all()
    for row in left:
        free = row.on_hand - row.reserved
        await _move(connection, sku, row.warehouse_id, free, pool, GENERAL, document=f"{document}/{sku}", at=at)
    return sum(row.on_hand - row.reserved for row in left)


async def pools(connection: AsyncConnection, codes: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """Campaign → warehouse → units on hand in its pool, those included that orders hold."""
    found: dict[str, dict[str, int]] = {code: {} for code in codes}
    here = stock.c.pool.in_(codes) & IN_A_POOL
    rows = await connection.execute(
        select(stock.c.pool, stock.c.warehouse_id, func.sum(stock.c.on_hand).label("on_hand"))
        .where(here)
        .group_by(stock.c.pool, stock.c.warehouse_id)
    )
    for row in rows:
        found[row.pool][row.warehouse_id] = int(row.on_hand)
    return found


async def balances(connection: AsyncConnection, sku: str) -> Sequence[Balance]:
    """Every balance of a SKU beside its ledger, by warehouse, the general shelf before the pools."""
    ledger = (
        select(
            stock_movements.c.warehouse_id,
            stock_movements.c.pool,
            func.sum(stock_movements.c.on_hand).label("on_hand"),
            func.sum(stock_movements.c.reserved).label("reserved"),
            func.sum(stock_movements.c.defective).label("defective"),
        )
        .where(stock_movements.c.sku == sku)
        .group_by(stock_movements.c.warehouse_id, stock_movements.c.pool)
        .subquery()
    )
    same = (ledger.c.warehouse_id == stock.c.warehouse_id) & (ledger.c.pool == stock.c.pool)
    rows = await connection.execute(
        select(
            stock,
            ledger.c.on_hand.label("ledger_on_hand"),
            ledger.c.reserved.label("ledger_reserved"),
            ledger.c.defective.label("ledger_defective"),
        )
        .outerjoin(ledger, same)
        .where(stock.c.sku == sku)
        .order_by(stock.c.warehouse_id, stock.c.pool)
    )
    return [
        Balance(
            warehouse_id=row.warehouse_id,
            pool=row.pool,
            on_hand=row.on_hand,
            reserved=row.reserved,
            defective=row.defective,
            ledger_on_hand=int(row.ledger_on_hand or 0),
            ledger_reserved=int(row.ledger_reserved or 0),
            ledger_defective=int(row.ledger_defective or 0),
        )
        for row in rows
    ]


def _here(sku: str, warehouse_id: str, pool: str) -> Any:
    return (stock.c.sku == sku) & (stock.c.warehouse_id == warehouse_id) & (stock.c.pool == pool)


async def _locked(connection: AsyncConnection, sku: str, warehouse_id: str, pool: str) -> Row[Any]:
    """The balance, made if there was none."""
    empty = {"sku": sku, "warehouse_id": warehouse_id, "pool": pool, "on_hand": 0, "reserved": 0}
    await connection.execute(insert(stock).values(empty).on_conflict_do_nothing())
    query = select(stock).where(_here(sku, warehouse_id, pool))
    return (await connection.execute(query.with_for_update())).one()


async def _set_aside(connection: AsyncConnection, sku: str, warehouse_id: str) -> int:
    """Units in the pools of campaigns. Who adds to them or takes from them locks the general shelf first."""
    here = (stock.c.sku == sku) & (stock.c.warehouse_id == warehouse_id) & (stock.c.pool != GENERAL)
    return int(await connection.scalar(select(func.coalesce(func.sum(stock.c.on_hand), 0)).where(here)) or 0)


def _refuse_below(held: int, wanted: int, sku: str, warehouse_id: str) -> None:
    if wanted < held:
        raise StockBelowReserved(
            f"{held} units of {sku} in {warehouse_id} are reserved",
            sku=sku,
            warehouse_id=warehouse_id,
            reserved=held,
        )


async def _move(
    connection: AsyncConnection,
    sku: str,
    warehouse_id: str,
    units: int,
    source: str,
    target: str,
    *,
    document: str,
    at: datetime,
) -> None:
    sides = {"sku": sku, "warehouse_id": warehouse_id, "units": units, "source": source, "target": target}
    await connection.execute(_MOVE, {**sides, "document": document, "at": at})
