"""What offers may and may not do to a cart's price, and that a rule reads back as it was written."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordersaga.domain.pricing.coupons import Coupon, CouponState, CouponTemplate
from ordersaga.domain.pricing.documents import (
    offer_from_document,
    offer_to_document,
    template_from_document,
    template_to_document,
)
from ordersaga.domain.pricing.effects import FreeShipping, Tiers
from ordersaga.domain.pricing.occasion import RunningOffer, Wishes
from ordersaga.domain.pricing.offers import Offer, Period
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.domain.pricing.restoration import DEFAULTS
from ordersaga.domain.pricing.scope import EVERYTHING, Scope
from ordersaga.domain.pricing.source import Source
from tests.offers import NOW
from tests.properties.random_offers import COUPON_KINDS, KINDS, held_coupon, offer
from tests.properties.reference_pricing import excludes
from tests.properties.shopping import Visit, visits

LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)
SEEDS = st.integers(0, 2**64 - 1)
INAPPLICABLE: tuple[dict[str, Any], ...] = (
    {"channels": frozenset({"kiosk"})},
    {"member_tiers": frozenset({"black"})},
    {"currency": "JPY"},
    {"enabled": False},
    {"starts_at": LATER},
    {"ends_at": NOW},
    {"minimum_amount": 10**9},
    {"minimum_count": 10**6},
    {"scope": Scope(order_types=frozenset({"presale"}))},
    {"scope": Scope(everything=True, excluded_merchants=frozenset({"own", "north"}))},
)
UNUSABLE: tuple[dict[str, Any], ...] = (
    *({"state": state} for state in CouponState if state not in (CouponState.AVAILABLE, CouponState.RETURNED)),
    {"valid_from": LATER},
    {"valid_until": NOW},
)
FREELY = ("percentage", "amount_off", "fixed_price", "price_list")


def unlimited(random: Random, code: str) -> Offer:
    """An offer of any kind that a change to its terms does not make invalid."""
    found = offer(random, code, [kind for kind in KINDS if kind not in ("bundle_price", "price_list")])
    return replace(found, source=Source.PROMOTION, stage=None)


@pytest.mark.parametrize("terms", INAPPLICABLE, ids=lambda terms: "-".join(terms))
@given(visits(), SEEDS)
def test_an_offer_that_does_not_apply_changes_nothing(terms: dict[str, Any], visit: Visit, seed: int) -> None:
    further = RunningOffer(offer=replace(unlimited(Random(seed), "N"), **terms))
    with_it = visit.on(offers=(*visit.occasion.offers, further)).price()
    assert with_it.order == visit.price().order
    assert not any(each.applied for each in with_it.considered if each.code == "N")


@given(visits(), SEEDS, st.sampled_from(("usage_limit", "usage_limit_per_account", "budget")))
def test_an_offer_of_which_nothing_is_left_changes_nothing(visit: Visit, seed: int, limit: str) -> None:
    terms: dict[str, Any] = {"budget": None, limit: 5}
    found = replace(unlimited(Random(seed), "N"), **terms)
    further = RunningOffer(offer=found, spent=5, used=5, used_by_account=5)
    with_it = visit.on(offers=(*visit.occasion.offers, further)).price()
    is_free = limit == "budget" and any(each.applied for each in with_it.considered if each.code == "N")
    assert is_free or with_it.order == visit.price().order


@pytest.mark.parametrize("facts", UNUSABLE, ids=lambda facts: "-".join(map(str, facts.values())))
@given(visits(), SEEDS)
def test_a_coupon_that_cannot_be_used_changes_nothing(facts: dict[str, Any], visit: Visit, seed: int) -> None:
    further = replace(held_coupon(Random(seed), "N"), **facts)
    with_it = visit.on(coupons=(*visit.occasion.coupons, further)).price()
    assert with_it.order == visit.price().order
    wishes = replace(visit.occasion.wishes, coupon_codes=("N",))
    assert visit.on(coupons=(further,), wishes=wishes).price().order == (
        visit.on(coupons=(), wishes=replace(wishes, coupon_codes=())).price().order
    )


@settings(max_examples=5 * settings().max_examples)
@given(visits(kinds=FREELY, freely=True), SEEDS)
def test_more_goods_never_cost_less_unless_a_threshold_is_there(visit: Visit, seed: int) -> None:
    """But for rounding where offers meet: at most a minor unit on each line for each offer.

    Two percentages of one base are rounded each by itself, and so both up at the same unit more.
    """
    fewer = one_line_fewer_or_smaller(freely_stacked(visit), Random(seed))
    more = freely_stacked(visit)
    offers = len(visit.occasion.offers) + len(visit.occasion.coupons)
    rounding = len(more.items) * offers if offers > 1 else 0
    assert more.price().order.totals.payable >= fewer.price().order.totals.payable - rounding


def freely_stacked(visit: Visit) -> Visit:
    """Without wishes and thresholds; delivery is free for all goods or for none, as they share its fee by value."""
    coupons = (each for each in visit.occasion.coupons if not isinstance(each.offer.effect, Tiers))
    return visit.on(wishes=Wishes(), coupons=tuple(map(_delivered_whole, coupons)))


def _delivered_whole(coupon: Coupon) -> Coupon:
    if not isinstance(coupon.offer.effect, FreeShipping):
        return coupon
    return replace(coupon, offer=replace(coupon.offer, scope=EVERYTHING))


def one_line_fewer_or_smaller(visit: Visit, random: Random) -> Visit:
    items = list(visit.items)
    place = random.randrange(len(items))
    item = items.pop(place)
    if item.quantity > 1:
        items.insert(place, CartItem(item.sku, item.quantity - 1))
    return replace(visit, items=tuple(items)) if items else visit


@given(SEEDS, st.sampled_from(KINDS))
def test_an_offer_reads_back_as_it_was_written(seed: int, kind: str) -> None:
    random = Random(seed)
    written = replace(
        offer(random, "O", (kind,)),
        starts_at=random.choice((None, EARLIER)),
        ends_at=random.choice((None, LATER)),
        usage_limit=random.choice((None, 7)),
        usage_limit_per_account=random.choice((None, 1)),
        usage_period=random.choice(tuple(Period)),
        enabled=random.random() < 0.5,
        version=random.randint(1, 3),
        channels=frozenset(random.choice(((), ("web", "app")))),
    )
    assert offer_from_document(offer_to_document(written)) == written


@given(SEEDS, st.sampled_from(COUPON_KINDS))
def test_a_coupons_template_reads_back_as_it_was_written(seed: int, kind: str) -> None:
    random = Random(seed)
    is_claimed = random.random() < 0.5
    written = CouponTemplate(
        offer=offer(random, "T", (kind,), Source.COUPON),
        issue_limit=random.choice((None, 9)),
        limit_per_account=random.randint(1, 9),
        claim_code="SPRING" if is_claimed else None,
        claim_until=LATER if is_claimed else None,
        valid_days=random.choice((None, 30)),
        restorations=random.choice(({}, DEFAULTS[Source.COUPON])),
    )
    assert template_from_document(template_to_document(written)) == written


@given(visits())
def test_every_offer_that_is_considered_is_applied_or_has_a_reason(visit: Visit) -> None:
    for each in visit.price().considered:
        assert each.applied == (each.reason == "")
        assert each.applied or each.amount == 0
        assert each.reason in REASONS


@given(visits())
def test_an_excluded_offer_names_an_applied_one_that_it_shares_a_line_with(visit: Visit) -> None:
    offers = {found.offer.code: found.offer for found in visit.occasion.offers}
    offers |= {held.coupon_code: held.offer for held in visit.occasion.coupons}
    pricing = visit.price()
    applied = {each.code for each in pricing.considered if each.applied}
    for each in pricing.considered:
        assert (each.excluded_by is not None) == (each.reason == "excluded")
        if each.excluded_by is not None:
            one, other = offers[each.code], offers[each.excluded_by]
            assert other.code in applied
            assert excludes(one, other)
            assert any(one.scope.covers(sku) and other.scope.covers(sku) for sku in visit.skus.values())


REASONS = frozenset(
    """not_started expired disabled other_channel other_member_tier other_currency nothing_in_scope
    minimum_not_reached tier_not_reached nothing_to_take gift_unavailable excluded better_combination not_chosen
    budget_exhausted usage_limit_reached account_limit_reached other_shipping_option unknown_coupon
    unknown_offer coupon_not_yet_valid coupon_expired coupon_locked coupon_used coupon_forfeited points_not_accepted
    points_not_whole points_below_minimum points_beyond_balance points_above_share""".split()
) | {""}
