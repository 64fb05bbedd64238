"""Which goods an exchange sends in place of those that it takes back (R-REV-6)."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.replacement import require_alike
from ordersaga.domain.catalogue import Sku
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.persistence import catalogue, orders


async def goods_of(connection: AsyncConnection, case: Case, lines: Sequence[PricedLine]) -> Mapping[int, Sku]:
    """Line number → the SKU that is sent: the same that was bought, unless another one was asked for."""
    bought = {line.line_no: line.sku for line in lines}
    wanted = {line.line_no: line.replacement_sku or bought[line.line_no] for line in case.lines}
    known = (await catalogue.goods(connection, wanted.values())).skus
    return {line_no: known[sku] for line_no, sku in wanted.items()}


async def require_alike_goods(connection: AsyncConnection, case: Case) -> None:
    """What is asked for in place of what was bought is like it, by the catalogue as it is now.

    Raises `ReplacementUnavailable`.
    """
    others = {line.line_no: line.replacement_sku for line in case.lines if line.replacement_sku is not None}
    if others:
        lines = (await orders.lines_of(connection, [case.order_no]))[case.order_no]
        bought = {line.line_no: line.sku for line in lines}
        here = {*others.values(), *(bought[line_no] for line_no in others)}
        known = (await catalogue.goods(connection, here)).skus
        for line_no, sku in sorted(others.items()):
            require_alike(line_no, known[bought[line_no]], known.get(sku))
