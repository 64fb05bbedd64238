"""Addresses that buyers keep; each is its owner's alone (P8)."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Address
from ordersaga.persistence.tables.addresses import addresses


async def add(connection: AsyncConnection, address_id: str, buyer: str, address: Address, at: datetime) -> None:
    await connection.execute(
        insert(addresses).values(address_id=address_id, buyer=buyer, address=asdict(address), created_at=at)
    )


async def get(connection: AsyncConnection, address_id: str, buyer: str) -> Address | None:
    document = await connection.scalar(
        select(addresses.c.address).where((addresses.c.address_id == address_id) & (addresses.c.buyer == buyer))
    )
    return None if document is None else Address(**document)


async def page(connection: AsyncConnection, buyer: str, *, after: str, limit: int) -> Sequence[tuple[str, Address]]:
    rows = await connection.execute(
        select(addresses.c.address_id, addresses.c.address)
        .where((addresses.c.buyer == buyer) & (addresses.c.address_id > after))
        .order_by(addresses.c.address_id)
        .limit(limit)
    )
    return [(row.address_id, Address(**row.address)) for row in rows]


async def remove(connection: AsyncConnection, address_id: str, buyer: str) -> bool:
    removed = await connection.scalar(
        delete(addresses)
        .where((addresses.c.address_id == address_id) & (addresses.c.buyer == buyer))
        .returning(addresses.c.address_id)
    )
    return removed is not None
