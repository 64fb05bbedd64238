"""When the units of a line are deducted (R-STK-1): the campaign's word stands before a promotion's that was applied to
the line, that before the order type's, and that before the goods' own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.pricing.application import Taken
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPolicies:
    """What is said of a cart as a whole. With `only_at_submit` nothing else counts: the order's type has no way back
    from a payment whose goods are gone.
    """

    campaign: StockPolicy | None = None
    order_type: StockPolicy | None = None
    only_at_submit: bool = False

    def settled(self, lines: Sequence[PricedLine], taken: Sequence[Taken]) -> tuple[PricedLine, ...]:
        """The lines, those of gifts too, with the policy that holds for each."""
        offers = (item.candidate.offer for item in taken)
        promotions = {offer.code: offer.stock_policy for offer in offers if offer.stock_policy is not None}
        return tuple(_with(line, self._of(line, promotions)) for line in lines)

    def _of(self, line: PricedLine, promotions: Mapping[str, StockPolicy]) -> StockPolicy:
        if self.only_at_submit:
            return StockPolicy.DEDUCT_AT_SUBMIT
        return self.campaign or _of_promotions(line, promotions) or self.order_type or line.stock_policy


def _of_promotions(line: PricedLine, policies: Mapping[str, StockPolicy]) -> StockPolicy | None:
    """Where two disagree the units are held: a promise that nobody needed harms less than one that was missed."""
    if not policies:
        return None
    said = {
        policies[item.code]
        for item in line.allocations
        if item.source == Source.PROMOTION.value and item.code in policies
    }
    return StockPolicy.DEDUCT_AT_SUBMIT if len(said) > 1 else next(iter(said), None)


def _with(line: PricedLine, policy: StockPolicy) -> PricedLine:
    return line if line.stock_policy is policy else replace(line, stock_policy=policy)
