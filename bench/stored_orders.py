"""Orders stored in bulk, as a shop has them after two years: every table that a life fills, in a few statements.

Buyers with 1 … 50 orders, merchants and warehouses of very different sizes, two years, nearly all of them over; the
newest are under way, but no run leads them. Not as in life: four audit rows and events for each order instead of
fourteen, without digests and with seals that do not verify, no first answers, and shelves that do not add up. Their
events have positions below zero, so that they are neither published again nor covered by a checkpoint.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from bench.counters import connect
from bench.stored_rows import HISTORY, ORDERS, STAGING

BUYER = "stored-buyer"
"""Has fifty orders however many there are."""
MERCHANT = "ordersaga"
"""Has a third of them, and all that are placed beside."""
MIDDLE_MERCHANT = "stored-middle"
"""Has two hundred of the first thousand, and of all that follow a hundredth."""
SMALL_MERCHANT = "stored-small"
"""Has fifty, however many there are; they are sent from a warehouse of its own."""
WAREHOUSE = "khh-1"
"""Sends a third of them."""
SMALL_WAREHOUSE = "stored-shed"
RARE_TYPE = "flash_sale"
"""Fifty are of this type, however many there are."""
_LEAST_UNDER_WAY = 300
_MOST_SECONDS = 400.0
_LOADING = """
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '128MB';
SET maintenance_work_mem = '512MB';
"""
"""Foreign keys are not looked up, row by row: what is stored here holds together by its making."""
_INDEXES = """
SELECT indrelid::regclass::text AS table, pg_get_constraintdef(constraints.oid) AS definition,
       constraints.conname AS name, pg_get_indexdef(indexrelid) AS index
FROM pg_index LEFT JOIN pg_constraint AS constraints ON conindid = indexrelid AND contype IN ('p', 'u')
WHERE indrelid = ANY($1::text[]::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'f')
"""
"""All but those that foreign keys lead to. It is several times faster to make them anew than to fill them."""

TABLES = frozenset(text.split()[2] for text in (*ORDERS, *HISTORY))
"""Those that grow with orders."""


async def store(database: str, *, before: int, until: int) -> None:
    """Where `before` orders were stored, store more until there are `until`. One real order has to be there."""
    count = until - before
    under_way = max(round(count * 10 / 730), 0 if before else min(_LEAST_UNDER_WAY, count // 2))
    names = {"count": count, "open": under_way, "stage": until, "before": before, "is_first": not before}
    pool = await connect(database, size=2)
    try:
        await _set(pool, "autovacuum", "off")  # all is vacuumed at the end
        async with pool.acquire() as connection:
            await connection.execute(STAGING.format(**names), timeout=_MOST_SECONDS)
        indexes = await pool.fetch(_INDEXES, [*TABLES]) if count > before else []
        await pool.execute(";".join(_dropped(index) for index in indexes))
        await asyncio.gather(_filled(pool, ORDERS), _filled(pool, HISTORY))
        waiting = (_made(index) for index in indexes)
        await asyncio.gather(*(_filled(pool, waiting) for _ in range(2)))
        await pool.execute("DROP TABLE bench_stored")
        await pool.execute("VACUUM (ANALYZE)", timeout=_MOST_SECONDS)
        await _set(pool, "autovacuum", "on")
        await pool.execute("CHECKPOINT", timeout=_MOST_SECONDS)
    finally:
        await pool.close()


async def _set(pool: Any, name: str, value: str) -> None:
    await pool.execute(f"ALTER SYSTEM SET {name} = {value}")
    await pool.execute("SELECT pg_reload_conf()")


async def bytes_stored(database: str) -> int:
    """Of the whole database, with its indexes."""
    pool = await connect(database)
    try:
        return int(await pool.fetchval("SELECT pg_database_size(current_database())"))
    finally:
        await pool.close()


def _dropped(index: Any) -> str:
    if index["name"] is None:
        return f"DROP INDEX {index['index'].split(' ON ')[0].split()[-1]}"
    return f"ALTER TABLE {index['table']} DROP CONSTRAINT {index['name']}"


def _made(index: Any) -> str:
    if index["name"] is None:
        return str(index["index"])
    return f"ALTER TABLE {index['table']} ADD CONSTRAINT {index['name']} {index['definition']}"


async def _filled(pool: Any, statements: Iterable[str]) -> None:
    async with pool.acquire() as connection:
        await connection.execute(_LOADING)
        for statement in statements:
            await connection.execute(statement, timeout=_MOST_SECONDS)
        await connection.execute("RESET ALL")
