"""Lines and sums, as quotes and orders show them."""

from collections.abc import Iterable
from typing import Any

from api.schemas.values import money
from ordersaga.domain.pricing.allocation import Allocation
from ordersaga.domain.pricing.quote import PricedLine, Totals
from ordersaga.domain.sourcing import Source

_TOTALS = ("goods", "discount", "points", "shipping", "shipping_discount", "tax", "payable", "due_now")


def totals(of: Totals, currency: str) -> dict[str, Any]:
    return {name: money(getattr(of, name), currency) for name in _TOTALS}


def line_document(
    line: PricedLine, currency: str, sources: Iterable[Source], *, with_bearers: bool = False
) -> dict[str, Any]:
    """What a line of a quote and a line of an order have in common. Who bears a discount is not for everybody."""
    return {
        "line_no": line.line_no,
        "sku": line.sku,
        "name": line.name,
        "merchant_id": line.merchant_id,
        "quantity": line.quantity,
        "gift": line.gift,
        "unit_price": money(line.unit_price, currency),
        "amount": money(line.amount, currency),
        "discounts": [_discount(item, currency, with_bearers) for item in line.discounts],
        "points": money(line.points, currency),
        "payable": money(line.payable, currency),
        "shipping": money(line.shipping, currency),
        "shipping_discounts": [_discount(item, currency, with_bearers) for item in line.shipping_discounts],
        "sources": [
            {"warehouse_id": item.warehouse_id, "quantity": item.quantity}
            for item in sources
            if item.line_no == line.line_no
        ],
    }


def _discount(item: Allocation, currency: str, with_bearer: bool) -> dict[str, Any]:
    document = {
        "source": item.source,
        "code": item.code,
        "name": item.name,
        "amount": money(item.amount, currency),
    }
    return document | {"funded_by": item.funded_by} if with_bearer else document
