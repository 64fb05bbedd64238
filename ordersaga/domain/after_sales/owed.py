"""What the shop owes back once a set of units is gone: a function of that set, whatever the way to it (M3, M4).

So any number of partial refunds sums to the same as one, and all that was withheld for what stayed comes back when
nothing stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ordersaga.domain.after_sales.bought import Bought, Departure, Gone, staying
from ordersaga.domain.after_sales.breakdown import Withheld, Withholding
from ordersaga.domain.after_sales.rules import AfterSalesRules, Gifts, ShippingFee, Threshold
from ordersaga.domain.after_sales.thresholds import kept_gifts, lost_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """In minor units: what was paid for what is gone, in money and in points, and what is withheld.

    `money_at_most` is what money can give of it: what it paid for all goods, whether gone or not, and the delivery fees
    that come back, less deposits that are forfeited or may be yet; so a rule that gives money back first never takes a
    fee or a deposit out of points.
    """

    money_paid: int
    points_paid: int
    money_at_most: int
    withheld: tuple[Withheld, ...]

    @property
    def amount(self) -> int:
        """In all tenders, never less than nothing."""
        return max(0, self.money_paid + self.points_paid - sum(item.amount for item in self.withheld))

    @property
    def money(self) -> int:
        """The part of the amount that goes back as it was paid; what is withheld is taken off the money first."""
        points_lost = sum(item.amount for item in self.withheld if item.reason is Withholding.POINTS_NOT_RETURNED)
        return max(0, self.amount - (self.points_paid - points_lost))


def owed(bought: Bought, gone: Gone, rules: AfterSalesRules) -> Owed:
    """What is owed in all once `gone` is gone."""
    withheld = tuple(_withheld(bought, gone, rules))
    fees = bought.sum(gone, lambda share: share.shipping)
    of_money = (Withholding.DELIVERY_FEE, Withholding.DEPOSIT_FORFEITED)
    kept = sum(item.amount for item in withheld if item.reason in of_money) + _may_be_forfeited(bought, gone)
    return Owed(
        money_paid=bought.sum(gone, lambda share: share.payable) + fees,
        points_paid=bought.sum(gone, lambda share: share.points),
        money_at_most=bought.money_for_goods + fees - kept,
        withheld=withheld,
    )


def _withheld(bought: Bought, gone: Gone, rules: AfterSalesRules) -> Iterator[Withheld]:
    yield from _some(Withholding.DELIVERY_FEE, _fee_kept(bought, gone, rules))
    if rules.threshold is Threshold.RECOMPUTE:
        yield from lost_shares(bought, gone)
    if rules.gifts is Gifts.CHARGE:
        yield from kept_gifts(bought, gone)
    stepped_back = [key for key, left in gone.items() if left.never_shipped and not left.seller_at_fault]
    forfeited = bought.sum(stepped_back, lambda share: min(bought.forfeit, share.payable + share.shipping))
    yield from _some(Withholding.DEPOSIT_FORFEITED, forfeited)
    if not bought.points_return:
        yield from _some(Withholding.POINTS_NOT_RETURNED, bought.sum(gone, lambda share: share.points))


def _may_be_forfeited(bought: Bought, gone: Gone) -> int:
    stays = [(line.line_no, unit) for line in bought.lines for unit in staying(line, gone)] if bought.forfeit else []
    return bought.sum(stays, lambda share: min(bought.forfeit, share.payable))


def _fee_kept(bought: Bought, gone: Gone, rules: AfterSalesRules) -> int:
    """The delivery of what was delivered is paid for, unless the rules or the seller's fault say otherwise."""
    if rules.shipping_fee is ShippingFee.PRO_RATA:
        return 0
    if rules.shipping_fee is ShippingFee.WHEN_ALL_RETURNED and bought.nothing_stays(gone):
        return 0
    return bought.sum((key for key, left in gone.items() if not _brings_its_fee(left)), lambda share: share.shipping)


def _brings_its_fee(left: Departure) -> bool:
    return left.never_shipped or left.seller_at_fault


def _some(reason: Withholding, amount: int) -> Iterator[Withheld]:
    if amount:
        yield Withheld(reason=reason, amount=amount)
