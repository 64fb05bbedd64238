"""Who bears what was taken off: the platform and each merchant, and together all of it (R-PRC-2)."""

from ordersaga.domain.pricing.allocation import Allocation, Kind
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.settlement import settlement
from ordersaga.domain.pricing.source import Bearer
from tests.goods import line

PLATFORM, MERCHANT = Bearer.PLATFORM.value, Bearer.MERCHANT.value


def borne(*shares: tuple[Kind, int, str | None], merchant_id: str = "own") -> PricedLine:
    allocations = tuple(
        Allocation(kind=kind, source="test", code="X", funded_by=bearer, amount=amount, units=((1, amount),))
        for kind, amount, bearer in shares
    )
    return line(merchant_id=merchant_id, allocations=allocations)


def test_a_merchant_bears_what_it_funds_on_its_own_lines_and_the_platform_the_rest() -> None:
    lines = [
        borne((Kind.DISCOUNT, 5, MERCHANT), (Kind.DISCOUNT, 3, PLATFORM), (Kind.POINTS, 2, PLATFORM)),
        borne((Kind.DISCOUNT, 7, MERCHANT), (Kind.SHIPPING_DISCOUNT, 4, MERCHANT), merchant_id="tea"),
        borne((Kind.DISCOUNT, 1, MERCHANT), merchant_id="tea"),
    ]
    found = [
        (item.bearer, item.merchant_id, item.discount, item.points, item.shipping_discount, item.total)
        for item in settlement(lines)
    ]
    assert found == [
        ("platform", None, 3, 2, 0, 5),
        ("merchant", "own", 5, 0, 0, 5),
        ("merchant", "tea", 8, 0, 4, 12),
    ]


def test_nobody_bears_a_fee() -> None:
    (platform,) = settlement([borne((Kind.SHIPPING_FEE, 60, None))])
    assert (platform.bearer, platform.total) == (Bearer.PLATFORM, 0)
