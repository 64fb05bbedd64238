"""What buyers are warned of beside an answer: nothing is refused for it."""

from collections.abc import Container, Iterable
from typing import Any

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.pricing.quote import PricedLine

Told = dict[str, Any]
"""As `WarningView` describes it."""


def not_guaranteed(line_no: int, sku: str) -> Told:
    """The units of a line are deducted when it is paid: who pays first has them."""
    return {
        "code": "stock_not_guaranteed",
        "message": "not held: if it is gone when the payment arrives, everything is refunded",
        "line_no": line_no,
        "sku": sku,
    }


def of_lines(lines: Iterable[PricedLine], held: Container[int] = ()) -> list[Told]:
    """A warning for each line whose units are deducted at payment, and are not among those `held`."""
    waiting = (line for line in lines if line.stock_policy is StockPolicy.DEDUCT_AT_PAYMENT)
    return [not_guaranteed(line.line_no, line.sku) for line in waiting if line.line_no not in held]
