"""The allocation ledger: every discount, points payment and fee as it falls on a line and on each of its units.

Shares are exact to the minor unit and stored with the order, so that what a unit cost is read and never worked out
again (R-PRC-3, M1 … M4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ordersaga.domain.errors import MoneyInvalid

Runs = tuple[tuple[int, int], ...]
"""How an amount falls on the units of a line, the first unit first: (number of units, minor units for each)."""


class Kind(StrEnum):
    DISCOUNT = "discount"
    POINTS = "points"
    SHIPPING_FEE = "shipping_fee"
    SHIPPING_DISCOUNT = "shipping_discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A share on one line: of an offer, of points, or of the delivery fee.

    `amount` and what `units` adds up to are the same. `funded_by` bears a discount in settlement; a fee has none.
    `version` is the rule's at the time.
    """

    kind: Kind
    source: str
    code: str
    name: str = ""
    version: int = 1
    funded_by: str | None = None
    amount: int
    units: Runs


@dataclass(frozen=True, slots=True)
class UnitShare:
    """What one unit of a line costs: paid for the goods, paid for their delivery, and paid in points."""

    payable: int
    shipping: int
    points: int


def spread(runs: Runs) -> list[int]:
    """Runs as an amount for each unit."""
    return [amount for count, amount in runs for _ in range(count)]


def sum_of(runs: Runs) -> int:
    return sum(count * amount for count, amount in runs)


def prorate_runs(amount: int, weights: Runs) -> Runs:
    """`money.prorate` over runs of equal weights, without looking at each unit: the same shares, as runs."""
    whole = sum_of(weights)
    if not 0 <= amount <= whole:
        raise MoneyInvalid(f"{amount} cannot be shared over units that bear {whole}")
    if whole == 0:
        return ((sum(count for count, _ in weights), 0),)
    if len(weights) == 1:
        ((count, _),) = weights
        each, more = divmod(amount, count)
        return ((more, each + 1), (count - more, each)) if more else ((count, each),)
    floors = [amount * weight // whole for _, weight in weights]
    left = amount - sum(count * floor for (count, _), floor in zip(weights, floors, strict=True))
    claims = sorted(
        range(len(weights)), key=lambda place: (-(amount * weights[place][1] % whole), -weights[place][1], place)
    )
    extra = [0] * len(weights)
    for place in claims:
        extra[place] = min(left, weights[place][0])
        left -= extra[place]
    return _joined(
        run
        for (count, _), floor, more in zip(weights, floors, extra, strict=True)
        for run in ((more, floor + 1), (count - more, floor))
        if run[0]
    )


def subtract(runs: Runs, taken: Runs) -> Runs:
    """What is left of each unit; both are runs of equally many."""
    if len(runs) == 1:
        return _joined((count, runs[0][1] - less) for count, less in taken)
    found: list[tuple[int, int]] = []
    mine, theirs = list(reversed(runs)), list(reversed(taken))
    while mine:
        (count, amount), (other, less) = mine.pop(), theirs.pop()
        step = min(count, other)
        found.append((step, amount - less))
        if count > step:
            mine.append((count - step, amount))
        if other > step:
            theirs.append((other - step, less))
    return _joined(found)


def unit_shares(quantity: int, unit_price: int, allocations: Sequence[Allocation]) -> list[UnitShare]:
    """What each unit of a line costs, the first unit first."""
    payable: Runs = ((quantity, unit_price),)
    shipping: Runs = ((quantity, 0),)
    points: Runs = ((quantity, 0),)
    for item in allocations:
        charged = tuple((count, -amount) for count, amount in item.units)
        if item.kind is Kind.SHIPPING_FEE:
            shipping = subtract(shipping, charged)
        elif item.kind is Kind.SHIPPING_DISCOUNT:
            shipping = subtract(shipping, item.units)
        else:
            payable = subtract(payable, item.units)
            if item.kind is Kind.POINTS:
                points = subtract(points, charged)
    return [UnitShare(*unit) for unit in zip(spread(payable), spread(shipping), spread(points), strict=True)]


def _joined(runs: Iterable[tuple[int, int]]) -> Runs:
    """Neighbouring runs of the same amount as one."""
    found: list[tuple[int, int]] = []
    for count, amount in runs:
        if found and found[-1][1] == amount:
            found[-1] = (found[-1][0] + count, amount)
        else:
            found.append((count, amount))
    return tuple(found)
