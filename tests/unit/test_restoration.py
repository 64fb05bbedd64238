"""What comes back of a coupon, points, a quota or a budget when an order comes to nothing (R-REV-2, S6)."""

from datetime import datetime, timedelta

import pytest

from ordersaga.domain.pricing.coupons import NEXT, USABLE, CouponState
from ordersaga.domain.pricing.restoration import (
    DEFAULTS,
    Restoration,
    Restorations,
    Return,
    Undoing,
    from_document,
    to_document,
)
from ordersaga.domain.pricing.source import Source
from tests.offers import NOW

PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("rule", "valid_until", "comes_back"),
    [
        (Restoration(Return.KEPT), FUTURE, False),
        (Restoration(Return.KEPT), None, False),
        (Restoration(Return.RETURNED), PAST, True),
        (Restoration(Return.RETURNED_IF_VALID), FUTURE, True),
        (Restoration(Return.RETURNED_IF_VALID), None, True),
        (Restoration(Return.RETURNED_IF_VALID), NOW, False),
        (Restoration(Return.RETURNED_IF_VALID), PAST, False),
        (Restoration(Return.EXTENDED, 7), PAST, True),
    ],
)
def test_the_rule_says_whether_it_comes_back(rule: Restoration, valid_until: datetime | None, comes_back: bool) -> None:
    assert rule.gives_back(valid_until, NOW) is comes_back


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PAST, NOW + timedelta(days=7)),
        (NOW + timedelta(days=2), NOW + timedelta(days=7)),
        (NOW + timedelta(days=30), NOW + timedelta(days=30)),
        (None, None),
    ],
)
def test_an_extended_coupon_is_valid_for_at_least_so_many_days(before: datetime | None, after: datetime | None) -> None:
    assert Restoration(Return.EXTENDED, 7).valid_until(before, NOW) == after


def test_other_rules_leave_the_validity_as_it_was() -> None:
    assert Restoration(Return.RETURNED).valid_until(FUTURE, NOW) == FUTURE


def test_every_source_has_a_rule_for_every_way_that_an_order_comes_to_nothing() -> None:
    assert DEFAULTS.keys() == set(Source)
    assert all(restorations.keys() == set(Undoing) for restorations in DEFAULTS.values())


def test_a_refused_order_costs_nobody_a_coupon_and_a_cancelled_one_only_if_it_is_over() -> None:
    coupons = DEFAULTS[Source.COUPON]
    assert coupons[Undoing.REFUSED].gives_back(PAST, NOW)
    assert not coupons[Undoing.CANCELLED].gives_back(PAST, NOW)
    assert coupons[Undoing.CANCELLED].gives_back(FUTURE, NOW)


@pytest.mark.parametrize("restorations", [*DEFAULTS.values(), {Undoing.REFUNDED: Restoration(Return.EXTENDED, 30)}])
def test_a_table_reads_back_as_it_was_written(restorations: Restorations) -> None:
    assert from_document(to_document(restorations)) == restorations


def test_only_a_locked_coupon_is_used_and_what_came_back_may_be_locked_again() -> None:
    assert {CouponState.AVAILABLE, CouponState.RETURNED} == USABLE
    assert {state for state, following in NEXT.items() if CouponState.USED in following} == {CouponState.LOCKED}


def test_an_expired_or_forfeited_coupon_stays_so() -> None:
    assert {state for state, following in NEXT.items() if not following} == {
        CouponState.EXPIRED,
        CouponState.FORFEITED,
    }
    assert NEXT.keys() == set(CouponState)
