"""Stock under load on real PostgreSQL: never oversold, never deadlocked, and it adds up (R-STK-2, S1, S4)."""

import asyncio
import random

from ordersaga.domain.errors import PlacingTimedOut, StockBelowReserved
from ordersaga.persistence.database import Database
from tests.integration.shelves import LONGEST, Shelves, together


async def test_a_hundred_buyers_of_twenty_units_make_twenty_orders(database: Database) -> None:
    shelves = await Shelves.filled(database, lamp={"here": 12, "there": 8})
    got = await together(shelves.reserves(f"o{number}", ("lamp", 1)) for number in range(100))
    assert got.count(True) == 20
    assert await shelves.of("lamp") == {"here": (12, 12), "there": (8, 8)}


async def test_one_order_tried_many_times_at_once_holds_once(database: Database) -> None:
    shelves = await Shelves.filled(database, lamp={"here": 12})
    assert all(await together(shelves.reserves("o1", ("lamp", 3)) for _ in range(20)))
    assert await shelves.of("lamp") == {"here": (12, 3)}


async def test_carts_filled_in_opposite_orders_do_not_block_each_other(database: Database) -> None:
    shelves = await Shelves.filled(database, a={"x": 400, "y": 400}, b={"x": 400, "y": 400}, c={"x": 400, "y": 400})
    ways = [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")]

    async def life(number: int) -> None:
        wanted = [(sku, 1 + number % 3) for sku in ways[number % 3]]
        assert await shelves.reserves(f"o{number}", *wanted)
        if number % 2:
            await shelves.releases(f"o{number}")
        else:
            for parcel_no in await shelves.packs(f"o{number}", *wanted):
                await shelves.ships(parcel_no)

    await together(life(number) for number in range(60))
    shipped = sum(1 + number % 3 for number in range(0, 60, 2))
    for sku in "abc":
        held = await shelves.of(sku)
        assert sum(reserved for _, reserved in held.values()) == 0
        assert sum(on_hand for on_hand, _ in held.values()) == 800 - shipped


async def test_a_reserve_and_its_release_at_once_leave_nothing_held(database: Database) -> None:
    """A cancel during the deduct (S4): whichever comes first, the end is the same."""
    shelves = await Shelves.filled(database, lamp={"here": 10})

    async def reserve(order: str) -> None:
        try:
            assert await shelves.reserves(order, ("lamp", 1))
        except PlacingTimedOut:
            return

    for round_ in range(10):
        order = f"o{round_}"
        await together([reserve(order), shelves.releases(order), reserve(order), shelves.releases(order)])
        assert await shelves.of("lamp") == {"here": (10, 0)}


async def test_after_a_random_day_the_ledger_is_the_balance(database: Database) -> None:
    dice = random.Random(20260105)  # the same day each time
    skus = ("a", "b", "c", "d")
    shelves = await Shelves.filled(database, **{sku: {"x": 15, "y": 10} for sku in skus})
    days = [(number, random.Random(dice.random())) for number in range(80)]  # each order has dice of its own

    async def life(number: int, own: random.Random) -> bool:
        """Reserved, and then kept, given back twice or shipped twice; or refused."""
        wanted = [(sku, own.randint(1, 3)) for sku in own.sample(skus, own.randint(1, 3))]
        order = f"o{number}"
        if not await shelves.reserves(order, *wanted):
            return False
        match own.randrange(3):
            case 0:
                await together([shelves.releases(order), shelves.releases(order)])
            case 1:
                parcel_nos = await shelves.packs(order, *wanted)
                await together(shelves.ships(parcel_no) for parcel_no in parcel_nos * 2)
        return True

    async def count() -> None:
        for sku in skus * 3:
            try:
                await shelves.adjusts(sku, {"x": 15})
            except StockBelowReserved:
                await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    outcomes = await together(life(number, own) for number, own in days)
    await together([asyncio.wait_for(counting, LONGEST)])
    assert {True, False} == set(outcomes), "some were served and some were not"
    for sku in skus:
        await shelves.of(sku)  # the ledger is the balance, and nothing is below zero
