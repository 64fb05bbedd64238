"""What comes back of an order that came to nothing: every rule with everything that an order holds (R-REV-2, S6)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from ordersaga.domain.pricing.restoration import DEFAULTS, Restoration, Restorations, Return, Undoing
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import restorations
from ordersaga.persistence.database import Database
from tests.integration.purses import AT, Purses

KEPT = Restoration(Return.KEPT)
RETURNED = Restoration(Return.RETURNED)
IF_VALID = Restoration(Return.RETURNED_IF_VALID)
EXTENDED = Restoration(Return.EXTENDED, 30)
ENDS = AT + timedelta(days=7)
EARLY = AT + timedelta(days=1)
LATE = ENDS + timedelta(days=1)


@pytest.mark.parametrize("used", [False, True], ids=["held", "used"])
@pytest.mark.parametrize(
    ("rule", "at", "coupon", "valid_until", "comes_back"),
    [
        (KEPT, EARLY, "forfeited", ENDS, False),
        (RETURNED, EARLY, "returned", ENDS, True),
        (RETURNED, LATE, "returned", ENDS, True),
        (IF_VALID, EARLY, "returned", ENDS, True),
        (IF_VALID, LATE, "expired", ENDS, True),  # of the four only the coupon has an end
        (EXTENDED, EARLY, "returned", EARLY + timedelta(days=30), True),
        (EXTENDED, LATE, "returned", LATE + timedelta(days=30), True),
    ],
)
async def test_each_rule_with_each_kind(
    database: Database,
    rule: Restoration,
    at: datetime,
    coupon: str,
    valid_until: datetime,
    comes_back: bool,
    used: bool,
) -> None:
    async with _shop_says(database, {source: {Undoing.CANCELLED: rule} for source in Source}):
        purses = Purses.empty(database)
        await purses.template("t", offer={"ends_at": ENDS})
        await purses.points("ann", 500)
        await purses.offers("sale", budget=300)
        await purses.offers(
            "club", source=Source.MEMBER_BENEFIT, member_tiers=frozenset({"gold"}), usage_limit_per_account=1
        )
        (code,) = await purses.coupons("t", "ann")
        benefit = purses.promoted("club", source=Source.MEMBER_BENEFIT)
        wanted = (purses.couponed(code), purses.promoted("sale", 200), benefit, purses.paid(300))
        assert await purses.holds("o1", "ann", *wanted) is None
    if used:
        await purses.uses("o1")
    await purses.returns("o1", Undoing.CANCELLED, at)
    await purses.returns("o1", Undoing.REFUSED, at)
    found = await purses.coupon(code)
    assert (found.state, found.valid_until, found.order_no) == (coupon, valid_until, None)
    assert await purses.spent("sale") == ((0, 0) if comes_back else (200, 1))
    assert await purses.spent("club") == ((0, 0) if comes_back else (100, 1))
    assert await purses.balance("ann") == (500 if comes_back else 200, 0)
    again = await purses.holds("o2", "ann", benefit)
    assert again == (None if comes_back else "account_limit_reached")


async def test_a_coupons_own_rules_go_before_the_shops_and_the_shops_before_the_defaults(database: Database) -> None:
    async with _shop_says(database, {Source.COUPON: {Undoing.TIMED_OUT: KEPT, Undoing.CANCELLED: KEPT}}):
        purses = Purses.empty(database)
        await purses.template("t", restorations={Undoing.TIMED_OUT: RETURNED})
        codes = await purses.coupons("t", "ann", 3)
        ways = [Undoing.TIMED_OUT, Undoing.CANCELLED, Undoing.REFUSED]
        for code in codes:
            assert await purses.holds(code, "ann", purses.couponed(code)) is None
        for code, undoing in zip(codes, ways, strict=True):
            await purses.returns(code, undoing)
    assert await purses.states(codes) == ["returned", "forfeited", "returned"]


async def test_the_rules_that_stood_at_the_hold_decide(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.points("ann", 500)
    assert await purses.holds("o1", "ann", purses.paid(300)) is None
    async with _shop_says(database, {Source.POINTS: dict.fromkeys(Undoing, KEPT)}):
        await purses.returns("o1")
    assert await purses.balance("ann") == (500, 0)


@asynccontextmanager
async def _shop_says(database: Database, table: Mapping[Source, Restorations]) -> AsyncIterator[None]:
    """The shop's table over the defaults, which stand alone again afterwards."""
    async with database.transaction() as connection:
        for source, rules in table.items():
            await restorations.put(connection, source, rules, AT)
        said = await restorations.all(connection)
        assert said == {source: {**usual, **table.get(source, {})} for source, usual in DEFAULTS.items()}
    try:
        yield
    finally:
        async with database.transaction() as connection:
            for source in table:
                await restorations.put(connection, source, {}, AT)
            assert await restorations.all(connection) == DEFAULTS
