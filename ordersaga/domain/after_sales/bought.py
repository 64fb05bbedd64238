"""An order as it was paid for: its stored shares, and the rules that they name (M2, M3)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ordersaga.domain.after_sales.breakdown import Breakdown
from ordersaga.domain.pricing.allocation import Allocation, UnitShare
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import PricedLine

UnitKey = tuple[int, int]
"""A unit: its line's number, and its own on that line from 1."""
OfferKey = tuple[str, str]
"""An offer: its source and its code."""


@dataclass(frozen=True, slots=True)
class Departure:
    """How a unit left the order. What was `never_shipped` brings its delivery fee along; where the `seller_at_fault` is
    it brings all, and the buyer loses nothing of what stays.
    """

    never_shipped: bool = False
    seller_at_fault: bool = False


Gone = Mapping[UnitKey, Departure]


@dataclass(frozen=True, kw_only=True)
class Bought:
    """`rules` are the offers of the ledger, each in the version that it names; what is not there has no threshold.

    `spent_points` paid a part, and come back if `points_return`. `forfeit` is what a unit's buyer loses by stepping
    back before it is shipped, in minor units.
    """

    order_no: str
    currency: str
    order_type: str
    lines: tuple[PricedLine, ...]
    rules: Mapping[OfferKey, Offer]
    spent_points: int = 0
    points_return: bool = True
    forfeit: int = 0

    @cached_property
    def shares(self) -> Mapping[int, list[UnitShare]]:
        """Line number → what was paid for each of its units."""
        return {line.line_no: line.units() for line in self.lines}

    @cached_property
    def points_value(self) -> int:
        """What was paid in points, in minor units."""
        return sum(line.points for line in self.lines)

    @cached_property
    def money_for_goods(self) -> int:
        """What was paid in money, without delivery."""
        return sum(line.payable for line in self.lines)

    @property
    def offers(self) -> Iterator[tuple[Offer, list[tuple[PricedLine, Allocation]]]]:
        """Each rule with its shares in the ledger, in the order of their sources and codes."""
        found: dict[OfferKey, list[tuple[PricedLine, Allocation]]] = {key: [] for key in sorted(self.rules)}
        for line in self.lines:
            for item in line.allocations:
                if (item.source, item.code) in found:
                    found[item.source, item.code].append((line, item))
        return ((self.rules[key], shares) for key, shares in found.items() if shares)

    def share(self, key: UnitKey) -> UnitShare:
        line_no, unit = key
        return self.shares[line_no][unit - 1]

    def sum(self, units: Iterable[UnitKey], of: Callable[[UnitShare], int]) -> int:
        return sum(of(self.share(key)) for key in units)

    def nothing_stays(self, gone: Gone) -> bool:
        """Whether none of the goods is left that were paid for; gifts may be."""
        return not any(True for line in self.lines if not line.gift for _ in staying(line, gone))


def staying(line: PricedLine, gone: Gone) -> list[int]:
    """The numbers of a line's units that are not gone."""
    return [unit for unit in range(1, line.quantity + 1) if (line.line_no, unit) not in gone]


def gone_with(breakdowns: Iterable[Breakdown]) -> dict[UnitKey, Departure]:
    """The units that cases have given something back for."""
    return {
        (item.line_no, unit): Departure(item.never_shipped, item.seller_at_fault)
        for found in breakdowns
        for item in found.units
        for unit in item.units
    }
