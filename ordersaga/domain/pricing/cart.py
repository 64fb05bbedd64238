"""From a cart to its price: goods, delivery, and the offers that are applied to them (R-SUB-1, R-PRC-1 … R-PRC-3)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ordersaga.domain.campaigns import Sale
from ordersaga.domain.catalogue import Merchant, Sku, StockPolicy
from ordersaga.domain.errors import OrderTypeMixed, ShippingOptionUnknown, SkuUnknown
from ordersaga.domain.money import prorate, total
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.deposit import with_deposit
from ordersaga.domain.pricing.freezing import frozen_lines
from ordersaga.domain.pricing.occasion import PLAIN, Occasion
from ordersaga.domain.pricing.offering import apply_offers
from ordersaga.domain.pricing.quote import CartItem, PricedLine, PricedOrder, Pricing, Totals, merge
from ordersaga.domain.pricing.stock_policies import StockPolicies

STANDARD_SHIPPING = "standard"
NO_SHIPPING = "none"
"""The one option of goods that are not shipped."""


def price_cart(
    items: Sequence[CartItem],
    skus: Mapping[str, Sku],
    merchants: Mapping[str, Merchant],
    *,
    shipping_option: str | None = None,
    order_type: str | None = None,
    occasion: Occasion = PLAIN,
    sale: Sale | None = None,
    stock_policy: StockPolicy | None = None,
    only_at_submit: bool = False,
    ships: bool = True,
) -> Pricing:
    """Price a cart by the present catalogue and the offers of an occasion; `docs/pricing.md` is the law of it.

    Items of one SKU are merged; lines are numbered by the SKU's first appearance, gifts behind them. A `sale` is of the
    only SKU of the cart. What the order type says: its `stock_policy`, whether stock is deducted `only_at_submit`, and
    whether it `ships`. Raises `SkuUnknown`, `OrderTypeMixed`, `CurrencyMismatch`, `ShippingOptionUnknown`.
    """
    goods = [(_as_sold(_known(sku, skus), sale), quantity) for sku, quantity in merge(items).items()]
    kind = sale.campaign.order_type if sale else _only_order_type([sku for sku, _ in goods], order_type)
    currency = goods[0][0].price.currency
    total([sku.price for sku, _ in goods], currency)  # refuses a cart in two currencies
    in_order = sorted(goods, key=lambda item: item[0].sku)
    options = _options(in_order, merchants, currency) if ships else {NO_SHIPPING: [0] * len(goods)}
    chosen = shipping_option or (STANDARD_SHIPPING if ships else NO_SHIPPING)
    if chosen not in options:
        raise ShippingOptionUnknown(f"shipping option {chosen!r} is not offered", allowed=sorted(options))
    basket = Basket.of(
        in_order,
        options[chosen],
        currency=currency,
        order_type=kind,
        shipping_option=chosen,
    )
    offered = apply_offers(basket, with_deposit(occasion, sale))
    policies = StockPolicies(
        campaign=sale.campaign.stock_policy if sale else None, order_type=stock_policy, only_at_submit=only_at_submit
    )
    frozen = frozen_lines(basket, offered, occasion, [sku.sku for sku, _ in goods])
    lines = policies.settled(frozen, offered.applied.taken)
    order = PricedOrder(
        order_type=kind,
        currency=currency,
        shipping_option=chosen,
        shipping_options={code: sum(fees) for code, fees in options.items()},
        lines=lines,
        totals=_totals(lines, sale),
        holds=offered.holds,
        campaign=sale.campaign.code if sale else None,
        sale=sale.to_document() if sale else None,
        pool=sale.campaign.pool if sale else "",
    )
    return Pricing(order=order, considered=offered.considered, exact=offered.exact)


def _known(sku: str, skus: Mapping[str, Sku]) -> Sku:
    if sku not in skus:
        raise SkuUnknown(f"there is no SKU {sku!r}", sku=sku)
    return skus[sku]


def _as_sold(sku: Sku, sale: Sale | None) -> Sku:
    """With the price of its campaign, which no floor of the SKU's own raises, and what its deposit counts for."""
    if sale is None:
        return sku
    price, bonus = sale.campaign.price, sale.campaign.terms.bonus
    return replace(sku, price=price, floor_price=min(sku.floor_price, price.amount - bonus))


def _totals(lines: Sequence[PricedLine], sale: Sale | None) -> Totals:
    totals = Totals.of(lines)
    if sale is None:
        return totals
    return replace(totals, due_now=sale.campaign.terms.due_now(totals.payable, lines[0].quantity))


def _options(
    goods: Sequence[tuple[Sku, int]], merchants: Mapping[str, Merchant], currency: str
) -> dict[str, list[int]]:
    """Each option's fee, line by line."""
    return {code: _shipping_by_line(goods, merchants, code, currency) for code in _shared_options(goods, merchants)}


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
