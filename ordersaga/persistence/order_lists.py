"""Lists of orders: whose, and in which states, the newest first, a page at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, exists, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.orders import Order, lines_of, of_row
from ordersaga.persistence.planning import plan_each_time
from ordersaga.persistence.tables.orders import order_lines, orders
from ordersaga.persistence.tables.parcels import parcels


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders to list; a field left out does not narrow."""

    buyer: str | None = None
    merchant_id: str | None = None
    warehouse_id: str | None = None
    order_type: str | None = None
    states: frozenset[str] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.buyer is not None:
            found.append(orders.c.buyer == self.buyer)
        if self.order_type is not None:
            found.append(orders.c.order_type == self.order_type)
        if self.states is not None:
            found.append(orders.c.state.in_(sorted(self.states)))
        if self.merchant_id is not None:
            found.append(
                exists().where(
                    (order_lines.c.order_no == orders.c.order_no) & (order_lines.c.merchant_id == self.merchant_id)
                )
            )
        if self.warehouse_id is not None:
            found.append(
                exists().where(
                    (parcels.c.order_no == orders.c.order_no) & (parcels.c.warehouse_id == self.warehouse_id)
                )
            )
        return found


async def page(
    connection: AsyncConnection, wanted: OrderFilter, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Order]:
    """Orders, the newest first, with their lines. In a transaction: how these are planned holds until it ends."""
    if wanted.states is None or wanted.buyer is not None:
        query = _newest(wanted, before, limit)
    else:
        query = _newest_of_each_state(wanted, wanted.states, before, limit)
    if wanted.buyer is None:
        # How to find a merchant's orders depends on how many they are, and on the limit.
        await plan_each_time(connection)
    rows = (await connection.execute(query)).all()
    lines = await lines_of(connection, [row.order_no for row in rows])
    return [of_row(row, lines[row.order_no]) for row in rows]


def _newest(
    wanted: OrderFilter, before: tuple[datetime, str] | None, limit: int, *also: ColumnElement[bool]
) -> Select[Any]:
    query = select(orders).where(*wanted.conditions(), *also)
    if before is not None:
        query = query.where(tuple_(orders.c.placed_at, orders.c.order_no) < before)
    return query.order_by(orders.c.placed_at.desc(), orders.c.order_no.desc()).limit(limit)


def _newest_of_each_state(
    wanted: OrderFilter, states: Collection[str], before: tuple[datetime, str] | None, limit: int
) -> Select[Any]:
    """An index has each state's orders by their time, but not those of several states: each has its own turn."""
    each = func.unnest(cast(sorted(states), ARRAY(Text))).table_valued("state", name="each").render_derived()
    found = _newest(replace(wanted, states=None), before, limit, orders.c.state == each.c.state).lateral("found")
    ordered = found.c.placed_at.desc(), found.c.order_no.desc()
    return select(found).select_from(each.join(found, true())).order_by(*ordered).limit(limit)
