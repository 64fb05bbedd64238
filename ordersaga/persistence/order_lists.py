"""Lists of orders: whose, and in which states, the newest first, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, Text, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.persistence.orders import Order, lines_of, of_row
from ordersaga.persistence.planning import written_out
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
    if wanted.buyer is not None:
        conditions = [orders.c.buyer == wanted.buyer]
        if wanted.order_type is not None:
            conditions.append(orders.c.order_type == wanted.order_type)
        if wanted.states is not None:
            conditions.append(orders.c.state.in_(sorted(wanted.states)))
        return _newest(orders, conditions, before, limit)
    source, conditions = _source(wanted)
    if wanted.narrows():
        return _newest_of_each_kind(source, conditions, sorted(wanted.kinds()), before, limit)
    return _newest(source, conditions, before, limit)


def _source(wanted: OrderFilter) -> tuple[Table, list[ColumnElement[bool]]]:
    """Where to look for them: a table with an index by time, and one by state, type and time."""
    for role, party in ((Actor.MERCHANT, wanted.merchant_id), (Actor.WAREHOUSE, wanted.warehouse_id)):
        if party is not None:
            return listed_orders, [listed_orders.c.role == role, listed_orders.c.party == party]
    return orders, []


def _newest(
    source: Table, conditions: Sequence[ColumnElement[bool]], before: tuple[datetime, str] | None, limit: int
) -> Select[Any]:
    query = select(source.c.placed_at, source.c.order_no).where(*conditions)
    if before is not None:
        query = query.where(tuple_(source.c.placed_at, source.c.order_no) < before)
    return query.order_by(source.c.placed_at.desc(), source.c.order_no.desc()).limit(written_out(limit))


def _newest_of_each_kind(
    source: Table,
    conditions: Sequence[ColumnElement[bool]],
    kinds: Sequence[tuple[str, str]],
    before: tuple[datetime, str] | None,
    limit: int,
) -> Select[Any]:
    """An index has the orders of each type and state by their time, but not those of several: each has its turn."""
    types, states = ([kind[part] for kind in kinds] for part in (0, 1))
    unnested = func.unnest(cast(types, ARRAY(Text)), cast(states, ARRAY(Text)))
    each = unnested.table_valued("order_type", "state", name="each").render_derived()
    of_its_kind = [source.c.state == each.c.state, source.c.order_type == each.c.order_type]
    found = _newest(source, [*conditions, *of_its_kind], before, limit).lateral("newest")
    ordered = found.c.placed_at.desc(), found.c.order_no.desc()
    return select(found).select_from(each.join(found, true())).order_by(*ordered).limit(written_out(limit))
