"""An order before and after a change, as documents."""

from typing import Any

from api.lines import line_document, totals
from api.schemas.values import money
from ordersaga.domain.pricing.quote import PricedLine, PricedOrder


def priced_document(priced: PricedOrder) -> dict[str, Any]:
    """What an order costs, as `PricedView` describes it."""
    return {
        "shipping_option": priced.shipping_option,
        "totals": totals(priced.totals, priced.currency),
        "lines": [
            {
                **line_document(line, priced.currency, ()),
                "attributes": dict(line.attributes),
                "category": line.category,
            }
            for line in priced.lines
        ],
    }


def differing_lines(before: PricedOrder, after: PricedOrder) -> list[dict[str, Any]]:
    """The lines that a change touches, as `LineDifference` describes them."""
    old = {line.line_no: line for line in before.lines}
    new = {line.line_no: line for line in after.lines}
    found = []
    for line_no in sorted(old.keys() | new.keys()):
        was, will = old.get(line_no), new.get(line_no)
        if _worth(was) != _worth(will):
            known = was or new[line_no]
            found.append(
                {
                    "line_no": line_no,
                    "sku": known.sku,
                    "gift": known.gift,
                    "quantity_before": _worth(was)[0],
                    "quantity_after": _worth(will)[0],
                    "payable_before": money(_worth(was)[1], before.currency),
                    "payable_after": money(_worth(will)[1], before.currency),
                }
            )
    return found


def _worth(line: PricedLine | None) -> tuple[int, int]:
    """Units, and what is paid for them with their delivery."""
    return (0, 0) if line is None else (line.quantity, line.payable + line.shipping)
