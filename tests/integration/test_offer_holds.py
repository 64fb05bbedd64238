"""What orders hold of offers on real PostgreSQL: never over-used, never deadlocked, and it adds up (R-SUB-5, S6)."""

import random

from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.pricing.offers import Period
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.persistence.database import Database
from tests.integration.purses import AT, Purses
from tests.integration.shelves import together


async def test_of_fifty_orders_with_one_coupon_one_has_it(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t")
    (code,) = await purses.coupons("t", "ann")
    got = await together(purses.holds(f"o{number}", "ann", purses.couponed(code)) for number in range(50))
    assert sorted(map(str, got)) == sorted(["None", *["coupon_locked"] * 49])
    (winner,) = (number for number, reason in enumerate(got) if reason is None)
    assert (await purses.coupon(code)).order_no == purses.name(f"o{winner}")


async def test_a_coupon_is_refused_for_the_reason_that_it_has(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t")
    ends = AT.replace(day=6)
    await purses.template("short", offer={"ends_at": ends})
    await purses.template("later", offer={"starts_at": ends})
    (mine, used), (short,), (later,) = (
        await purses.coupons("t", "ann", 2),
        await purses.coupons("short", "ann"),
        await purses.coupons("later", "ann"),
    )
    assert await purses.holds("o1", "ann", purses.couponed(used)) is None
    await purses.uses("o1")
    assert await purses.holds("o2", "bob", purses.couponed(mine)) == "unknown_coupon"
    assert await purses.holds("o2", "ann", purses.couponed("NONE")) == "unknown_coupon"
    assert await purses.holds("o2", "ann", purses.couponed(used)) == "coupon_used"
    assert await purses.holds("o2", "ann", purses.couponed(short), at=ends) == "coupon_expired"
    assert await purses.holds("o2", "ann", purses.couponed(later)) == "coupon_not_yet_valid"
    assert await purses.holds("o2", "ann", purses.couponed(mine), purses.couponed(short)) is None


async def test_limits_are_reached_and_never_passed(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.offers("budget", budget=1_000)
    await purses.offers("limit", usage_limit=7)
    await purses.offers("each", usage_limit_per_account=2)
    await purses.points("ann", 500)
    orders = range(50)
    got = await together(purses.holds(f"b{number}", "ann", purses.promoted("budget", 300)) for number in orders)
    assert (got.count(None), got.count("budget_exhausted")) == (3, 47)
    got = await together(purses.holds(f"l{number}", f"a{number}", purses.promoted("limit")) for number in orders)
    assert (got.count(None), got.count("usage_limit_reached")) == (7, 43)
    got = await together(purses.holds(f"e{number}", f"a{number % 5}", purses.promoted("each")) for number in orders)
    assert (got.count(None), got.count("account_limit_reached")) == (10, 40)
    got = await together(purses.holds(f"p{number}", "ann", purses.paid(60)) for number in orders)
    assert (got.count(None), got.count("points_unavailable")) == (8, 42)
    assert await purses.spent("budget") == (900, 3)
    assert (await purses.spent("limit"))[1] == 7
    assert (await purses.spent("each"))[1] == 10
    assert await purses.balance("ann") == (500, 480)
