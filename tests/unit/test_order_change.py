"""What an order becomes when its buyer wants less of it, and what it may count on meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import ChangeInvalid
from ordersaga.domain.order_change import held_units, reduced, renumbered, require_a_change
from ordersaga.domain.pricing.coupons import CouponState
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.held import Held, HeldShare
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.quote import CartItem, PricedOrder
from tests.goods import cart, goods, priced
from tests.offers import NOW, coupon, promotion

GOODS = [goods("tea", 10_000), goods("cup", 5_000), goods("bag", 100)]
BEFORE = priced(cart(("tea", 3), ("cup", 2)), GOODS)


def with_gift(order: PricedOrder, units: int, line_no: int = 9) -> PricedOrder:
    """The order with so many bags given."""
    (line,) = priced(cart(("bag", units)), GOODS).lines
    return replace(order, lines=(*order.lines, replace(line, gift=True, line_no=line_no)))


def numbers(order: PricedOrder) -> list[tuple[int, str, int]]:
    return [(line.line_no, line.sku, line.quantity) for line in order.lines]


def test_lines_keep_their_numbers_and_a_number_is_never_given_twice() -> None:
    after = renumbered(BEFORE, priced(cart(("cup", 1)), GOODS))
    assert numbers(after) == [(2, "cup", 1)]
    assert numbers(renumbered(BEFORE, with_gift(after, 1))) == [(2, "cup", 1), (3, "bag", 1)]
    assert numbers(renumbered(BEFORE, with_gift(after, 1), used={3, 4})) == [(2, "cup", 1), (5, "bag", 1)]
    given = with_gift(BEFORE, 2, line_no=3)
    assert numbers(renumbered(given, with_gift(after, 1))) == [(2, "cup", 1), (3, "bag", 1)]
    assert numbers(renumbered(given, with_gift(after, 3))) == [(2, "cup", 1), (4, "bag", 3)]


def test_a_line_keeps_the_moment_at_which_its_units_are_taken() -> None:
    later = replace(
        BEFORE, lines=tuple(replace(line, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT) for line in BEFORE.lines)
    )
    after = renumbered(later, with_gift(priced(cart(("tea", 1)), GOODS), 1))
    assert [line.stock_policy for line in after.lines] == [StockPolicy.DEDUCT_AT_PAYMENT, StockPolicy.DEDUCT_AT_SUBMIT]
    assert held_units(after) == {3: 1}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [({5: 1}, "unknown_line"), ({3: 0}, "gift"), ({1: 4}, "more_than_ordered"), ({1: 0, 2: 0}, "nothing_left")],
)
def test_only_less_of_what_was_bought_may_be_wanted(wanted: dict[int, int], reason: str) -> None:
    with pytest.raises(ChangeInvalid) as refused:
        reduced(with_gift(BEFORE, 1, line_no=3).lines, wanted)
    assert refused.value.details["reason"] == reason


def test_what_is_not_named_stays_and_a_change_changes_something() -> None:
    assert reduced(BEFORE.lines, {1: 0}) == (CartItem("cup", 2),)
    with pytest.raises(ChangeInvalid, match="what was ordered"):
        require_a_change(BEFORE, renumbered(BEFORE, BEFORE))
    require_a_change(BEFORE, replace(BEFORE, shipping_option="express"))


def test_an_order_may_count_on_what_it_holds_and_on_nothing_else() -> None:
    offers = tuple(
        RunningOffer(offer=promotion(code, AmountOff(amount=100)), spent=500, used=5, used_by_account=1)
        for code in ("mine", "other")
    )
    occasion = Occasion(at=datetime(2026, 5, 4, tzinfo=UTC), offers=offers, points_balance=10, gift_stock={"bag": 0})
    held = Held(
        points=40, offers={"mine": HeldShare(100, offers[0].offer.usage_period.key(occasion.at))}, units={"bag": 2}
    )
    freed = held.freed(occasion)
    assert [(running.spent, running.used, running.used_by_account) for running in freed.offers] == [
        (400, 4, 0),
        (500, 5, 1),
    ]
    assert (freed.points_balance, freed.gift_stock) == (50, {"bag": 2})


def test_a_coupon_that_an_order_holds_does_not_expire_under_it() -> None:
    at = NOW
    locked = [coupon(code, AmountOff(amount=100), state=CouponState.LOCKED) for code in ("mine", "other")]
    expired = tuple(replace(item, valid_until=at) for item in locked)
    mine, other = Held(coupons=frozenset({"mine"})).freed(Occasion(at=at, coupons=expired)).coupons
    assert (mine.fault(at), other.fault(at)) == ("", "coupon_locked")
