"""Priced lines as an order keeps them, with every share on every unit (R-ORD-1, R-PRC-3)."""

from collections.abc import Sequence

from ordersaga.domain.catalogue import Sku
from ordersaga.domain.pricing.allocation import Allocation, Kind, Runs, prorate_runs, subtract
from ordersaga.domain.pricing.application import Taken
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.effects import FreeShipping, Gift
from ordersaga.domain.pricing.occasion import Occasion
from ordersaga.domain.pricing.offering import Offered
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.source import Bearer, Source
from ordersaga.domain.pricing.spending import POINTS

SHIPPING = "shipping"


def frozen_lines(basket: Basket, offered: Offered, occasion: Occasion, order: Sequence[str]) -> tuple[PricedLine, ...]:
    """The basket's lines numbered in the order of these SKUs, and behind them a line for each gift."""
    places = {sku.sku: place for place, sku in enumerate(basket.skus)}
    by_place: list[list[tuple[Taken, int]]] = [[] for _ in basket.skus]
    for taken in offered.applied.taken:
        for place, amount in taken.shares:
            by_place[place].append((taken, amount))
    lines = [
        _line(number, places[code], basket, by_place[places[code]], offered.spending.shares[places[code]])
        for number, code in enumerate(order, start=1)
    ]
    for taken in offered.applied.taken:
        effect = taken.candidate.offer.effect
        if isinstance(effect, Gift):
            lines.append(_gift(len(lines) + 1, occasion.gifts[effect.sku], taken))
    return tuple(lines)


class _Ledger:
    """The allocations of one line, and what is left of each of its units."""

    def __init__(self, quantity: int, unit_price: int, fee: int, option: str) -> None:
        self.allocations: list[Allocation] = []
        self._goods: Runs = ((quantity, unit_price),)
        self._fee: Runs = prorate_runs(fee, ((quantity, fee),))
        if fee:
            self.allocations.append(
                Allocation(kind=Kind.SHIPPING_FEE, source=SHIPPING, code=option, amount=fee, units=self._fee)
            )

    def discount(self, taken: Taken, amount: int) -> None:
        offer = taken.candidate.offer
        is_of_fee = isinstance(offer.effect, FreeShipping)
        units = prorate_runs(amount, self._fee if is_of_fee else self._goods)
        if is_of_fee:
            self._fee = subtract(self._fee, units)
        else:
            self._goods = subtract(self._goods, units)
        self.allocations.append(
            Allocation(
                kind=Kind.SHIPPING_DISCOUNT if is_of_fee else Kind.DISCOUNT,
                source=offer.source.value,
                code=offer.code,
                name=offer.name,
                version=offer.version,
                funded_by=offer.funded_by.value,
                amount=amount,
                units=units,
            )
        )

    def pay_in_points(self, amount: int) -> None:
        units = prorate_runs(amount, self._goods)
        self.allocations.append(
            Allocation(
                kind=Kind.POINTS,
                source=Source.POINTS.value,
                code=POINTS,
                funded_by=Bearer.PLATFORM.value,
                amount=amount,
                units=units,
            )
        )

    def sum(self, *kinds: Kind) -> int:
        return sum(item.amount for item in self.allocations if item.kind in kinds)


def _line(number: int, place: int, basket: Basket, shares: Sequence[tuple[Taken, int]], points: int) -> PricedLine:
    sku, quantity = basket.skus[place], basket.quantities[place]
    ledger = _Ledger(quantity, sku.price.amount, basket.fees[place], basket.shipping_option)
    for taken, amount in shares:
        ledger.discount(taken, amount)
    if points:
        ledger.pay_in_points(points)
    return _frozen(number, sku, quantity, ledger, gift=False)


def _gift(number: int, sku: Sku, taken: Taken) -> PricedLine:
    ledger = _Ledger(taken.gift_units, sku.price.amount, 0, "")
    ledger.discount(taken, sku.price.amount * taken.gift_units)
    return _frozen(number, sku, taken.gift_units, ledger, gift=True)


def _frozen(number: int, sku: Sku, quantity: int, ledger: _Ledger, *, gift: bool) -> PricedLine:
    amount, points = sku.price.amount * quantity, ledger.sum(Kind.POINTS)
    return PricedLine(
        line_no=number,
        sku=sku.sku,
        name=sku.name,
        attributes=dict(sku.attributes),
        category=sku.category,
        merchant_id=sku.merchant_id,
        quantity=quantity,
        unit_price=sku.price.amount,
        amount=amount,
        allocations=tuple(ledger.allocations),
        points=points,
        payable=amount - ledger.sum(Kind.DISCOUNT) - points,
        shipping=ledger.sum(Kind.SHIPPING_FEE) - ledger.sum(Kind.SHIPPING_DISCOUNT),
        gift=gift,
        weight_g=sku.weight_g,
        volume_mm3=sku.volume_mm3,
        transport_class=sku.transport_class,
        stock_policy=sku.stock_policy,
    )
