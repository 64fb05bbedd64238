"""What each kind of offer takes off, with numbers that can be checked by hand (R-PRC-1, M1, M6)."""

import pytest

from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    BuyGet,
    FixedPrice,
    Measure,
    NthItem,
    PercentageOff,
    PriceList,
    Tier,
    Tiers,
)
from ordersaga.domain.pricing.quote import Pricing
from ordersaga.domain.pricing.scope import Scope
from ordersaga.domain.pricing.source import Stage
from tests.goods import cart, goods
from tests.offers import applied, benefit, coupon, line_of, only, price, promotion


def payable(pricing: Pricing) -> dict[str, int]:
    """SKU → what its line still costs."""
    return {line.sku: line.payable for line in pricing.order.lines}


def units(pricing: Pricing, sku: str) -> list[int]:
    return [unit.payable for unit in line_of(pricing, sku).units()]


def test_an_amount_off_leaves_no_line_below_nothing_however_small_it_is() -> None:
    """M1: 10, 10, 10 and 0.01, less 10.01; the smallest line bears its fair nothing."""
    skus = [goods("A", 1_000), goods("B", 1_000), goods("C", 1_000), goods("D", 1)]
    pricing = price(cart(("A", 1), ("B", 1), ("C", 1), ("D", 1)), skus, promotion("OFF", AmountOff(amount=1_001)))
    assert payable(pricing) == {"A": 666, "B": 666, "C": 667, "D": 1}
    assert pricing.order.totals.discount == 1_001


def test_an_amount_off_three_equal_lines_loses_no_cent() -> None:
    """M1: 3 × 10 less 10; the odd cent is borne by the line that comes first."""
    skus = [goods("A", 1_000), goods("B", 1_000), goods("C", 1_000)]
    pricing = price(cart(("C", 1), ("B", 1), ("A", 1)), skus, promotion("OFF", AmountOff(amount=1_000)))
    assert payable(pricing) == {"A": 666, "B": 667, "C": 667}


def test_an_amount_off_one_line_falls_on_its_units_the_first_ones_first() -> None:
    pricing = price(cart(("A", 3)), [goods("A", 1_000)], promotion("OFF", AmountOff(amount=1_000)))
    assert units(pricing, "A") == [666, 667, 667]


def test_a_percentage_takes_of_no_line_what_others_have_taken_of_another() -> None:
    """Goods that are given away make those beside them no cheaper than they are alone."""
    skus = [goods("A", 100), goods("B", 200)]
    gone = promotion("GONE", PriceList(prices={"A": 0}), scope=Scope(skus=frozenset({"A"})))
    for off, left in (
        (PercentageOff(basis_points=2_500, at_most=1_000), 150),
        (PercentageOff(basis_points=2_500, at_most=40), 160),
        (Tiers(measure=Measure.AMOUNT, tiers=(Tier(threshold=1, basis_points=2_500),)), 150),
        (AmountOff(amount=75), 125),
    ):
        pricing = price(cart(("A", 1), ("B", 1)), skus, gone, promotion("OFF", off, stage=Stage.GOODS))
        assert payable(pricing) == {"A": 0, "B": left}


def test_a_line_that_costs_nothing_bears_nothing() -> None:
    skus = [goods("A", 100), goods("FREE", 0)]
    pricing = price(cart(("A", 1), ("FREE", 5)), skus, promotion("OFF", AmountOff(amount=60)))
    assert payable(pricing) == {"A": 40, "FREE": 0}
    assert line_of(pricing, "FREE").discounts == ()


def test_an_excluded_line_bears_nothing_and_counts_for_nothing() -> None:
    skus = [goods("A", 100), goods("B", 100)]
    scope = Scope(everything=True, excluded_skus=frozenset({"B"}))
    pricing = price(cart(("A", 1), ("B", 1)), skus, promotion("OFF", AmountOff(amount=150), scope=scope))
    assert payable(pricing) == {"A": 0, "B": 100}
    assert applied(pricing) == {"OFF": 100}


def test_a_category_covers_those_below_it() -> None:
    skus = [goods("A", 100, category="tea/oolong"), goods("B", 100, category="teapot")]
    scope = Scope(categories=frozenset({"tea"}))
    pricing = price(cart(("A", 1), ("B", 1)), skus, promotion("TENTH", PercentageOff(basis_points=1_000), scope=scope))
    assert payable(pricing) == {"A": 90, "B": 100}


@pytest.mark.parametrize(("amount", "off"), [(149, 1), (150, 2), (151, 2), (49, 0), (50, 1)])
def test_a_percentage_is_rounded_half_up(amount: int, off: int) -> None:
    pricing = price(cart(("A", 1)), [goods("A", amount)], promotion("ONE", PercentageOff(basis_points=100)))
    assert pricing.order.totals.discount == off


def test_a_percentage_is_worked_out_on_each_line_by_itself() -> None:
    skus = [goods("A", 5), goods("B", 5)]
    pricing = price(cart(("A", 1), ("B", 1)), skus, promotion("TENTH", PercentageOff(basis_points=1_000)))
    assert payable(pricing) == {"A": 4, "B": 4}


