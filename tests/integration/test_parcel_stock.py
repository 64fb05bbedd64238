"""What parcels leave on shelves when they are stopped, and take from them when they are sent again (S4, R-REV-3)."""

import asyncio
from dataclasses import replace

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.sourcing import Demand
from ordersaga.domain.splitting import Parcel
from ordersaga.persistence import parcel_stock, parcels
from ordersaga.persistence.database import Database
from ordersaga.persistence.parcels import StoredParcel
from tests.goods import TAIPEI
from tests.integration.shelves import AT, Shelves, together


async def leaves(shelves: Shelves, parcel_no: str, units: int) -> None:
    async with shelves.database.transaction() as connection:
        await parcel_stock.lock(connection, [parcel_no])
        await parcel_stock.release(connection, parcel_no, {1: units}, AT)


async def stands_in(shelves: Shelves, parcel_no: str, units: int) -> str:
    """A parcel in the place of another, with so many units of its line."""
    async with shelves.database.transaction() as connection:
        before = await parcels.get(connection, parcel_no)
        assert before is not None
        sequence = await parcels.next_sequence(connection, before.order_no)
        await parcels.add(connection, before.order_no, [_with(before, sequence, units)], AT, replaces=parcel_no)
        return parcels.parcel_no(before.order_no, sequence)


async def reserves_again(shelves: Shelves, parcel_no: str, units: int, *, pool: str = "") -> int:
    """How many units are held to be sent in the parcel's place."""
    demand = Demand(1, shelves.name("tea"), "own", units, shelves.name(pool) if pool else "")
    async with shelves.database.transaction() as connection:
        return sum(
            item.quantity for item in await parcel_stock.reserve_again(connection, parcel_no, [demand], TAIPEI, AT)
        )


async def test_units_that_are_stopped_go_back_to_the_campaign_once_and_the_rest_leaves(database: Database) -> None:
    shelves = await Shelves.filled(database, tea={"here": 10})
    await shelves.sets_aside("tea", {"here": 6}, pool="noon")
    assert await shelves.reserves("o1", ("tea", 3), pool="noon")
    (first,) = await shelves.packs("o1", ("tea", 3))
    await together(leaves(shelves, first, 1) for _ in range(3))
    assert await shelves.of("tea", pool="noon") == {"here": (6, 2)}
    assert await shelves.sources("o1") == [("tea", "here", 2)]
    second = await stands_in(shelves, first, 2)
    await asyncio.gather(*(shelves.ships(second) for _ in range(2)))
    assert await shelves.of("tea", pool="noon") == {"here": (4, 0)}
    assert await shelves.of("tea") == {"here": (4, 0)}


async def test_a_release_of_everything_after_a_part_gives_back_the_rest_alone(database: Database) -> None:
    shelves = await Shelves.filled(database, tea={"here": 5})
    await shelves.reserves("o1", ("tea", 3))
    (first,) = await shelves.packs("o1", ("tea", 3))
    await leaves(shelves, first, 2)
    for _ in range(2):
        await shelves.releases("o1")
    assert await shelves.of("tea") == {"here": (5, 0)}


async def test_what_is_sent_again_comes_from_the_general_shelf_or_the_campaigns_and_may_be_stopped_too(
    database: Database,
) -> None:
    shelves = await Shelves.filled(database, tea={"here": 9})
    await shelves.sets_aside("tea", {"here": 7}, pool="noon")
    await shelves.reserves("o1", ("tea", 2), pool="noon")
    (lost,) = await shelves.packs("o1", ("tea", 2))
    await shelves.ships(lost)
    assert [await reserves_again(shelves, lost, 2, pool="noon") for _ in range(2)] == [2, 2]
    assert (await shelves.of("tea"), await shelves.of("tea", pool="noon")) == ({"here": (2, 2)}, {"here": (5, 0)})
    again = await stands_in(shelves, lost, 2)
    await leaves(shelves, again, 1)
    smaller = await stands_in(shelves, again, 1)
    assert await shelves.of("tea") == {"here": (2, 1)}
    for parcel_no in (smaller, lost):
        await shelves.ships(parcel_no)
    assert (await shelves.of("tea"), await shelves.of("tea", pool="noon")) == ({"here": (1, 0)}, {"here": (5, 0)})
    assert await reserves_again(shelves, smaller, 3, pool="noon") == 3
    assert await shelves.of("tea", pool="noon") == {"here": (5, 3)}
    assert await reserves_again(shelves, again, 5, pool="noon") == 0
    assert (await shelves.of("tea"), await shelves.of("tea", pool="noon")) == ({"here": (1, 0)}, {"here": (5, 3)})


def _with(parcel: StoredParcel, sequence: int, units: int) -> Parcel:
    return Parcel(
        sequence=sequence,
        merchant_id=parcel.merchant_id,
        warehouse_id=parcel.warehouse_id,
        transport_class=TransportClass(parcel.transport_class),
        weight_g=parcel.weight_g,
        volume_mm3=0,
        lines=tuple(replace(line, quantity=units) for line in parcel.lines),
    )
