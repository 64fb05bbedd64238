"""Which warehouse serves which line: together if possible, then nearest, then most stock (R-SPL-1)."""

import pytest

from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.sourcing import Demand, Source, source
from tests.goods import TAIPEI, warehouse

HERE = warehouse("here", "Taipei")
SAME_REGION = warehouse("same-region", "Beitou", "Taipei")
SAME_COUNTRY = warehouse("same-country", "Kaohsiung")
ABROAD = warehouse("abroad", "Taipei", "Taipei", "JP")
ALL = {each.warehouse_id: each for each in (ABROAD, SAME_COUNTRY, SAME_REGION, HERE)}


def want(line_no: int, sku: str, quantity: int, seller: str = "own") -> Demand:
    return Demand(line_no, sku, seller, quantity)


def taken(available: dict[str, dict[str, int]], *demands: Demand) -> list[tuple[str, str, int]]:
    """SKU, warehouse and units, in order of lines."""
    found = source(demands, available, ALL, TAIPEI)
    assert list(found) == sorted(found)
    return [(item.sku, item.warehouse_id, item.quantity) for item in found]


def test_one_warehouse_that_has_everything_serves_everything_even_from_far() -> None:
    available = {"A": {"here": 1, "same-country": 1}, "B": {"same-country": 1}}
    assert taken(available, want(1, "A", 1), want(2, "B", 1)) == [("A", "same-country", 1), ("B", "same-country", 1)]


def test_else_each_seller_is_served_from_one_warehouse() -> None:
    available = {"A": {"here": 9, "same-country": 9}, "B": {"same-country": 9}, "C": {"same-region": 9}}
    demands = want(1, "A", 1), want(2, "B", 1), want(3, "C", 1, "other")
    assert taken(available, *demands) == [("A", "same-country", 1), ("B", "same-country", 1), ("C", "same-region", 1)]


def test_else_each_line_is_served_from_one_warehouse() -> None:
    available = {"A": {"here": 9, "same-country": 9}, "B": {"same-country": 9}, "C": {"abroad": 9}}
    demands = want(1, "A", 1), want(2, "B", 1), want(3, "C", 1)
    assert taken(available, *demands) == [("A", "here", 1), ("B", "same-country", 1), ("C", "abroad", 1)]


def test_a_line_is_taken_apart_only_when_no_single_warehouse_has_enough() -> None:
    assert taken({"A": {"here": 4, "abroad": 5}}, want(1, "A", 5)) == [("A", "abroad", 5)]
    assert taken({"A": {"here": 4, "abroad": 4}}, want(1, "A", 5)) == [("A", "abroad", 1), ("A", "here", 4)]


@pytest.mark.parametrize(
    ("nearer", "farther"), [("here", "same-region"), ("same-region", "same-country"), ("same-country", "abroad")]
)
def test_the_nearest_warehouse_wins_before_the_fullest(nearer: str, farther: str) -> None:
    assert taken({"A": {farther: 100, nearer: 1}}, want(1, "A", 1)) == [("A", nearer, 1)]


def test_of_two_as_near_the_fuller_wins_then_the_first_by_name() -> None:
    near = {name: warehouse(name) for name in ("b", "a", "c")}
    fuller = source([want(1, "A", 1)], {"A": {"a": 1, "b": 2, "c": 2}}, near, TAIPEI)
    assert fuller == (Source(1, "A", "b", 1),)


def test_two_lines_that_draw_on_one_sku_are_summed_first() -> None:
    with pytest.raises(OutOfStock) as refusal:
        source([want(1, "A", 3), want(2, "A", 3)], {"A": {"here": 5}}, ALL, TAIPEI)
    assert refusal.value.details == {"items": [{"sku": "A", "requested": 6, "available": 5}]}


def test_two_lines_of_one_sku_share_what_several_warehouses_hold() -> None:
    available = {"A": {"here": 3, "same-country": 3}}
    assert taken(available, want(1, "A", 3), want(2, "A", 3)) == [("A", "here", 3), ("A", "same-country", 3)]


def test_every_short_sku_is_named_with_what_was_asked_and_what_is_there() -> None:
    with pytest.raises(OutOfStock) as refusal:
        source([want(1, "B", 2), want(2, "OK", 1), want(3, "A", 1)], {"B": {"here": 1}, "OK": {"here": 1}}, ALL, TAIPEI)
    assert refusal.value.details["items"] == [
        {"sku": "A", "requested": 1, "available": 0},
        {"sku": "B", "requested": 2, "available": 1},
    ]
    assert str(refusal.value) == "not enough stock of A, B"


def test_what_is_available_is_only_read() -> None:
    available = {"A": {"here": 5}}
    source([want(1, "A", 5)], available, ALL, TAIPEI)
    assert available == {"A": {"here": 5}}
