"""A replay places every order, compares it with the data, and says which order failed and why."""

import asyncio
from collections.abc import Sequence

import pytest

from cli.marketplace.catalogue import sku_of
from cli.marketplace.orders import MarketplaceOrder
from cli.marketplace.outcome import Outcome
from cli.marketplace.placing import Pace
from cli.marketplace.reading import read_marketplace
from cli.marketplace.replay import Replay, replay
from cli.simulator.simulation import Simulation, simulating
from tests.unit.fake_shop import CARRIER_SECRET, FakeShop
from tests.unit.test_marketplace_reading import DEMO_ORDERS

ORDERS = read_marketplace(DEMO_ORDERS).orders


class Listener:
    def __init__(self) -> None:
        self.order_nos: list[str] = []
        self.outcomes: list[Outcome] = []

    def loading(self, skus: int) -> None:
        self.skus = skus

    def placed(self, order_no: str) -> None:
        self.order_nos.append(order_no)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


async def played(
    shop: FakeShop, orders: Sequence[MarketplaceOrder] = ORDERS, watcher: Listener | None = None, patience: float = 5
) -> Replay:
    async with shop.api() as api:
        simulation = Simulation(api, carrier_secret=CARRIER_SECRET, step_seconds=0)
        async with asyncio.timeout(20), simulating(simulation):
            return await replay(
                api,
                orders,
                run="run",
                concurrency=4,
                pace=Pace(patience, shortest=0.02),
                watcher=watcher or Listener(),
            )


async def test_every_order_reaches_the_end_that_the_data_gives_it() -> None:
    listener = Listener()
    result = await played(FakeShop(), watcher=listener)
    assert result.good, (result.failures, result.stock)
    assert [outcome.order for outcome in result.outcomes] == list(ORDERS)
    assert [outcome.status for outcome in result.outcomes].count("cancelled") == 2
    assert sum(outcome.parcels for outcome in result.outcomes) == 14
    assert len(listener.order_nos) == len(listener.outcomes) == 12
    assert listener.skus == len({sku_of(item) for order in ORDERS for item in order.items})


async def test_each_call_that_creates_has_a_key_of_its_order_and_run() -> None:
    shop = FakeShop()
    await played(shop, ORDERS[:2])
    assert len(set(shop.keys)) == 2
    assert all(key.startswith("replay-run-") for key in shop.keys)


async def test_a_cancelled_order_is_never_paid() -> None:
    shop = FakeShop()
    result = await played(shop, [order for order in ORDERS if order.cancelled])
    assert result.good
    assert not [path for _, path in shop.calls if path.endswith("/payments")]


async def test_an_amount_that_differs_from_the_data_is_a_failure_before_anything_is_placed() -> None:
    shop = FakeShop(wrong_shipping=1)
    result = await played(shop, ORDERS[:1])
    (failed,) = result.failures
    assert failed.order_no is None
    assert failed.failure == (
        "quoted: shipping is 15.11 BRL where the data says 15.10 BRL; "
        "payable is 145.01 BRL where the data says 145.00 BRL"
    )
    assert shop.orders == {}


async def test_a_refused_sku_fails_its_orders_and_no_others() -> None:
    lamp = next(item for item in ORDERS[1].items if item.product.product_id == "demo-lamp")
    result = await played(FakeShop(refused_skus={sku_of(lamp)}))
    assert [failed.order.order_id for failed in result.failures] == ["demo-order-02"]
    assert "422 invalid_request" in (result.failures[0].failure or "")


async def test_the_replay_gives_up_when_no_order_gets_on() -> None:
    result = await played(FakeShop(stuck=True), ORDERS[:2], patience=2)
    assert [failed.failure for failed in result.failures] == [
        "still awaiting_shipment after 2 s in which no order got on"
    ] * 2


async def test_stock_that_stays_held_is_reported() -> None:
    result = await played(FakeShop(leak=1), ORDERS[:1])
    assert result.failures == ()
    assert result.stock == (f"{sku_of(ORDERS[0].items[0])}: 1 are still reserved",)
    assert not result.good


async def test_an_api_that_is_away_for_a_while_costs_nothing_but_time() -> None:
    assert (await played(FakeShop(away=3), ORDERS[:3])).good


@pytest.mark.parametrize("orders", [()])
async def test_a_replay_of_nothing_is_not_a_success(orders: Sequence[MarketplaceOrder]) -> None:
    assert not (await played(FakeShop(), orders)).good
