"""The pool of codes on real PostgreSQL: entered once, held all or nothing, never sold twice (R-TYPE-4)."""

import asyncio
import random

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from ordersaga.domain.catalogue import Delivery
from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.keys import KeyRing
from ordersaga.gateways.codes import CodeVault
from ordersaga.gateways.secrets import SecretUnreadable
from ordersaga.persistence import codes
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.codes import digital_codes
from tests.integration.code_pool import VAULT, CodePool
from tests.integration.shelves import LONGEST, together


async def test_a_code_is_entered_once_wherever_it_was_entered_before(database: Database) -> None:
    pool = await CodePool.filled(database, game=0, film=0)
    first, second, third = (f"{pool.mark}-A{number}" for number in range(3))
    assert await pool.adds("game", first, second, first) == [2]
    assert await pool.adds("film", second, third) == [0]
    assert (await pool.of("game"), await pool.of("film")) == ((2, 0, 0), (1, 0, 0))


async def test_a_code_is_known_by_the_key_before_the_present_one_too(database: Database) -> None:
    pool = await CodePool.filled(database, game=0)
    code = f"{pool.mark}-A"
    assert await pool.adds("game", code) == []
    rotated = CodeVault(KeyRing({"k1": bytes(32), "k2": bytes([7] * 32)}, "k2"))
    assert await pool.adds("game", code, f"{pool.mark}-B", vault=rotated) == [0]
    assert await pool.of("game") == (2, 0, 0)


async def test_many_operators_who_enter_the_same_codes_enter_them_once(database: Database) -> None:
    pool = await CodePool.filled(database, game=0)
    entered = [f"{pool.mark}-{number}" for number in range(20)]
    known = await together(pool.adds("game", *random.sample(entered, 20)) for _ in range(8))
    assert sum(20 - len(places) for places in known) == 20
    assert len(set(await pool.digests())) == 20


async def test_the_database_holds_no_code_and_opens_none_in_anothers_place(database: Database) -> None:
    pool = await CodePool.filled(database, game=2)
    async with database.transaction() as connection:
        query = select(digital_codes).where(digital_codes.c.sku == pool.sku("game")).order_by(digital_codes.c.code_id)
        one, other = (await connection.execute(query)).all()
    assert VAULT.open(one.digest, one.sealed) == f"{pool.mark}-game-0"
    assert f"{pool.mark}-game-0" not in f"{one.digest} {one.sealed}"
    with pytest.raises(SecretUnreadable):
        VAULT.open(one.digest, other.sealed)
    with pytest.raises(SecretUnreadable):
        CodeVault(KeyRing({"k1": bytes([1] * 32)}, "k1")).open(one.digest, one.sealed)


async def test_thirty_buyers_of_ten_codes_make_ten_orders(database: Database) -> None:
    pool = await CodePool.filled(database, game=10)
    got = await together(pool.holds(f"o{number}", ("game", 1)) for number in range(30))
    assert got.count(True) == 10
    assert await pool.of("game") == (0, 10, 0)
    for number, has_one in enumerate(got):
        assert await pool.held_by(f"o{number}") == ([("game", 1, 1)] if has_one else [])


async def test_an_order_gets_all_of_its_units_or_none(database: Database) -> None:
    pool = await CodePool.filled(database, game=3, film=1)
    assert not await pool.holds("o1", ("game", 2), ("film", 2))
    assert await pool.of("game") == (3, 0, 0)
    assert await pool.holds("o2", ("game", 2), ("film", 1))
    assert await pool.held_by("o2") == [("film", 2, 1), ("game", 1, 1), ("game", 1, 2)]


async def test_two_lines_of_one_sku_share_what_there_is(database: Database) -> None:
    """A bought unit and one that is given beside it (S2)."""
    pool = await CodePool.filled(database, game=3)
    assert not await pool.holds("o1", ("game", 2), ("game", 2))
    assert await pool.holds("o2", ("game", 2), ("game", 1))
    assert await pool.held_by("o2") == [("game", 1, 1), ("game", 1, 2), ("game", 2, 1)]


async def test_what_others_hold_for_a_moment_is_waited_for_before_it_is_sold_out(database: Database) -> None:
    """Somebody has locked the last code, and comes to nothing."""
    pool = await CodePool.filled(database, game=1)
    async with database.engine.connect() as other:
        query = select(digital_codes.c.code_id).where(digital_codes.c.sku == pool.sku("game"))
        await other.execute(query.with_for_update())
        waiting = asyncio.create_task(pool.holds("o1", ("game", 1)))
        await _is_waiting(database)
        await other.rollback()
        async with asyncio.timeout(LONGEST):
            assert await waiting


