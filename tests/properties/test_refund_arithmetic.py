"""What comes back of random orders, with random offers and rules, by any sequence of claims (R-REV-8, M2 … M5, M8)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.after_sales.bought import Departure, UnitKey
from ordersaga.domain.after_sales.breakdown import Breakdown, Withholding
from ordersaga.domain.after_sales.earned import Earned
from ordersaga.domain.after_sales.owed import owed
from ordersaga.domain.after_sales.rules import (
    AfterSalesRules,
    EarnedPoints,
    Gifts,
    Payments,
    ShippingFee,
    Tenders,
    Threshold,
)
from ordersaga.domain.after_sales.tenders import left_of, share_over_payments
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.effects import BundlePrice, BuyGet, NthItem
from ordersaga.domain.pricing.occasion import RunningOffer, Wishes
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.domain.pricing.source import Source
from tests.bought import Refunding, bought
from tests.offers import NOW
from tests.properties.random_offers import offer as random_offer
from tests.properties.shopping import visit

Leaving = Mapping[UnitKey, Departure]
THRESHOLDS = ("tiers", "nth_item", "buy_get", "bundle_price", "amount_off", "percentage")
seeds = st.integers(0, 2**64 - 1)


def random_rules(random: Random) -> AfterSalesRules:
    return AfterSalesRules(
        threshold=random.choice(tuple(Threshold)),
        shipping_fee=random.choice(tuple(ShippingFee)),
        gifts=random.choice(tuple(Gifts)),
        earned_points=random.choice(tuple(EarnedPoints)),
        tenders=random.choice(tuple(Tenders)),
        payments=random.choice(tuple(Payments)),
    )


def random_order(random: Random) -> Refunding:
    """A cart of some lines with some offers, priced by the shop and paid."""
    found = visit(random, 6, 6)
    rules: list[RunningOffer | Coupon] = [*found.occasion.offers, *found.occasion.coupons]
    points_return, forfeit = random.random() < 0.8, random.choice((0, 0, 5))
    paid = bought(found.price().order, *rules, points_return=points_return, forfeit=forfeit)
    return Refunding(paid, random_rules(random))


def random_departures(random: Random, order: Refunding) -> dict[UnitKey, Departure]:
    """How each unit leaves in the end: cancelled, refunded or returned, by whose fault. What was exchanged leaves as
    the exchange's unit does that stands for it.
    """
    return {unit: Departure(random.random() < 0.3, random.random() < 0.3) for unit in order.units()}


def split(random: Random, leaving: Leaving) -> Iterator[Leaving]:
    """The same in cases of some units each, in any order."""
    units = random.sample(list(leaving), len(leaving))
    while units:
        count = random.randint(1, len(units))
        yield {unit: leaving[unit] for unit in units[:count]}
        units = units[count:]


def money_by_policy(order: Refunding, departures: Leaving) -> int:
    """What the policy gives back in money once everything is gone, worked out from the lines alone."""
    due = 0
    for line in order.bought.lines:
        for unit, share in enumerate(line.units(), start=1):
            left = departures[line.line_no, unit]
            brings_fee = left.never_shipped or left.seller_at_fault
            is_forfeit = left.never_shipped and not left.seller_at_fault
            due += share.payable
            due += share.shipping if brings_fee or order.rules.shipping_fee is not ShippingFee.NEVER else 0
            due -= min(order.bought.forfeit, share.payable + share.shipping) if is_forfeit else 0
    return due


@given(seeds)
def test_every_step_stays_within_what_was_paid_and_says_why(seed: int) -> None:
    random = Random(seed)
    order = random_order(random)
    for leaving in split(random, random_departures(random, order)):
        found = order.give(leaving)
        assert min(found.money, found.points_value, found.points) >= 0
        assert order.money <= order.captured
        assert order.points_value <= order.bought.points_value
        assert order.points <= order.bought.spent_points
        assert found.paid - sum(item.amount for item in found.withheld) == found.money + found.points_value
        assert Breakdown.from_document(found.to_document()) == found
        assert found.nothing_stays == (not _bought_units_left(order))


@given(seeds)
def test_returning_everything_gives_back_what_the_policy_says_whatever_came_before(seed: int) -> None:
    random = Random(seed)
    order = random_order(random)
    departures = random_departures(random, order)
    for leaving in split(random, departures):
        order.give(leaving)
    assert order.money == money_by_policy(order, departures)
    assert order.points == (order.bought.spent_points if order.bought.points_return else 0)
    assert order.points_value == (order.bought.points_value if order.bought.points_return else 0)
    kept = sum(found.withheld_for(Withholding.THRESHOLD_LOST, Withholding.GIFT_KEPT) for found in order.given)
    assert kept == 0


@given(seeds)
def test_the_way_does_not_matter(seed: int) -> None:
    random = Random(seed)
    first = random_order(random)
    departures = random_departures(random, first)
    left = random.sample(list(departures), random.randint(0, len(departures)))
    leaving = {unit: how for unit, how in departures.items() if unit not in left}
    ways = [replace(first, given=[]) for _ in range(3)]
    for way in ways:
        most, gone = 0, dict[UnitKey, Departure]()
        for part in split(random, leaving):
            way.give(part)
            gone |= part
            most = max(most, owed(way.bought, gone, way.rules).amount)
        assert way.money + way.points_value == most
    if all(way.money + way.points_value == owed(first.bought, leaving, first.rules).amount for way in ways):
        assert len({(way.money, way.points_value, way.points) for way in ways}) == 1


@given(seeds)
def test_what_stays_costs_what_it_would_have_cost_alone_or_its_own_share_if_that_is_more(seed: int) -> None:
    """The pricing engine is the judge: it prices what stays with the one offer that there was."""
    random = Random(seed)
    found = visit(random, 4, 0)
    found = replace(found, skus={name: replace(sku, floor_price=0) for name, sku in found.skus.items()})
    rule = replace(random_offer(random, "O1", THRESHOLDS, Source.PROMOTION), budget=None)
    found = found.on(offers=(RunningOffer(offer=rule),), wishes=Wishes())
    priced = found.price().order
    order = Refunding(bought(priced, rule), AfterSalesRules(shipping_fee=ShippingFee.PRO_RATA))
    units = order.units()
    gone = random.sample(units, random.randint(0, len(units) - 1))
    order.give(gone)
    stays = Counter(priced.lines[line_no - 1].sku for line_no, unit in units if (line_no, unit) not in gone)
    alone = replace(found, items=tuple(CartItem(sku, count) for sku, count in stays.items())).price().order.totals
    shares = [order.bought.share(unit) for unit in units if unit not in gone]
    fees, own_shares = sum(share.shipping for share in shares), sum(share.payable for share in shares)
    costs = order.captured - order.money - fees
    expected = min(order.captured - fees, max(own_shares, alone.goods - alone.discount))
    assert abs(costs - expected) <= len(units)  # shares are rounded by unit, prices by line
    if isinstance(rule.effect, NthItem | BuyGet | BundlePrice):
        assert costs == expected


@given(seeds)
def test_the_rest_comes_back_when_the_rest_is_gone(seed: int) -> None:
    """However much an earlier case withheld, the last one makes good."""
    random = Random(seed)
    order = random_order(random)
    departures = random_departures(random, order)
    at_once = replace(order, given=[])
    at_once.give(departures)
    for leaving in split(random, departures):
        order.give(leaving)
    assert (order.money, order.points_value, order.points) == (at_once.money, at_once.points_value, at_once.points)


@given(seeds)
def test_earned_points_are_taken_back_once_each_or_dealt_with(seed: int) -> None:
    random = Random(seed)
    order = random_order(random)
    order.bought = replace(order.bought, forfeit=0)
    paid = sum(line.payable for line in order.bought.lines)
    earned = paid // random.choice((1, 3, 10))
    if not earned:
        return
    balance = random.randint(0, earned)
    departures = random_departures(random, order)
    for leaving in split(random, departures):
        order.earned = Earned(points=earned, paid=paid, worth_points=10, worth_amount=3, available=balance)
        before = sum(found.earned_points + found.earned_points_short for found in order.given)
        found = order.give(leaving)
        assert 0 <= found.earned_points <= balance
        assert before + found.earned_points + found.earned_points_short <= earned
        balance += random.randint(0, 3) - found.earned_points
        assert found.paid - sum(item.amount for item in found.withheld) == found.money + found.points_value
    dealt_with = sum(found.earned_points + found.earned_points_short for found in order.given)
    assert dealt_with == (0 if order.rules.earned_points is EarnedPoints.KEEP else earned)
    withheld = sum(found.withheld_for(Withholding.EARNED_POINTS_SPENT) for found in order.given)
    if order.rules.earned_points is not EarnedPoints.CLAW_BACK_OR_WITHHOLD:
        assert withheld == 0
    assert order.money + withheld == money_by_policy(order, departures)


@given(seeds)
def test_payments_give_back_no_more_than_they_took(seed: int) -> None:
    random = Random(seed)
    payments = [
        Payment(
            payment_id=f"p{number}",
            order_no="order",
            channel="card",
            provider="sandbox",
            amount=Money(amount, "TWD"),
            state=random.choice((PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, PaymentState.UNEXPECTED)),
            created_at=NOW,
            received=Money(amount, "TWD"),
            refunded=random.randint(0, amount),
        )
        for number, amount in enumerate(random.choices(range(1, 100), k=random.randint(1, 3)))
    ]
    whole = sum(left_of(payment) for payment in payments)
    wanted = random.randint(0, whole)
    parts = share_over_payments(wanted, payments, random.choice(tuple(Payments)))
    assert sum(part for _, part in parts) == wanted
    for payment, part in parts:
        assert payment.state is PaymentState.SUCCEEDED
        assert 0 < part <= payment.amount.amount - payment.refunded


@pytest.mark.parametrize("threshold", Threshold)
def test_rules_survive_being_stored(threshold: Threshold) -> None:
    rules = AfterSalesRules(threshold=threshold, tenders=Tenders.POINTS_FIRST, apology_template="sorry")
    assert AfterSalesRules.from_document(rules.to_document()) == rules
    assert AfterSalesRules.from_document({}) == AfterSalesRules()


def _bought_units_left(order: Refunding) -> bool:
    gone = {(item.line_no, unit) for found in order.given for item in found.units for unit in item.units}
    return any(unit not in gone for unit in order.units(gifts=False))
