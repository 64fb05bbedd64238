"""The simulated warehouse and carrier report every step of every parcel, in order, as those who see it."""

import pytest

from cli.client import Api
from cli.simulator.simulation import Simulation, simulating
from cli.simulator.steps import OpenParcel, steps_left
from ordersaga.domain.lifecycle.parcel import ParcelState
from tests.unit.fake_shop import CARRIER_SECRET, FakeShop

WAY = ["label_printed", "picked", "packed", "handed_over", "in_transit", "delivered"]


def shop_with_parcels(count: int) -> FakeShop:
    shop = FakeShop()
    for number in range(count):
        shop.orders[f"order-{number}"] = {"status": "awaiting_shipment", "lines": [], "parcels": []}
        parcel = {"parcel_no": f"p{number}", "order_no": f"order-{number}", "warehouse_id": "w1", "state": "created"}
        shop.parcels[f"p{number}"] = parcel
        shop.orders[f"order-{number}"]["parcels"].append(parcel)
    return shop


async def until_delivered(shop: FakeShop, *parcels: str) -> None:
    await shop.until(lambda: all(shop.parcels[number]["state"] == "delivered" for number in parcels))


async def until_looked(shop: FakeShop, times: int) -> None:
    wanted = shop.calls.count(("GET", "/v1/parcels")) + times
    await shop.until(lambda: shop.calls.count(("GET", "/v1/parcels")) >= wanted)


def simulation(api: Api, forget_seconds: float = 30) -> Simulation:
    return Simulation(api, carrier_secret=CARRIER_SECRET, step_seconds=0, forget_seconds=forget_seconds)


async def test_every_parcel_of_every_page_is_delivered_step_by_step() -> None:
    shop = shop_with_parcels(5)
    async with shop.api() as api, simulating(simulation(api)):
        await until_delivered(shop, *shop.parcels)
    assert sorted(event for event, _ in shop.reports) == sorted(WAY * 5)


async def test_the_warehouse_reports_until_it_hands_over_and_the_carrier_afterwards() -> None:
    shop = shop_with_parcels(1)
    async with shop.api() as api, simulating(simulation(api)):
        await until_delivered(shop, "p0")
    assert shop.reports == [(event, "warehouse") for event in WAY[:4]] + [(event, "carrier") for event in WAY[4:]]


async def test_without_the_carrier_s_key_the_warehouse_reports_it_all() -> None:
    shop = shop_with_parcels(1)
    async with shop.api() as api, simulating(Simulation(api, carrier_secret=None, step_seconds=0)):
        await until_delivered(shop, "p0")
    assert shop.reports == [(event, "warehouse") for event in WAY]


async def test_a_parcel_that_was_half_way_goes_on_from_there() -> None:
    shop = shop_with_parcels(1)
    shop.parcels["p0"]["state"] = "packed"
    async with shop.api() as api, simulating(simulation(api)):
        await until_delivered(shop, "p0")
    assert [event for event, _ in shop.reports] == WAY[3:]


async def test_what_was_reported_is_not_reported_again_while_the_shop_is_slow_to_apply_it() -> None:
    shop = shop_with_parcels(1)
    shop.stuck = True
    async with shop.api() as api, simulating(simulation(api)):
        await until_looked(shop, 4)
    assert [event for event, _ in shop.reports] == WAY


async def test_a_parcel_that_stays_open_too_long_is_taken_up_again() -> None:
    shop = shop_with_parcels(1)
    shop.stuck = True
    async with shop.api() as api, simulating(simulation(api, forget_seconds=0.01)):
        await until_looked(shop, 2)
        shop.stuck = False
        await until_delivered(shop, "p0")


async def test_an_outage_delays_the_reports_and_loses_none() -> None:
    shop = shop_with_parcels(2)
    shop.away = 3
    async with shop.api() as api, simulating(simulation(api)):
        await until_delivered(shop, "p0", "p1")


async def test_only_the_parcels_that_it_cares_for_move() -> None:
    shop = shop_with_parcels(2)

    def ours(parcel: OpenParcel) -> bool:
        return parcel.order_no == "order-1"

    async with (
        shop.api() as api,
        simulating(Simulation(api, carrier_secret=CARRIER_SECRET, step_seconds=0, cares_for=ours)),
    ):
        await until_delivered(shop, "p1")
    assert shop.parcels["p0"]["state"] == "created"


@pytest.mark.parametrize("state", [ParcelState.LOST, ParcelState.REFUSED, ParcelState.DELIVERED])
def test_a_parcel_that_is_delivered_or_astray_is_left_alone(state: ParcelState) -> None:
    assert list(steps_left(state)) == []
