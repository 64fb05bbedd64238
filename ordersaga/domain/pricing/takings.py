"""What each kind of effect takes of a base: the second part of the law in docs/pricing.md, as arithmetic."""

from collections.abc import Callable, Sequence
from typing import assert_never

from ordersaga.domain.money import prorate
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.effects import (
    WHOLE,
    AmountOff,
    BundlePrice,
    BuyGet,
    Effect,
    FixedPrice,
    FreeShipping,
    Gift,
    NthItem,
    PercentageOff,
    PriceList,
    Tiers,
)

Base = Sequence[int]
"""What stages before have left of each line of the basket."""
Taking = Callable[[Base], tuple[int, list[int]]]
"""From a base to the amount that an offer would take, and what took part of each of its lines (or, of an effect that
goes line by line, what it takes of each).
"""


def percentage(amount: int, basis_points: int) -> int:
    """That share of an amount, rounded half up."""
    return (amount * basis_points + WHOLE // 2) // WHOLE


def taking(effect: Effect, basket: Basket, lines: Sequence[int]) -> Taking:
    """How `effect` takes from `lines`. A gift and a delivery fee are not taken from goods: nothing."""
    match effect:
        case PercentageOff(at_most=at_most, basis_points=points):
            if at_most is None:
                return _own(lambda base: [percentage(base[place], points) for place in lines])
            return _together(lines, lambda whole: min(at_most, percentage(whole, points)))
        case AmountOff(each_unit=True, amount=amount):
            off = [(place, amount * basket.quantities[place]) for place in lines]
            return _own(lambda base: [min(most, base[place]) for place, most in off])
        case AmountOff(amount=amount):
            return _together(lines, lambda whole: min(amount, whole))
        case FixedPrice(price=price):
            return _down_to(lines, [price * basket.quantities[place] for place in lines])
        case PriceList(prices=prices):
            return _down_to(lines, [prices[basket.skus[place].sku] * basket.quantities[place] for place in lines])
        case Tiers():
            count = sum(basket.quantities[place] for place in lines)
            return _together(lines, lambda whole: _of_tiers(effect, whole, count))
        case NthItem():
            return _of_groups(effect, basket, lines)
        case BuyGet():
            return _of_groups(effect.as_nth_item, basket, lines)
        case BundlePrice():
            return _of_sets(effect, basket, lines)
        case Gift() | FreeShipping():
            return lambda _: (0, [0] * len(lines))
        case _:
            assert_never(effect)


def share(amount: int, parts: Sequence[int], headroom: Sequence[int]) -> list[int]:
    """`amount` over lines in proportion to what took part of each, none beyond its headroom."""
    weights = [min(part, room) for part, room in zip(parts, headroom, strict=True)]
    return list(prorate(min(amount, sum(weights)), weights))


def _own(parts_of: Callable[[Base], list[int]]) -> Taking:
    def take(base: Base) -> tuple[int, list[int]]:
        parts = parts_of(base)
        return sum(parts), parts

    return take


def _together(lines: Sequence[int], amount_of: Callable[[int], int]) -> Taking:
    def take(base: Base) -> tuple[int, list[int]]:
        parts = [base[place] for place in lines]
        return amount_of(sum(parts)), parts

    return take


def _down_to(lines: Sequence[int], prices: Sequence[int]) -> Taking:
    return _own(lambda base: [max(0, base[place] - price) for place, price in zip(lines, prices, strict=True)])


def _of_tiers(effect: Tiers, whole: int, count: int) -> int:
    tier = effect.reached(whole, count)
    if tier is None:
        return 0
    if tier.amount_off is None:
        amount = percentage(whole, tier.basis_points or 0)
    else:
        amount = tier.amount_off * (effect.measured(whole, count) // tier.threshold if effect.repeat else 1)
    return min(amount, whole, effect.at_most if effect.at_most is not None else amount)


def _of_groups(effect: NthItem, basket: Basket, lines: Sequence[int]) -> Taking:
    """Units by falling value in groups; the last ones of each full group are cheaper, and all of them take part."""

    def cheaper_before(rank: int) -> int:
        groups, beyond = divmod(rank, effect.every)
        return groups * effect.discounted + max(0, beyond - (effect.every - effect.discounted))

    def take(base: Base) -> tuple[int, list[int]]:
        parts, amount = [0] * len(lines), 0
        runs = [
            run for index, place in enumerate(lines) for run in _units(base[place], basket.quantities[place], index)
        ]
        pools = [[run for run in runs if run[1] == index] for index in range(len(lines))] if effect.same_sku else [runs]
        for pool in pools:
            groups = sum(count for _, _, count in pool) // effect.every
            in_groups = effect.every * (groups if effect.times is None else min(groups, effect.times))
            rank = 0
            for value, index, count in sorted(pool, key=lambda run: (-run[0], run[1])):
                taken = min(count, in_groups - rank)
                parts[index] += value * taken
                amount += (cheaper_before(rank + taken) - cheaper_before(rank)) * percentage(value, effect.basis_points)
                rank += taken
        return amount, parts

    return take


def _units(amount: int, quantity: int, index: int) -> list[tuple[int, int, int]]:
    """An amount shared evenly over units: (value, index, number of units) for the dearer ones and the others."""
    value, dearer = divmod(amount, quantity)
    return [(value + 1, index, dearer), (value, index, quantity - dearer)]


def _of_sets(effect: BundlePrice, basket: Basket, lines: Sequence[int]) -> Taking:
    """The units in the sets cost the bundle's price."""
    in_cart = {basket.skus[place].sku: basket.quantities[place] for place in lines}
    sets = min(in_cart.get(sku, 0) // needed for sku, needed in effect.items.items())
    if effect.times is not None:
        sets = min(sets, effect.times)
    needed = [effect.items[basket.skus[place].sku] * sets for place in lines]

    def take(base: Base) -> tuple[int, list[int]]:
        parts = [
            _dearest(base[place], basket.quantities[place], units) for place, units in zip(lines, needed, strict=True)
        ]
        return max(0, sum(parts) - effect.price * sets), parts

    return take


def _dearest(amount: int, quantity: int, units: int) -> int:
    """What so many of the units are worth that an amount is shared evenly over."""
    value, dearer = divmod(amount, quantity)
    return value * units + min(units, dearer)
