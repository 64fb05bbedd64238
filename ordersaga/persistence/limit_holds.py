"""What orders count for of purchase limits: never too much, and given back once (R-STK-3, R-SUB-5).

Who counts for a limit is locked by the limit and the subject, in one order everywhere, so that no two orders wait for
each other; only then is counted what others hold.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import PlacingTimedOut, PurchaseLimitExceeded
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.purchase_limits import LimitHold
from ordersaga.persistence import purchase_limits
from ordersaga.persistence.purchase_limits import counted
from ordersaga.persistence.tables.purchase_limits import limit_hold_items, limit_holds

_HELD = "held"
_RETURNED = "returned"

# Nothing but the order of the keys decides who waits for whom; two subjects with one key wait in vain, and no harm.
_LOCK = text("""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(code || chr(31) || subject, 8) AS key
        FROM unnest(CAST(:codes AS text[]), CAST(:subjects AS text[])) AS t (code, subject) ORDER BY key
    ) AS keys
""")


async def hold(connection: AsyncConnection, order_no: str, wanted: Sequence[LimitHold], at: datetime) -> None:
    """Count an order for its limits, all or none; what it counts for already, it does.

    Raises `PurchaseLimitExceeded`, `PlacingTimedOut` once it was given back.
    """
    state = await _begin(connection, order_no, _HELD, at)
    if state == _RETURNED:
        raise PlacingTimedOut("what this order counted for was given back already")
    if state is not None:
        return
    await connection.execute(
        _LOCK, {"codes": [item.code for item in wanted], "subjects": [item.subject for item in wanted]}
    )
    for item in wanted:
        await _require_room(connection, item, at)
    await connection.execute(
        insert(limit_hold_items),
        [
            {"order_no": order_no, "code": item.code, "subject": item.subject, "units": item.units, "at": at}
            for item in wanted
        ],
    )


async def give_back(connection: AsyncConnection, order_no: str, undoing: Undoing, at: datetime) -> None:
    """An order that came to nothing counts no more. Before its hold this leaves a tombstone, a second time nothing."""
    state = await _begin(connection, order_no, _RETURNED, at, undoing)
    if state is None or state == _RETURNED:
        return
    await connection.execute(
        update(limit_holds)
        .where(limit_holds.c.order_no == order_no)
        .values(state=_RETURNED, undoing=undoing.value, at=at)
    )
    await connection.execute(
        update(limit_hold_items).where(limit_hold_items.c.order_no == order_no).values(returned=True)
    )


async def reduce(connection: AsyncConnection, order_no: str, order: PricedOrder) -> None:
    """An order with fewer units than it was placed with counts for fewer, by what its limits are about today."""
    mine = (limit_hold_items.c.order_no == order_no) & ~limit_hold_items.c.returned
    rows = await connection.execute(select(limit_hold_items.c.code, limit_hold_items.c.units).where(mine))
    for code, units in rows.all():
        limit = await purchase_limits.get(connection, code)
        left = units if limit is None else limit.goods.units_of(order)
        if left < units:
            item = mine & (limit_hold_items.c.code == code)
            fewer = (
                update(limit_hold_items).where(item).values(units=left)
                if left
                else delete(limit_hold_items).where(item)
            )
            await connection.execute(fewer)


async def _require_room(connection: AsyncConnection, item: LimitHold, at: datetime) -> None:
    columns = limit_hold_items.c
    query = (
        select(columns.at, func.sum(columns.units))
        .where((columns.code == item.code) & (columns.subject == item.subject), *counted(item.window, at))
        .group_by(columns.at)
        .order_by(columns.at)
    )
    earlier = [(moment, int(units)) for moment, units in await connection.execute(query)]
    used = sum(units for _, units in earlier)
    if not item.exceeds(used):
        return
    details: dict[str, Any] = {"limit": item.code, "allowed": item.allowed, "used": used, "wanted": item.units}
    if free_at := item.free_at(earlier, at):
        details["free_at"] = free_at.isoformat()
    raise PurchaseLimitExceeded(f"{item.allowed} at most, and {used} are bought already", **details)


async def _begin(
    connection: AsyncConnection, order_no: str, state: str, at: datetime, undoing: Undoing | None = None
) -> str | None:
    """The state that an order is in already, its row locked; `None` if it is in this one now."""
    first = await connection.scalar(
        insert(limit_holds)
        .values(order_no=order_no, state=state, undoing=undoing and undoing.value, at=at)
        .on_conflict_do_nothing()
        .returning(limit_holds.c.order_no)
    )
    if first is not None:
        return None
    query = select(limit_holds.c.state).where(limit_holds.c.order_no == order_no)
    found: str | None = await connection.scalar(query.with_for_update())
    return found
