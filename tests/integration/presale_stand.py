"""What presales' tests stand on: the orders' stand, with campaigns whose windows open in days."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from temporalio.api.enums.v1 import EventType

from ordersaga.domain.campaigns import Campaign, Sale
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import Placement
from ordersaga.domain.payment import Payment
from ordersaga.domain.policies import PRODUCTION
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.refund import Refund
from ordersaga.persistence import catalogue, notifications, policies, refunds, submissions
from ordersaga.persistence.orders import Order
from ordersaga.persistence.submissions import Submission
from ordersaga.persistence.verification import verify_order
from tests.goods import TAIPEI, cart
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand
from tests.offers import occasion
from tests.presales import DAY, presale
from tests.shop import until

MOMENT = timedelta(seconds=1)
TO_WINDOW, WINDOW = 10 * DAY, 4 * DAY
DEPOSIT, BALANCE = 2_000, 22_000
"""Of two lamps at 100.00 with 20.00 off for their deposits and 60.00 for delivery, in TWD cents."""


@dataclass
class PresaleStand:
    """`orders` is the shop around it, `refunds` what pays back."""

    orders: OrderStand
    refunds: RefundStand
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def of(cls, orders: OrderStand) -> Self:
        async with orders.database.transaction() as connection:
            version = await policies.publish(connection, "presale", PRODUCTION, datetime.now(UTC))
        stand = replace(orders, policy_version=version)
        return cls(stand, RefundStand(stand))

    async def submits(
        self,
        sku: str,
        quantity: int = 2,
        *,
        buyer: str = "alice",
        offers: Sequence[Offer] = (),
        holds: Sequence[Hold] = (),
        stock_policy: StockPolicy | None = None,
        **changes: Any,
    ) -> Submission:
        """What the API stores of a submit under a campaign; `changes` are of its terms."""
        number = next(self._numbers)
        async with self.orders.database.transaction() as connection:
            found = await catalogue.goods(connection, [sku])
            pricing = price_cart(
                cart((sku, quantity)),
                found.skus,
                found.merchants,
                occasion=occasion(*offers),
                sale=Sale(campaign=_campaign(sku, **changes)),
                stock_policy=stock_policy,
            )
            submission = Submission(
                order_no=f"P-{sku}-{number}",
                quote_id=f"Q-{sku}-{number}",
                buyer=buyer,
                idempotency_key=f"key-{sku}-{number}",
                body_hash="hash",
                priced=replace(pricing.order, holds=tuple(holds)),
                receiver=TAIPEI,
                received_at=datetime.now(UTC),
            )
            await submissions.add(connection, submission)
        return submission

    async def placed(self, sku: str, quantity: int = 2, **more: Any) -> str:
        """The number of a presale that was placed."""
        submission = await self.submits(sku, quantity, **more)
        assert await self.orders.places(submission) == Placement(placed=True)
        return submission.order_no

    async def deposited(self, sku: str, quantity: int = 2, **more: Any) -> str:
        """The number of a presale whose deposit was paid."""
        order_no = await self.placed(sku, quantity, **more)
        await self.pays(order_no)
        await self.orders.until(order_no, "deposit_paid")
        return order_no

    async def opened(self, sku: str, quantity: int = 2, **more: Any) -> str:
        """The number of a presale whose balance may be paid."""
        order_no = await self.deposited(sku, quantity, **more)
        await self.orders.passes(order_no, TO_WINDOW)
        await self.orders.until(order_no, "awaiting_balance")
        return order_no

    async def pays(self, order_no: str) -> Payment:
        """The buyer pays what the order awaits; the provider pays it back at once when it is told to."""
        payment = await self.attempt(order_no)
        await self.orders.reports(payment)
        return payment

    async def attempt(self, order_no: str) -> Payment:
        payment = await self.orders.attempt(order_no)
        self.orders.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
        return payment

    async def told(self, order_no: str) -> list[str]:
        """What the buyer was told of an order, the first first."""
        buyer = (await self.orders.order(order_no)).buyer
        async with self.orders.database.transaction() as connection:
            page = await notifications.page(connection, buyer, before=None, limit=500)
        return [found.kind for found in reversed(page) if found.order_no == order_no]

    async def is_told(self, order_no: str, kind: str) -> None:
        await until(lambda: self.told(order_no), lambda kinds: kind in kinds)

    async def events(self, order_no: str) -> list[int]:
        """The kinds of the events in the history of the order's run."""
        history = await self.orders.run(order_no).fetch_history()
        return [event.event_type for event in history.events]

    async def timers_left(self, order_no: str) -> int:
        """How many timers of the order's run are still to fire."""
        kinds = Counter(await self.events(order_no))
        begun = kinds[EventType.EVENT_TYPE_TIMER_STARTED]
        return begun - kinds[EventType.EVENT_TYPE_TIMER_FIRED] - kinds[EventType.EVENT_TYPE_TIMER_CANCELED]

    async def paid_back(self, order_no: str) -> list[tuple[int, str, str]]:
        """Each refund of an order: what, why, and how far it is."""
        return [(found.amount.amount, found.reason, found.state) for found in await self._refunds(order_no)]

    async def _refunds(self, order_no: str) -> Sequence[Refund]:
        async with self.orders.database.transaction() as connection:
            return await refunds.of_order(connection, order_no)

    async def ends(self, order_no: str) -> Order:
        """The order once its run has ended in its state, with an audit that verifies."""
        state = await self.orders.ends(order_no)
        order = await self.orders.order(order_no)
        assert order.state == state
        async with self.orders.database.transaction() as connection:
            findings = await verify_order(connection, order_no, self.refunds.keys)
        assert not findings
        return order


def _campaign(sku: str, ends_in: timedelta = 7 * DAY, **changes: Any) -> Campaign:
    now = datetime.now(UTC)
    window = {"balance_opens_at": now + TO_WINDOW, "balance_closes_at": now + TO_WINDOW + WINDOW}
    return presale(sku, at=now, ends_at=now + ends_in, **(window | changes))
