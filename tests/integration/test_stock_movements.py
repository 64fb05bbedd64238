"""Stock movements on real PostgreSQL: all or nothing, once each, and a ledger that adds up (R-STK-2, S2 … S4)."""

import pytest

from ordersaga.domain.errors import OutOfStock, PlacingTimedOut, StockBelowReserved
from ordersaga.domain.sourcing import Demand
from ordersaga.persistence import stock
from ordersaga.persistence.database import Database
from tests.goods import TAIPEI
from tests.integration.shelves import AT, Shelves


@pytest.fixture
async def shelves(database: Database) -> Shelves:
    """Tea in two warehouses, one pot, and an attic with nothing in it."""
    return await Shelves.filled(database, tea={"here": 5, "there": 5}, pot={"there": 1}, dust={"attic": 0})


async def test_a_reserve_holds_units_without_taking_them(shelves: Shelves) -> None:
    assert await shelves.reserves("o1", ("tea", 2), ("pot", 1))
    assert await shelves.of("tea") == {"here": (5, 0), "there": (5, 2)}
    assert await shelves.of("pot") == {"there": (1, 1)}
    assert await shelves.sources("o1") == [("tea", "there", 2), ("pot", "there", 1)]


async def test_a_reserve_twice_holds_once(shelves: Shelves) -> None:
    for _ in range(3):
        assert await shelves.reserves("o1", ("tea", 2))
    assert await shelves.of("tea") == {"here": (5, 2), "there": (5, 0)}


async def test_a_line_that_is_short_holds_nothing_of_the_others(shelves: Shelves) -> None:
    assert not await shelves.reserves("o1", ("tea", 2), ("pot", 2))
    assert await shelves.of("tea") == {"here": (5, 0), "there": (5, 0)}
    assert await shelves.sources("o1") == []


async def test_two_lines_of_one_sku_are_summed_before_anything_is_held(shelves: Shelves) -> None:
    assert not await shelves.reserves("o1", ("tea", 6), ("tea", 5))
    assert await shelves.reserves("o2", ("tea", 6), ("tea", 4))
    assert await shelves.of("tea") == {"here": (5, 5), "there": (5, 5)}


async def test_units_that_others_hold_are_not_available(shelves: Shelves) -> None:
    assert await shelves.reserves("o1", ("pot", 1))
    demand = Demand(1, shelves.name("pot"), "own", 1)
    with pytest.raises(OutOfStock) as refusal:
        async with shelves.database.transaction() as connection:
            await stock.reserve(connection, shelves.name("o2"), [demand], TAIPEI, AT)
    assert refusal.value.details["items"] == [{"sku": shelves.name("pot"), "requested": 1, "available": 0}]


async def test_a_refused_order_may_try_again_when_there_is_stock(shelves: Shelves) -> None:
    assert not await shelves.reserves("o1", ("pot", 2))
    await shelves.adjusts("pot", {"there": 2})
    assert await shelves.reserves("o1", ("pot", 2))


async def test_a_release_gives_back_once_what_was_held(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 7), ("pot", 1))
    await shelves.reserves("o2", ("tea", 3))
    for _ in range(3):
        await shelves.releases("o1")
    assert sum(reserved for _, reserved in (await shelves.of("tea")).values()) == 3
    assert await shelves.of("pot") == {"there": (1, 0)}


async def test_a_release_before_its_reserve_makes_the_reserve_refuse(shelves: Shelves) -> None:
    await shelves.releases("o1")
    with pytest.raises(PlacingTimedOut):
        await shelves.reserves("o1", ("tea", 1))
    assert await shelves.of("tea") == {"here": (5, 0), "there": (5, 0)}


async def test_a_reserve_after_its_release_is_refused_as_well(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 1))
    await shelves.releases("o1")
    with pytest.raises(PlacingTimedOut):
        await shelves.reserves("o1", ("tea", 1))


async def test_a_parcel_that_leaves_takes_its_units_from_both_balances_once(shelves: Shelves) -> None:
    wanted = ("tea", 7), ("pot", 1)
    await shelves.reserves("o1", *wanted)
    first, second = await shelves.packs("o1", *wanted)
    for _ in range(3):
        await shelves.ships(first)
    assert await shelves.of("tea") == {"here": (0, 0), "there": (5, 2)}
    await shelves.ships(second)
    assert await shelves.of("tea") == {"here": (0, 0), "there": (3, 0)}
    assert await shelves.of("pot") == {"there": (0, 0)}


async def test_an_adjustment_reaches_the_count_and_is_in_the_ledger(shelves: Shelves) -> None:
    await shelves.adjusts("tea", {"here": 9, "attic": 0, "there": 5})
    assert await shelves.of("tea") == {"here": (9, 0), "there": (5, 0), "attic": (0, 0)}
    await shelves.adjusts("tea", {"here": 0})
    assert (await shelves.of("tea"))["here"] == (0, 0)


async def test_an_adjustment_below_what_is_held_is_refused_whole(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 10))
    with pytest.raises(StockBelowReserved) as refusal:
        await shelves.adjusts("tea", {"here": 20, "there": 4})
    assert refusal.value.details == {
        "sku": shelves.name("tea"),
        "warehouse_id": shelves.name("there"),
        "reserved": 5,
    }
    assert await shelves.of("tea") == {"here": (5, 5), "there": (5, 5)}
