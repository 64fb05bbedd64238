"""What comes back, case by case: the ways in which other systems lose money (M1 … M12)."""

from dataclasses import replace

import pytest

from ordersaga.domain.after_sales.bought import Departure
from ordersaga.domain.after_sales.breakdown import Breakdown, Withholding
from ordersaga.domain.after_sales.earned import Earned
from ordersaga.domain.after_sales.rules import (
    AfterSalesRules,
    EarnedPoints,
    Gifts,
    Payments,
    ShippingFee,
    Tenders,
    Threshold,
)
from ordersaga.domain.after_sales.tenders import share_over_payments
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.effects import AmountOff, BuyGet, FreeShipping, Gift, NthItem, Tier, Tiers
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.points import PointsPolicy
from tests.bought import AT_FAULT, NEVER_SHIPPED, Refunding, bought
from tests.goods import cart, goods, seller, tariff
from tests.offers import NOW, coupon, only, price, promotion

A, B, TINY, GIFT = goods("A", 10_000), goods("B", 5_000), goods("TINY", 1), goods("GIFT", 900)
SPEND = promotion(
    "spend", Tiers(tiers=(Tier(threshold=20_000, amount_off=2_000), Tier(threshold=30_000, amount_off=4_500)))
)
KEEP = AfterSalesRules(threshold=Threshold.KEEP, gifts=Gifts.KEEP, shipping_fee=ShippingFee.NEVER)
TOGETHER = Wishes(points=50)
POLICY = PointsPolicy(currency="TWD", points=1, amount=100)


def order(
    *items: tuple[str, int],
    offers: tuple[Offer | Coupon, ...] = (),
    fee: int = 0,
    rules: AfterSalesRules = KEEP,
    points: int = 0,
) -> Refunding:
    """A paid order of these goods, by SKU and quantity."""
    priced = price(
        cart(*items),
        [A, B, TINY, GIFT],
        *offers,
        sellers=[seller(shipping={"standard": tariff(fee)})],
        points_policy=POLICY if points else None,
        points_balance=points,
        gifts={"GIFT": GIFT},
        gift_stock={"GIFT": 9},
        wishes=Wishes(points=points),
    ).order
    return Refunding(bought(priced, *offers), rules)


def test_m1_a_tiny_line_gets_back_what_was_paid_for_it_and_never_less_than_nothing() -> None:
    found = order(("A", 3), ("TINY", 1), offers=(promotion("off", AmountOff(amount=10_001)),))
    assert found.give([(2, 1)]).money in (0, 1)
    assert {found.give([(1, unit)]).money for unit in (1, 2, 3)} <= {6_666, 6_667}
    assert found.money == found.captured == 20_000


def test_m2_a_share_leaves_with_its_unit() -> None:
    found = order(("A", 1), ("B", 1), offers=(promotion("off", AmountOff(amount=3_000)),))
    assert found.give([(2, 1)]).money == 5_000 - 1_000
    assert found.give([(1, 1)]).money == 10_000 - 2_000


def test_m3_what_was_paid_comes_back_and_not_the_list_price() -> None:
    found = order(("A", 2), ("B", 2), offers=(SPEND, coupon("c", AmountOff(amount=1_500))))
    assert found.give(found.units()).money == found.captured == 30_000 - 4_500 - 1_500


