"""The combination that the buyer gets is the one that trying all of them finds, to every unit of every line."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ordersaga.domain.pricing.allocation import Kind, spread
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.quote import PricedLine, Pricing
from ordersaga.domain.pricing.source import Source
from tests.properties.real_shop import real_visit
from tests.properties.reference_effects import over_units
from tests.properties.reference_pricing import Outcome, Reference
from tests.properties.shopping import Visit, visits

MANY = min(25 * settings().max_examples, 10_000)
FEW = min(settings().max_examples // 6, 60)
Ledger = dict[tuple[str, str, bool], tuple[int, list[int]]]
"""(SKU, code, whether of the fee) → the share, and each unit's."""


def ledger(pricing: Pricing) -> Ledger:
    found: Ledger = {}
    for line in pricing.order.lines:
        for item in line.allocations:
            if item.kind is not Kind.SHIPPING_FEE and not line.gift:
                code = Source.POINTS if item.kind is Kind.POINTS else item.code
                key = (line.sku, code, item.kind is Kind.SHIPPING_DISCOUNT)
                assert key not in found
                found[key] = (item.amount, spread(item.units))
    return found


def expected_ledger(reference: Reference, outcome: Outcome) -> Ledger:
    found: Ledger = {}
    units = {(row.sku.sku, False): [row.sku.price.amount] * row.quantity for row in reference.rows}
    units |= {(row.sku.sku, True): over_units(row.fee, [row.fee] * row.quantity) for row in reference.rows}
    for share in outcome.shares:
        left = units[share.sku, share.of_fee]
        taken = over_units(share.amount, left)
        units[share.sku, share.of_fee] = [have - less for have, less in zip(left, taken, strict=True)]
        found[share.sku, share.code, share.of_fee] = (share.amount, taken)
    return found


def gifts(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    """SKU → how many units of it are given."""
    found: Counter[str] = Counter()
    for sku, units in lines:
        found[sku] += units
    return found


def assert_agreement(visit: Visit) -> None:
    """The engine's combination is as good as the best one, and comes to what the law says that it comes to."""
    reference, pricing = visit.reference(), visit.price()
    applied = {each.code: each.amount for each in pricing.considered if each.applied and each.source != Source.POINTS}
    found = reference.outcome(frozenset(applied.keys() & reference.whole.keys()))
    assert found is not None
    assert reference.rank(found) == reference.rank(reference.best())
    assert applied.keys() == found.applied
    reference.pay_with_points(found)
    assert pricing.exact
    assert pricing.order.totals.payable == found.payable
    assert ledger(pricing) == expected_ledger(reference, found)
    given = gifts((line.sku, line.quantity) for line in pricing.order.lines if line.gift)
    assert given == gifts(found.gifts.values())


def disagrees(visit: Visit) -> bool:
    try:
        assert_agreement(visit)
    except AssertionError:
        return True
    return False


@settings(max_examples=MANY)
@given(visits(most_lines=5, most_offers=7))
def test_the_buyer_gets_what_trying_every_combination_finds(visit: Visit) -> None:
    if disagrees(visit):
        assert_agreement(visit.smallest(disagrees))


@given(visits(), st.randoms(use_true_random=False))
def test_neither_the_order_of_the_cart_nor_of_the_offers_changes_anything(visit: Visit, random: Random) -> None:
    occasion = visit.occasion
    shuffled = replace(
        visit.on(
            offers=tuple(random.sample(occasion.offers, len(occasion.offers))),
            coupons=tuple(random.sample(occasion.coupons, len(occasion.coupons))),
        ),
        items=tuple(random.sample(visit.items, len(visit.items))),
    )
    one, other = visit.price(), shuffled.price()
    assert one.order.totals == other.order.totals
    assert one.considered == other.considered
    assert one.order.holds == other.order.holds
    assert by_sku(one) == by_sku(other)


def by_sku(pricing: Pricing) -> list[PricedLine]:
    return sorted((replace(line, line_no=0) for line in pricing.order.lines), key=lambda line: (line.sku, line.gift))


@given(visits(), st.data())
def test_of_the_coupons_that_the_buyer_names_the_first_that_can_apply_does(visit: Visit, data: st.DataObject) -> None:
    codes = [each.coupon_code for each in visit.occasion.coupons]
    named = tuple(data.draw(st.permutations(codes)))
    both = applied(visit.on(wishes=Wishes(coupon_codes=named)))
    assert both <= set(named)
    for place, code in enumerate(named):
        alone = applied(visit.on(wishes=Wishes(coupon_codes=(code,))))
        if alone:
            assert code in both
            break
        assert not any(each in both for each in named[:place])


def applied(visit: Visit) -> set[str]:
    return {each.code for each in visit.price().considered if each.applied and each.source == Source.COUPON}


@given(visits())
def test_a_buyer_who_wants_no_coupon_has_none(visit: Visit) -> None:
    without = visit.on(wishes=Wishes(coupon_codes=())).price()
    assert without.order == visit.on(wishes=Wishes(), coupons=()).price().order


@given(st.integers(0, 2**32))
def test_a_real_shops_smaller_carts_get_what_trying_every_combination_finds(seed: int) -> None:
    visit = real_visit(Random(seed), lines=8, promotions=8, coupons=3)
    assume(len(visit.reference().whole) <= 10)
    assert_agreement(visit)


@settings(max_examples=FEW)
@given(st.integers(0, 2**32))
def test_a_real_shops_largest_carts_get_what_is_promised_of_their_combination(seed: int) -> None:
    """It is lawful, and if the search is said to be exact, no one offer more or less makes it better."""
    visit = real_visit(Random(seed))
    reference, pricing = visit.reference(), visit.price()
    applied = {each.code for each in pricing.considered if each.applied}
    whole = frozenset(applied & reference.whole.keys())
    found = reference.outcome(whole)
    assert found is not None
    assert pricing.order.totals.payable == found.payable
    assert ledger(pricing) == expected_ledger(reference, found)
    for code in reference.whole if pricing.exact else ():
        other = reference.outcome(whole ^ {code})
        assert other is None or reference.rank(other) >= reference.rank(found)
