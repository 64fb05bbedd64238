"""The shop's table of what comes back when an order comes to nothing (R-REV-2)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.pricing.restoration import DEFAULTS, Restorations, from_document, to_document
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence.tables.offers import restorations


async def put(connection: AsyncConnection, source: Source, wanted: Restorations, at: datetime) -> None:
    """Replace what the shop says of a source; what it leaves out is as in `DEFAULTS`."""
    said = {"document": to_document(wanted), "updated_at": at}
    await connection.execute(
        insert(restorations).values(source=source, **said).on_conflict_do_update(index_elements=["source"], set_=said)
    )


async def all(connection: AsyncConnection) -> Mapping[Source, Restorations]:  # noqa: A001 - the whole table
    """What holds for every source: what the shop says, over `DEFAULTS`."""
    rows = await connection.execute(select(restorations.c.source, restorations.c.document))
    said = {row.source: from_document(row.document) for row in rows}
    return {source: {**usual, **said.get(source, {})} for source, usual in DEFAULTS.items()}
