"""What orders with offers stand on: the orders' stand, and accounts with coupons, points and a promotion to spend."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.domain.pricing.coupons import CouponTemplate
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Restoration, Undoing
from ordersaga.domain.pricing.scope import EVERYTHING
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import coupons, offers, points
from ordersaga.persistence.submissions import Submission
from ordersaga.persistence.tables.coupons import coupon_movements
from ordersaga.persistence.tables.coupons import coupons as coupon_rows
from ordersaga.persistence.tables.offers import offer_hold_items
from tests.integration.order_stand import OrderStand

_numbers = itertools.count(1)

COUPON_OFF = 500
POINTS = 300
PROMOTION_OFF = 1_000
DEADLINE = timedelta(minutes=15, seconds=1)
"""A moment after an order's payment is due."""


@dataclass(frozen=True, slots=True)
class Purse:
    """An account with a coupon, points, and a promotion of which nobody else takes a share unless he is let."""

    account: str
    coupon: str
    promotion: str

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What an order holds that is priced by all of it."""
        return (self.coupon_hold, self.points_hold(), self.promotion_hold())

    @property
    def coupon_hold(self) -> Hold:
        return Hold(source=Source.COUPON, code=self.coupon, amount=COUPON_OFF)

    def points_hold(self, spent: int = POINTS) -> Hold:
        return Hold(source=Source.POINTS, code="TWD", amount=spent, points=spent)

    def promotion_hold(self, amount: int = PROMOTION_OFF) -> Hold:
        return Hold(source=Source.PROMOTION, code=self.promotion, amount=amount)


class Position(NamedTuple):
    """Where a purse stands: the coupon's state, points as (owned, locked), the promotion as (spent, times used)."""

    coupon: str
    points: tuple[int, int]
    promotion: tuple[int, int]


UNTOUCHED = Position("available", (1_000, 0), (0, 0))
LOCKED = Position("locked", (1_000, POINTS), (PROMOTION_OFF, 1))
USED = Position("used", (1_000 - POINTS, 0), (PROMOTION_OFF, 1))
RETURNED = Position("returned", (1_000, 0), (0, 0))


@dataclass
class OffersStand:
    """`orders` is the shop around it."""

    orders: OrderStand

    async def purse(self) -> Purse:
        """With 1,000 points, and a promotion for two orders."""
        account = f"member-{next(_numbers)}"
        async with self.orders.database.transaction() as connection:
            await points.grant(connection, account, 1_000, document=f"welcome-{account}", at=datetime.now(UTC))
        return Purse(account, await self.coupon(account), await self.promotion(orders=2))

    async def promotion(self, *, orders: int) -> str:
        """A promotion with a budget for so many orders."""
        promotion = Offer(
            code=f"PROMOTION-{next(_numbers)}",
            source=Source.PROMOTION,
            name="Ten off",
            effect=AmountOff(amount=PROMOTION_OFF),
            scope=EVERYTHING,
            currency="TWD",
            budget=orders * PROMOTION_OFF,
        )
        async with self.orders.database.transaction() as connection:
            await offers.put(connection, promotion, datetime.now(UTC))
        return promotion.code

    async def coupon(self, account: str, restorations: Mapping[Undoing, Restoration] | None = None) -> str:
        """A coupon of the account's, of a template of its own."""
        number = next(_numbers)
        offer = Offer(
            code=f"TEMPLATE-{number}",
            source=Source.COUPON,
            name="Five off",
            effect=AmountOff(amount=COUPON_OFF),
            scope=EVERYTHING,
            currency="TWD",
        )
        async with self.orders.database.transaction() as connection:
            now = datetime.now(UTC)
            await coupons.put_template(connection, CouponTemplate(offer=offer, restorations=restorations or {}), now)
            (granted,) = await coupons.grant(connection, offer.code, [account], now, document=f"gift-{number}")
        return granted.coupon_code

    async def submits(self, purse: Purse, *items: tuple[str, int], holds: Sequence[Hold] | None = None) -> Submission:
        """A submit of the purse's account, with everything in it unless `holds` say what."""
        wanted = purse.holds if holds is None else holds
        return await self.orders.submits(*items, buyer=purse.account, holds=wanted)

    async def placed(self, purse: Purse, *items: tuple[str, int], holds: Sequence[Hold] | None = None) -> str:
        """The number of an order that was placed."""
        submission = await self.submits(purse, *items, holds=holds)
        assert await self.orders.places(submission) == Placement(placed=True)
        return submission.order_no

    async def pays(self, order_no: str) -> None:
        await self.orders.reports(await self.orders.attempt(order_no))
        await self.orders.until(order_no, "in_production")

    async def times_out(self, order_no: str) -> None:
        await self.orders.passes(order_no, DEADLINE)
        assert await self.orders.ends(order_no) == "payment_timed_out"

    async def cancels(self, order_no: str) -> None:
        assert await self.orders.asks(order_no, CANCEL) == "cancelled"

    async def waits(self, order_no: str) -> None:
        assert (await self.orders.order(order_no)).state == "awaiting_payment"

    async def position(self, purse: Purse) -> Position:
        return Position(
            await self.coupon_state(purse.coupon), await self.points(purse.account), await self.spent(purse.promotion)
        )

    async def coupon_state(self, coupon_code: str) -> str:
        """The state, having seen that its movements lead there."""
        moved = (
            select(coupon_movements.c.to_state)
            .where(coupon_movements.c.coupon_code == coupon_code)
            .order_by(coupon_movements.c.movement_id.desc())
            .limit(1)
        )
        async with self.orders.database.transaction() as connection:
            state = await connection.scalar(select(coupon_rows.c.state).where(coupon_rows.c.coupon_code == coupon_code))
            assert state == await connection.scalar(moved)
        return str(state)

    async def points(self, account: str) -> tuple[int, int]:
        """Owned and locked, having seen that the ledger adds up to both."""
        async with self.orders.database.transaction() as connection:
            found = await points.balance(connection, account)
        assert (found.balance, found.locked) == (found.ledger_balance, found.ledger_locked)
        return found.balance, found.locked

    async def spent(self, code: str) -> tuple[int, int]:
        """What was spent and how often it was used, having seen that what orders hold adds up to both."""
        items = offer_hold_items.c
        sums = select(func.coalesce(func.sum(items.amount), 0), func.count()).where(
            (items.code == code) & ~items.returned
        )
        async with self.orders.database.transaction() as connection:
            running = await offers.get(connection, code)
            held = (await connection.execute(sums)).one()
        assert running is not None
        assert (running.spent, running.used) == tuple(held)
        return running.spent, running.used