def test_a_percentage_with_a_cap_is_worked_out_on_all_lines_together() -> None:
    skus = [goods("A", 5), goods("B", 5)]
    tenth = PercentageOff(basis_points=1_000, at_most=100)
    assert payable(price(cart(("A", 1), ("B", 1)), skus, promotion("TENTH", tenth))) == {"A": 4, "B": 5}


def test_a_cap_is_shared_in_proportion_to_what_the_lines_cost() -> None:
    skus = [goods("A", 300), goods("B", 100)]
    half = PercentageOff(basis_points=5_000, at_most=40)
    assert payable(price(cart(("A", 1), ("B", 1)), skus, promotion("HALF", half))) == {"A": 270, "B": 90}


def test_an_amount_off_each_unit_counts_units_and_stops_at_nothing() -> None:
    skus = [goods("A", 100), goods("B", 20)]
    thirty = promotion("THIRTY", AmountOff(amount=30, each_unit=True))
    assert payable(price(cart(("A", 3), ("B", 2)), skus, thirty)) == {"A": 210, "B": 0}


def test_a_fixed_price_makes_nothing_dearer() -> None:
    skus = [goods("A", 100), goods("B", 20)]
    assert payable(price(cart(("A", 2), ("B", 1)), skus, promotion("FIFTY", FixedPrice(price=50)))) == {
        "A": 100,
        "B": 20,
    }


def test_a_price_list_has_a_price_for_each_sku_that_it_names() -> None:
    skus = [goods("A", 100), goods("B", 100), goods("C", 100)]
    members = benefit("MEMBERS", PriceList(prices={"A": 80, "B": 95}), scope=only("A", "B"))
    pricing = price(cart(("A", 2), ("B", 1), ("C", 1)), skus, members, member_tier="gold")
    assert payable(pricing) == {"A": 160, "B": 95, "C": 100}


SPEND_100_SAVE_10 = (Tier(threshold=100, amount_off=10), Tier(threshold=200, amount_off=30))


@pytest.mark.parametrize(("amount", "off"), [(99, 0), (100, 10), (199, 10), (200, 30), (1_000, 30)])
def test_the_highest_tier_that_is_reached_counts(amount: int, off: int) -> None:
    pricing = price(cart(("A", 1)), [goods("A", amount)], promotion("TIERS", Tiers(tiers=SPEND_100_SAVE_10)))
    assert pricing.order.totals.discount == off


@pytest.mark.parametrize(("amount", "off"), [(99, 0), (199, 10), (200, 20), (599, 50), (600, 50)])
def test_a_repeated_tier_saves_for_every_full_threshold_up_to_its_cap(amount: int, off: int) -> None:
    every_100 = Tiers(tiers=SPEND_100_SAVE_10[:1], repeat=True, at_most=50)
    pricing = price(cart(("A", 1)), [goods("A", amount)], promotion("EVERY", every_100))
    assert pricing.order.totals.discount == off


def test_tiers_may_count_units_and_take_a_percentage_of_what_they_cost() -> None:
    tiers = (Tier(threshold=2, basis_points=1_000), Tier(threshold=3, basis_points=2_000))
    by_count = promotion("MORE", Tiers(measure=Measure.COUNT, tiers=tiers))
    skus = [goods("A", 100), goods("B", 300)]
    assert applied(price(cart(("A", 1)), skus, by_count)) == {}
    assert applied(price(cart(("A", 1), ("B", 1)), skus, by_count)) == {"MORE": 40}
    assert applied(price(cart(("A", 2), ("B", 1)), skus, by_count)) == {"MORE": 100}


MIXED = [goods("A", 100), goods("B", 60), goods("C", 31)]


def test_the_second_item_is_the_cheaper_one_of_each_pair_dearest_first() -> None:
    """100, 60 | 60, 31: half of 60 and half of 31, which is 15.5 and rounds up."""
    half = promotion("SECOND", NthItem(every=2, basis_points=5_000))
    assert applied(price(cart(("A", 1), ("B", 2), ("C", 1)), MIXED, half)) == {"SECOND": 46}


def test_units_beyond_the_last_full_group_bear_nothing() -> None:
    half = promotion("SECOND", NthItem(every=2, basis_points=5_000))
    pricing = price(cart(("A", 1), ("B", 1), ("C", 1)), MIXED, half)
    assert applied(pricing) == {"SECOND": 30}
    assert payable(pricing) == {"A": 81, "B": 49, "C": 31}  # 30 over 100 and 60: 18.75 and 11.25


def test_with_same_sku_each_sku_is_counted_alone() -> None:
    third = promotion("THIRD", NthItem(every=3, basis_points=10_000, same_sku=True))
    assert applied(price(cart(("A", 2), ("B", 4)), MIXED, third)) == {"THIRD": 60}


def test_times_limits_the_groups_and_the_dearest_count() -> None:
    once = promotion("ONCE", BuyGet(buy=1, get=1, times=1))
    assert applied(price(cart(("A", 2), ("B", 2)), MIXED, once)) == {"ONCE": 100}


