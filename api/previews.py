"""A preview as the document that `QuoteView` describes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api import warnings
from api.lines import line_document, totals
from api.quote import Quote
from api.schemas.quotes import QuoteView
from api.schemas.values import money
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.pricing.quote import Considered, PricedLine, PricedOrder, Pricing
from ordersaga.domain.sourcing import Source, demands_of, source
from ordersaga.persistence.stock import Shelves

LOW_STOCK = 10
"""From this many units on, buyers are told that few are left."""

_NOT_EXHAUSTIVE = {
    "code": "offers_not_exhaustive",
    "message": "there are too many offers to try them all together: another combination may cost less",
}


def quote_view(
    quote: Quote, token: str, pricing: Pricing, shelves: Shelves, limits: Sequence[warnings.Told]
) -> QuoteView:
    """What the buyer sees, with what is in stock and from where it would come."""
    priced = pricing.order
    currency = priced.currency
    sources = _sources(priced, shelves, quote.address)
    wanted: Counter[str] = Counter()
    for line in priced.lines:
        wanted[line.sku] += line.quantity
    shortages = [
        _shortage(line, shelves.of(line.sku)) for line in priced.lines if shelves.of(line.sku) < wanted[line.sku]
    ]
    return QuoteView.model_validate(
        {
            "quote_token": token,
            "quote_id": quote.quote_id,
            "expires_at": quote.expires_at,
            "order_type": priced.order_type,
            "campaign": priced.campaign,
            "sale": priced.sale,
            "lines": [
                {
                    **line_document(line, currency, sources.get(line.line_no, ())),
                    "stock_hint": _hint(shelves.of(line.sku), wanted[line.sku]),
                }
                for line in priced.lines
            ],
            "totals": totals(priced.totals, currency),
            "shipping_options": [
                {"code": code, "fee": money(fee, currency), "selected": code == priced.shipping_option}
                for code, fee in sorted(priced.shipping_options.items())
            ],
            "offers": [offer_document(item, currency) for item in pricing.considered],
            "offers_exact": pricing.exact,
            "warnings": [
                *shortages,
                *limits,
                *warnings.of_lines(priced.lines),
                *([] if pricing.exact else [_NOT_EXHAUSTIVE]),
            ],
        }
    )


def _sources(priced: PricedOrder, shelves: Shelves, to: Address | None) -> Mapping[int, list[Source]]:
    """Line number → where its units would come from; empty when not all are there, or nothing is shipped."""
    if to is None:
        return {}
    try:
        found = source(demands_of(priced), shelves.available, shelves.warehouses, to)
    except OutOfStock:
        return {}
    by_line: dict[int, list[Source]] = {}
    for item in found:
        by_line.setdefault(item.line_no, []).append(item)
    return by_line


def _hint(available: int, wanted: int) -> str:
    """Bought and given units of a SKU come from the same shelf."""
    return "insufficient" if available < wanted else "low" if available < LOW_STOCK else "in_stock"


def offer_document(item: Considered, currency: str) -> dict[str, Any]:
    missing: dict[str, Any] = {}
    if item.missing_amount is not None:
        missing["amount"] = money(item.missing_amount, currency)
    if item.missing_count is not None:
        missing["count"] = item.missing_count
    return {
        "source": item.source,
        "code": item.code,
        "name": item.name,
        "applied": item.applied,
        "reason": item.reason,
        "amount": money(item.amount, currency) if item.applied else None,
        "missing": missing or None,
        "excluded_by": item.excluded_by,
        "at_most": item.at_most,
    }


def _shortage(line: PricedLine, available: int) -> dict[str, Any]:
    return {
        "code": "insufficient_stock",
        "message": f"{available} of {line.quantity} in stock",
        "line_no": line.line_no,
        "sku": line.sku,
        "available": available,
    }
