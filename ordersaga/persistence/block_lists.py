"""Block-lists: who is not wanted, by pseudonym, with a hint that operators recognise (R-STK-4)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.risk import Trait
from ordersaga.persistence.tables.risk import block_lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody on a list; `until` then, or for good."""

    entry_id: str
    kind: Trait
    hint: str
    reason: str
    until: datetime | None
    created_at: datetime


_COLUMNS = [block_lists.c[name] for name in ("entry_id", "kind", "hint", "reason", "until", "created_at")]


async def put(connection: AsyncConnection, entry: Entry, known: Sequence[str]) -> Entry:
    """List somebody by the first of their `known` pseudonyms; who is listed by any of them gets reason and end anew."""
    again = {"reason": entry.reason, "until": entry.until}
    changed = await connection.execute(
        update(block_lists)
        .where((block_lists.c.kind == entry.kind) & block_lists.c.pseudonym.in_(list(known)))
        .values(**again)
        .returning(*_COLUMNS)
    )
    if listed := changed.first():
        return Entry(**{**listed._asdict(), "kind": Trait(listed.kind)})
    added = await connection.execute(
        insert(block_lists)
        .values(**asdict(entry), pseudonym=known[0])
        .on_conflict_do_update(index_elements=["kind", "pseudonym"], set_=again)
        .returning(*_COLUMNS)
    )
    row = added.one()
    return Entry(**{**row._asdict(), "kind": Trait(row.kind)})


async def remove(connection: AsyncConnection, entry_id: str) -> bool:
    """Whether it was there."""
    removed = await connection.scalar(
        delete(block_lists).where(block_lists.c.entry_id == entry_id).returning(block_lists.c.entry_id)
    )
    return removed is not None


async def page(
    connection: AsyncConnection, kind: Trait | None, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Entry]:
    """Entries, the newest first, those whose time is over too."""
    query = select(*_COLUMNS)
    if kind is not None:
        query = query.where(block_lists.c.kind == kind)
    if before is not None:
        query = query.where(tuple_(block_lists.c.created_at, block_lists.c.entry_id) < before)
    query = query.order_by(block_lists.c.created_at.desc(), block_lists.c.entry_id.desc()).limit(limit)
    return [Entry(**{**row._asdict(), "kind": Trait(row.kind)}) for row in await connection.execute(query)]
