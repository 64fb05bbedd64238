"""Lists of orders: whose, and in which states, the newest first, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.persistence.orders import Order, lines_of, of_row
from ordersaga.persistence.planning import first_of_kinds, written_out
from ordersaga.persistence.tables.order_lists import listed_orders
from ordersaga.persistence.tables.orders import orders


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders to list: a buyer's, a merchant's, a warehouse's, or all. A field left out does not narrow."""

    buyer: str | None = None
    merchant_id: str | None = None
    warehouse_id: str | None = None
    order_type: str | None = None
    states: frozenset[str] | None = None

    def narrows(self) -> bool:
        return self.order_type is not None or self.states is not None

    def kinds(self) -> Iterator[tuple[str, str]]:
        """The types and states of the orders wanted."""
        for order_type in [self.order_type] if self.order_type is not None else ORDER_TYPES:
            known = ORDER_TYPES.get(order_type)
            states = {state for machine in known.machines for state in machine.states} if known else set()
            yield from ((order_type, state) for state in states if self.states is None or state in self.states)


async def page(
    connection: AsyncConnection, wanted: OrderFilter, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Order]:
    """Orders, the newest first, with their lines. However many are stored, no more are looked at than are given:
    of each type and state, if these are narrowed, unless a buyer's are wanted, who has not so many.
    """
    found = _found(wanted, before, limit).subquery("found")
    query = select(orders).join(found, found.c.order_no == orders.c.order_no)
    rows = (await connection.execute(query.order_by(orders.c.placed_at.desc(), orders.c.order_no.desc()))).all()
    lines = await lines_of(connection, [row.order_no for row in rows])
    return [of_row(row, lines[row.order_no]) for row in rows]


def _found(wanted: OrderFilter, before: tuple[datetime, str] | None, limit: int) -> Select[Any]:
    source, conditions = _source(wanted)
    keys = select(source.c.placed_at, source.c.order_no).where(*conditions)
    if before is not None:
        keys = keys.where(tuple_(source.c.placed_at, source.c.order_no) < before)
    if wanted.narrows() and wanted.buyer is None:
        return first_of_kinds(keys, (source.c.order_type, source.c.state), sorted(wanted.kinds()), limit)
    return keys.order_by(source.c.placed_at.desc(), source.c.order_no.desc()).limit(written_out(limit))


def _source(wanted: OrderFilter) -> tuple[Table, list[ColumnElement[bool]]]:
    """Where to look for them: in a table with an index by time, and one by state, type and time, or in a buyer's."""
    for role, party in ((Actor.MERCHANT, wanted.merchant_id), (Actor.WAREHOUSE, wanted.warehouse_id)):
        if party is not None:
            return listed_orders, [listed_orders.c.role == role, listed_orders.c.party == party]
    return orders, [] if wanted.buyer is None else _of_buyer(wanted)


def _of_buyer(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    conditions = [orders.c.buyer == wanted.buyer]
    if wanted.order_type is not None:
        conditions.append(orders.c.order_type == wanted.order_type)
    if wanted.states is not None:
        conditions.append(orders.c.state.in_(sorted(wanted.states)))
    return conditions
