"""What orders count for of purchase limits on real PostgreSQL: never too much, never deadlocked, given back once."""

import contextlib
import itertools
import random
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.errors import PlacingTimedOut, PurchaseLimitExceeded
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.purchase_limits import LimitedGoods, LimitHold, Period, PurchaseLimit, Subject, Window
from ordersaga.persistence import limit_holds, purchase_limits
from ordersaga.persistence.database import Database
from tests.integration.shelves import together

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
EVER = Window(Period.EVER)

_marks = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Shopping:
    """Limits and orders of a test's own, by the names that it gives them."""

    database: Database
    mark: str = field(default_factory=lambda: f"l{next(_marks)}")

    def name(self, own: str) -> str:
        return f"{self.mark}-{own}"

    async def limits(self, code: str, quantity: int, window: Window = EVER, subject: Subject = Subject.ACCOUNT) -> None:
        limit = PurchaseLimit(
            code=self.name(code),
            goods=LimitedGoods(campaigns=frozenset({self.name("campaign")})),
            subject=subject,
            quantity=quantity,
            window=window,
        )
        async with self.database.transaction() as connection:
            await purchase_limits.put(connection, limit, AT)

    async def wish(self, code: str, units: int = 1, subject: str = "ann") -> LimitHold:
        async with self.database.transaction() as connection:
            limit = await purchase_limits.get(connection, self.name(code))
        assert limit is not None
        return LimitHold(code=limit.code, subject=subject, units=units, allowed=limit.quantity, window=limit.window)

    async def buys(self, order: str, *wanted: LimitHold, at: datetime = AT) -> PurchaseLimitExceeded | None:
        """Why it was refused; every other refusal is raised."""
        try:
            async with self.database.transaction() as connection:
                await limit_holds.hold(connection, self.name(order), wanted, at)
        except PurchaseLimitExceeded as error:
            return error
        return None

    async def returns(self, order: str, undoing: Undoing = Undoing.TIMED_OUT) -> None:
        async with self.database.transaction() as connection:
            await limit_holds.give_back(connection, self.name(order), undoing, AT)

    async def used(self, code: str, at: datetime = AT) -> dict[str, int]:
        async with self.database.transaction() as connection:
            return dict(await purchase_limits.page_of_uses(connection, self.name(code), at, after="", limit=100))


async def test_of_fifty_orders_at_once_as_many_are_placed_as_the_limit_allows(database: Database) -> None:
    shopping = Shopping(database)
    await shopping.limits("two", 2)
    wish = await shopping.wish("two")
    got = await together(shopping.buys(f"o{number}", wish) for number in range(50))
    assert got.count(None) == 2
    assert {(error.details["allowed"], error.details["used"]) for error in got if error} == {(2, 2)}
    assert await shopping.used("two") == {"ann": 2}


async def test_a_hold_repeated_counts_once_and_one_after_the_return_is_refused(database: Database) -> None:
    shopping = Shopping(database)
    await shopping.limits("two", 2)
    wish = await shopping.wish("two", 2)
    assert await together(shopping.buys("o1", wish) for _ in range(10)) == [None] * 10
    assert await shopping.used("two") == {"ann": 2}
    await together(shopping.returns("o1") for _ in range(5))
    assert await shopping.used("two") == {}
    for order in ("o1", "never-held"):
        await shopping.returns(order)
        with pytest.raises(PlacingTimedOut):
            await shopping.buys(order, wish)
    assert await shopping.buys("o2", wish) is None


async def test_what_one_limit_refuses_counts_for_none(database: Database) -> None:
    shopping = Shopping(database)
    await shopping.limits("many", 9)
    await shopping.limits("few", 1)
    refused = await shopping.buys("o1", await shopping.wish("many", 2), await shopping.wish("few", 2))
    assert refused is not None
    assert refused.details == {"limit": shopping.name("few"), "allowed": 1, "used": 0, "wanted": 2}
    assert await shopping.used("many") == {}


