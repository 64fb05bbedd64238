"""Which purchase limit of a campaign its gate counts, and which it leaves to the orders' runs (R-TYPE-2, R-STK-3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersaga.domain.campaigns import Campaign, Terms
from ordersaga.domain.gate import GateLimit, limit_at_gate
from ordersaga.domain.money import Money
from ordersaga.domain.purchase_limits import LimitedGoods, Period, PurchaseLimit, Subject, Window

NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)
SALE = Campaign(
    code="noon",
    order_type="flash_sale",
    name="Oolong at noon",
    sku="OOLONG",
    price=Money(29_900, "TWD"),
    starts_at=NOON,
    ends_at=NOON + timedelta(days=2),
    terms=Terms(),
)
HERE = frozenset({"noon"})
LIMIT = PurchaseLimit(
    code="one-each",
    goods=LimitedGoods(campaigns=HERE),
    subject=Subject.ACCOUNT,
    quantity=1,
    window=Window(Period.EVER),
)


def at_gate(at: datetime = NOON + timedelta(hours=1), **changes: Any) -> GateLimit | None:
    return limit_at_gate(SALE, replace(LIMIT, **changes), at)


def test_a_limit_of_the_campaign_is_counted() -> None:
    assert at_gate() == GateLimit("one-each", 1)
    assert limit_at_gate(SALE, None, NOON) is None
    assert at_gate(enabled=False) is None


@pytest.mark.parametrize(
    ("goods", "is_counted"),
    [
        (LimitedGoods(campaigns=HERE, skus=frozenset({"OOLONG"})), True),
        (LimitedGoods(campaigns=HERE, skus=frozenset({"OTHER"})), False),
        (LimitedGoods(campaigns=HERE, order_types=frozenset({"flash_sale"})), True),
        (LimitedGoods(campaigns=HERE, order_types=frozenset({"presale"})), False),
        (LimitedGoods(campaigns=HERE, categories=frozenset({"tea"})), False),
    ],
)
def test_a_limit_of_other_goods_or_of_a_category_is_not(goods: LimitedGoods, is_counted: bool) -> None:
    assert (at_gate(goods=goods) is not None) is is_counted


def test_a_limit_whose_period_leaves_orders_of_the_campaign_out_is_not() -> None:
    rolling = Window(Period.ROLLING, 7200)
    assert at_gate(window=rolling) is not None
    assert at_gate(at=NOON + timedelta(hours=3), window=rolling) is None
    assert at_gate(window=Window(Period.DAY)) is not None
    assert at_gate(at=NOON + timedelta(days=1), window=Window(Period.DAY)) is None
