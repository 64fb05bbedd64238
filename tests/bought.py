"""Orders as they were paid for, and one refund after the other of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ordersaga.domain.after_sales.bought import Bought, Departure, UnitKey
from ordersaga.domain.after_sales.breakdown import Breakdown
from ordersaga.domain.after_sales.earned import NOTHING_EARNED, Earned
from ordersaga.domain.after_sales.refunding import break_down
from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.pricing.source import Source

KEPT = Departure()
"""Shipped, received, and sent back because the buyer changed their mind."""
AT_FAULT = Departure(seller_at_fault=True)
NEVER_SHIPPED = Departure(never_shipped=True)


def bought(
    order: PricedOrder, *rules: Offer | RunningOffer | Coupon, points_return: bool = True, forfeit: int = 0
) -> Bought:
    """A priced order after it was paid, with every rule that its ledger may name."""
    offers = [rule if isinstance(rule, Offer) else rule.offer for rule in rules]
    return Bought(
        order_no="order",
        currency=order.currency,
        order_type=order.order_type,
        lines=order.lines,
        rules={(offer.source.value, offer.code): offer for offer in offers},
        spent_points=sum(hold.points for hold in order.holds if hold.source == Source.POINTS),
        points_return=points_return,
        forfeit=forfeit,
    )


@dataclass
class Refunding:
    """An order, its `rules`, and what was given back of it so far; `account` is what the buyer has of points."""

    bought: Bought
    rules: AfterSalesRules = AfterSalesRules()  # noqa: RUF009 - frozen
    earned: Earned = NOTHING_EARNED
    given: list[Breakdown] = field(default_factory=list)

    @property
    def captured(self) -> int:
        return sum(line.payable + line.shipping for line in self.bought.lines)

    @property
    def money(self) -> int:
        return sum(found.money for found in self.given)

    @property
    def points(self) -> int:
        return sum(found.points for found in self.given)

    @property
    def points_value(self) -> int:
        return sum(found.points_value for found in self.given)

    def units(self, *, gifts: bool = True) -> list[UnitKey]:
        return [
            (line.line_no, unit)
            for line in self.bought.lines
            if gifts or not line.gift
            for unit in range(1, line.quantity + 1)
        ]

    def give(self, leaving: Mapping[UnitKey, Departure] | Iterable[UnitKey], how: Departure = KEPT) -> Breakdown:
        """Settle a case on these units."""
        units = leaving if isinstance(leaving, Mapping) else dict.fromkeys(leaving, how)
        left = self.captured - self.money
        found = break_down(self.bought, units, self.given, self.rules, money_left=left, earned=self.earned)
        self.given.append(found)
        return found