async def test_subjects_are_counted_apart(database: Database) -> None:
    shopping = Shopping(database)
    await shopping.limits("one", 1)
    for subject in ("ann", "bob"):
        wish = await shopping.wish("one", subject=subject)
        assert await shopping.buys(f"first of {subject}", wish) is None
        assert await shopping.buys(f"second of {subject}", wish) is not None
    assert await shopping.used("one") == {"ann": 1, "bob": 1}


async def test_units_are_free_again_when_the_refusal_said_so(database: Database) -> None:
    shopping = Shopping(database)
    await shopping.limits("hourly", 2, Window(Period.ROLLING, 3_600))
    await shopping.limits("daily", 1, Window(Period.DAY))
    hourly, daily = await shopping.wish("hourly"), await shopping.wish("daily")
    later = AT + timedelta(minutes=20)
    assert await shopping.buys("o1", hourly) is None
    assert await shopping.buys("o2", hourly, at=later) is None
    refused = await shopping.buys("o3", hourly, at=later)
    assert refused is not None
    free_at = datetime.fromisoformat(refused.details["free_at"])
    assert free_at == AT + timedelta(hours=1)
    assert await shopping.buys("o3", hourly, at=free_at - timedelta(microseconds=1)) is not None
    assert await shopping.buys("o3", hourly, at=free_at) is None
    assert await shopping.buys("d1", daily) is None
    refused = await shopping.buys("d2", daily, at=later)
    assert refused is not None
    assert refused.details["free_at"] == "2026-01-06T00:00:00+00:00"
    assert await shopping.used("daily", datetime(2026, 1, 6, tzinfo=UTC)) == {}
    assert await shopping.buys("d2", daily, at=datetime(2026, 1, 6, tzinfo=UTC)) is None


async def test_a_campaign_tells_its_tightest_limit_per_account(database: Database) -> None:
    shopping = Shopping(database)
    campaign = shopping.name("campaign")
    async with database.transaction() as connection:
        assert await purchase_limits.of_campaign(connection, campaign) is None
    await shopping.limits("b", 3)
    await shopping.limits("a", 2, Window(Period.DAY))
    await shopping.limits("c", 1, subject=Subject.IP)
    async with database.transaction() as connection:
        found = await purchase_limits.of_campaign(connection, campaign)
    assert found is not None
    assert (found.code, found.quantity) == (shopping.name("a"), 2)


async def test_after_a_random_day_nobody_has_more_than_allowed_and_nobody_waits_for_ever(database: Database) -> None:
    """Orders that name the same limits in any order, repeated, returned and late, all at once."""
    shopping, dice = Shopping(database), random.Random(20260109)
    allowed = {"a": 4, "b": 3, "c": 5}
    for code, quantity in allowed.items():
        await shopping.limits(code, quantity)
    wishes = {(code, subject): await shopping.wish(code, subject=subject) for code in allowed for subject in "xy"}
    standing: list[str] = []

    async def life(number: int, wanted: Sequence[LimitHold], ends: bool) -> None:
        order = f"o{number}"
        steps = [shopping.buys(order, *wanted), shopping.buys(order, *reversed(wanted))]
        if ends:
            await together([shopping.returns(order), *[_late(step) for step in steps]])
        elif None in await together(steps):
            standing.extend(f"{item.code}/{item.subject}" for item in wanted)

    await together(life(number, _two_limits(dice, list(wishes.values())), dice.random() < 0.3) for number in range(60))
    for code, quantity in allowed.items():
        used = await shopping.used(code)
        assert all(0 < units <= quantity for units in used.values())
        assert used == {
            subject: standing.count(f"{shopping.name(code)}/{subject}")
            for subject in "xy"
            if f"{shopping.name(code)}/{subject}" in standing
        }


def _two_limits(dice: random.Random, wishes: Sequence[LimitHold]) -> list[LimitHold]:
    """Of two limits: an order counts for each once."""
    first = dice.choice(wishes)
    return dice.sample([first, dice.choice([wish for wish in wishes if wish.code != first.code])], 2)


async def _late(step: Awaitable[object]) -> None:
    with contextlib.suppress(PlacingTimedOut):
        await step
