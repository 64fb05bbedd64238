"""Preview: price a cart, say what is in stock, seal the promise. Nothing is written (R-SUB-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.schemas.quotes import QuoteView
from api.schemas.values import money
from api.sealing import Quote
from api.services import Services
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import OrderTooLarge, OutOfStock
from ordersaga.domain.policies import Policies
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.quote import CartItem, PricedLine, PricedOrder
from ordersaga.domain.sourcing import Demand, Source, source
from ordersaga.domain.splitting import Limits, parcels_at_most
from ordersaga.persistence import catalogue, stock

LOW_STOCK = 10
"""From this many units on, buyers are told that few are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What a buyer wants priced. `coupon_codes` and `points` are wishes, answered in `offers`."""

    buyer: str
    items: tuple[CartItem, ...]
    address: Address
    order_type: str | None = None
    shipping_option: str | None = None
    coupon_codes: tuple[str, ...] = ()
    points: int = 0


async def price(connection: AsyncConnection, services: Services, cart: Cart) -> PricedOrder:
    """The cart at the present prices. Raises what `price_cart` raises, and `OrderTooLarge`."""
    goods = await catalogue.goods(connection, {item.sku for item in cart.items})
    priced = price_cart(
        cart.items,
        goods.skus,
        goods.merchants,
        shipping_option=cart.shipping_option,
        order_type=cart.order_type,
    ).order
    _refuse_too_many_parcels(priced, services.settings.policies_of(priced.order_type))
    return priced


def _refuse_too_many_parcels(priced: PricedOrder, rules: Policies) -> None:
    """Each parcel is a run of its own beside the order's: there is a number that a run cannot follow any more."""
    limits = Limits(weight_g=rules.parcel_weight_limit_g, volume_mm3=rules.parcel_volume_limit_mm3)
    parcels = parcels_at_most(priced.lines, limits)
    if parcels > rules.parcel_count_limit:
        raise OrderTooLarge(
            f"this would be up to {parcels} parcels; split it into orders of at most {rules.parcel_count_limit}",
            parcels=parcels,
            allowed=rules.parcel_count_limit,
        )


async def preview(connection: AsyncConnection, services: Services, cart: Cart) -> dict[str, Any]:
    """A fresh quote as the document that `QuoteView` describes."""
    priced = await price(connection, services, cart)
    shelves = await stock.shelves(connection, {line.sku for line in priced.lines})
    quote = services.sealer.new_quote(
        buyer=cart.buyer, items=cart.items, address=cart.address, priced=priced, at=datetime.now(UTC)
    )
    return _document(cart, quote, services.sealer.seal(quote), priced, shelves)


def cart_of(quote: Quote) -> Cart:
    """The cart that a quote was made from, to price it again."""
    return Cart(
        buyer=quote.buyer,
        items=quote.items,
        address=quote.address,
        order_type=quote.order_type,
        shipping_option=quote.shipping_option,
    )


def _document(cart: Cart, quote: Quote, token: str, priced: PricedOrder, shelves: stock.Shelves) -> dict[str, Any]:
    sources = _sources(priced, shelves, cart.address)
    currency = priced.currency
    document = {
        "quote_token": token,
        "quote_id": quote.quote_id,
        "expires_at": quote.expires_at,
        "order_type": priced.order_type,
        "lines": [_line(line, currency, shelves.of(line.sku), sources.get(line.line_no, [])) for line in priced.lines],
        "totals": totals(priced.totals, currency),
        "shipping_options": [
            {"code": code, "fee": money(fee, currency), "selected": code == priced.shipping_option}
            for code, fee in sorted(priced.shipping_options.items())
        ],
        "offers": _offers(cart),
        "warnings": [
            warning for line in priced.lines if (warning := _shortage(line, shelves.of(line.sku))) is not None
        ],
    }
    return QuoteView.model_validate(document).model_dump(mode="json")


def totals(of: Any, currency: str) -> dict[str, Any]:
    names = ("goods", "discount", "points", "shipping", "tax", "payable", "due_now")
    return {name: money(getattr(of, name), currency) for name in names}


def discounts(line: PricedLine, currency: str) -> list[dict[str, Any]]:
    return [
        {"source": item.source, "code": item.code, "amount": money(item.amount, currency)} for item in line.discounts
    ]


def _sources(priced: PricedOrder, shelves: stock.Shelves, to: Address) -> Mapping[int, list[Source]]:
    demands = [Demand(line.line_no, line.sku, line.merchant_id, line.quantity) for line in priced.lines]
    try:
        found = source(demands, shelves.available, shelves.warehouses, to)
    except OutOfStock:
        return {}
    return {number: [item for item in found if item.line_no == number] for number in {item.line_no for item in found}}


def _line(line: PricedLine, currency: str, available: int, sources: list[Source]) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "sku": line.sku,
        "name": line.name,
        "merchant_id": line.merchant_id,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "amount": money(line.amount, currency),
        "discounts": discounts(line, currency),
        "payable": money(line.payable, currency),
        "shipping": money(line.shipping, currency),
        "stock_hint": "insufficient" if available < line.quantity else "low" if available < LOW_STOCK else "in_stock",
        "sources": [{"warehouse_id": item.warehouse_id, "quantity": item.quantity} for item in sources],
    }


def _offers(cart: Cart) -> list[dict[str, Any]]:
    """Every wish gets an answer: no coupon has been granted to anybody, and nobody holds points."""
    unknown = [
        {"source": "coupon", "code": code, "applied": False, "reason": "unknown_coupon"} for code in cart.coupon_codes
    ]
    if cart.points:
        unknown.append({"source": "points", "code": "points", "applied": False, "reason": "not_enough_points"})
    return unknown


def _shortage(line: PricedLine, available: int) -> dict[str, Any] | None:
    if available >= line.quantity:
        return None
    return {
        "code": "insufficient_stock",
        "message": f"{available} of {line.quantity} in stock",
        "line_no": line.line_no,
        "sku": line.sku,
        "available": available,
    }