async def test_orders_over_several_skus_never_block_each_other(database: Database) -> None:
    """Half of them come to nothing for want of the scarce one; what they had locked is sold to the others."""
    pool = await CodePool.filled(database, a=12, b=12, rare=3)
    ways = [("a", "b"), ("b", "a"), ("rare", "a", "b"), ("b", "rare", "a")]
    carts = [[(name, 1 + number % 2) for name in ways[number % 4]] for number in range(24)]
    got = await together(pool.holds(f"o{number}", *cart) for number, cart in enumerate(carts))
    for name in ("a", "b", "rare"):
        taken = sum(units for cart, ok in zip(carts, got, strict=True) if ok for sku, units in cart if sku == name)
        assert (await pool.of(name))[1] == taken
    assert not await pool.holds("late", ("rare", 4))


async def test_a_hold_and_its_release_leave_nothing_held_in_whatever_order(database: Database) -> None:
    pool = await CodePool.filled(database, game=2)
    await pool.releases("never")
    with pytest.raises(PlacingTimedOut):
        await pool.holds("never", ("game", 1))
    assert all(await together(pool.holds("twice", ("game", 1)) for _ in range(5)))
    assert await pool.of("game") == (1, 1, 0)
    await together(pool.releases("twice") for _ in range(5))
    assert await pool.of("game") == (2, 0, 0)


async def test_entitlements_are_promised_and_need_no_code(database: Database) -> None:
    pool = await CodePool.filled(database, game=1)
    await pool.offers("club", Delivery.ENTITLEMENT)
    assert await pool.holds("o1", ("game", 1), ("club", 500))
    async with database.transaction() as connection:
        assert (await codes.shelves(connection, [pool.sku("club")])).of(pool.sku("club")) == codes.MOST_COUNTED


async def test_no_statement_sells_a_code_twice(database: Database) -> None:
    pool = await CodePool.filled(database, game=2)
    assert await pool.holds("o1", ("game", 1))
    free = (digital_codes.c.sku == pool.sku("game")) & (digital_codes.c.state == "available")
    for wrong in (
        {"state": "held", "order_no": f"{pool.mark}-o1", "line_no": 1, "unit": 1},
        {"state": "sold"},
        {"order_no": f"{pool.mark}-o1"},
        {"revealed_at": digital_codes.c.added_at},
    ):
        with pytest.raises(IntegrityError):
            async with database.transaction() as connection:
                await connection.execute(update(digital_codes).where(free).values(wrong))


async def test_after_a_random_day_the_pool_is_what_a_model_says(database: Database) -> None:
    dice = random.Random(20261123)  # the same day each time
    stocked = {"a": 9, "b": 5, "c": 2}
    pool = await CodePool.filled(database, **stocked)
    have: dict[str, list[tuple[str, int]]] = {}
    sold: set[str] = set()
    gone: set[str] = set()
    for number in range(120):
        order = f"o{number}"
        living = sorted(have.keys() - sold)
        match dice.choice(("hold", "hold", "release", "deliver")):
            case "hold":
                wanted = [(sku, dice.randint(1, 3)) for sku in dice.sample("abc", dice.randint(1, 3))]
                left = {sku: count - sum(dict(held).get(sku, 0) for held in have.values())
                        for sku, count in stocked.items()}  # fmt: skip
                fits = all(units <= left[sku] for sku, units in wanted)
                assert await pool.holds(order, *wanted) is fits
                if fits:
                    have[order] = wanted
            case "release" if have:
                order = dice.choice(sorted(have))
                await pool.releases(order)
                del have[order]
                gone.add(order)
                sold.discard(order)
            case "deliver" if living:
                order = dice.choice(living)
                await pool.delivers(order)
                sold.add(order)
    for sku, count in stocked.items():
        mine = {order: dict(held).get(sku, 0) for order, held in have.items()}
        paid = sum(units for order, units in mine.items() if order in sold)
        assert await pool.of(sku) == (count - sum(mine.values()), sum(mine.values()) - paid, paid)
    for order, held in have.items():
        assert len(await pool.held_by(order)) == sum(units for _, units in held)
    assert gone
    assert [await pool.held_by(order) for order in sorted(gone)] == [[] for _ in gone]


async def _is_waiting(database: Database) -> None:
    """Wait until a statement on the pool waits for a lock."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%digital_codes%'"
    )
    async with asyncio.timeout(LONGEST):
        async with database.engine.connect() as connection:
            while not await connection.scalar(waits):
                await connection.rollback()
                await asyncio.sleep(0.02)
