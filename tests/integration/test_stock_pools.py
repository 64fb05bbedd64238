"""Stock of campaigns' own on real PostgreSQL: apart from the general shelf, and it adds up on both (R-TYPE-2)."""

import random

import pytest

from ordersaga.domain.errors import OutOfStock, PlacingTimedOut, StockBelowReserved
from ordersaga.persistence.database import Database
from tests.integration.shelves import Shelves, together


@pytest.fixture
async def shelves(database: Database) -> Shelves:
    """Ten units of tea in two warehouses, of which the campaign has three here and one there."""
    shelves = await Shelves.filled(database, tea={"here": 6, "there": 4})
    await shelves.sets_aside("tea", {"here": 3, "there": 1}, pool="noon")
    return shelves


async def test_what_is_set_aside_is_not_on_the_general_shelf(shelves: Shelves) -> None:
    assert await shelves.of("tea") == {"here": (3, 0), "there": (3, 0)}
    assert await shelves.of("tea", pool="noon") == {"here": (3, 0), "there": (1, 0)}
    assert not await shelves.reserves("plain", ("tea", 7))
    assert not await shelves.reserves("sale", ("tea", 5), pool="noon")


async def test_orders_of_a_campaign_take_from_its_own_and_give_back_to_it(shelves: Shelves) -> None:
    assert await shelves.reserves("o1", ("tea", 4), pool="noon")
    assert not await shelves.reserves("o2", ("tea", 1), pool="noon")
    assert await shelves.of("tea") == {"here": (3, 0), "there": (3, 0)}
    await shelves.releases("o1")
    assert await shelves.of("tea", pool="noon") == {"here": (3, 0), "there": (1, 0)}


async def test_a_parcel_of_a_campaigns_order_leaves_from_its_own(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 2), pool="noon")
    (parcel_no,) = await shelves.packs("o1", ("tea", 2))
    for _ in range(2):
        await shelves.ships(parcel_no)
    assert await shelves.of("tea", pool="noon") == {"here": (1, 0), "there": (1, 0)}
    assert await shelves.of("tea") == {"here": (3, 0), "there": (3, 0)}


async def test_setting_the_same_aside_again_changes_nothing(shelves: Shelves) -> None:
    await shelves.sets_aside("tea", {"here": 3}, pool="noon")
    assert await shelves.of("tea") == {"here": (3, 0), "there": (3, 0)}
    await shelves.sets_aside("tea", {"here": 1, "there": 2}, pool="noon")
    assert await shelves.of("tea") == {"here": (5, 0), "there": (2, 0)}


async def test_more_than_is_free_on_the_general_shelf_is_not_set_aside(shelves: Shelves) -> None:
    assert await shelves.reserves("plain", ("tea", 3))
    with pytest.raises(OutOfStock):
        await shelves.sets_aside("tea", {"here": 4, "there": 4}, pool="noon")
    assert await shelves.of("tea", pool="noon") == {"here": (3, 0), "there": (1, 0)}


async def test_what_orders_hold_of_a_campaigns_own_cannot_be_taken_from_it(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 2), pool="noon")
    with pytest.raises(StockBelowReserved):
        await shelves.sets_aside("tea", {"here": 1}, pool="noon")
    assert await shelves.of("tea", pool="noon") == {"here": (3, 2), "there": (1, 0)}


async def test_a_count_of_the_goods_counts_what_is_set_aside(shelves: Shelves) -> None:
    """Loading the same catalogue again makes no units of nothing."""
    await shelves.adjusts("tea", {"here": 6, "there": 4})
    assert await shelves.of("tea") == {"here": (3, 0), "there": (3, 0)}
    await shelves.adjusts("tea", {"here": 4})
    assert await shelves.of("tea") == {"here": (1, 0), "there": (3, 0)}
    with pytest.raises(StockBelowReserved):
        await shelves.adjusts("tea", {"here": 2})


async def test_what_is_left_goes_back_and_what_is_held_when_it_is_free(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 2), pool="noon")
    assert [await shelves.gives_back("tea", pool="noon") for _ in range(2)] == [2, 0]
    assert await shelves.of("tea", pool="noon") == {"here": (2, 2), "there": (0, 0)}
    await shelves.releases("o1")
    assert await shelves.gives_back("tea", pool="noon") == 2
    assert await shelves.of("tea") == {"here": (6, 0), "there": (4, 0)}


async def test_sixty_buyers_of_fifty_beside_a_general_shelf_get_fifty(database: Database) -> None:
    shelves = await Shelves.filled(database, lamp={"here": 40, "there": 30})
    await shelves.sets_aside("lamp", {"here": 30, "there": 20}, pool="noon")
    sale = (shelves.reserves(f"sale{number}", ("lamp", 1), pool="noon") for number in range(60))
    plain = (shelves.reserves(f"plain{number}", ("lamp", 1)) for number in range(15))
    got = await together([*sale, *plain])
    assert (got[:60].count(True), got[60:].count(True)) == (50, 15)
    assert await shelves.of("lamp", pool="noon") == {"here": (30, 30), "there": (20, 20)}
    assert sum(reserved for _, reserved in (await shelves.of("lamp")).values()) == 15


async def test_after_a_random_sale_every_shelf_is_its_ledger(database: Database) -> None:
    """Orders of two campaigns and of none, counts, and campaigns that end and begin again, all at once."""
    dice = random.Random(20261212)  # the same day each time
    shelves = await Shelves.filled(database, a={"x": 40, "y": 30}, b={"x": 40, "y": 30})
    for sku, pool in (("a", "noon"), ("b", "night")):
        await shelves.sets_aside(sku, {"x": 15, "y": 10}, pool=pool)

    async def life(number: int, kind: int) -> None:
        order, wanted = f"o{number}", (("a", "noon"), ("b", "night"))[number % 2]
        try:
            if await shelves.reserves(order, (wanted[0], 1 + number % 3), pool=wanted[1] if kind else ""):
                await (shelves.releases(order) if kind == 1 else shelves.reserves(order, (wanted[0], 1)))
        except PlacingTimedOut:
            return

    async def change(number: int) -> None:
        sku, pool = (("a", "noon"), ("b", "night"))[number % 2]
        try:
            match number % 4:
                case 0 | 1:
                    await shelves.gives_back(sku, pool=pool)
                case _:
                    await shelves.sets_aside(sku, {"x": 12, "y": 9}, pool=pool)
            await shelves.adjusts(sku, {"y": 30, "x": 40})
        except (OutOfStock, StockBelowReserved):
            return

    lives = [life(number, dice.randrange(3)) for number in range(60)]
    await together([*lives, *(change(number) for number in range(12))])
    for sku, pool in (("a", "noon"), ("b", "night")):
        both = [*(await shelves.of(sku)).values(), *(await shelves.of(sku, pool=pool)).values()]
        assert sum(on_hand for on_hand, _ in both) == 70
