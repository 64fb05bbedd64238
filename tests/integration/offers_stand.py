"""What orders with offers stand on: the orders' stand, and accounts with a coupon, points and a promotion to spend."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Self

from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Restoration, Undoing
from ordersaga.persistence.submissions import Submission
from tests.integration.order_stand import OrderStand
from tests.integration.purses import Purses

OWNED = 1_000
POINTS = 300
OFF = 100
"""What a coupon, and what a promotion takes off an order, in TWD cents."""
DEADLINE = timedelta(minutes=15, seconds=1)
"""A moment after an order's payment is due."""


class Position(NamedTuple):
    """Where a purse stands: the coupon's state, points as (owned, locked), the promotion as (spent, times used)."""

    coupon: str
    points: tuple[int, int]
    promotion: tuple[int, int]


UNTOUCHED = Position("available", (OWNED, 0), (0, 0))
LOCKED = Position("locked", (OWNED, POINTS), (OFF, 1))
USED = Position("used", (OWNED - POINTS, 0), (OFF, 1))
RETURNED = Position("returned", (OWNED, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class Purse:
    """An account with a coupon, points, and a promotion that two orders may have."""

    purses: Purses
    name: str
    coupon: str

    @property
    def account(self) -> str:
        return self.purses.name(self.name)

    @property
    def holds(self) -> tuple[Hold, Hold, Hold]:
        """What an order holds that is priced by all of it."""
        return self.coupon_hold, self.points_hold(), self.promotion_hold()

    @property
    def coupon_hold(self) -> Hold:
        return self.purses.couponed(self.coupon, OFF)

    def points_hold(self, points: int = POINTS) -> Hold:
        return self.purses.paid(points)

    def promotion_hold(self, amount: int = OFF) -> Hold:
        return self.purses.promoted(self.name, amount)

    async def position(self) -> Position:
        """Having seen that every ledger adds up to it."""
        (state,) = await self.purses.states([self.coupon])
        return Position(state, await self.purses.balance(self.name), await self.purses.spent(self.name))


@dataclass
class OffersStand:
    """`orders` is the shop around it."""

    orders: OrderStand
    purses: Purses
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def empty(cls, orders: OrderStand) -> Self:
        return cls(orders, Purses.empty(orders.database))

    async def purse(self) -> Purse:
        name = f"member-{next(self._numbers)}"
        await self.purses.points(name, OWNED)
        await self.purses.offers(name, budget=2 * OFF)
        return Purse(self.purses, name, await self.coupon(name))

    async def coupon(self, account: str, restorations: Mapping[Undoing, Restoration] | None = None) -> str:
        """The code of a coupon of the account's, of a template of its own."""
        template = f"template-{next(self._numbers)}"
        await self.purses.template(template, restorations=restorations or {})
        (code,) = await self.purses.coupons(template, account)
        return code

    async def submits(self, purse: Purse, *items: tuple[str, int], holds: Sequence[Hold] | None = None) -> Submission:
        """A submit of the purse's account, with everything in it unless `holds` say what."""
        wanted = purse.holds if holds is None else holds
        return await self.orders.submits(*items, buyer=purse.account, holds=wanted)

    async def placed(self, purse: Purse, *items: tuple[str, int]) -> str:
        """The number of an order that was placed with everything in the purse."""
        submission = await self.submits(purse, *items)
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
