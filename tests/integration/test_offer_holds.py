"""What orders hold of offers on real PostgreSQL: never over-used, never deadlocked, and it adds up (R-SUB-5, S6)."""

import contextlib
import random
from collections.abc import Sequence

import pytest

from ordersaga.domain.errors import PlacingTimedOut
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


async def test_a_hold_repeated_takes_nothing_more_and_one_after_the_return_is_refused(database: Database) -> None:
    purses, wanted = await _filled(database)
    got = await together(purses.holds("o1", "ann", *wanted) for _ in range(10))
    assert got == [None] * 10
    await together(purses.returns("o1") for _ in range(5))
    await purses.uses("o1")
    for order in ("o1", "never-held"):
        await purses.returns(order)
        with pytest.raises(PlacingTimedOut):
            await purses.holds(order, "ann", *wanted)
    assert await purses.balance("ann") == (1_000, 0)
    assert await purses.spent("sale") == (0, 0)
    assert await purses.states([wanted[0].code]) == ["returned"]


async def test_what_is_refused_leaves_nothing_held(database: Database) -> None:
    purses, wanted = await _filled(database)
    await purses.offers("gone", budget=1)
    assert await purses.holds("o1", "ann", *wanted, purses.promoted("gone", 2)) == "budget_exhausted"
    assert await purses.holds("o1", "ann", *wanted, purses.promoted("unheard-of")) == "unknown_offer"
    assert await purses.holds("o1", "ann", *wanted[:1], purses.paid(1_001)) == "points_unavailable"
    assert await purses.balance("ann") == (1_000, 0)
    assert await purses.spent("sale") == (0, 0)
    assert await purses.states([wanted[0].code]) == ["available"]
    assert await purses.holds("o1", "ann", *wanted) is None


async def test_a_hold_its_use_and_its_return_at_once_end_as_returned(database: Database) -> None:
    purses, wanted = await _filled(database)
    dice = random.Random(20260106)

    async def hold(order: str) -> None:
        with contextlib.suppress(PlacingTimedOut):
            assert await purses.holds(order, "ann", *wanted) is None

    for order in (f"o{number}" for number in range(20)):
        steps = [hold(order), hold(order), purses.uses(order), purses.returns(order), purses.returns(order)]
        await together(dice.sample(steps, len(steps)))
        assert await purses.states([wanted[0].code]) in (["returned"], ["available"])
        assert await purses.balance("ann") == (1_000, 0)
        assert await purses.spent("sale") == (0, 0)


async def test_orders_that_name_the_same_things_in_other_orders_do_not_block_each_other(database: Database) -> None:
    purses = Purses.empty(database)
    names = ("a", "b", "c", "d")
    await purses.template("t")
    codes = await purses.coupons("t", "ann", 40)
    await purses.points("ann", 10_000)
    for name in names:
        await purses.offers(name, budget=100_000)
    dice = random.Random(20260107)

    async def life(number: int, wanted: Sequence[Hold]) -> None:
        assert await purses.holds(f"o{number}", "ann", *wanted) is None
        await purses.uses(f"o{number}")
        await purses.returns(f"o{number}", Undoing.CANCELLED)

    orders = [
        [
            *(purses.promoted(name) for name in dice.sample(names, 3)),
            purses.couponed(codes[number]),
            purses.paid(10),
        ]
        for number in range(40)
    ]
    await together(life(number, dice.sample(wanted, len(wanted))) for number, wanted in enumerate(orders))
    assert set(await purses.states(codes)) == {"returned"}
    assert [await purses.spent(name) for name in names] == [(0, 0)] * 4
    assert await purses.balance("ann") == (10_000, 0)


async def test_after_a_random_day_the_ledgers_are_what_is_held(database: Database) -> None:
    """Holds of few things by many orders, some used, some returned, some both, each step twice and at once."""
    purses = Purses.empty(database)
    dice = random.Random(20260108)  # the same day each time
    await purses.template("t", limit_per_account=100)
    codes = {account: await purses.coupons("t", account, 6) for account in ("ann", "bob")}
    for account in codes:
        await purses.points(account, 200)
    await purses.offers("sale", budget=1_500, usage_limit_per_account=10)
    await purses.offers("gift", usage_limit=12)
    outcomes: set[str | None] = set()

    async def life(number: int, own: random.Random) -> None:
        account = own.choice(sorted(codes))
        things = [
            *(purses.couponed(code) for code in own.sample(codes[account], own.randint(0, 2))),
            *(purses.promoted(name) for name in ("sale", "gift") if own.random() < 0.6),
            *([purses.paid(own.randint(20, 90))] if own.random() < 0.6 else []),
        ]
        order = f"o{number}"
        reason = await purses.holds(order, account, *own.sample(things, len(things)))
        outcomes.add(reason)
        later = [purses.uses(order), purses.uses(order)] if own.random() < 0.6 else []
        undoing = own.choice(list(Undoing))
        later += [purses.returns(order, undoing), purses.returns(order, undoing)] if own.random() < 0.7 else []
        await together(own.sample(later, len(later)))

    await together(life(number, random.Random(dice.random())) for number in range(80))
    assert None in outcomes
    assert len(outcomes) > 2, "some were refused, for several reasons"
    for name in ("sale", "gift"):
        await purses.spent(name)  # the ledger is the balance
    for account, held in codes.items():
        balance, locked = await purses.balance(account)
        assert 0 <= locked <= balance <= 200
        assert {(await purses.coupon(code)).state.value for code in held} <= {"available", "locked", "used", "returned"}


async def _filled(database: Database) -> tuple[Purses, Sequence[Hold]]:
    """Ann's coupon, a promotion and her points, and an order's wish for some of each."""
    purses = Purses.empty(database)
    await purses.template("t")
    await purses.points("ann", 1_000)
    await purses.offers("sale", budget=300, usage_limit_per_account=1)
    (code,) = await purses.coupons("t", "ann")
    return purses, (purses.couponed(code), purses.promoted("sale", 200), purses.paid(400))
