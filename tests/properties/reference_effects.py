"""What each kind of effect takes, unit by unit, as docs/pricing.md says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ordersaga.domain.catalogue import Sku
from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    BuyGet,
    Effect,
    FixedPrice,
    Gift,
    NthItem,
    PercentageOff,
    PriceList,
    Tiers,
)
from ordersaga.domain.pricing.offers import Offer


@dataclass(frozen=True)
class Row:
    """A line of the cart, and the fee for its delivery."""

    sku: Sku
    quantity: int
    fee: int

    @property
    def amount(self) -> int:
        return self.sku.price.amount * self.quantity

    @property
    def floor(self) -> int:
        return self.sku.floor_price * self.quantity


def half_up(amount: int, basis_points: int) -> int:
    whole, rest = divmod(amount * basis_points, 10_000)
    return whole + (rest >= 5_000)


def share_out(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """By largest remainder, one minor unit after the other; at most all the weights together."""
    together = sum(weights.values())
    if together == 0:
        return dict.fromkeys(weights, 0)
    amount = min(amount, together)
    shares = {sku: amount * weight // together for sku, weight in weights.items()}
    claims = sorted(weights, key=lambda sku: (-(amount * weights[sku] % together), -weights[sku], sku))
    while sum(shares.values()) < amount:
        shares[claims.pop(0)] += 1
    return shares


def over_units(amount: int, units: Sequence[int]) -> list[int]:
    """A line's share over its units, in proportion to what is left of each; the first of equal units first."""
    shares = share_out(amount, {f"{place:09}": left for place, left in enumerate(units)})
    return [shares[f"{place:09}"] for place in range(len(units))]


def units_of(row: Row, base: Mapping[str, int]) -> list[int]:
    """What the units are worth: the base over them evenly, the first ones with the odd minor units."""
    whole, rest = divmod(base[row.sku.sku], row.quantity)
    return [whole + (place < rest) for place in range(row.quantity)]


def goes_line_by_line(effect: Effect) -> bool:
    match effect:
        case PercentageOff(at_most=None) | AmountOff(each_unit=True) | FixedPrice() | PriceList():
            return True
        case _:
            return False


def reaches_minimum(offer: Offer, rows: Sequence[Row], base: Mapping[str, int]) -> bool:
    together, count = sum(base[row.sku.sku] for row in rows), sum(row.quantity for row in rows)
    return together >= (offer.minimum_amount or 0) and count >= (offer.minimum_count or 0)


def times_given(offer: Offer, effect: Gift, rows: Sequence[Row], base: Mapping[str, int]) -> int:
    if not effect.repeat:
        return 1
    reached = []
    if offer.minimum_amount:
        reached.append(sum(base[row.sku.sku] for row in rows) // offer.minimum_amount)
    if offer.minimum_count:
        reached.append(sum(row.quantity for row in rows) // offer.minimum_count)
    return min(reached)


def takes(effect: Effect, rows: Sequence[Row], base: Mapping[str, int], left: Mapping[str, int]) -> dict[str, int]:
    """The share of each line, never more than what is left of it above its floor price."""
    headroom = {row.sku.sku: max(0, left[row.sku.sku] - row.floor) for row in rows}
    if goes_line_by_line(effect):
        return {row.sku.sku: min(_of_line(effect, row, base[row.sku.sku]), headroom[row.sku.sku]) for row in rows}
    discount, took_part = _together(effect, rows, base)
    shares = share_out(discount, {sku: min(took_part.get(sku, 0), headroom[sku]) for sku in headroom})
    rate = _rate(effect, rows, base)
    if rate is None or all(headroom[row.sku.sku] >= base[row.sku.sku] for row in rows):
        return shares
    unlimited = share_out(half_up(sum(took_part.values()), rate), took_part)
    return {sku: min(share, unlimited[sku]) for sku, share in shares.items()}


def _rate(effect: Effect, rows: Sequence[Row], base: Mapping[str, int]) -> int | None:
    """The percentage that it takes of its lines together; none if it takes an amount."""
    match effect:
        case PercentageOff(basis_points=basis_points):
            return basis_points
        case Tiers(measure=measure):
            worth, count = sum(base[row.sku.sku] for row in rows), sum(row.quantity for row in rows)
            reached = [tier for tier in effect.tiers if (worth if measure == "amount" else count) >= tier.threshold]
            return reached[-1].basis_points if reached else None
    return None


def _of_line(effect: Effect, row: Row, base: int) -> int:
    match effect:
        case PercentageOff(basis_points=basis_points):
            return half_up(base, basis_points)
        case AmountOff(amount=amount):
            return amount * row.quantity
        case FixedPrice(price=price):
            return max(0, base - price * row.quantity)
        case PriceList(prices=prices):
            return max(0, base - prices[row.sku.sku] * row.quantity)
    raise AssertionError(effect)


def _together(effect: Effect, rows: Sequence[Row], base: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """The discount on all the lines, and what of each took part in it."""
    everything = {row.sku.sku: base[row.sku.sku] for row in rows}
    worth = sum(everything.values())
    match effect:
        case PercentageOff(basis_points=basis_points, at_most=at_most):
            return _at_most(half_up(worth, basis_points), at_most), everything
        case AmountOff(amount=amount):
            return min(amount, worth), everything
        case Tiers():
            return _tiers(effect, worth, sum(row.quantity for row in rows)), everything
        case NthItem() | BuyGet():
            groups = _groups(effect, rows, base)
            rate = effect.basis_points if isinstance(effect, NthItem) else 10_000
            last = effect.discounted if isinstance(effect, NthItem) else effect.get
            discount = sum(half_up(value, rate) for group in groups for value, _ in group[-last:])
            return discount, {
                sku: sum(value for group in groups for value, of in group if of == sku) for sku in everything
            }
        case BundlePrice():
            return _bundle(effect, rows, base)
    raise AssertionError(effect)


def _tiers(effect: Tiers, worth: int, count: int) -> int:
    measured = worth if effect.measure == "amount" else count
    discount = 0
    for tier in effect.tiers:
        if measured >= tier.threshold:
            times = measured // tier.threshold if effect.repeat else 1
            discount = half_up(worth, tier.basis_points) if tier.basis_points else (tier.amount_off or 0) * times
    return _at_most(discount, effect.at_most)


def _groups(effect: NthItem | BuyGet, rows: Sequence[Row], base: Mapping[str, int]) -> list[list[tuple[int, str]]]:
    """The full groups of units, each a value and its SKU, that the effect looks at."""
    size = effect.every if isinstance(effect, NthItem) else effect.buy + effect.get
    piles = [[row] for row in rows] if effect.same_sku else [rows]
    groups = []
    for pile in piles:
        units = sorted(
            ((value, row.sku.sku) for row in pile for value in units_of(row, base)),
            key=lambda unit: (-unit[0], unit[1]),
        )
        full = [units[start : start + size] for start in range(0, len(units) - size + 1, size)]
        groups += full[: effect.times]
    return groups


def _bundle(effect: BundlePrice, rows: Sequence[Row], base: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    held = {row.sku.sku: row for row in rows}
    sets = min((held[sku].quantity // units if sku in held else 0) for sku, units in effect.items.items())
    if effect.times is not None:
        sets = min(sets, effect.times)
    took_part = {
        sku: sum(units_of(held[sku], base)[: sets * units]) if sku in held else 0 for sku, units in effect.items.items()
    }
    return max(0, sum(took_part.values()) - sets * effect.price), took_part


def _at_most(amount: int, at_most: int | None) -> int:
    return amount if at_most is None else min(amount, at_most)
