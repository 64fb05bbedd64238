"""Offers in currencies without decimals, and with three of them (M7)."""

from ordersaga.domain.money import Money
from ordersaga.domain.pricing.effects import AmountOff, FreeShipping, PercentageOff
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from tests.goods import cart, goods, seller, tariff
from tests.offers import applied, considered, coupon, price, promotion


def test_yen_are_shared_in_whole_yen() -> None:
    """¥1,000 off three things for ¥999 each, then 10 % of the 665 or 666 that are left of each."""
    skus = [goods(name, Money(999, "JPY")) for name in "ABC"]
    pricing = price(
        cart(("A", 1), ("B", 1), ("C", 1)),
        skus,
        promotion("SEN", AmountOff(amount=1_000), currency="JPY"),
        coupon("TENTH", PercentageOff(basis_points=1_000), currency=None),
        sellers=[seller(shipping={"standard": tariff(500, currency="JPY")})],
    )
    assert applied(pricing) == {"SEN": 1_000, "TENTH": 67 + 67 + 67}
    assert [line.payable for line in pricing.order.lines] == [598, 599, 599]
    assert pricing.order.totals.payable == 1_796 + 500


def test_dinars_are_shared_in_thousandths() -> None:
    """33.33 % of 2.000 KWD are 0.6666, so 0.667; of 0.750 for delivery at most 0.250."""
    pricing = price(
        cart(("A", 2)),
        [goods("A", Money(1_000, "KWD"))],
        promotion("THIRD", PercentageOff(basis_points=3_333), currency="KWD"),
        promotion("FREE", FreeShipping(at_most=250), currency="KWD"),
        sellers=[seller(shipping={"standard": tariff(750, currency="KWD")})],
    )
    assert applied(pricing) == {"THIRD": 667, "FREE": 250}
    assert str(Money(pricing.order.totals.payable, "KWD")) == "1.833 KWD"


def test_an_offer_in_another_currency_is_not_converted() -> None:
    yen = goods("A", Money(999, "JPY"))
    sellers = [seller(shipping={"standard": tariff(0, currency="JPY")})]
    pricing = price(cart(("A", 1)), [yen], promotion("CENTS", AmountOff(amount=100)), sellers=sellers)
    assert applied(pricing) == {}
    assert considered(pricing, "CENTS").reason == "other_currency"


def test_points_have_a_rate_for_each_currency() -> None:
    yen = goods("A", Money(999, "JPY"))
    sellers = [seller(shipping={"standard": tariff(0, currency="JPY")})]
    policy = PointsPolicy(currency="JPY", points=100, amount=1)
    pricing = price(
        cart(("A", 1)),
        [yen],
        sellers=sellers,
        wishes=Wishes(points=9_900),
        points_policy=policy,
        points_balance=10_000,
    )
    assert (pricing.order.totals.points, pricing.order.totals.payable) == (99, 900)
