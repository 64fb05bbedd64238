"""Offers on real PostgreSQL: their versions, when they run, and what an account has used of them (R-PRC-1)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ordersaga.domain.errors import LimitBelowUse, RuleInvalid
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.offers import Period
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import offers
from ordersaga.persistence.database import Database
from tests.integration.purses import AT, Purses
from tests.integration.shelves import together

DAY = timedelta(days=1)


async def test_an_offer_has_a_new_version_when_it_says_something_else(database: Database) -> None:
    purses = Purses.empty(database)
    first = await purses.offers("sale")
    assert (first.version, await purses.offers("sale")) == (1, first)
    dearer = await purses.offers("sale", minimum_amount=500, ends_at=AT + DAY)
    assert dearer == replace(first, version=2, minimum_amount=500, ends_at=AT + DAY)
    assert await purses.offers("sale", minimum_amount=500, ends_at=AT + DAY) == dearer
    assert (await purses.offers("sale")).version == 3, "and may say again what it said before"
    assert (await _stands(purses, "sale")).offer == replace(first, version=3)


async def test_offers_entered_by_several_at_once_have_one_version_after_another(database: Database) -> None:
    purses = Purses.empty(database)
    entered = await together(purses.offers("sale", priority=number) for number in range(1, 11))
    assert sorted(offer.version for offer in entered) == list(range(1, 11))
    assert (await _stands(purses, "sale")).offer == max(entered, key=lambda offer: offer.version)
    same = await together(purses.offers("new", priority=7) for _ in range(10))
    assert {offer.version for offer in same} == {1}


async def test_a_limit_is_never_less_than_what_is_used_of_it(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.offers("sale", budget=1_000, usage_limit=5)
    for order in ("o1", "o2"):
        assert await purses.holds(order, "ann", purses.promoted("sale", 300)) is None
    for terms, field in (({"budget": 599}, "budget"), ({"usage_limit": 1}, "usage_limit")):
        with pytest.raises(LimitBelowUse) as refused:
            await purses.offers("sale", **terms)
        assert refused.value.details["field"] == field
    await purses.offers("sale", budget=600, usage_limit=2)
    assert await purses.holds("o3", "ann", purses.promoted("sale", 0)) == "usage_limit_reached"
    await purses.offers("sale", usage_limit=3)
    assert await purses.holds("o3", "ann", purses.promoted("sale", 5_000)) is None


async def test_a_code_stays_with_its_source(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.offers("sale")
    with pytest.raises(RuleInvalid, match="code"):
        await purses.offers("sale", source=Source.MEMBER_BENEFIT, member_tiers=frozenset({"gold"}))
    with pytest.raises(RuleInvalid, match="source"):
        await purses.offers("other", source=Source.COUPON)


async def test_offers_run_while_they_are_enabled_and_within_their_period(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.offers("always")
    await purses.offers("today", starts_at=AT, ends_at=AT + DAY)
    await purses.offers("off", enabled=False)
    assert set(await _running(purses, at=AT - DAY)) == {"always"}
    assert set(await _running(purses)) == {"always", "today"}
    assert set(await _running(purses, at=AT + DAY)) == {"always"}
    await purses.offers("always", enabled=False)
    assert set(await _running(purses)) == {"today"}, "seen at once"


async def test_uses_of_an_account_count_in_the_period_of_the_limit(database: Database) -> None:
    purses = Purses.empty(database)
    for period in Period:
        await purses.offers(period, usage_limit_per_account=2, usage_period=period)
    for number, (account, at) in enumerate((("ann", AT), ("ann", AT + DAY), ("bob", AT), ("ann", AT + 40 * DAY))):
        wanted = [purses.promoted(period) for period in Period]
        expected = "account_limit_reached" if number == 3 else None
        assert await purses.holds(f"o{number}", account, *wanted, at=at) == expected, "two are used for ever"
    assert await _used(purses, "ann", AT) == {"ever": 2, "day": 1, "month": 2, "year": 2}
    assert await _used(purses, "ann", AT + 40 * DAY) == {"ever": 2, "day": 0, "month": 0, "year": 2}
    assert await _used(purses, "bob", AT) == dict.fromkeys(Period, 1)
    assert await _used(purses, "eve", AT) == dict.fromkeys(Period, 0)
    await purses.offers("ever", usage_limit_per_account=2, usage_period=Period.DAY)
    assert (await _used(purses, "ann", AT))["ever"] == 0, "another period begins anew"


async def test_offers_are_listed_by_source_and_code(database: Database) -> None:
    purses = Purses.empty(database)
    for code in ("b", "a", "c"):
        await purses.offers(code, source=Source.MEMBER_BENEFIT, member_tiers=frozenset({"gold"}))
    await purses.offers("b2")
    async with database.transaction() as connection:
        first = await offers.page(connection, Source.MEMBER_BENEFIT, after=purses.name(""), limit=2)
        after = first[-1].offer.code
        second = await offers.page(connection, Source.MEMBER_BENEFIT, after=after, limit=1)
        assert await offers.get(connection, "unheard-of") is None
    assert [found.offer.code for found in (*first, *second)] == [purses.name(code) for code in "abc"]


async def test_what_was_rolled_back_is_not_remembered(database: Database) -> None:
    """A version that never came to be gives its number to another."""
    purses = Purses.empty(database)
    first = await purses.offers("sale")
    async with database.engine.connect() as connection:
        await offers.put(connection, replace(first, effect=AmountOff(amount=1)), AT)
        seen = await offers.get(connection, first.code)
        await connection.rollback()
    assert seen is not None
    assert (seen.offer.version, seen.offer.effect) == (2, AmountOff(amount=1))
    await purses.offers("sale", effect=AmountOff(amount=7))
    stands = (await _stands(purses, "sale")).offer
    assert (stands.version, stands.effect) == (2, AmountOff(amount=7))


async def _stands(purses: Purses, code: str) -> RunningOffer:
    async with purses.database.transaction() as connection:
        found = await offers.get(connection, purses.name(code))
    assert found is not None
    return found


async def _running(purses: Purses, account: str = "ann", at: datetime = AT) -> dict[str, RunningOffer]:
    """Those of this test's offers that run."""
    async with purses.database.transaction() as connection:
        found = await offers.running(connection, purses.name(account), at)
    own = purses.name("")
    return {one.offer.code.removeprefix(own): one for one in found if one.offer.code.startswith(own)}


async def _used(purses: Purses, account: str, at: datetime) -> dict[str, int]:
    return {code: found.used_by_account for code, found in (await _running(purses, account, at)).items()}
