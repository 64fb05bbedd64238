"""Which of several offers a buyer gets, and what is said of the others (R-PRC-2)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ordersaga.domain.pricing.coupons import Coupon, CouponState
from ordersaga.domain.pricing.effects import AmountOff, FixedPrice, PercentageOff, Tier, Tiers
from ordersaga.domain.pricing.occasion import RunningOffer, Wishes
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.source import Stage
from tests.goods import cart, goods
from tests.offers import NOW, applied, benefit, considered, coupon, line_of, only, price, promotion

A, B = goods("A", 1_000), goods("B", 500)
BOTH = cart(("A", 1), ("B", 1))


def off(amount: int, **terms: Any) -> dict[str, Any]:
    return {"effect": AmountOff(amount=amount), **terms}


def percent(share: int, **terms: Any) -> dict[str, Any]:
    return {"effect": PercentageOff(basis_points=share * 100), **terms}


def test_of_prices_that_exclude_each_other_each_line_takes_the_lower() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("FIFTH", **percent(20, exclusion_group="price")),
        promotion("FIXED", FixedPrice(price=300), exclusion_group="price"),
    )
    assert [line_of(pricing, sku).payable for sku in ("A", "B")] == [300, 300]
    pricing = price(
        BOTH,
        [A, B],
        promotion("FIFTH", **percent(20, exclusion_group="price")),
        promotion("FIXED", FixedPrice(price=450), exclusion_group="price"),
    )
    assert [line_of(pricing, sku).payable for sku in ("A", "B")] == [450, 400]
    assert applied(pricing) == {"FIXED": 550, "FIFTH": 100}


def test_offers_that_exclude_each_other_both_apply_where_they_do_not_meet() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("ON-A", **off(100, scope=only("A"), exclusion_group="x")),
        promotion("ON-B", **off(100, scope=only("B"), exclusion_group="x")),
    )
    assert applied(pricing) == {"ON-A": 100, "ON-B": 100}


def test_of_two_whole_offers_that_exclude_each_other_the_better_one_applies() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("FEW", **off(100, exclusion_group="x")),
        promotion("MANY", **off(101, exclusion_group="x")),
    )
    assert applied(pricing) == {"MANY": 101}
    few = considered(pricing, "FEW")
    assert (few.reason, few.excluded_by) == ("excluded", "MANY")


def test_a_whole_offer_displaces_the_prices_that_it_excludes_on_its_own_lines_only() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("TENTH", **percent(10, exclusion_group="x")),
        promotion("OFF", **off(150, scope=only("A"), exclusion_group="x")),
    )
    assert applied(pricing) == {"TENTH": 50, "OFF": 150}
    assert [line_of(pricing, sku).payable for sku in ("A", "B")] == [850, 450]


def test_a_whole_offer_that_takes_less_than_it_displaces_does_not_apply() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("TENTH", **percent(10, exclusion_group="x")),
        promotion("OFF", **off(149, exclusion_group="x")),
    )
    assert applied(pricing) == {"TENTH": 150}
    assert considered(pricing, "OFF").excluded_by == "TENTH"


@pytest.mark.parametrize(
    ("stackable_with", "expected"),
    [
        (None, {"SALE": 150, "MINE": 100}),
        (frozenset({"promotion"}), {"SALE": 150, "MINE": 100}),
        (frozenset({"SALE"}), {"SALE": 150, "MINE": 100}),
        (frozenset({"member_benefit", "OTHER"}), {"SALE": 150}),
        (frozenset(), {"SALE": 150}),
    ],
)
def test_an_offer_names_the_sources_and_codes_that_it_may_share_a_line_with(
    stackable_with: frozenset[str] | None, expected: dict[str, int]
) -> None:
    mine = coupon("MINE", **off(100, stackable_with=stackable_with))
    assert applied(price(BOTH, [A, B], promotion("SALE", **percent(10)), mine)) == expected


def test_a_coupons_template_counts_as_its_code() -> None:
    sale = promotion("SALE", **off(100, stackable_with=frozenset({"MINE-TEMPLATE"})))
    pricing = price(BOTH, [A, B], sale, coupon("MINE", **off(50)), coupon("OTHER", **off(60)))
    assert applied(pricing) == {"SALE": 100, "MINE": 50}


def test_of_two_coupons_of_one_issuer_the_better_is_found() -> None:
    """10 % of 1,500 are more than 120."""
    coupons = [coupon("AMOUNT", **off(120, exclusion_group="x")), coupon("SHARE", **percent(10, exclusion_group="x"))]
    assert applied(price(BOTH, [A, B], *coupons)) == {"SHARE": 150}
    assert applied(price(cart(("A", 1)), [A, B], *coupons)) == {"AMOUNT": 120}


def test_coupons_that_do_not_exclude_each_other_all_apply() -> None:
    pricing = price(BOTH, [A, B], coupon("ONE", **off(120)), coupon("TWO", **percent(10)))
    assert applied(pricing) == {"ONE": 120, "TWO": 150}


def test_an_offer_is_left_out_where_it_would_keep_a_better_one_from_its_threshold() -> None:
    pricing = price(
        BOTH,
        [A, B],
        promotion("OFF", **off(10), stage=Stage.GOODS),
        promotion("TIERS", Tiers(tiers=(Tier(threshold=1_500, amount_off=200),))),
    )
    assert applied(pricing) == {"TIERS": 200}
    assert considered(pricing, "OFF").reason == "better_combination"


def test_no_coupon_is_spent_on_nothing() -> None:
    pricing = price(BOTH, [A, B], promotion("ALL", **off(1_500)), coupon("MINE", **off(100)))
    assert applied(pricing) == {"ALL": 1_500}
    assert considered(pricing, "MINE").reason == "nothing_to_take"


def test_of_two_ways_to_the_same_price_the_one_with_fewer_coupons_is_taken() -> None:
    pricing = price(
        BOTH,
        [A, B],
        coupon("ONE", **off(50, exclusion_group="x")),
        coupon("TWO", **off(50)),
        promotion("SALE", **off(50, exclusion_group="x")),
    )
    assert applied(pricing) == {"SALE": 50, "TWO": 50}


WORSE_AND_BETTER = (coupon("WORSE", **off(50, exclusion_group="x")), coupon("BETTER", **off(90, exclusion_group="x")))


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, {"BETTER": 90}),
        ((), {}),
        (("WORSE",), {"WORSE": 50}),
        (("WORSE", "BETTER"), {"WORSE": 50}),
        (("BETTER", "WORSE"), {"BETTER": 90}),
    ],
)
def test_the_coupon_that_the_buyer_names_first_wins(named: tuple[str, ...] | None, expected: dict[str, int]) -> None:
    wishes = Wishes(coupon_codes=named)
    assert applied(price(BOTH, [A, B], *WORSE_AND_BETTER, wishes=wishes)) == expected


def test_coupons_that_the_buyer_does_not_name_are_not_chosen() -> None:
    pricing = price(BOTH, [A, B], *WORSE_AND_BETTER, wishes=Wishes(coupon_codes=("WORSE",)))
    assert considered(pricing, "BETTER").reason == "not_chosen"


def test_the_promotion_that_the_buyer_names_wins_over_a_better_one_and_after_the_coupons() -> None:
    offers: list[Offer | Coupon] = [
        promotion("FEW", **off(100, exclusion_group="x")),
        promotion("MANY", **off(200, exclusion_group="x")),
        coupon("MINE", **off(10, exclusion_group="x")),
    ]
    assert applied(price(BOTH, [A, B], *offers, wishes=Wishes(promotion_codes=("FEW",)))) == {"FEW": 100}
    wishes = Wishes(coupon_codes=("MINE",), promotion_codes=("FEW",))
    assert applied(price(BOTH, [A, B], *offers, wishes=wishes)) == {"MINE": 10}


def test_a_price_that_the_buyer_names_is_not_displaced() -> None:
    offers = [promotion("TENTH", **percent(10, exclusion_group="x")), promotion("OFF", **off(900, exclusion_group="x"))]
    assert applied(price(BOTH, [A, B], *offers)) == {"OFF": 900}
    assert applied(price(BOTH, [A, B], *offers, wishes=Wishes(promotion_codes=("TENTH",)))) == {"TENTH": 150}


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"starts_at": NOW + timedelta(seconds=1)}, "not_started"),
        ({"ends_at": NOW}, "expired"),
        ({"enabled": False}, "disabled"),
        ({"channels": frozenset({"app"})}, "other_channel"),
        ({"member_tiers": frozenset({"black"})}, "other_member_tier"),
        ({"currency": "JPY"}, "other_currency"),
        ({"minimum_amount": 1_501}, "minimum_not_reached"),
        ({"minimum_count": 3}, "minimum_not_reached"),
    ],
)
def test_an_offer_that_is_not_for_this_cart_says_why(terms: dict[str, Any], reason: str) -> None:
    pricing = price(BOTH, [A, B], promotion("OFF", **off(10, **terms)))
    assert applied(pricing) == {}
    assert considered(pricing, "OFF").reason == reason


def test_it_says_how_much_more_must_be_bought() -> None:
    by_amount = considered(price(BOTH, [A, B], promotion("OFF", **off(10, minimum_amount=1_700))), "OFF")
    assert (by_amount.missing_amount, by_amount.missing_count) == (200, None)
    by_count = considered(price(BOTH, [A, B], promotion("OFF", **off(10, minimum_count=5))), "OFF")
    assert (by_count.missing_amount, by_count.missing_count) == (None, 3)
    tiers = Tiers(tiers=(Tier(threshold=1_000, amount_off=50), Tier(threshold=2_000, amount_off=150)))
    reached = considered(price(BOTH, [A, B], promotion("TIERS", tiers)), "TIERS")
    assert (reached.applied, reached.amount, reached.missing_amount) == (True, 50, 500)
    unreached = considered(price(cart(("B", 1)), [A, B], promotion("TIERS", tiers)), "TIERS")
    assert (unreached.reason, unreached.missing_amount) == ("tier_not_reached", 500)


def test_offers_with_nothing_in_scope_are_told_of_only_if_they_were_named() -> None:
    elsewhere: list[Offer | Coupon] = [
        promotion("THERE", **off(10, scope=only("Z"))),
        coupon("MINE", **off(10, scope=only("Z"))),
    ]
    assert price(BOTH, [A, B], *elsewhere).considered == ()
    wishes = Wishes(coupon_codes=("MINE",), promotion_codes=("THERE",))
    pricing = price(BOTH, [A, B], *elsewhere, wishes=wishes)
    assert {each.code: each.reason for each in pricing.considered} == dict.fromkeys(
        ("THERE", "MINE"), "nothing_in_scope"
    )


@pytest.mark.parametrize(
    ("running", "reason"),
    [
        ({"usage_limit": 5, "used": 5}, "usage_limit_reached"),
        ({"usage_limit_per_account": 1, "used_by_account": 1}, "account_limit_reached"),
        ({"budget": 500, "spent": 491}, "budget_exhausted"),
    ],
)
def test_an_offer_of_which_nothing_is_left_says_so(running: dict[str, int], reason: str) -> None:
    limits = {name: value for name, value in running.items() if name not in ("used", "used_by_account", "spent")}
    counts = {name: value for name, value in running.items() if name not in limits}
    offer = RunningOffer(offer=promotion("OFF", **off(10, **limits)), **counts)
    pricing = price(BOTH, [A, B], offer)
    assert applied(pricing) == {}
    assert considered(pricing, "OFF").reason == reason


def test_a_budget_pays_to_the_last_cent() -> None:
    offer = RunningOffer(offer=promotion("OFF", **off(10, budget=500)), spent=490)
    pricing = price(BOTH, [A, B], offer)
    assert applied(pricing) == {"OFF": 10}
    assert pricing.order.holds == (Hold(source="promotion", code="OFF", amount=10),)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"valid_from": NOW + timedelta(seconds=1)}, "coupon_not_yet_valid"),
        ({"valid_until": NOW}, "coupon_expired"),
        ({"state": CouponState.EXPIRED}, "coupon_expired"),
        ({"state": CouponState.LOCKED}, "coupon_locked"),
        ({"state": CouponState.USED}, "coupon_used"),
        ({"state": CouponState.FORFEITED}, "coupon_forfeited"),
    ],
)
def test_a_named_coupon_that_cannot_be_used_says_why(facts: dict[str, Any], reason: str) -> None:
    mine = replace(coupon("MINE", **off(10)), **facts)
    pricing = price(BOTH, [A, B], mine, wishes=Wishes(coupon_codes=("MINE",)))
    assert applied(pricing) == {}
    assert considered(pricing, "MINE").reason == reason


def test_a_coupon_that_nobody_knows_is_named_and_holds_nothing_up() -> None:
    wishes = Wishes(coupon_codes=("GHOST", "BETTER"))
    pricing = price(BOTH, [A, B], *WORSE_AND_BETTER, wishes=wishes)
    assert considered(pricing, "GHOST").reason == "unknown_coupon"
    assert applied(pricing) == {"BETTER": 90}


def test_a_returned_coupon_may_be_used_again() -> None:
    pricing = price(BOTH, [A, B], coupon("MINE", **off(10), state=CouponState.RETURNED))
    assert applied(pricing) == {"MINE": 10}
    assert pricing.order.holds == (Hold(source="coupon", code="MINE", amount=10),)


def test_a_member_has_what_is_for_the_tier_and_others_have_not() -> None:
    gold = benefit("GOLD", **percent(2))
    assert applied(price(BOTH, [A, B], gold, member_tier="gold")) == {"GOLD": 30}
    assert applied(price(BOTH, [A, B], gold)) == {}
