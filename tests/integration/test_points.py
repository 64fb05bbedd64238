"""Points on real PostgreSQL: every document is booked once, and the ledger is the balance (R-PRC-1)."""

import pytest

from ordersaga.domain.errors import PointsUnavailable
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence import members, points
from ordersaga.persistence.database import Database
from tests.integration.purses import AT, Purses
from tests.integration.shelves import together


async def test_a_document_is_booked_once_however_often_it_comes(database: Database) -> None:
    purses = Purses.empty(database)
    got = await together(_grants(purses, "ann", 500, "letter") for _ in range(20))
    assert got.count(True) == 1
    assert await _grants(purses, "bob", 500, "letter"), "another account's is another"
    assert await purses.balance("ann") == (500, 0)
    assert await purses.balance("eve") == (0, 0)


async def test_a_correction_takes_what_is_not_locked(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.points("ann", 500)
    assert await purses.holds("o1", "ann", purses.paid(300)) is None
    with pytest.raises(PointsUnavailable):
        await _grants(purses, "ann", -201, "mistake")
    assert await _grants(purses, "ann", -200, "mistake"), "what was refused was not booked"
    assert await purses.balance("ann") == (300, 300)
    await purses.returns("o1")
    assert await purses.balance("ann") == (300, 0)
    with pytest.raises(PointsUnavailable):
        await _grants(purses, "eve", -1, "mistake")


async def test_corrections_and_holds_at_once_never_overspend(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.points("ann", 1_000)

    async def correct(number: int) -> bool:
        try:
            return await _grants(purses, "ann", -70, f"mistake-{number}")
        except PointsUnavailable:
            return False

    async def hold(number: int) -> bool:
        return await purses.holds(f"o{number}", "ann", purses.paid(70)) is None

    got = await together(step(number) for number in range(20) for step in (correct, hold))
    assert got.count(True) == 14
    balance, locked = await purses.balance("ann")
    assert balance - locked == 20


async def test_a_currency_has_the_policy_that_was_put_last(database: Database) -> None:
    first = PointsPolicy(currency="XTS", points=10, amount=1, share_basis_points=5_000, minimum=100)
    second = PointsPolicy(currency="XTS")
    async with database.transaction() as connection:
        await points.put_policy(connection, first, AT)
        assert await points.policy(connection, "XTS") == first
        await points.put_policy(connection, second, AT)
        assert await points.policy(connection, "XTS") == second
        assert second in await points.policies(connection)
        assert await points.policy(connection, "XXX") is None


async def test_an_account_is_of_the_tier_that_was_put_last(database: Database) -> None:
    ann = Purses.empty(database).name("ann")
    async with database.transaction() as connection:
        for tier in (None, "gold", "platinum", None):
            await members.put(connection, ann, tier, AT)
            assert await members.tier(connection, ann) == tier
        assert await members.tier(connection, "nobody") is None


async def _grants(purses: Purses, account: str, number: int, document: str) -> bool:
    async with purses.database.transaction() as connection:
        return await points.grant(connection, purses.name(account), number, document=document, at=AT)
