"""What a preview tells beside the price: what is free of the goods, where, and the limits that may be about them."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.purchase_limits import PurchaseLimit
from ordersaga.domain.sourcing import demands_of
from ordersaga.persistence import codes, purchase_limits, stock
from ordersaga.persistence.stock import Shelves

_shelf, _limit = stock.SHELVES.subquery("shelf"), purchase_limits.ABOUT.subquery("found_limit")
# One row: a statement more costs more than the JSON of some shelves.
_BESIDE = select(
    select(func.jsonb_agg(func.to_jsonb(_shelf.table_valued()), type_=JSONB)).scalar_subquery().label("shelves"),
    select(func.jsonb_agg(func.to_jsonb(_limit.table_valued()), type_=JSONB)).scalar_subquery().label("limits"),
)


async def beside_the_price(connection: AsyncConnection, order: PricedOrder) -> tuple[Shelves, Sequence[PurchaseLimit]]:
    """The shelves of an order's goods, gifts among them, and the limits per account that may be about it."""
    if not order_type(order.order_type).ships:
        shelves = await codes.shelves(connection, {line.sku for line in order.lines})
        return shelves, await purchase_limits.about(connection, order)
    pools = {demand.sku: demand.pool for demand in demands_of(order)}
    values = stock.wanted(pools) | purchase_limits.names_of(order)
    found = (await connection.execute(_BESIDE, values)).one()
    return stock.shelves_in(found.shelves or ()), [purchase_limits.limit_of(row) for row in found.limits or ()]