def test_of_every_three_the_cheapest_is_free_and_all_three_share_it() -> None:
    free = promotion("THREE", BuyGet(buy=2, get=1))
    pricing = price(cart(("A", 3)), [goods("A", 100)], free)
    assert applied(pricing) == {"THREE": 100}
    assert units(pricing, "A") == [66, 67, 67]


SET = BundlePrice(items={"A": 1, "B": 2}, price=150)


def test_a_bundle_costs_its_price_for_as_many_sets_as_the_cart_holds() -> None:
    """Two sets of 100 + 2 × 60 for 150 each; the third A and the fifth B are no set."""
    bundle = promotion("SET", SET, scope=only("A", "B"))
    assert applied(price(cart(("A", 3), ("B", 5)), MIXED, bundle)) == {"SET": 2 * (220 - 150)}


def test_a_bundle_counts_at_most_so_many_times_and_never_makes_goods_dearer() -> None:
    once = promotion("SET", BundlePrice(items={"A": 1, "B": 2}, price=150, times=1), scope=only("A", "B"))
    assert applied(price(cart(("A", 3), ("B", 5)), MIXED, once)) == {"SET": 70}
    dear = promotion("SET", BundlePrice(items={"A": 1, "B": 2}, price=221), scope=only("A", "B"))
    assert applied(price(cart(("A", 1), ("B", 2)), MIXED, dear)) == {}


def test_a_bundle_that_is_not_complete_costs_what_its_goods_cost() -> None:
    bundle = promotion("SET", SET, scope=only("A", "B"))
    assert applied(price(cart(("A", 1), ("B", 1)), MIXED, bundle)) == {}


def test_no_discount_goes_below_the_floor_price() -> None:
    skus = [goods("A", 100, floor_price=90), goods("B", 100)]
    half = promotion("HALF", PercentageOff(basis_points=5_000))
    assert payable(price(cart(("A", 2), ("B", 1)), skus, half)) == {"A": 180, "B": 50}


def test_what_a_floor_price_does_not_allow_is_borne_by_the_other_lines() -> None:
    """60 are shared over a headroom of 10 and one of 100."""
    skus = [goods("A", 100, floor_price=90), goods("B", 100)]
    off = promotion("OFF", AmountOff(amount=60))
    assert payable(price(cart(("A", 1), ("B", 1)), skus, off)) == {"A": 95, "B": 45}


def test_seventy_per_cent_after_forty_per_cent_leave_eighteen_and_not_less_than_nothing() -> None:
    """M6: 100 less 40 % is 60, less 70 % of that is 18."""
    pricing = price(
        cart(("A", 1)),
        [goods("A", 10_000)],
        promotion("FORTY", PercentageOff(basis_points=4_000)),
        coupon("SEVENTY", PercentageOff(basis_points=7_000)),
    )
    assert applied(pricing) == {"FORTY": 4_000, "SEVENTY": 4_200}
    assert pricing.order.totals.payable == 1_800


def test_offers_of_one_stage_do_not_see_one_another_and_stop_at_nothing() -> None:
    """M6: 70 % and 40 % of the same 100; the second finds only 30 left."""
    pricing = price(
        cart(("A", 1)),
        [goods("A", 100)],
        promotion("FORTY", PercentageOff(basis_points=4_000), priority=2),
        promotion("SEVENTY", PercentageOff(basis_points=7_000), priority=1),
    )
    assert applied(pricing) == {"SEVENTY": 70, "FORTY": 30}


def test_each_stage_is_measured_on_what_the_stages_before_it_have_left() -> None:
    """1,000 less 10 % of it, less 100 for a full 900, less 2 % of 800, less 5 % of 784 which is 39.2."""
    pricing = price(
        cart(("A", 1)),
        [goods("A", 1_000)],
        promotion("GOODS", PercentageOff(basis_points=1_000)),
        promotion("ORDER", Tiers(tiers=(Tier(threshold=900, amount_off=100),))),
        benefit("MEMBER", PercentageOff(basis_points=200)),
        coupon("COUPON", PercentageOff(basis_points=500)),
        member_tier="gold",
    )
    assert applied(pricing) == {"GOODS": 100, "ORDER": 100, "MEMBER": 16, "COUPON": 39}
    assert pricing.order.totals.payable == 745


@pytest.mark.parametrize(("stage", "payable"), [(None, 500), (Stage.GOODS, 500), (Stage.ORDER, 560)])
def test_a_promotion_may_say_in_which_stage_it_is_applied(stage: Stage | None, payable: int) -> None:
    """30 % and 20 % of 1,000; or 20 % of the 700 that 30 % have left."""
    pricing = price(
        cart(("A", 1)),
        [goods("A", 1_000)],
        promotion("THIRTY", PercentageOff(basis_points=3_000)),
        promotion("TWENTY", PercentageOff(basis_points=2_000), stage=stage),
    )
    assert pricing.order.totals.payable == payable
