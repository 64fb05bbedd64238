"""Points pay like money: how many an order accepts, and how they fall on its lines (R-PRC-1)."""

from typing import Any

import pytest

from ordersaga.domain.pricing.effects import AmountOff, PercentageOff
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.quote import Hold, Pricing
from ordersaga.domain.pricing.source import Source
from tests.goods import cart, goods, seller
from tests.offers import considered, coupon, line_of, only, price, promotion

A, B = goods("A", 600), goods("B", 400)
CENT_A_POINT = PointsPolicy(currency="TWD")
TEN_FOR_THREE = PointsPolicy(currency="TWD", points=10, amount=3, share_basis_points=5_000, minimum=50)


def paid(points: int, *offers: Any, policy: PointsPolicy | None = CENT_A_POINT, balance: int = 10_000) -> Pricing:
    wishes = Wishes(points=points)
    items = cart(("A", 1), ("B", 1))
    return price(items, [A, B], *offers, wishes=wishes, points_policy=policy, points_balance=balance)


def found(pricing: Pricing) -> tuple[bool, str, int | None]:
    (points,) = (each for each in pricing.considered if each.source == Source.POINTS)
    return points.applied, points.reason, points.at_most


def test_points_are_worth_what_their_policy_says() -> None:
    assert TEN_FOR_THREE.value(200) == 60
    assert CENT_A_POINT.value(200) == 200


@pytest.mark.parametrize(
    ("balance", "payable", "most"),
    [(10_000, 1_000, 1_660), (77, 1_000, 70), (49, 1_000, 0), (10_000, 29, 0), (10_000, 30, 50), (10_000, 0, 0)],
)
def test_the_most_points_are_whole_multiples_within_balance_and_share(balance: int, payable: int, most: int) -> None:
    """Half of 1,000 is 500: 166 times 3, for 1,660 points."""
    assert TEN_FOR_THREE.most(balance, payable) == most


def test_points_are_shared_over_lines_by_what_they_cost() -> None:
    pricing = paid(500)
    assert [(line.points, line.payable) for line in pricing.order.lines] == [(300, 300), (200, 200)]
    totals = pricing.order.totals
    assert (totals.goods, totals.discount, totals.points, totals.payable) == (1_000, 0, 500, 500)
    assert pricing.order.holds == (Hold(source="points", code=pricing.order.holds[0].code, amount=500, points=500),)


def test_points_of_less_worth_pay_less() -> None:
    pricing = paid(200, policy=TEN_FOR_THREE)
    assert pricing.order.totals.points == 60
    assert [(hold.amount, hold.points) for hold in pricing.order.holds] == [(60, 200)]


@pytest.mark.parametrize(
    ("points", "facts", "reason", "at_most"),
    [
        (10, {"policy": None}, "points_not_accepted", None),
        (10, {"policy": PointsPolicy(currency="JPY")}, "points_not_accepted", None),
        (55, {"policy": TEN_FOR_THREE}, "points_not_whole", 1_660),
        (40, {"policy": TEN_FOR_THREE}, "points_below_minimum", 1_660),
        (60, {"policy": TEN_FOR_THREE, "balance": 59}, "points_beyond_balance", 50),
        (1_670, {"policy": TEN_FOR_THREE}, "points_above_share", 1_660),
        (1_001, {}, "points_above_share", 1_000),
    ],
)
def test_points_that_may_not_be_spent_pay_nothing_and_it_says_why(
    points: int, facts: dict[str, Any], reason: str, at_most: int | None
) -> None:
    pricing = paid(points, **facts)
    assert pricing.order.totals.points == 0
    assert found(pricing)[:2] == (False, reason)
    assert found(pricing)[2] in ((at_most,) if at_most else (None, 0))


def test_a_buyer_who_asks_for_none_is_told_how_many_may_be_spent() -> None:
    assert found(paid(0, policy=TEN_FOR_THREE)) == (False, "not_chosen", 1_660)


def test_points_pay_what_the_coupons_left() -> None:
    half = coupon("HALF", PercentageOff(basis_points=5_000))
    assert paid(500, half).order.totals.payable == 0
    assert found(paid(501, half)) == (False, "points_above_share", 500)


def test_points_do_not_pay_for_delivery() -> None:
    wishes = Wishes(points=601)
    facts: dict[str, Any] = {"points_policy": CENT_A_POINT, "points_balance": 10_000, "sellers": [seller()]}
    assert found(price(cart(("A", 1)), [A], wishes=wishes, **facts)) == (False, "points_above_share", 600)


def test_points_do_not_pay_for_lines_that_an_applied_offer_keeps_from_them() -> None:
    alone = promotion("ALONE", AmountOff(amount=100), scope=only("A"), stackable_with=frozenset())
    assert found(paid(401, alone)) == (False, "points_above_share", 400)
    pricing = paid(400, alone)
    assert [(line.points, line.payable) for line in pricing.order.lines] == [(0, 500), (400, 0)]
    with_points = promotion("WITH", AmountOff(amount=100), scope=only("A"), stackable_with=frozenset({"points"}))
    assert paid(900, with_points).order.totals.payable == 0


def test_points_know_no_floor_price() -> None:
    floored = goods("A", 600, floor_price=500)
    half = promotion("HALF", PercentageOff(basis_points=5_000))
    facts: dict[str, Any] = {"points_policy": CENT_A_POINT, "points_balance": 500}
    pricing = price(cart(("A", 1)), [floored], half, wishes=Wishes(points=500), **facts)
    assert (line_of(pricing, "A").payable, considered(pricing, "HALF").amount) == (0, 100)


def test_each_unit_knows_what_points_paid_of_it() -> None:
    pricing = price(cart(("A", 3)), [A], wishes=Wishes(points=100), points_policy=CENT_A_POINT, points_balance=100)
    assert [(unit.points, unit.payable) for unit in line_of(pricing, "A").units()] == [(34, 566), (33, 567), (33, 567)]
