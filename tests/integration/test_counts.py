"""What an order costs does not grow unseen: counts that are the same on every machine."""

from collections.abc import AsyncIterator, Mapping

import pytest

from bench.journeys import JOURNEYS
from devstack.stack import Stack
from ordersaga.domain.lifecycle.registry import offered
from tests.integration import order_counts
from tests.integration.counted_orders import CountedShop, counted_shop
from tests.integration.order_counts import ORDER_COUNTS, Counts

FAR_BELOW = 0.9
LIVES = 3
AGAIN = f"the table is {order_counts.__name__}; `python -m tests.integration.counted_orders` counts anew"


@pytest.fixture(scope="module")
async def shop(stack: Stack) -> AsyncIterator[CountedShop]:
    async with counted_shop(stack) as shop:
        yield shop


@pytest.mark.parametrize("order_type", JOURNEYS)
async def test_an_order_costs_no_more_than_it_did(shop: CountedShop, order_type: str) -> None:
    """Of several lives the cheapest: a machine that is slow for a moment has things told and tried twice."""
    wrong = differing(order_type, await shop.counts(order_type))
    for _ in range(1, LIVES):
        wrong = wrong and differing(order_type, await shop.counts(order_type))
    asked = "\n".join(f"{times} × {text[:160]}" for text, times in shop.tally.statements.most_common())
    assert not wrong, f"{'; '.join(wrong)}. {AGAIN}.\n{asked}"


def differing(order_type: str, stages: Mapping[str, Counts]) -> list[str]:
    """What costs more than the table says, or far less."""
    wrong = []
    for until, counts in stages.items():
        for name, counted, known in zip(counts._fields, counts, ORDER_COUNTS[order_type, until], strict=True):
            if counted > known:
                wrong.append(f"{order_type}, {until}: {name} grew from {known} to {counted}")
            elif counted < FAR_BELOW * known:
                wrong.append(f"{order_type}, {until}: {name} fell from {known} to {counted}: lower the bound")
    return wrong


def test_every_type_that_buyers_place_is_counted() -> None:
    assert {order_type for order_type, _ in ORDER_COUNTS} == set(JOURNEYS) == set(offered())
