"""Differences that were found, as items that operators work off, and what they decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import NotFound
from ordersaga.domain.reconciliation import Decision, Item, ItemState, Kind, Look, Severity, seen
from ordersaga.persistence.tables.reconciliation import (
    reconciliation_checks,
    reconciliation_decisions,
    reconciliation_items,
)

_COLUMNS = reconciliation_items.c
_NAMES = tuple(column.key for column in _COLUMNS)
_WAITING = (ItemState.OPEN, ItemState.IGNORED)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 9))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is noted of a check: by kind, how many differences it found, and when it looked."""

    found: Mapping[Kind, int]
    fresh: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    check: str
    looked_at: datetime
    seconds: float
    found: int
    complete: bool


async def take(connection: AsyncConnection, look: Look, seconds: float) -> Taken:
    """Note what a check found; what it would have found and did not is gone."""
    await connection.execute(_LOCK, {"name": look.check})
    known = {item.item_id: item for item in await _locked(connection, [found.item_id for found in look.differences])}
    items = [seen(known.get(found.item_id), found, look.at) for found in look.differences]
    for item in items:
        await _save(connection, item)
    gone = await _close(connection, look)
    checked = {"looked_at": look.at, "seconds": seconds, "found": len(items), "complete": look.complete}
    await connection.execute(
        insert(reconciliation_checks)
        .values(check_name=look.check, **checked)
        .on_conflict_do_update(index_elements=["check_name"], set_=checked)
    )
    return Taken(
        found={kind: count for kind in Kind if (count := sum(item.kind is kind for item in items))},
        fresh=sum(item.item_id not in known for item in items),
        gone=gone,
    )


async def page(
    connection: AsyncConnection,
    *,
    state: ItemState | None = None,
    kind: Kind | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int,
) -> Sequence[Item]:
    """Items, those found last first."""
    query = select(reconciliation_items)
    if state is not None:
        query = query.where(_COLUMNS.state == state)
    if kind is not None:
        query = query.where(_COLUMNS.kind == kind)
    if before is not None:
        query = query.where(tuple_(_COLUMNS.first_seen, _COLUMNS.item_id) < before)
    rows = await connection.execute(query.order_by(_COLUMNS.first_seen.desc(), _COLUMNS.item_id.desc()).limit(limit))
    return [_item(row) for row in rows]


async def known(connection: AsyncConnection, item_id: str, *, lock: bool = False) -> Item:
    """Raises `NotFound`."""
    query = select(reconciliation_items).where(_COLUMNS.item_id == item_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("there is no such item", item_id=item_id)
    return _item(row)


async def save_decision(connection: AsyncConnection, item: Item, decision: Decision, channel: str) -> None:
    """Store an item that was decided, and who decided it."""
    await _save(connection, item)
    await connection.execute(
        insert(reconciliation_decisions).values(
            item_id=item.item_id,
            decision=decision,
            operator=item.decided_by,
            channel=channel,
            note=item.note,
            at=item.decided_at,
        )
    )


async def count_open(connection: AsyncConnection) -> Mapping[tuple[str, str], int]:
    """Kind and severity → open items."""
    rows = await connection.execute(
        select(_COLUMNS.kind, _COLUMNS.severity, func.count())
        .where(text("state = 'open'"))
        .group_by(_COLUMNS.kind, _COLUMNS.severity)
    )
    return {(kind, severity): count for kind, severity, count in rows}


async def checks(connection: AsyncConnection) -> Sequence[Checked]:
    """What was looked at last, by check."""
    rows = await connection.execute(select(reconciliation_checks).order_by(reconciliation_checks.c.check_name))
    return [
        Checked(
            check=row.check_name,
            looked_at=row.looked_at,
            seconds=row.seconds,
            found=row.found,
            complete=row.complete,
        )
        for row in rows
    ]


async def _locked(connection: AsyncConnection, item_ids: Sequence[str]) -> Sequence[Item]:
    query = select(reconciliation_items).where(_COLUMNS.item_id.in_(item_ids)).order_by(_COLUMNS.item_id)
    return [_item(row) for row in await connection.execute(query.with_for_update())]


async def _close(connection: AsyncConnection, look: Look) -> int:
    """How many items were not found any more."""
    here = _COLUMNS.kind.in_(sorted(look.kinds)) & _COLUMNS.state.in_(_WAITING) & (_COLUMNS.last_seen < look.at)
    rows = await connection.execute(
        select(reconciliation_items).where(here).order_by(_COLUMNS.item_id).with_for_update()
    )
    gone = [item.item_id for item in map(_item, rows) if look.would_have_found(item)]
    await connection.execute(
        reconciliation_items.update().where(_COLUMNS.item_id.in_(gone)).values(state=ItemState.GONE)
    )
    return len(gone)


async def _save(connection: AsyncConnection, item: Item) -> None:
    values = {name: getattr(item, name) for name in _NAMES}
    await connection.execute(
        insert(reconciliation_items).values(values).on_conflict_do_update(index_elements=["item_id"], set_=values)
    )


def _item(row: Row[Any]) -> Item:
    typed = {"kind": Kind(row.kind), "severity": Severity(row.severity), "state": ItemState(row.state)}
    return Item(**{**row._mapping, **typed})
