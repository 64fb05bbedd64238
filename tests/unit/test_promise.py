"""What a quote promises, and how a changed price is named field by field (R-SUB-3)."""

from dataclasses import replace
from typing import Any

import pytest

from ordersaga.domain.pricing.allocation import Allocation, Kind
from ordersaga.domain.pricing.promise import differences, promise, rules_of
from ordersaga.domain.pricing.quote import PricedOrder
from tests.goods import cart, goods, priced

TEN = {"source": "coupon", "code": "TEN", "amount": 10}
TWO = {"source": "promotion", "code": "TWO", "amount": 2}


@pytest.mark.parametrize(
    ("quoted", "now", "fields"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"lines": [{"price": 1}, {"price": 2}]}, {"lines": [{"price": 1}, {"price": 3}]}, ["lines.1.price"]),
        ({"lines": [1, 2]}, {"lines": [1]}, ["lines"]),
        ({"lines": [1, 2]}, {"lines": [1, 3]}, ["lines.1"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": 1}, ["a"]),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, ["a", "b"]),
        ({"discounts": [TWO, TEN]}, {"discounts": [TWO, TEN | {"amount": 9}]}, ["discounts.1.amount"]),
        ({"discounts": [TWO, TEN]}, {"discounts": [TEN, TWO]}, []),
        (
            {"lines": [{"sku": "A"}, {"sku": "B", "payable": 1}]},
            {"lines": [{"sku": "B", "payable": 2}]},
            ["lines.0", "lines.1.payable"],
        ),
    ],
)
def test_a_changed_quote_names_every_field_that_differs(
    quoted: dict[str, Any], now: dict[str, Any], fields: list[str]
) -> None:
    assert [difference["field"] for difference in differences(quoted, now)] == fields


def test_a_difference_gives_what_was_quoted_and_what_holds_now() -> None:
    assert differences({"price": 1}, {"price": 2}) == [{"field": "price", "quoted": 1, "now": 2}]


def test_a_discount_that_is_gone_is_named_and_those_beside_it_are_not() -> None:
    assert differences({"discounts": [TEN, TWO]}, {"discounts": [TWO]}) == [
        {"field": "discounts.0", "quoted": TEN, "now": None}
    ]


def test_a_gift_that_is_new_is_named_whole() -> None:
    bought, given = {"sku": "A", "gift": False}, {"sku": "A", "gift": True}
    assert differences({"lines": [bought]}, {"lines": [bought, given]}) == [
        {"field": "lines.1", "quoted": None, "now": given}
    ]


def discounted(order: PricedOrder, **changes: Any) -> PricedOrder:
    plain: dict[str, Any] = {"kind": Kind.DISCOUNT, "source": "promotion", "code": "TWO", "amount": 2}
    item = Allocation(**(plain | {"funded_by": "platform", "units": ((1, 2),)} | changes))
    (line,) = order.lines
    return replace(order, lines=(replace(line, allocations=(*line.allocations, item)),))


def test_a_new_version_of_a_rule_that_takes_the_same_is_no_new_price() -> None:
    order = priced(cart(("A", 1)), [goods("A")])
    before, after = discounted(order), discounted(order, version=2, name="Two off", funded_by="merchant")
    assert differences(promise(before), promise(after)) == []
    assert (rules_of(before), rules_of(after)) == ((("promotion", "TWO", 1),), (("promotion", "TWO", 2),))


def test_a_promise_says_what_was_taken_off_delivery_and_paid_in_points() -> None:
    order = discounted(priced(cart(("A", 1)), [goods("A")]), kind=Kind.SHIPPING_DISCOUNT, code="FREE")
    (line,) = promise(order)["lines"]
    assert line["shipping_discounts"] == [{"source": "promotion", "code": "FREE", "amount": 2}]
    assert (line["discounts"], line["points"], line["gift"]) == ([], 0, False)
