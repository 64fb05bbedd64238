"""Who bears what was taken off an order, so that the platform and its merchants can settle (R-PRC-2)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ordersaga.domain.pricing.allocation import Kind
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.source import Bearer


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one bearer pays for, in minor units. The platform is the bearer without a `merchant_id`."""

    bearer: Bearer
    merchant_id: str | None
    discount: int
    points: int
    shipping_discount: int

    @property
    def total(self) -> int:
        return self.discount + self.points + self.shipping_discount


def settlement(lines: Iterable[PricedLine]) -> tuple[Share, ...]:
    """The share of the platform, and of each merchant that bears something; together all that was taken off."""
    sums: defaultdict[str | None, Counter[Kind]] = defaultdict(Counter)
    sums[None] = Counter()
    for line in lines:
        for item in line.allocations:
            if item.kind is not Kind.SHIPPING_FEE:
                bearer = line.merchant_id if item.funded_by == Bearer.MERCHANT else None
                sums[bearer][item.kind] += item.amount
    return tuple(
        Share(
            bearer=Bearer.PLATFORM if merchant_id is None else Bearer.MERCHANT,
            merchant_id=merchant_id,
            discount=found[Kind.DISCOUNT],
            points=found[Kind.POINTS],
            shipping_discount=found[Kind.SHIPPING_DISCOUNT],
        )
        for merchant_id, found in sorted(sums.items(), key=lambda item: item[0] or "")
    )
