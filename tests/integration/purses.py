"""Purses of a test's own: offers, coupons and points that no other test touches, and what orders do with them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import func, select

from ordersaga.domain.errors import CouponUnavailable, OfferExhausted, PointsUnavailable
from ordersaga.domain.pricing.coupons import Coupon, CouponTemplate
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import coupons, offer_holds, offers, points
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.coupons import coupon_movements
from ordersaga.persistence.tables.coupons import coupons as coupon_rows
from ordersaga.persistence.tables.offers import offer_account_uses, offer_hold_items
from tests.offers import promotion

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
OFF = AmountOff(amount=100)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Purses:
    """Codes, accounts and orders are by the names that the test gives them; `name` is what the database calls them."""

    database: Database
    mark: str

    @classmethod
    def empty(cls, database: Database) -> Self:
        return cls(database, f"p{next(_numbers)}")

    def name(self, own: str) -> str:
        return f"{self.mark}-{own}"

    async def offers(self, code: str, **terms: Any) -> Offer:
        """A promotion of 1 TWD off, as it says from now on."""
        async with self.database.transaction() as connection:
            return await offers.put(connection, promotion(self.name(code), **{"effect": OFF, **terms}), AT)

    async def template(self, code: str, *, offer: dict[str, Any] | None = None, **terms: Any) -> CouponTemplate:
        """A template of 1 TWD off, 100 for each account."""
        what = promotion(self.name(code), **{"effect": OFF, "source": Source.COUPON, **(offer or {})})
        async with self.database.transaction() as connection:
            wanted = CouponTemplate(offer=what, **{"limit_per_account": 100, **terms})
            return await coupons.put_template(connection, wanted, AT)

    async def coupons(self, template: str, account: str, number: int = 1, at: datetime = AT) -> list[str]:
        """The codes of so many new coupons of an account."""
        async with self.database.transaction() as connection:
            granted = [
                await coupons.grant(
                    connection, self.name(template), [self.name(account)], at, document=f"gift-{next(_numbers)}"
                )
                for _ in range(number)
            ]
        return [coupon.coupon_code for (coupon,) in granted]

    async def points(self, account: str, number: int) -> None:
        async with self.database.transaction() as connection:
            assert await points.grant(connection, self.name(account), number, document=f"gift-{next(_numbers)}", at=AT)

    def promoted(self, code: str, amount: int = 100, source: Source = Source.PROMOTION) -> Hold:
        return Hold(source=source, code=self.name(code), amount=amount)

    def couponed(self, coupon_code: str, amount: int = 100) -> Hold:
        return Hold(source=Source.COUPON, code=coupon_code, amount=amount)

    def paid(self, number: int) -> Hold:
        return Hold(source=Source.POINTS, code="TWD", amount=number, points=number)

    async def holds(self, order: str, account: str, *wanted: Hold, at: datetime = AT) -> str | None:
        """Why it was refused, in the word that its error gives; every other refusal is raised."""
        try:
            async with self.database.transaction() as connection:
                await offer_holds.hold(connection, self.name(order), self.name(account), wanted, at)
        except (CouponUnavailable, OfferExhausted) as error:
            return str(error.details["reason"])
        except PointsUnavailable as error:
            return error.code
        return None

    async def uses(self, order: str, at: datetime = AT) -> None:
        async with self.database.transaction() as connection:
            await offer_holds.use(connection, self.name(order), at)

    async def returns(self, order: str, undoing: Undoing = Undoing.TIMED_OUT, at: datetime = AT) -> None:
        async with self.database.transaction() as connection:
            await offer_holds.give_back(connection, self.name(order), undoing, at)

    async def coupon(self, coupon_code: str) -> Coupon:
        """A coupon, having seen that its ledger leads from nothing to its state step by step."""
        async with self.database.transaction() as connection:
            account = await connection.scalar(
                select(coupon_rows.c.account).where(coupon_rows.c.coupon_code == coupon_code)
            )
            (found,) = [
                coupon
                for coupon in await coupons.usable(connection, str(account), [coupon_code], AT)
                if coupon.coupon_code == coupon_code
            ]
            steps = await connection.execute(
                select(coupon_movements.c.from_state, coupon_movements.c.to_state)
                .where(coupon_movements.c.coupon_code == coupon_code)
                .order_by(coupon_movements.c.movement_id)
            )
            path = [(step.from_state, step.to_state) for step in steps]
        assert [before for before, _ in path] == [None, *(after for _, after in path[:-1])], path
        assert path[-1][1] == found.state, path
        return found

    async def states(self, codes: Sequence[str]) -> list[str]:
        return [(await self.coupon(code)).state.value for code in codes]

    async def balance(self, account: str) -> tuple[int, int]:
        """The points of an account and those that are locked, having seen that its ledger adds up to both."""
        async with self.database.transaction() as connection:
            found = await points.balance(connection, self.name(account))
        assert (found.balance, found.locked) == (found.ledger_balance, found.ledger_locked), found
        return found.balance, found.locked

    async def spent(self, code: str) -> tuple[int, int]:
        """What is spent and used of an offer, having seen that the orders' items and accounts' uses add up to it."""
        name = self.name(code)
        items, uses = offer_hold_items.c, offer_account_uses.c
        async with self.database.transaction() as connection:
            found = await offers.get(connection, name)
            assert found is not None
            ledger = await connection.execute(
                select(func.coalesce(func.sum(items.amount), 0), func.count()).where(
                    (items.code == name) & ~items.returned
                )
            )
            assert tuple(ledger.one()) == (found.spent, found.used)
            by_account = select(func.coalesce(func.sum(uses.used), 0)).where(uses.code == name)
            assert await connection.scalar(by_account) == found.used
        return found.spent, found.used
