"""The worked example of docs/after-sales.md is what the shop really gives back."""

from collections.abc import Callable

import pytest

from ordersaga.domain.after_sales.breakdown import Withholding
from ordersaga.domain.after_sales.rules import AfterSalesRules
from tests.unit.pricing_example import Row, drawn, tables
from tests.unit.refund_example import EXAMPLE, TEXT, RefundExample

SHOWN: dict[str, Callable[[RefundExample], list[Row]]] = {
    "Case by case": RefundExample.cases,
    "What is withheld": RefundExample.reasons,
}


@pytest.mark.parametrize("title", SHOWN)
def test_a_table_shows_what_comes_back(title: str) -> None:
    shown = tables(EXAMPLE.replace("\n#### ", "\n### "))
    assert shown[title].splitlines() == drawn(SHOWN[title](RefundExample())).splitlines()


def test_what_was_paid_has_come_back() -> None:
    order = RefundExample().order
    assert order.money == order.captured == 433_590
    assert order.points == order.bought.spent_points == 300


@pytest.mark.parametrize("word", [*AfterSalesRules().to_document(), *Withholding])
def test_every_rule_and_reason_is_explained(word: str) -> None:
    assert f"\n| `{word}` |" in TEXT
