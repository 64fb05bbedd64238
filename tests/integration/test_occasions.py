"""What a cart is priced by, read from real PostgreSQL: complete, of this account alone, and in few statements."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from ordersaga.domain.pricing.effects import AmountOff, Gift
from ordersaga.domain.pricing.occasion import Occasion, Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence import catalogue, members, occasions, offers, points
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings
from tests.integration.purses import AT, OFF, Purses
from tests.integration.shelves import Shelves


async def test_an_occasion_is_everything_that_an_account_is_priced_by(database: Database) -> None:
    purses, shelves = Purses.empty(database), await Shelves.filled(database, cup={"here": 5, "there": 4}, bag={})
    policy = PointsPolicy(currency="TWD", points=10, amount=3)
    async with database.transaction() as connection:
        await members.put(connection, purses.name("ann"), "gold", AT)
        await points.put_policy(connection, policy, AT)
    await purses.template("t")
    await purses.points("ann", 500)
    await purses.offers("sale", budget=1_000, usage_limit_per_account=3)
    await purses.offers("off", enabled=False)
    for gift in ("cup", "bag", "unheard-of"):
        await purses.offers(gift, effect=Gift(sku=shelves.name(gift)))
    spent, kept = await purses.coupons("t", "ann", 2)
    (foreign,) = await purses.coupons("t", "bob")
    assert await shelves.reserves("o1", ("cup", 3))
    assert (
        await purses.holds("o1", "ann", purses.couponed(spent), purses.promoted("sale", 300), purses.paid(200)) is None
    )

    wishes = Wishes(coupon_codes=(spent, foreign), promotion_codes=("sale",), points=100)
    found = await _occasion(purses, "ann", wishes)
    own = {one.offer.code: one for one in found.offers if one.offer.code.startswith(purses.name(""))}
    assert set(own) == {purses.name(code) for code in ("sale", "cup", "bag", "unheard-of")}
    sale = own[purses.name("sale")]
    assert (sale.spent, sale.used, sale.used_by_account) == (300, 1, 1)
    assert {coupon.coupon_code: coupon.state.value for coupon in found.coupons} == {spent: "locked", kept: "available"}
    assert {coupon.offer.effect for coupon in found.coupons} == {OFF}
    assert (found.member_tier, found.points_balance, found.points_policy) == ("gold", 300, policy)
    assert (found.channel, found.wishes, found.at) == ("app", wishes, AT)
    assert found.gifts[shelves.name("cup")].sku == shelves.name("cup")
    assert (found.gift_stock[shelves.name("cup")], found.gift_stock[shelves.name("bag")]) == (6, 0)
    assert shelves.name("unheard-of") not in found.gifts


async def test_an_account_that_nobody_knows_has_the_offers_alone(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.offers("sale")
    found = await _occasion(purses, "eve", Wishes(), currency="XXX")
    assert purses.name("sale") in {one.offer.code for one in found.offers}
    assert (found.coupons, found.member_tier, found.points_balance, found.points_policy) == ((), None, 0, None)


@pytest.fixture
async def alone(settings: Settings) -> AsyncIterator[Database]:
    """Connections that no worker uses, so that what is sent through them can be counted."""
    database = Database(settings.database_driver_url, pool_size=2)
    yield database
    await database.close()


async def test_an_occasion_takes_three_statements_with_its_goods_and_sees_a_changed_rule_at_once(
    alone: Database,
) -> None:
    database = alone
    purses, shelves = Purses.empty(database), await Shelves.filled(database, cup={"here": 5})
    await purses.offers("gift", effect=Gift(sku=shelves.name("cup")))
    await purses.template("t")
    await purses.coupons("t", "ann", 5)
    for number in range(20):
        await purses.offers(f"sale{number}")
    await _occasion(purses, "ann", Wishes())
    with _statements(database) as statements:
        before = await _occasion(purses, "ann", Wishes())
    assert len(statements) == 3, statements
    assert len(before.coupons) == 5

    await purses.offers("sale7", effect=AmountOff(amount=5))
    await purses.offers("sale8", enabled=False)
    with _statements(database) as statements:
        after = await _occasion(purses, "ann", Wishes())
    assert len(statements) == 4, "and one for the version that is new here"
    changes = {one.offer.code: one.offer.effect for one in after.offers if one not in before.offers}
    assert changes == {purses.name("sale7"): AmountOff(amount=5)}
    gone = {one.offer.code for one in before.offers} - {one.offer.code for one in after.offers}
    assert gone == {purses.name("sale8")}


async def _occasion(purses: Purses, account: str, wishes: Wishes, currency: str = "TWD") -> Occasion:
    async with purses.database.transaction() as connection:
        running = await offers.running(connection, purses.name(account), AT)
        return await occasions.occasion(
            connection,
            purses.name(account),
            channel="app",
            wishes=wishes,
            currency=currency,
            offers=running,
            goods=await catalogue.goods(connection, [], counted=occasions.gifts_of(running)),
            at=AT,
        )


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
