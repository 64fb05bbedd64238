"""Versions of policies: kept for as long as runs are pinned to them (R-ORD-2)."""

from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import NotFound
from ordersaga.domain.policies import Policies
from ordersaga.persistence.tables.orders import policies


async def publish(connection: AsyncConnection, order_type: str, wanted: Policies, at: datetime) -> int:
    """The version number of `wanted`: the newest one if it says the same, else a new one."""
    while True:
        newest = (
            await connection.execute(
                select(policies.c.version, policies.c.document)
                .where(policies.c.order_type == order_type)
                .order_by(policies.c.version.desc())
                .limit(1)
            )
        ).one_or_none()
        if newest is not None and Policies.from_document(newest.document) == wanted:
            return int(newest.version)
        added = await connection.scalar(
            insert(policies)
            .values(
                order_type=order_type,
                version=1 if newest is None else int(newest.version) + 1,
                document=wanted.to_document(),
                created_at=at,
            )
            .on_conflict_do_nothing()
            .returning(policies.c.version)
        )
        if added is not None:
            return int(added)
        # Another process published this number meanwhile: look what it says.


_READ: WeakKeyDictionary[Pool, dict[tuple[str, int], Policies]] = WeakKeyDictionary()
"""By database: a version never changes once it is published."""


async def get(connection: AsyncConnection, order_type: str, version: int) -> Policies:
    """The rules that an order is pinned to. Raises `NotFound`: no order may go on by rules that nobody set."""
    read = _READ.setdefault(connection.engine.sync_engine.pool, {})
    known = read.get((order_type, version))
    if known is None:
        known = read[order_type, version] = await _read(connection, order_type, version)
    return known


async def _read(connection: AsyncConnection, order_type: str, version: int) -> Policies:
    document = await connection.scalar(
        select(policies.c.document).where((policies.c.order_type == order_type) & (policies.c.version == version))
    )
    if document is None:
        raise NotFound("there is no such version of these policies", order_type=order_type, version=version)
    return Policies.from_document(document)
