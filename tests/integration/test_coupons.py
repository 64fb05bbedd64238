"""Coupons on real PostgreSQL: granted, claimed, and never more than there are (R-PRC-1, S6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ordersaga.domain.errors import CouponUnavailable, LimitBelowUse, NotFound, RuleInvalid
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.persistence import coupons
from ordersaga.persistence.database import Database
from tests.integration.purses import AT, OFF, Purses
from tests.integration.shelves import together

DAY = timedelta(days=1)


async def test_fifty_claims_at_once_of_ten_coupons_make_ten(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t", issue_limit=10, limit_per_account=1, claim_code=purses.name("free"))
    got = await together(_claims(purses, "free", f"a{number}") for number in range(50))
    assert (got.count(None), got.count("issue_limit_reached")) == (10, 40)
    assert await _issued(purses, "t") == 10


async def test_fifty_claims_at_once_of_one_account_make_as_many_as_it_may_have(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("one", limit_per_account=1, claim_code=purses.name("one"))
    await purses.template("three", limit_per_account=3, claim_code=purses.name("three"))
    got = await together(_claims(purses, "one", "ann") for _ in range(50))
    assert (got.count(None), got.count("account_limit_reached")) == (1, 49)
    await purses.coupons("three", "ann")
    got = await together(_claims(purses, "three", "ann") for _ in range(10))
    assert (got.count(None), got.count("account_limit_reached")) == (2, 8)
    held = await _wallet(purses, "ann")
    assert await purses.states([coupon.coupon_code for coupon in held]) == ["available"] * 4


async def test_a_claim_is_refused_for_the_reason_that_it_has(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("over", claim_code=purses.name("over"), claim_until=AT)
    await purses.template("off", claim_code=purses.name("off"), offer={"enabled": False})
    await purses.template("past", claim_code=purses.name("past"), offer={"ends_at": AT})
    assert await _claims(purses, "over", "ann") == "claim_over"
    assert await _claims(purses, "over", "ann", at=AT - DAY) is None
    assert await _claims(purses, "off", "ann") == "template_disabled"
    assert await _claims(purses, "past", "ann") == "template_over"
    with pytest.raises(NotFound):
        await _claims(purses, "nothing", "ann")


async def test_one_document_grants_each_account_one_coupon(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t", limit_per_account=2)
    first = await _grants(purses, "t", "letter", "ann", "bob", "ann")
    assert [coupon.account for coupon in first] == [purses.name("ann"), purses.name("bob")]
    again = await together(_grants(purses, "t", "letter", "ann", "bob") for _ in range(5))
    assert again == [first] * 5
    more = await _grants(purses, "t", "letter", "ann", "cid")
    assert (more[0], more[1].account) == (first[0], purses.name("cid"))
    assert await _issued(purses, "t") == 3
    with pytest.raises(NotFound):
        await _grants(purses, "nothing", "letter", "ann")


async def test_grants_are_all_or_nothing(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t", issue_limit=3, limit_per_account=1)
    await _grants(purses, "t", "first", "ann")
    for accounts, reason in ((("bob", "cid", "dan"), "issue_limit_reached"), (("bob", "ann"), "account_limit_reached")):
        with pytest.raises(CouponUnavailable) as refused:
            await _grants(purses, "t", "second", *accounts)
        assert refused.value.details == {"template": purses.name("t"), "reason": reason}
    assert await _issued(purses, "t") == 1
    assert await _wallet(purses, "bob") == ()


async def test_templates_have_versions_and_coupons_keep_the_terms_of_theirs(database: Database) -> None:
    purses = Purses.empty(database)
    first = await purses.template("t", valid_days=7)
    assert await purses.template("t", valid_days=7) == first
    (old,) = await purses.coupons("t", "ann")
    second = await purses.template("t", offer={"effect": AmountOff(amount=5)})
    assert (first.offer.version, second.offer.version) == (1, 2)
    (new,) = await purses.coupons("t", "ann")
    before, after = await purses.coupon(old), await purses.coupon(new)
    assert (before.offer.effect, before.offer.version, before.valid_until) == (OFF, 1, AT + 7 * DAY)
    assert (after.offer.effect, after.offer.version, after.valid_until) == (AmountOff(amount=5), 2, None)
    assert (before.offer.code, before.offer.template) == (old, purses.name("t"))


async def test_a_template_cannot_allow_less_than_was_issued_or_take_anothers_claim_code(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t", issue_limit=5, limit_per_account=5, claim_code=purses.name("free"))
    await purses.coupons("t", "ann", 3)
    with pytest.raises(LimitBelowUse) as refused:
        await purses.template("t", issue_limit=2, limit_per_account=2)
    assert refused.value.details == {"field": "issue_limit", "used": 3}
    await purses.template("u")
    for template in ("u", "v"):
        with pytest.raises(RuleInvalid) as invalid:
            await purses.template(template, claim_code=purses.name("free"))
        assert invalid.value.details["field"] == "claim_code"
    await purses.template("t", issue_limit=3, limit_per_account=3)
    await purses.template("u", claim_code=purses.name("free"))


async def test_templates_are_listed_by_code(database: Database) -> None:
    purses = Purses.empty(database)
    for code in ("b", "a", "c"):
        await purses.template(code)
    await purses.coupons("b", "ann", 2)
    async with database.transaction() as connection:
        found = await coupons.page_of_templates(connection, after=purses.name("a"), limit=2)
        assert await coupons.get_template(connection, "unheard-of") is None
    assert [(one.template.offer.code, one.issued) for one in found] == [(purses.name("b"), 2), (purses.name("c"), 0)]


async def test_an_account_sees_its_coupons_newest_first_and_may_use_those_that_are_valid(database: Database) -> None:
    purses = Purses.empty(database)
    await purses.template("t", valid_days=10)
    await purses.template("later", offer={"starts_at": AT + 30 * DAY})
    (later,) = await purses.coupons("later", "ann")
    (old,) = await purses.coupons("t", "ann", at=AT - 20 * DAY)
    mine = sorted(await purses.coupons("t", "ann", 3), reverse=True)
    (foreign,) = await purses.coupons("t", "bob")
    newest = [later, *mine, old]
    assert [coupon.coupon_code for coupon in await _wallet(purses, "ann")] == newest
    assert await purses.holds("o1", "ann", purses.couponed(mine[0])) is None
    assert await _usable(purses, "ann") == set(mine[1:])
    assert await _usable(purses, "ann", old, later, foreign, mine[0], "NONE") == {*newest}


async def _claims(purses: Purses, code: str, account: str, at: datetime = AT) -> str | None:
    """Why it was refused."""
    try:
        async with purses.database.transaction() as connection:
            await coupons.claim(connection, purses.name(code), purses.name(account), at)
    except CouponUnavailable as error:
        return str(error.details["reason"])
    return None


async def _grants(purses: Purses, template: str, document: str, *accounts: str) -> tuple[Coupon, ...]:
    names = [purses.name(account) for account in accounts]
    async with purses.database.transaction() as connection:
        return await coupons.grant(connection, purses.name(template), names, AT, document=document)


async def _issued(purses: Purses, template: str) -> int:
    async with purses.database.transaction() as connection:
        found = await coupons.get_template(connection, purses.name(template))
    assert found is not None
    return found.issued


async def _wallet(purses: Purses, account: str) -> tuple[Coupon, ...]:
    """Every coupon of an account, read in pages of two."""
    found: list[Coupon] = []
    while True:
        after = (found[-1].valid_from, found[-1].coupon_code) if found else None
        async with purses.database.transaction() as connection:
            page = await coupons.of_account(connection, purses.name(account), after=after, limit=2)
        if not page:
            return tuple(found)
        found += page


async def _usable(purses: Purses, account: str, *also: str) -> set[str]:
    async with purses.database.transaction() as connection:
        found: Sequence[Coupon] = await coupons.usable(connection, purses.name(account), also, AT)
    return {coupon.coupon_code for coupon in found}