@pytest.mark.parametrize("turns", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_m4_three_refunds_of_a_third_are_the_whole(turns: tuple[int, ...]) -> None:
    found = order(("A", 3), offers=(promotion("off", AmountOff(amount=1_000)),))
    for unit in turns:
        assert found.give([(1, unit)]).money in (9_666, 9_667)
    assert found.money == 29_000


def test_m5_below_a_threshold_the_share_is_kept_or_withheld_and_comes_back_in_the_end() -> None:
    kept = order(("A", 3), offers=(SPEND,))
    assert kept.give([(1, 1)]).money == 8_500
    withheld = order(("A", 3), offers=(SPEND,), rules=AfterSalesRules())
    assert [withheld.give([(1, unit)]).money for unit in (1, 2, 3)] == [7_500, 8_000, 10_000]
    assert [found.withheld_for(Withholding.THRESHOLD_LOST) for found in withheld.given] == [1_000, 500, -1_500]
    assert withheld.money == withheld.captured


def test_m5_a_lower_tier_is_kept_when_it_is_still_reached() -> None:
    found = order(("A", 3), offers=(SPEND,), rules=AfterSalesRules())
    assert found.give([(1, 3)]).withheld[0].amount == 3_000 - 2_000


def test_m5_of_every_so_much_what_stays_keeps_what_it_reaches() -> None:
    every = promotion("every", Tiers(tiers=(Tier(threshold=10_000, amount_off=1_000),), repeat=True))
    found = order(("B", 4), offers=(every,), rules=AfterSalesRules())
    assert [found.give([(1, unit)]).money for unit in (1, 2)] == [4_000, 5_000]  # once is as much for three as for two


def test_m5_free_delivery_is_paid_for_when_its_threshold_is_lost() -> None:
    free = promotion("free", FreeShipping(), minimum_amount=15_000)
    found = order(("A", 1), ("B", 1), offers=(free,), fee=600, rules=AfterSalesRules())
    assert found.give([(2, 1)]).money == 5_000 - 400  # the share of what stays in the fee of 600
    assert found.give([(1, 1)]).money == 10_000 + 400


def test_m5_a_seller_at_fault_breaks_no_threshold() -> None:
    found = order(("A", 3), offers=(SPEND,), fee=600, rules=AfterSalesRules())
    given = found.give([(1, 1)], AT_FAULT)
    assert (given.money, given.withheld) == (8_500 + 200, ())


def test_m6_a_free_order_gives_nothing_back_and_is_settled_all_the_same() -> None:
    found = order(("A", 1), offers=(promotion("all", AmountOff(amount=10_000)),))
    given = found.give([(1, 1)])
    assert (given.money, given.points, given.paid, given.nothing_stays) == (0, 0, 0, True)


@pytest.mark.parametrize(
    ("fee_rule", "how", "first", "last"),
    [
        (ShippingFee.NEVER, Departure(), 0, 0),
        (ShippingFee.WHEN_ALL_RETURNED, Departure(), 0, 600),
        (ShippingFee.PRO_RATA, Departure(), 300, 300),
        (ShippingFee.NEVER, AT_FAULT, 300, 300),
        (ShippingFee.NEVER, NEVER_SHIPPED, 300, 300),
    ],
)
def test_the_delivery_fee_comes_back_by_its_rule(fee_rule: ShippingFee, how: Departure, first: int, last: int) -> None:
    found = order(("A", 2), fee=600, rules=replace(KEEP, shipping_fee=fee_rule))
    assert [found.give([(1, unit)], how).money - 10_000 for unit in (1, 2)] == [first, last]


def test_m7_a_currency_without_cents_is_whole_in_its_own_units() -> None:
    off = promotion("off", AmountOff(amount=100), currency="JPY")
    shipping = {"standard": tariff(0, currency="JPY")}
    yen = goods("YEN", Money(1_000, "JPY"))
    found = Refunding(bought(price(cart(("YEN", 3)), [yen], off, sellers=[seller(shipping=shipping)]).order, off), KEEP)
    assert [found.give([(1, unit)]).money for unit in (1, 2, 3)] == [966, 967, 967]
    assert {each.currency for each in found.given} == {"JPY"}


def test_m8_no_case_gives_more_than_the_payments_have_left() -> None:
    found = order(("A", 2))
    whole = found.give([(1, 1)])
    again = replace(found, given=[])
    again.give([(1, 1), (1, 2)])
    assert (whole.money, again.money) == (10_000, 20_000)
    twice = replace(found, given=[*again.given])
    assert twice.give([(1, 1)]).money == 0


@pytest.mark.parametrize(
    ("tenders", "money", "points"),
    [(Tenders.AS_PAID, 7_500, 25), (Tenders.MONEY_FIRST, 10_000, 0), (Tenders.POINTS_FIRST, 5_000, 50)],
)
def test_m9_the_rule_says_which_tender_comes_first_and_each_gives_what_it_took(
    tenders: Tenders, money: int, points: int
) -> None:
    found = order(("A", 2), points=50, rules=replace(KEEP, tenders=tenders))
    given = found.give([(1, 1)])
    assert (given.money, given.points) == (money, points)
    found.give([(1, 2)])
    assert (found.money, found.points, found.points_value) == (15_000, 50, 5_000)


@pytest.mark.parametrize(("order_of", "parts"), [(Payments.LATEST_FIRST, [9, 1]), (Payments.EARLIEST_FIRST, [5, 5])])
def test_m9_the_rule_says_which_payment_comes_first(order_of: Payments, parts: list[int]) -> None:
    payments = [
        Payment(
            payment_id=name,
            order_no="order",
            channel="card",
            provider="sandbox",
            amount=Money(amount, "TWD"),
            state=PaymentState.SUCCEEDED,
            created_at=NOW,
            paid_at=NOW.replace(hour=hour),
            received=Money(amount, "TWD"),
        )
        for name, amount, hour in (("deposit", 5, 12), ("balance", 9, 13))
    ]
    assert [part for _, part in share_over_payments(10, payments, order_of)] == parts


@pytest.mark.parametrize(
    ("rule", "gone", "money"),
    [
        (NthItem(every=2, basis_points=5_000), "B", 2_500),
        (BuyGet(buy=1, get=1), "B", 0),
        (BuyGet(buy=1, get=1), "A", 5_000),
    ],
)
def test_m10_what_stays_of_a_group_costs_what_it_costs_alone(rule: NthItem | BuyGet, gone: str, money: int) -> None:
    found = order(("A", 1), ("B", 1), offers=(promotion("group", rule),), rules=AfterSalesRules())
    assert found.give([(1 if gone == "A" else 2, 1)]).money == money


def test_m10_a_gift_that_stays_is_charged_until_it_comes_back() -> None:
    gift = promotion("gift", Gift(sku="GIFT"), minimum_amount=10_000, scope=only("A"))
    found = order(("A", 1), offers=(gift,), rules=AfterSalesRules())
    first = found.give([(1, 1)])
    assert (first.money, first.withheld[0].reason, first.withheld[0].line_no) == (9_100, Withholding.GIFT_KEPT, 2)
    assert found.give([(2, 1)]).money == 900
    assert first.nothing_stays
    always = order(("A", 1), ("B", 1), offers=(replace(gift, minimum_amount=None),), rules=AfterSalesRules())
    assert always.give([(1, 1)]).money == 9_100
    generous = order(("A", 1), offers=(gift,))
    assert generous.give([(1, 1)]).money == 10_000
    assert generous.give([(2, 1)]).money == 0


def test_m11_each_sellers_part_brings_its_own_shares() -> None:
    found = order(("A", 1), ("B", 2), offers=(SPEND,))
    shares = found.give([(1, 1)]).money, found.give([(2, 1), (2, 2)]).money
    assert shares == (9_000, 9_000)
    assert sum(shares) == found.captured


def test_m12_spent_points_come_back_with_what_they_paid() -> None:
    found = order(("A", 1), ("B", 1), points=50)
    given = found.give([(2, 1)])
    assert (given.points, given.points_value) == (16, 1_667)
    assert found.give([(1, 1)]).points == 50 - 16
    never = replace(order(("A", 1), points=50))
    never.bought = replace(never.bought, points_return=False)
    assert (never.give([(1, 1)]).points, never.given[0].withheld_for(Withholding.POINTS_NOT_RETURNED)) == (0, 5_000)


@pytest.mark.parametrize(
    ("rule", "available", "taken", "short", "withheld"),
    [
        (EarnedPoints.KEEP, 100, 0, 0, 0),
        (EarnedPoints.CLAW_BACK_OR_WITHHOLD, 100, 50, 0, 0),
        (EarnedPoints.CLAW_BACK_OR_WITHHOLD, 30, 30, 20, 2_000),
        (EarnedPoints.CLAW_BACK_OR_WAIVE, 30, 30, 20, 0),
    ],
)
def test_m12_earned_points_go_back_with_the_goods(
    rule: EarnedPoints, available: int, taken: int, short: int, withheld: int
) -> None:
    found = order(("A", 2), rules=replace(KEEP, earned_points=rule))
    found.earned = Earned(points=100, paid=20_000, worth_points=1, worth_amount=100, available=available)
    given = found.give([(1, 1)])
    assert (given.earned_points, given.earned_points_short) == (taken, short)
    assert given.withheld_for(Withholding.EARNED_POINTS_SPENT) == withheld == 10_000 - given.money
    assert Breakdown.from_document(given.to_document()) == given


def test_no_more_is_withheld_for_earned_points_than_there_is_to_give() -> None:
    found = order(("A", 1))
    found.earned = Earned(points=100, paid=10_000, worth_points=1, worth_amount=900)
    given = found.give([(1, 1)])
    assert (given.money, given.withheld_for(Withholding.EARNED_POINTS_SPENT)) == (0, 10_000)


@pytest.mark.parametrize("turns", [(1, 2), (2, 1)])
def test_a_deposit_is_never_taken_out_of_points(turns: tuple[int, ...]) -> None:
    found = order(("A", 2), points=150, rules=replace(KEEP, tenders=Tenders.MONEY_FIRST))
    found.bought = replace(found.bought, forfeit=2_000)
    for unit in turns:
        found.give([(1, unit)], NEVER_SHIPPED if unit == 1 else AT_FAULT)
    assert (found.money, found.points) == (5_000 - 2_000, 150)


def test_a_deposit_is_lost_by_stepping_back_and_by_nothing_else() -> None:
    for how, money in (
        (NEVER_SHIPPED, 8_000),
        (AT_FAULT, 10_000),
        (Departure(), 10_000),
        (Departure(True, True), 10_000),
    ):
        found = order(("A", 1))
        found.bought = replace(found.bought, forfeit=2_000)
        assert found.give([(1, 1)], how).money == money
