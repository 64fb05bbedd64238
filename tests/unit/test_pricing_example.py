"""The worked example of docs/pricing.md is what the shop really charges: every table is made anew and compared."""

from collections.abc import Callable

import pytest

from tests.unit.pricing_example import EXAMPLE, Example, Row, drawn, money, tables

SHOWN: dict[str, Callable[[Example], list[Row]]] = {
    "Stage by stage": Example.stages,
    "On the lines and on the units": Example.allocations,
    "What each unit costs": Example.units,
    "Who bears what": Example.settlement,
    "What the preview says of every offer": Example.offers,
    "The totals": Example.totals,
}


@pytest.mark.parametrize("title", SHOWN)
def test_a_table_shows_what_the_cart_costs(title: str) -> None:
    assert tables(EXAMPLE)[title].splitlines() == drawn(SHOWN[title](Example(EXAMPLE))).splitlines()


def test_every_table_of_the_example_is_checked() -> None:
    assert tables(EXAMPLE).keys() == SHOWN.keys()


@pytest.mark.parametrize(
    ("code", "choice"),
    [("lin-tenth", {"coupon_codes": ("lin-tenth",)}), ("second-half", {"promotion_codes": ("second-half",)})],
)
def test_what_the_shop_did_not_choose_costs_the_buyer_more(code: str, choice: dict[str, tuple[str, ...]]) -> None:
    best, chosen = (Example(EXAMPLE, **wishes).pricing.order.totals.payable for wishes in ({}, choice))
    assert chosen > best
    assert f"with `{code}` she would pay {money(chosen)}" in EXAMPLE
