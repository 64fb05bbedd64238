"""What a cart costs: lines, discounts, shipping, totals (R-SUB-1, R-PRC-3).

Everything is in minor units of one currency. Parts sum to wholes: Σ line shipping = totals.shipping, and
Σ (line payable + line shipping) = totals.payable.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ordersaga.domain.catalogue import Merchant, Sku, TransportClass
from ordersaga.domain.errors import OrderTypeMixed, ShippingOptionUnknown, SkuUnknown
from ordersaga.domain.money import prorate, total

STANDARD_SHIPPING = "standard"


@dataclass(frozen=True, slots=True, order=True)
class CartItem:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A share of an offer on one line: where it comes from, its code, and the amount taken off."""

    source: str
    code: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line as it will be frozen at submit (R-ORD-1): the goods, their price, and the line's shares."""

    line_no: int
    sku: str
    name: str
    attributes: Mapping[str, str]
    merchant_id: str
    quantity: int
    unit_price: int
    amount: int
    discounts: tuple[Discount, ...]
    payable: int
    shipping: int
    weight_g: int
    volume_mm3: int
    transport_class: TransportClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    goods: int
    discount: int
    points: int
    shipping: int
    tax: int
    payable: int
    due_now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """A priced cart. `shipping_options` maps every option that all its merchants offer to its fee."""

    order_type: str
    currency: str
    shipping_option: str
    shipping_options: Mapping[str, int]
    lines: tuple[PricedLine, ...]
    totals: Totals

    @property
    def merchant_ids(self) -> tuple[str, ...]:
        return tuple(sorted({line.merchant_id for line in self.lines}))


def price_cart(
    items: Sequence[CartItem],
    skus: Mapping[str, Sku],
    merchants: Mapping[str, Merchant],
    *,
    shipping_option: str | None = None,
    order_type: str | None = None,
) -> PricedOrder:
    """Price a cart by the present catalogue.

    Items of one SKU are merged; lines are numbered by the SKU's first appearance. Raises `SkuUnknown`,
    `OrderTypeMixed`, `CurrencyMismatch`, `ShippingOptionUnknown`.
    """
    goods = [(_known(sku, skus), quantity) for sku, quantity in merge(items).items()]
    kind = _only_order_type([sku for sku, _ in goods], order_type)
    currency = goods[0][0].price.currency
    total([sku.price for sku, _ in goods], currency)  # refuses a cart in two currencies
    options = {
        code: sum(_shipping_by_line(goods, merchants, code, currency)) for code in _shared_options(goods, merchants)
    }
    chosen = shipping_option or STANDARD_SHIPPING
    if chosen not in options:
        raise ShippingOptionUnknown(f"shipping option {chosen!r} is not offered", allowed=sorted(options))
    shipping = _shipping_by_line(goods, merchants, chosen, currency)
    lines = tuple(
        _line(number, sku, quantity, share)
        for number, ((sku, quantity), share) in enumerate(zip(goods, shipping, strict=True), start=1)
    )
    return PricedOrder(
        order_type=kind,
        currency=currency,
        shipping_option=chosen,
        shipping_options=options,
        lines=lines,
        totals=_totals(lines),
    )


def merge(items: Sequence[CartItem]) -> dict[str, int]:
    """SKU → quantity, in order of first appearance (P7: duplicates are merged)."""
    quantities: defaultdict[str, int] = defaultdict(int)
    for item in items:
        quantities[item.sku] += item.quantity
    return dict(quantities)


def differences(sealed: Mapping[str, Any], fresh: Mapping[str, Any], path: str = "") -> list[dict[str, Any]]:
    """Every field in which two JSON-like documents differ: `{"field", "quoted", "now"}`."""
    found: list[dict[str, Any]] = []
    for key in sorted(sealed.keys() | fresh.keys()):
        here, old, new = f"{path}.{key}" if path else key, sealed.get(key), fresh.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, here)
        elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            found += differences(dict(_numbered(old)), dict(_numbered(new)), here)
        elif old != new:
            found.append({"field": here, "quoted": old, "now": new})
    return found


def _numbered(values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(str(place), value) for place, value in enumerate(values)]


def _known(sku: str, skus: Mapping[str, Sku]) -> Sku:
    if sku not in skus:
        raise SkuUnknown(f"there is no SKU {sku!r}", sku=sku)
    return skus[sku]


