"""Shares sum to what was shared, on lines and on their units, whatever the offers (R-PRC-3, M1 … M4, M6)."""

from collections import Counter, defaultdict
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.money import prorate
from ordersaga.domain.pricing.allocation import Kind, Runs, prorate_runs, spread, subtract, sum_of
from ordersaga.domain.pricing.quote import from_document, to_document
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.sourcing import Source as Origin
from ordersaga.domain.splitting import Limits, split
from tests.properties.shopping import Visit, visits

UNITS = st.lists(st.integers(0, 12) | st.sampled_from((3, 3, 1_000)), min_size=1, max_size=12)


def runs_of(amounts: list[int]) -> Runs:
    """Unit by unit amounts as runs."""
    return tuple((len(list(members)), amount) for amount, members in groupby(amounts))


@given(UNITS, st.data())
def test_runs_are_shared_like_the_units_that_they_stand_for(units: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(units)))
    shared = prorate_runs(amount, runs_of(units))
    assert tuple(spread(shared)) == prorate(amount, units)
    assert sum_of(shared) == amount


@given(UNITS, st.integers(1, 100))
def test_units_do_not_bear_more_than_they_cost(units: list[int], more: int) -> None:
    with pytest.raises(MoneyInvalid):
        prorate_runs(sum(units) + more, runs_of(units))


@given(UNITS, st.data())
def test_runs_are_subtracted_unit_by_unit(units: list[int], data: st.DataObject) -> None:
    taken = [data.draw(st.integers(0, unit)) for unit in units]
    left = subtract(runs_of(units), runs_of(taken))
    assert spread(left) == [unit - less for unit, less in zip(units, taken, strict=True)]
    assert left == runs_of(spread(left))


@given(visits())
def test_an_offers_shares_sum_to_its_discount(visit: Visit) -> None:
    pricing = visit.price()
    shares: Counter[tuple[str, str]] = Counter()
    for line in pricing.order.lines:
        for item in (*line.discounts, *line.shipping_discounts, *line.allocated(Kind.POINTS)):
            assert item.amount > 0 or line.gift
            assert sum_of(item.units) == item.amount
            shares[item.source, item.code] += item.amount
    applied = {(each.source, each.code): each.amount for each in pricing.considered if each.applied}
    assert shares == applied


@given(visits())
def test_a_share_is_never_more_than_its_line_and_nothing_costs_less_than_nothing(visit: Visit) -> None:
    for line in visit.price().order.lines:
        off = [item.amount for item in line.allocations if item.kind in (Kind.DISCOUNT, Kind.POINTS)]
        assert all(0 <= amount <= line.amount and (amount or line.gift) for amount in off)
        assert line.payable == line.amount - sum(off) >= 0
        assert line.points == sum(item.amount for item in line.allocated(Kind.POINTS))
        fee = sum(item.amount for item in line.allocated(Kind.SHIPPING_FEE))
        assert line.shipping == fee - sum(item.amount for item in line.shipping_discounts) >= 0


@given(visits())
def test_units_cost_together_what_their_line_costs(visit: Visit) -> None:
    for line in visit.price().order.lines:
        units = line.units()
        assert sum(unit.payable for unit in units) == line.payable
        assert sum(unit.shipping for unit in units) == line.shipping
        assert sum(unit.points for unit in units) == line.points
        assert all(0 <= unit.payable <= unit.payable + unit.points <= line.unit_price for unit in units)
        assert all(unit.shipping >= 0 for unit in units)


@given(visits())
def test_discounts_leave_every_line_its_floor_price(visit: Visit) -> None:
    for line in visit.price().order.lines:
        if not line.gift:
            assert line.payable + line.points >= visit.skus[line.sku].floor_price * line.quantity


@given(visits())
def test_lines_that_cost_nothing_or_are_in_no_scope_are_untouched(visit: Visit) -> None:
    offers = {found.offer.code: found.offer for found in visit.occasion.offers}
    offers |= {coupon.coupon_code: coupon.offer for coupon in visit.occasion.coupons}
    for line in visit.price().order.lines:
        for item in line.discounts if not line.gift else ():
            assert line.amount > 0
            assert offers[item.code].scope.covers(visit.skus[line.sku])


@given(visits())
def test_lines_sum_to_the_totals(visit: Visit) -> None:
    order = visit.price().order
    totals = order.totals
    assert totals.goods == sum(line.amount for line in order.lines)
    assert totals.discount == sum(item.amount for line in order.lines for item in line.discounts)
    assert totals.points == sum(line.points for line in order.lines)
    assert totals.shipping == sum(line.shipping for line in order.lines)
    assert totals.shipping + totals.shipping_discount == order.shipping_options[order.shipping_option]
    assert totals.payable == totals.goods - totals.discount - totals.points + totals.shipping >= 0
    assert totals.due_now == totals.payable


@given(visits())
def test_each_share_names_who_bears_it(visit: Visit) -> None:
    bearers = {found.offer.code: found.offer.funded_by for found in visit.occasion.offers}
    bearers |= {coupon.coupon_code: coupon.offer.funded_by for coupon in visit.occasion.coupons}
    for line in visit.price().order.lines:
        for item in (*line.discounts, *line.shipping_discounts):
            assert item.funded_by == bearers[item.code]


@given(visits())
def test_an_order_holds_its_coupons_limited_offers_and_points_and_nothing_else(visit: Visit) -> None:
    pricing = visit.price()
    limited = {found.offer.code for found in visit.occasion.offers if found.offer.is_limited}
    applied = {each.code: each for each in pricing.considered if each.applied}
    held = {hold.code: hold for hold in pricing.order.holds}
    wanted = {code for code, each in applied.items() if each.source == Source.COUPON or code in limited}
    paid = {hold.code for hold in pricing.order.holds if hold.source == Source.POINTS}
    assert held.keys() - paid == wanted
    assert bool(paid) == bool(pricing.order.totals.points)
    assert sum(held[code].points for code in paid) == (visit.occasion.wishes.points if paid else 0)


@given(visits())
def test_a_gift_is_a_line_of_its_own_that_costs_nothing(visit: Visit) -> None:
    order = visit.price().order
    given_units: Counter[str] = Counter()
    for line in order.lines:
        if line.gift:
            assert (line.payable, line.shipping, line.points) == (0, 0, 0)
            given_units[line.sku] += line.quantity
    bought = {item.sku: item.quantity for item in visit.items}
    stock = visit.occasion.gift_stock
    assert all(units + bought.get(sku, 0) <= stock[sku] for sku, units in given_units.items())
    assert [line.line_no for line in order.lines] == list(range(1, len(order.lines) + 1))


@given(visits(), st.data())
def test_parcels_of_an_order_with_offers_sum_to_it(visit: Visit, data: st.DataObject) -> None:
    lines = visit.price().order.lines
    origins: list[Origin] = []
    for line in lines:
        near = data.draw(st.integers(0, line.quantity))
        units = {"w1": near, "w2": line.quantity - near}
        origins += [Origin(line.line_no, line.sku, name, count) for name, count in units.items() if count]
    found: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for parcel in split(lines, origins, Limits(weight_g=1, volume_mm3=1)):
        for item in parcel.lines:
            for place, amount in enumerate((item.quantity, item.payable, item.shipping)):
                assert amount >= 0
                found[item.line_no][place] += amount
    assert found == {line.line_no: [line.quantity, line.payable, line.shipping] for line in lines}


@given(visits())
def test_an_order_with_offers_reads_back_from_its_document(visit: Visit) -> None:
    order = visit.price().order
    assert from_document(to_document(order)) == order