def _only_order_type(skus: Sequence[Sku], wanted: str | None) -> str:
    kinds = sorted({sku.order_type for sku in skus} | ({wanted} if wanted else set()))
    if len(kinds) > 1:
        raise OrderTypeMixed(f"one order has one type, not {' and '.join(kinds)}", order_types=kinds)
    return kinds[0]


def _shared_options(goods: Sequence[tuple[Sku, int]], merchants: Mapping[str, Merchant]) -> list[str]:
    """The options that every merchant of the cart offers; goods with fees of their own need no standard tariff."""
    offered = []
    for merchant_id in {sku.merchant_id for sku, _ in goods}:
        own_fees = all(sku.shipping_fee is not None for sku, _ in goods if sku.merchant_id == merchant_id)
        offered.append(set(merchants[merchant_id].shipping) | ({STANDARD_SHIPPING} if own_fees else set()))
    return sorted(set.intersection(*offered))


def _shipping_by_line(
    goods: Sequence[tuple[Sku, int]], merchants: Mapping[str, Merchant], option: str, currency: str
) -> list[int]:
    """Each line's share of the fee: its SKU's own fee, or a share of its merchant's tariff by value."""
    shares = [0] * len(goods)
    by_merchant: defaultdict[str, list[int]] = defaultdict(list)
    for place, (sku, quantity) in enumerate(goods):
        if sku.shipping_fee is not None and option == STANDARD_SHIPPING:
            shares[place] = total([sku.shipping_fee * quantity], currency).amount
        else:
            by_merchant[sku.merchant_id].append(place)
    for merchant_id, places in by_merchant.items():
        weight = sum(goods[place][0].weight_g * goods[place][1] for place in places)
        fee = total([merchants[merchant_id].shipping[option].fee(weight)], currency).amount
        values = [goods[place][0].price.amount * goods[place][1] for place in places]
        parts = prorate(fee, values if sum(values) else [goods[place][1] for place in places])
        for place, part in zip(places, parts, strict=True):
            shares[place] = part
    return shares


def _line(line_no: int, sku: Sku, quantity: int, shipping: int) -> PricedLine:
    amount = sku.price.amount * quantity
    return PricedLine(
        line_no=line_no,
        sku=sku.sku,
        name=sku.name,
        attributes=dict(sku.attributes),
        merchant_id=sku.merchant_id,
        quantity=quantity,
        unit_price=sku.price.amount,
        amount=amount,
        discounts=(),
        payable=amount,
        shipping=shipping,
        weight_g=sku.weight_g,
        volume_mm3=sku.volume_mm3,
        transport_class=sku.transport_class,
    )


def _totals(lines: Sequence[PricedLine]) -> Totals:
    goods = sum(line.amount for line in lines)
    discount = sum(discount.amount for line in lines for discount in line.discounts)
    shipping = sum(line.shipping for line in lines)
    payable = goods - discount + shipping
    return Totals(goods=goods, discount=discount, points=0, shipping=shipping, tax=0, payable=payable, due_now=payable)


def to_document(priced: PricedOrder) -> dict[str, Any]:
    """`priced` as JSON-ready data; `from_document` reads it back."""
    return {
        "order_type": priced.order_type,
        "currency": priced.currency,
        "shipping_option": priced.shipping_option,
        "shipping_options": dict(priced.shipping_options),
        "lines": [_line_to_document(line) for line in priced.lines],
        "totals": {field.name: getattr(priced.totals, field.name) for field in fields(Totals)},
    }


def _line_to_document(line: PricedLine) -> dict[str, Any]:
    document = {field.name: getattr(line, field.name) for field in fields(PricedLine)}
    document["attributes"] = dict(line.attributes)
    document["discounts"] = [
        {"source": item.source, "code": item.code, "amount": item.amount} for item in line.discounts
    ]
    document["transport_class"] = line.transport_class.value
    return document


def from_document(document: Mapping[str, Any]) -> PricedOrder:
    lines = tuple(
        PricedLine(
            **{
                **line,
                "discounts": tuple(Discount(**item) for item in line["discounts"]),
                "transport_class": TransportClass(line["transport_class"]),
            }
        )
        for line in document["lines"]
    )
    return PricedOrder(**{**document, "lines": lines, "totals": Totals(**document["totals"])})
